"""Some zones of the tzdata release 2025b, as its package has them."""

IANA_VERSION = "2025b"
