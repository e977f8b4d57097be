"""Actions by their words, and where a key works that does nothing on the page in front. Pure."""

from collections.abc import Iterable

from cockpit.ui.keys import BY_NAME, COMMANDS, DIFF, PAGES, PLAN, TABS, WORKSTREAM, Action, on_page

_REACHED_BY = {WORKSTREAM: "open", DIFF: "diff", COMMANDS: "trust"}
_SAID = {WORKSTREAM: "a workstream's page", COMMANDS: "the page of what a plan runs", PLAN: "the plan file"}


def taken(action: Action, page: str) -> bool:
    """Say whether one of an action's keys does something else on a page."""
    keys = frozenset(filter(None, action.keys.split(",")))
    return any(keys & frozenset(other.keys.split(",")) for other in on_page(page))


def told(action: Action) -> str:
    """Return on which pages an action works, each with the key that leads there."""
    return f"not on this page; on {', '.join(_places(action))}"


def told_there(action: Action) -> str:
    """Return what an action does, after one page on which it works and the key that leads there."""
    return f"on {_places(action)[0]}: {action.about}"


def _places(action: Action) -> list[str]:
    known = {page: at for at, page in enumerate(TABS)}
    places = sorted(action.where & PAGES, key=lambda one: (known.get(one, len(TABS)), one))
    return [f"{_SAID.get(one, one)} ({_key_of(one)})" for one in places]


def _key_of(page: str) -> str:
    return BY_NAME[_REACHED_BY.get(page, page)].shown


def offered(page: str) -> Iterable[Action]:
    """Yield the actions that can be searched: those of a page first, then those of the other pages."""
    yield from on_page(page)
    yield from (one for one in BY_NAME.values() if page not in one.where and one.where & PAGES)


def means(action: Action, sought: str) -> bool:
    """Say whether an action has all the words that are looked for, or is written as the one key that is."""
    text = f"{action.name} {action.short} {action.about}".lower()
    return sought == action.shown or all(word in text for word in sought.lower().split())
