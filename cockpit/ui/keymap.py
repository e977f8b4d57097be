"""The operator's own keys: asked-for changes → changed actions of the registry, or what is wrong with them."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace
from textual.binding import Binding
from textual.keys import Keys

from cockpit.ui.keys import ACTIONS, DIALOG, PAGES, Action, on_page

Wrong = tuple[tuple[str, ...], str, str]
SHOWN = {
    "escape": "esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_KNOWN = {key.value for key in Keys if not key.value.startswith("<")} | {
    key for action in ACTIONS for key in action.keys.split(",") if key
}
_FIXED = frozenset({"interrupt"})


def changed(asked: Mapping[str, Any]) -> tuple[dict[str, Action], tuple[Wrong, ...]]:
    """Return the actions that get other keys, and what is wrong: (names of the settings, message, what to do)."""
    known = {action.name: action for action in ACTIONS}
    found: dict[str, Action] = {}
    wrong: list[Wrong] = []
    for name, value in asked.items():
        action = known.get(name)
        keys = _asked_keys(value)
        if action is None:
            wrong.append(((name,), "there is no such action", _near(name, known)))
        elif action.name in _FIXED or action.where == {DIALOG}:
            wrong.append(((name,), "its key cannot be changed", "leave it out: it works the same everywhere"))
        elif not action.keys:
            wrong.append(((name,), f"it has no key: {action.shown} opens what it is chosen from", "leave it out"))
        elif isinstance(keys, str):
            wrong.append(((name,), keys, f'for example {name} = "{action.shown.split()[-1]}", or a list of such'))
        else:
            written = " ".join(dict.fromkeys(map(shown, keys)))
            found[name] = replace(action, keys=",".join(dict.fromkeys(keys)), shown=written)
    for action in ACTIONS:
        opener = next((one for one in found.values() if known[one.name].shown == action.shown), None)
        if not action.keys and opener is not None:
            found[action.name] = replace(action, shown=opener.shown)
    return found, (*wrong, *_clashes(found, list(asked)))


def shown(key: str) -> str:
    """Return how a key is written in help and footer."""
    head, plus, last = key.rpartition("+")
    if last in SHOWN or len(last) == 1:
        return f"{head}{plus}{SHOWN.get(last, last)}"
    sign = next((char for char in _SIGNS if _named(char) == last), last)
    return f"{head}{plus}{sign}"


_SIGNS = "".join(map(chr, range(0x21, 0x7F)))


def _asked_keys(value: Any) -> tuple[str, ...] | str:
    """Return the keys that a setting asks for, by the screen's names for them; or what is wrong with it."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        return "must be a key, or a list of keys"
    named = [(one, _named(one)) for one in given]
    bad = next((one for one, name in named if not name), None)
    return f"{bad!r} is no key" if bad is not None else tuple(name for _, name in named)


def _named(key: str) -> str:
    """Return the screen's name of a key that is written as a character or by its name; empty where it is none."""
    if len(key) == 1:
        if not key.isprintable() or key == " ":
            return ""
        return "comma" if key == "," else next(iter(Binding.make_bindings([Binding(key, "")]))).key
    head, plus, last = key.rpartition("+")
    if key in _KNOWN or (
        plus and set(head.split("+")) <= {"ctrl", "alt", "shift"} and (len(last) == 1 or last in _KNOWN)
    ):
        return key if len(last) != 1 else f"{head}{plus}{_named(last)}"
    return ""


def _clashes(found: Mapping[str, Action], order: list[str]) -> Iterable[Wrong]:
    """Yield each key that would mean two things on one page, at the setting that came last."""
    told: set[tuple[str, str]] = set()
    for page in sorted(PAGES):
        owners: dict[str, str] = {}
        for default in sorted(on_page(page), key=lambda one: order.index(one.name) if one.name in order else -1):
            action = found.get(default.name, default)
            for key in filter(None, action.keys.split(",")):
                other = owners.setdefault(key, action.name)
                if other != action.name and (action.name, other) not in told and action.name in found:
                    told.add((action.name, other))
                    message = f"{shown(key)} is the key of `{other}` already"
                    yield (action.name,), message, f"take another one, or give `{other}` another one"


def _near(name: str, known: Mapping[str, Action]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "the actions are listed in docs/keys.md"
