"""Tells of merges that base does not hold any more, as after a reset by hand, and keeps their work; moves nothing."""

import asyncio
from typing import TYPE_CHECKING

from cockpit.git import integrate, rescue
from cockpit.schedule import facts as f

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects


class MovedBack:
    """Looks at base whenever it is elsewhere, or should be, than at the last look."""

    def __init__(self, effects: "Effects") -> None:
        self._effects = effects
        self._seen: tuple[str | None, int] = ("", 0)  # the tip of base, and how many merges there were
        self._lost: frozenset[str] = frozenset()  # commits of merges; later ones may have come without them
        self._looking = asyncio.Lock()

    async def look(self) -> None:
        """Note each merged workstream whose merge base lost; what no ref holds then is kept first. Raises GitError."""
        async with self._looking:  # two looks at once would each keep the same work
            await self._look()

    async def _look(self) -> None:
        effects = self._effects
        engine, repo = effects.engine, effects.repo
        merges = [one for one in engine.snapshot.merges if not one.reverted and one.commit]
        seen = (await effects.pool.short(repo.tip, effects.base), len(merges))
        if seen == self._seen:
            return
        lost = []
        held = False  # a merge that base holds brings all that came before it, but what was lost by then
        for one in reversed(merges):
            if held and one.commit not in self._lost:
                continue
            if await effects.pool.short(integrate.contains, repo, effects.base, one.commit):
                held = True
            else:
                lost.append(one)
        if lost:
            newest, plan = lost[0], effects.project.loaded.name
            ref = await effects.pool.git(
                rescue.keep_commit, repo, newest.commit, plan, newest.workstream, engine.clock.now()
            )
            if ref:
                why = f"{effects.base} was moved back behind the merge of {', '.join(one.leg for one in lost)}"
                engine.record(f.WorkRescued(newest.workstream, ref, why))
        notes: dict[str, str | None] = {f"base:{one.workstream}": None for one in merges}
        for one in reversed(lost):
            notes[f"base:{one.workstream}"] = (
                f"{effects.base} no longer holds the merge of {one.leg} ({one.commit[:9]})"
            )
        engine.read(notes=notes)
        self._seen, self._lost = seen, frozenset(one.commit for one in lost)
