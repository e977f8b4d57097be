"""`cockpit run --approve ask`: asks on the terminal for each approval, and what agents ask; decides nothing."""

import asyncio
import sys

from cockpit.cli.output import plural, say
from cockpit.cli.reach import who
from cockpit.cli.telling import Teller
from cockpit.engine.handle import Handle, View
from cockpit.safetext import on_one_line, safe_line, safe_text
from cockpit.schedule.orders import Order
from cockpit.schedule.shown import START
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import WORKING, State
from cockpit.schedule.talk import Question


class Asker:
    """Follows a driver, tells what happens, and asks; ends the driver when nothing is left to ask, unless `wait`."""

    def __init__(self, teller: Teller, *, wait: bool) -> None:
        self._teller = teller
        self._wait = wait
        self._asked: set[tuple[str, int, str, str]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._view: View | None = None
        self._unshown: list[View] = []

    async def follow(self, handle: Handle) -> None:
        """Print and ask until the driver ends."""
        self._teller.heed_interruptions(handle)
        try:
            async for view in handle.subscribe():
                self._view = view
                self._unshown.append(view)
                if self._asking is None or self._asking.done():
                    self._show()
                    self._asking = asyncio.create_task(self._ask_all(handle))
        finally:
            if self._asking is not None:
                self._asking.cancel()

    async def _ask_all(self, handle: Handle) -> None:
        while self._view is not None and (leg := self._next(self._view.snapshot)) is not None:
            await self._ask(handle, leg, self._view.snapshot.approval_of(leg) or "merge")
            self._view = await _present(handle)  # the one before does not know the answer yet
            self._show()
        while self._view is not None and (question := self._next_question(self._view.snapshot)) is not None:
            await self._put(handle, question)
            self._view = await _present(handle)
            self._show()
        if self._view is not None and not self._wait and settled(self._view.snapshot):
            await handle.order(Order("stop-driver", by=who("command")))

    def _show(self) -> None:
        """Print what happened since the last question; nothing is printed into one."""
        for view in self._unshown:
            self._teller.show(view)
        self._unshown.clear()

    def _next(self, snapshot: Snapshot) -> Leg | None:
        for key in sorted(snapshot.active):
            leg = snapshot.legs[key]
            what = snapshot.approval_of(leg)
            if what and (key, leg.attempt, leg.commit, what) not in self._asked:
                return leg
        return None

    def _next_question(self, snapshot: Snapshot) -> Question | None:
        return next((one for one in snapshot.open_questions() if (one.id, 0, "", "") not in self._asked), None)

    async def _put(self, handle: Handle, question: Question) -> None:
        """Put an agent's question: a number takes one of its choices, an empty line leaves it open."""
        self._teller.end()
        self._asked.add((question.id, 0, "", ""))
        say(f"{on_one_line(question.workstream)} asks: {safe_text(question.text)}")
        for number, choice in enumerate(question.choices, 1):
            say(f"  {number}  {on_one_line(choice)}")
        text = (await _line("answer (empty: later): ")).strip()
        if not text:
            return
        chosen = question.chosen(text)
        words = "" if chosen else text
        order = Order("answer", (question.workstream,), who("command"), words, chosen, expected=question.id)
        done = await handle.order(order)
        if not done.ok:
            say(safe_line(f"refused: {done.note}"))

    async def _ask(self, handle: Handle, leg: Leg, what: str) -> None:
        self._teller.end()
        self._asked.add((leg.key, leg.attempt, leg.commit, what))
        work = f" at {leg.commit[:9]} ({plural(leg.files, 'file')}, +{leg.added} −{leg.removed})"
        unsure = self._view.snapshot.unsure_of(leg) if self._view else ""
        changes = f"{work}{f', {unsure}' if unsure else ''}" if what == "merge" else ""
        expected = leg.commit if what == "merge" else START
        answer = await _line(safe_line(f"{what} of {leg.key}{changes}: approve? [y]es, [n]o, [l]ater:") + " ")
        if answer[:1].lower() == "y":
            order = Order("approve", (leg.workstream,), who("command"), expected=expected)
        elif answer[:1].lower() == "n":
            reason = await _line("why? (the next run is told): ")
            order = Order("reject", (leg.workstream,), who("command"), reason.strip(), expected=expected)
        else:
            return
        done = await handle.order(order)
        if not done.ok:
            say(safe_line(f"refused: {done.note}"))


def settled(snapshot: Snapshot) -> bool:
    """Say whether all that is wanted is done or waits for a human: nothing goes on by itself any more."""
    if not any(workstream.wanted for workstream in snapshot.workstreams.values()):
        return False
    legs = [snapshot.legs[key] for key in snapshot.active]
    busy = any(leg.state in WORKING for leg in legs)
    return not busy and not any(leg.state is State.READY and snapshot.approval_of(leg) is None for leg in legs)


async def _present(handle: Handle) -> View | None:
    async for view in handle.subscribe():
        return view
    return None


async def _line(prompt: str) -> str:
    """Read a line without a thread, which nothing could end; the end of the input is an empty answer."""
    sys.stdout.write(prompt)
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sys.stdin, _set, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline()


def _set(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
