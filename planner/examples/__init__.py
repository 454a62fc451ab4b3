"""Bundled course and clinic files: the letter's cases, and a made-up clinic."""
