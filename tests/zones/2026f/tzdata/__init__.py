"""Some zones of the tzdata release 2026f, as its package has them."""

IANA_VERSION = "2026f"
