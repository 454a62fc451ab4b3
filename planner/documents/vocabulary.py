"""Words that no call has as a literal: they are chosen by what a record holds."""

from __future__ import annotations

from planner.core.plan.findings import CODES, SEVERITIES

VOCABULARY = (
    *CODES.values(),
    *SEVERITIES,
    # counted, one and more
    "{n} day",
    "{n} days",
    "{n} year",
    "{n} years",
    "{n} lesion",
    "{n} lesions",
    "{n} visit",
    "{n} visits",
    "{n} injection",
    "{n} injections",
    "{n} dose",
    "{n} doses",
    "{n} minute",
    "{n} minutes",
    "{n} course",
    "{n} courses",
    # how near a lesion is to another regimen
    "{amount} more would change the regimen to {regimen}.",
    "{amount} less would change the regimen to {regimen}.",
    "Over {amount} more would change the regimen to {regimen}.",
    "Over {amount} less would change the regimen to {regimen}.",
    # beside one another
    "{first} and {last}",
    "{first} or {last}",
    # evidence
    "stated",
    "inferred",
    "extrapolated",
    # salts
    "anhydrous",
    "pentahydrate",
    "not stated",
    # purposes, marks of papers
    "injection",
    "evaluation",
    "DRAFT",
    "reprint",
    # states, roles and what a clinic has
    "planned",
    "running",
    "held",
    "ended",
    "physician",
    "nurse",
    "secretary",
    "auditor",
    "administrator",
    "rooms",
    "nurses",
    "physicians",
    # Danish holidays, as the library of holidays names them
    "New Year's Day",
    "Maundy Thursday",
    "Good Friday",
    "Easter Sunday",
    "Easter Monday",
    "Ascension Day",
    "Pentecost",
    "Pentecost Monday",
    "Christmas Day",
    "Second Day of Christmas",
)
