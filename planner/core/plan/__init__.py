"""A course and its plan: appointments, their places in the calendar, findings, pages."""
