"""Names the one leg of round 0, which runs a plan's `prepare`; it is light, for rooms that must not load a parser."""

PREPARE = "@prepare"
"""The key of that leg and the id of its workstream; no id of a plan begins with @."""

ESTIMATE_S = 60.0
"""Seconds that it is taken for: a plan has no key to say it."""
