"""The visits of many courses at once, in the rooms and days of one clinic."""
