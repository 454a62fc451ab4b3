"""Makes the README's picture of the sheet: needs chromium on the PATH.

python -m tests.golden.make_pictures
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.conftest import CLINIC, EXAMPLES

HERE = Path(__file__).parent


def main() -> None:
    """Plan a bundled case and take a picture of its sheet as a browser shows it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        subprocess.run(
            ["planner", "plan", EXAMPLES / "case-2-knee.toml", "--clinic", CLINIC, "--out", out],
            check=True,
        )
        subprocess.run(
            [
                "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                f"--user-data-dir={folder}/profile", "--window-size=820,1150",
                f"--screenshot={HERE}/treatment-sheet.png", f"file://{out}/treatment-sheet.html",
            ],
            check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()
