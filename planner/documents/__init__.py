"""A plan to bytes: calendars and papers. Everything that they say stands in the plan."""
