"""Use cases, typed in and typed out: the front ends parse, call these, and show."""
