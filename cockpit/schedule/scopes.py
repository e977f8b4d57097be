"""Says whether two workstreams may write the same files, by the globs of their scopes alone. Pure; never misses one."""

import re
from functools import lru_cache

_GLOB = re.compile(r"[*?\[]")


@lru_cache(maxsize=65536)
def overlap(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Tell whether some path may be in both scopes; a scope without patterns is all files, and says nothing here."""
    return any(_meet(a, b) for a in first for b in second)


def _meet(first: str, second: str) -> bool:
    a, b = _fixed(first), _fixed(second)
    if a == first and b == second:
        return a == b or a.startswith(f"{b.rstrip('/')}/") or b.startswith(f"{a.rstrip('/')}/")
    return a.startswith(b) or b.startswith(a)


def _fixed(pattern: str) -> str:
    """Return what stands before the first wildcard of a pattern."""
    found = _GLOB.search(pattern)
    return pattern[: found.start()] if found else pattern
