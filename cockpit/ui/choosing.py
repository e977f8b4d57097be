"""Which columns the operator shows or hides at which width, as it is kept for a plan and its user. Pure."""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from cockpit.ui.columns import CARDS_BELOW, Column

Choice = Mapping[str, bool]
ALWAYS = frozenset({"state", "name"})
FIRST = 94  # the rank of a column that was asked for: it goes last of those that can go
_WIDTHS = ((200, "wider"), (120, "wide"), (CARDS_BELOW, "normal"))
SAID = {"normal": "80 to 119", "wide": "120 to 199", "wider": "200 and more"}
ABOUT: Mapping[str, str] = {
    "title": "title",
    "round": "round of the leg under way",
    "leg": "which of its legs that is",
    "agent": "slot that works on it",
    "activity": "activity in the last minutes",
    "progress": "issues done, estimate used",
    "files": "files changed, lines added and removed",
    "ahead": "commits ahead of base and behind it",
    "clash": "what it would conflict with",
    "bad": "violations",
    "cost": "cost of its runs",
    "alerts": "signs of trouble",
    "why": "what it does, or why it does not go on",
    "time": "time in its state",
    "eta": "when it will be merged",
}


def width_class(width: int) -> str:
    """Return the name of a width that has a choice of its own; empty where cards are shown, which have no columns."""
    return next((name for least, name in _WIDTHS if width >= least), "")


def fitting(columns: tuple[Column, ...], choice: Choice) -> tuple[Column, ...]:
    """Return the columns that may be shown: without the hidden ones, and those that were asked for kept longest."""
    return tuple(
        replace(one, keep=max(one.keep, FIRST)) if choice.get(one.name) and one.name not in ALWAYS else one
        for one in columns
        if choice.get(one.name, True) or one.name in ALWAYS
    )


def turned(choice: Choice, column: str, *, shown: bool) -> Choice:
    """Return a choice in which a column is hidden where it is shown, and asked for where it is not."""
    return {**choice, column: not shown}


def kept(choices: Mapping[str, Choice]) -> str:
    """Return choices by width as a text that can be remembered; empty where nothing was chosen."""
    some = {width: dict(choice) for width, choice in choices.items() if choice}
    return msgspec.json.encode(some).decode() if some else ""


def remembered(text: str) -> dict[str, Choice]:
    """Return the choices that a text stands for; what is not known (any more) is left out."""
    try:
        found = msgspec.json.decode(text, type=dict[str, dict[str, bool]])
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return {}
    return {
        width: {column: on for column, on in choice.items() if column in ABOUT}
        for width, choice in found.items()
        if width in SAID
    }
