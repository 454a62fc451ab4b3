"""What is diluted on a day, and by what it is measured: kept with what a day's list reads.

The summaries of the visits that are there are drawn anew beside this, by the code that reads them.
"""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Change no table."""
