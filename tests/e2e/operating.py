"""An operator for the torture: ends conflicts in every way there is, approves, and rolls one merge back."""

import asyncio
import contextlib
import random
from pathlib import Path

from cockpit.errors import CockpitError
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg
from tests.engine.scenes import Play

WAYS = ("rebase", "rerun", "resolve", "resolve", "reject")
ROLLED_BACK = 1
PATIENCE_S = 8.0  # an order whose driver is killed is given again


class Operator:
    """Looks at a play again and again and gives the orders that somebody who looks on would give."""

    def __init__(self, play: Play, chance: random.Random) -> None:
        self._play = play
        self._chance = chance
        self.given: dict[str, int] = {}

    async def work(self) -> None:
        """Give orders until cancelled."""
        while True:
            snapshot = self._play.snapshot
            for leg in list(snapshot.legs.values()):
                await self._see_to(leg)
            await self._roll_back()
            await asyncio.sleep(0.03)  # between two looks; nothing is told of what needs no fact

    @property
    def is_done(self) -> bool:
        """Tell whether nothing awaits this operator any more, as far as is known."""
        snapshot = self._play.snapshot
        return not snapshot.reverting and len(self._play.of(f.LegReverted)) >= ROLLED_BACK

    async def _see_to(self, leg: Leg) -> None:
        state = leg.state.value
        if state == "review":
            await self._order("approve", leg.workstream)
        elif state == "rejected":
            await self._order("retry", leg.workstream)
        elif state == "conflict" and not leg.resolving:
            if leg.opened:
                await asyncio.to_thread(_settle, Path(leg.opened))
                await self._order("resolved", leg.workstream)
            else:
                await self._order(self._chance.choice(WAYS), leg.workstream)

    async def _roll_back(self) -> None:
        """Roll back what was merged last, once half of it is merged."""
        snapshot = self._play.snapshot
        if snapshot.reverting or self.given.get("rollback", 0) >= ROLLED_BACK:
            return
        merges = [one for one in snapshot.merges if not one.reverted]
        if len(merges) >= len(snapshot.workstreams) // 2:
            await self._order("rollback", merges[-1].workstream)

    async def _order(self, verb: str, workstream: str) -> None:
        with contextlib.suppress(CockpitError, OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._play.handle.order(Order(verb, (workstream,), "operator", "not so"))
            if answer.ok:
                self.given[verb] = self.given.get(verb, 0) + 1


def _settle(worktree: Path) -> None:
    """Keep both sides of the conflict, as a human would with an editor."""
    file = worktree / "clash"
    with contextlib.suppress(OSError):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if not line.startswith(("<<<<<<<", "=======", ">>>>>>>"))))
