"""Knows which branch names git accepts, and fills in the names that a plan composes; never runs git."""

import re

PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")


def refusal(name: str) -> str:
    """Return why git refuses this name for a branch (the rules of `git check-ref-format --branch`), or nothing."""
    if not name:
        return "it is empty"
    if name.startswith("-"):
        return "it begins with -"
    if name == "HEAD":
        return "HEAD is git's own name"
    if found := _FORBIDDEN.search(name):
        return f"it holds {found.group()!r}"
    for part, why in (("..", "it holds .."), ("@{", "it holds @{"), ("//", "it holds //")):
        if part in name:
            return why
    if name.startswith("/") or name.endswith("/"):
        return "it begins or ends with /"
    if name.endswith("."):
        return "it ends with a dot"
    for part in name.split("/"):
        if part.startswith("."):
            return "a part of it begins with a dot"
        if part.endswith(".lock"):
            return "a part of it ends with .lock"
    return ""


def filled(template: str, **values: str) -> str:
    """Return the template with its `{words}` replaced; words that are not given stay as they are."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)


def unknown_words(template: str, *known: str) -> tuple[str, ...]:
    """Return the `{words}` of a template that nobody fills in."""
    return tuple(word for word in PLACEHOLDER.findall(template) if word not in known)
