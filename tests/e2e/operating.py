"""An operator for the torture: ends conflicts in every way there is, approves, rolls back, works by hand."""

import asyncio
import contextlib
import random
from pathlib import Path

from cockpit.errors import CockpitError
from cockpit.schedule import facts as f
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.taking import GO_ON, LEAVE
from cockpit.schedule.taking import WAYS as BACK
from tests.engine.scenes import Play
from tests.git.repos import run_git

WAYS = ("rebase", "rerun", "resolve", "resolve", "reject")
ROLLED_BACK = 1
BY_HAND = 2
PATIENCE_S = 8.0  # an order whose driver is killed is given again


class Operator:
    """Looks at a play again and again and gives the orders that somebody who looks on would give."""

    def __init__(self, play: Play, chance: random.Random) -> None:
        self._play = play
        self._chance = chance
        self.given: dict[str, int] = {}
        self._taken: set[tuple[str, float]] = set()

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
        if leg.hand is not None and leg.taken_over:
            if leg.hand.at and not leg.hand.back:
                await asyncio.to_thread(self._work_by_hand, leg, leg.hand.at)
                # What was cut off in its work is not done with it, and nobody here does the rest by hand.
                ways = BACK if state == "review" else (GO_ON, LEAVE)
                await self._order("handback", leg.workstream, how=self._chance.choice(ways))
        elif state in ("running", "review") and self.given.get("takeover", 0) < BY_HAND and self._chance.random() < 0.2:
            await self._order("takeover", leg.workstream)
        elif state == "paused":
            await self._order("resume", leg.workstream)
        elif state == "review":
            await self._order("approve", leg.workstream)
        elif state == "rejected":
            await self._order("retry", leg.workstream)
        elif state == "conflict" and not leg.resolving:
            if leg.opened:
                await asyncio.to_thread(_settle, Path(leg.opened))
                await self._order("resolved", leg.workstream)
            else:
                await self._order(self._chance.choice(WAYS), leg.workstream)

    def _work_by_hand(self, leg: Leg, since: float) -> None:
        """Write a line that must be found in the end, once a take-over: from then on nobody else may write there."""
        if (leg.key, since) in self._taken:
            return
        self._taken.add((leg.key, since))
        stage = self._play.scene.stage
        if leg.state.value != "review" and leg.workstream in (stage / "clashing").read_text().split():
            return  # a run that is killed before it did anything would be taken for one that did something
        token, path = f"tok{self._chance.randbytes(6).hex()}", f"{leg.workstream}.d/by-hand"
        file = Path(self._play.snapshot.workstreams[leg.workstream].worktree) / path
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as written, (stage / "told").open("a") as told:
            written.write(f"{token} by hand\n")
            told.write(f"{token} {path}\n")

    async def _roll_back(self) -> None:
        """Roll back what was merged last, once half of it is merged."""
        snapshot = self._play.snapshot
        if snapshot.reverting or self.given.get("rollback", 0) >= ROLLED_BACK:
            return
        merges = [one for one in snapshot.merges if not one.reverted]
        if len(merges) >= len(snapshot.workstreams) // 2:
            await self._order("rollback", merges[-1].workstream)

    async def _order(self, verb: str, workstream: str, how: str = "") -> None:
        with contextlib.suppress(CockpitError, OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._play.handle.order(Order(verb, (workstream,), "operator", "not so", how=how))
            if answer.ok:
                self.given[verb] = self.given.get(verb, 0) + 1


def _settle(worktree: Path) -> None:
    """Keep both sides of each conflict, as a human would with an editor."""
    for name in run_git(worktree, "diff", "--name-only", "--diff-filter=U", check=False).split():
        with contextlib.suppress(OSError):
            file = worktree / name
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if not line.startswith(("<<<<<<<", "=======", ">>>>>>>"))))
