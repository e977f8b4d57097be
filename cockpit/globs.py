"""What a glob of the plan matches, decided in one place for commits, counts, rescue and scopes; it touches no file."""

import re
from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a path from the worktree's top matches, or lies inside a folder that does.

    Patterns mean what they mean in `setup.copy`: `*` and `?` stay within one folder, `**` crosses folders.
    """
    plain = [pattern.removeprefix("./").strip("/") for pattern in patterns]
    plain = [pattern for pattern in plain if pattern and pattern != "."]
    if not plain:
        return lambda _path: False
    literal = frozenset(plain)
    globs = re.compile("|".join(f"(?:{_expression(pattern)})" for pattern in plain), re.DOTALL)

    def matches(path: str) -> bool:
        bare = path.rstrip("/")
        return bare in literal or globs.fullmatch(bare) is not None

    return matches


def _expression(pattern: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at) and (at == 0 or pattern[at - 1] == "/"):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif char == "*":
            out.append("[^/]*")
            at += 1
        elif char == "?":
            out.append("[^/]")
            at += 1
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            body = pattern[at + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[^{body[1:]}]" if body[0] in "!^" else f"[{body}]")
            at = end + 1
        else:
            out.append(re.escape(char))
            at += 1
    return "".join(out) + "(?:/.*)?"
