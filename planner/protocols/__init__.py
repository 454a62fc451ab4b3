"""Bundled protocols, each figure beside its source; that of a validation, and its last run."""

# What became of the hazards' tests when they last ran, as a release keeps it.
RUN = "hazard-tests.json"
