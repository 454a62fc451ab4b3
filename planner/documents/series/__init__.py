"""What is shown of a series: figures, tables, a report."""
