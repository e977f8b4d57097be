"""From anywhere to the page of the next thing that awaits the operator, in the plan's order; decides nothing."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cockpit.ui.looks import LOOKS, count, name
from cockpit.ui.present import Row
from cockpit.ui.screens.grid import GridPage

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

_HELD = next(look.word for state, look in LOOKS.items() if state.value == "quarantined")


def following(rows: Mapping[str, Row], here: str | None) -> Iterable[str]:
    """Yield what awaits the operator after `here`, then what stands before it, and `here` itself last."""
    keys = list(rows)
    at = keys.index(here) + 1 if here is not None and here in rows else 0
    return (key for key in (*keys[at:], *keys[:at]) if rows[key].awaits)


def go_on(app: "CockpitApp") -> None:
    """Open the page of the next thing that awaits the operator: of a quarantine, else of its workstream."""
    from cockpit.ui.screens.quarantine import QuarantinePage

    page = app.page
    waiting = list(following(app.rows, page.cursor() if page is not None else None))
    if not waiting:
        app.say("nothing awaits you", "warn")
        return
    key = waiting[0]
    stand_on(app, key)
    if app.rows[key].look.word == _HELD:
        app.turn_to(QuarantinePage, key)
        if isinstance(app.page, QuarantinePage):
            app.page.go_to(key)
    else:
        app.do_grid()
        app.open_workstream(key)
    # The page that was pushed is there by the next message.
    app.call_later(app.say, f"{name(key)} awaits you · {count(len(waiting), 'workstream')} in all", "warn")


def stand_on(app: "CockpitApp", workstream: str) -> None:
    """Put the cursor of the first page on a workstream, so that backing out leads to it."""
    first = app.screen_stack[0]
    if isinstance(first, GridPage):
        first.grid.go_to_row(workstream)
