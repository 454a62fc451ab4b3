"""Where the `planner` command starts."""

from __future__ import annotations

import signal


def main() -> None:
    """Load the command and run it; while it loads an interrupt simply ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from planner.cli.main import main as run

    run()
