"""`python -m tests.release_list` writes planner/digests.txt, which a validation looks into."""

from __future__ import annotations

from pathlib import Path

from planner.app.validation.installation import LIST, digest_list

STORED = Path(__file__).parents[1] / "planner" / LIST

if __name__ == "__main__":
    STORED.write_text(digest_list(), encoding="utf-8")
