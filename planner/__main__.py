"""`python -m planner`."""

from planner.cli.start import main

main()
