"""Bundled protocols, each figure beside its source."""
