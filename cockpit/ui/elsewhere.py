"""Where a key works that does nothing on the page in front, in words. Pure."""

from cockpit.ui.keys import BY_NAME, COMMANDS, DIFF, PAGES, TABS, WORKSTREAM, Action, on_page

_REACHED_BY = {WORKSTREAM: "open", DIFF: "diff", COMMANDS: "trust"}
_SAID = {WORKSTREAM: "a workstream's page", COMMANDS: "the page of what a plan runs"}


def taken(action: Action, page: str) -> bool:
    """Say whether one of an action's keys does something else on a page."""
    keys = frozenset(filter(None, action.keys.split(",")))
    return any(keys & frozenset(other.keys.split(",")) for other in on_page(page))


def told(action: Action) -> str:
    """Return on which pages an action works, each with the key that leads there."""
    places = sorted(action.where & PAGES, key=lambda one: (one not in TABS, one))
    return "not on this page; on " + ", ".join(f"{_SAID.get(one, one)} ({_key_of(one)})" for one in places)


def _key_of(page: str) -> str:
    return BY_NAME[_REACHED_BY.get(page, page)].shown
