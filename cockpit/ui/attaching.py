"""Leads the operator to where an agent works: the ways that there are, and a terminal there; it decides nothing.

What is opened is `cockpit attach`, in a tmux window or split where the screen is in tmux, else in the screen's own
terminal; that command asks how it goes on when the operator is done.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from cockpit import process
from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.schedule import taking
from cockpit.schedule.orders import Order
from cockpit.schedule.states import State
from cockpit.schedule.talking import why_not_told
from cockpit.ui.keys import BY_NAME
from cockpit.ui.lending import lend
from cockpit.ui.looks import exact_clock, line, name
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

TALK = "talk"
SHELL, AGENT = "shell", "agent"
HERE, WINDOW, SPLIT = "here", "window", "split"
WIDE = 160  # columns from which a split goes beside the screen, and not below it
TMUX_S = 10.0
_PLACES = {HERE: "in this terminal", WINDOW: "in a tmux window", SPLIT: "in a tmux split"}
_BACK = {
    taking.GO_ON: "hand it back, and its agent goes on, told what you changed",
    taking.REVIEW: "hand it back to review: what is there is checked, then awaits your approval",
    taking.LEAVE: "hand it back, and leave it as it is",
}


class Way(Struct, frozen=True):
    """One thing that can be done: its name, what it does, and why it cannot be done just now."""

    name: str
    about: str
    why_not: str = ""


def ways(view: View, workstream: str, agent: str, why_no_agent: str, places: Sequence[str]) -> tuple[Way, ...]:
    """Return what can be done where an agent works; `agent` is its command for a human, `places` where that opens."""
    snapshot = view.snapshot
    leg = snapshot.leg_under_way(workstream)
    why_not = "" if leg.taken_over else line(taking.why_not(snapshot, snapshot.workstreams[workstream]))
    if not places:
        why_not = "a browser has no terminal: `cockpit attach` in a shell"
    found = (
        [Way(TALK, "talk to it: it goes on, and hears what you type")] if not why_not_told(snapshot, workstream) else []
    )
    if leg.taken_over:
        found += [Way(way, about) for way, about in _BACK.items()]
    take = "" if leg.taken_over else "take it over: "
    shown = f"its agent, `{line(agent)}`," if agent else "its agent"
    for place in places or (HERE,):
        found.append(Way(f"{SHELL}:{place}", f"{take}a shell in its worktree, {_PLACES[place]}", why_not))
    for place in places or (HERE,):
        found.append(Way(f"{AGENT}:{place}", f"{take}{shown} {_PLACES[place]}", why_not or line(why_no_agent)))
    return tuple(found)


def about(view: View, workstream: str) -> list[str]:
    """Return what is to be known before that is chosen."""
    leg = view.snapshot.leg_under_way(workstream)
    if leg.hand is not None and leg.taken_over:
        since = f" since {exact_clock(leg.hand.at)}" if leg.hand.at else ""
        gone = view.readings.left.get(workstream)
        alone = [f"The terminal that it was worked on from is gone since {exact_clock(gone)}."] if gone else []
        taken = f"Taken over by {name(leg.hand.by or 'somebody')}{since}: nothing of it starts, merges or is removed."
        return [taken, *alone]
    first: list[str] = []
    if leg.state is State.REVIEW:
        first = ["What you change there is checked again, and awaits your approval anew."]
    elif leg.slot is not None:
        first = ["Its run is paused first; it can go on afterwards, with the same conversation where it has one."]
    return [*first, "Until it is handed back nothing of it starts, merges or is removed."]


def places_for(environment: Mapping[str, str], *, web: bool) -> tuple[str, ...]:
    """Return where a terminal can be opened."""
    if web:
        return ()
    return (WINDOW, SPLIT) if environment.get("TMUX") else (HERE,)


def begin(app: "CockpitApp", workstream: str) -> None:
    """Show what can be done where the agent of a workstream works; below its output, talk to it where one can."""
    from cockpit.ui.screens.printed import PrintedPage

    if isinstance(app.page, PrintedPage) and not why_not_told(app.view.snapshot, workstream):
        app.talk(workstream)
        return
    beside(app, partial(_show, app, workstream), "asking how to get there", "attach", exclusive=True)


async def _show(app: "CockpitApp", workstream: str) -> None:
    from cockpit.ui.screens.attach import AttachScreen

    try:
        known: dict[str, Any] = await app.handle.ask("workplace", workstream=workstream)
    except CockpitError as error:
        app.fail(f"{name(workstream)}: {line(error.what)}")
        return
    if workstream not in app.view.snapshot.workstreams:
        app.fail(f"{name(workstream)}: it left the plan meanwhile")
        return
    places = places_for(os.environ, web=app.is_web)
    found = ways(app.view, workstream, str(known["agent"]), str(known["why_not"]), places)
    app.push_screen(AttachScreen(app.view, workstream, found), partial(_chosen, app, workstream, known))


def _chosen(app: "CockpitApp", workstream: str, known: Mapping[str, Any], way: str | None) -> None:
    if way is None:
        app.say("nothing was done")
    elif way == TALK:
        app.talk(workstream)
    elif way in _BACK:
        app.ordering.hand_in((Order("handback", (workstream,), app.who, how=way),))
    else:
        what, _, place = way.partition(":")
        work = partial(_enter, app, workstream, known, what, place)
        beside(app, work, "opening a terminal in a worktree", "attach", exclusive=True)


async def _enter(app: "CockpitApp", workstream: str, known: Mapping[str, Any], what: str, place: str) -> None:
    """Take a worktree over, unless it is that already, and open a terminal there."""
    argv = [*map(str, known["argv"]), f"--{what}"]
    who = name(workstream)
    if workstream not in app.view.snapshot.workstreams:
        app.fail(f"{who}: it left the plan meanwhile")
        return
    try:
        if not app.view.snapshot.leg_under_way(workstream).handed_over:
            app.say(f"taking {who} over …")
            answer = await app.handle.order(Order("takeover", (workstream,), app.who))
            if not answer.ok:
                app.fail(f"takeover {who}: {line(answer.note)}")
                return
        if place == HERE:
            await lend(app, argv, cwd=Path.cwd())
            app.say("")
            return
        passed = {key: os.environ[key] for key in map(str, known["pass"]) if key in os.environ}
        words = tmux(place, workstream, argv, passed, os.environ.get("TMUX_PANE", ""), app.size.width)
        await asyncio.to_thread(process.run, words, cwd=Path.cwd(), timeout=TMUX_S)
    except CockpitError as error:
        app.fail(f"{who}: {line(error.what)}")
    else:
        app.say(f"✓ {who} is yours {_PLACES[place]} · {BY_NAME['attach'].shown} hands it back", "good")


def tmux(
    place: str, title: str, argv: Sequence[str], environment: Mapping[str, str], pane: str, columns: int
) -> list[str]:
    """Return the command that opens a program in a window, or a split, beside the pane that the screen is in."""
    if place == WINDOW:
        words = ["tmux", "new-window", "-a", "-n", title]
    else:
        target = ["-t", pane] if pane else []
        words = ["tmux", "split-window", "-h" if columns >= WIDE else "-v", *target]
    for key, value in environment.items():
        words += ["-e", f"{key}={value}"]
    return [*words, "--", *argv]
