"""Tells of merges that base does not hold any more, as after a reset by hand, and keeps their work; moves nothing."""

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

    async def look(self) -> None:
        """Note each merged workstream whose merge base lost; what no ref holds then is kept first. Raises GitError."""
        effects = self._effects
        engine, repo = effects.engine, effects.repo
        merges = [one for one in engine.snapshot.merges if not one.reverted and one.commit]
        seen = (await effects.pool.short(repo.tip, effects.base), len(merges))
        if seen == self._seen:
            return
        self._seen = seen
        lost = []
        for one in reversed(merges):
            if await effects.pool.short(integrate.contains, repo, effects.base, one.commit):
                break  # and with it all that came before
            lost.append(one)
        if lost:
            newest, plan = lost[0], effects.project.loaded.name
            ref = await effects.pool.git(
                rescue.keep_commit, repo, newest.commit, plan, newest.workstream, engine.clock.now()
            )
            if ref:
                why = f"{effects.base} was moved back behind the merge of {', '.join(one.leg for one in lost)}"
                engine.record(f.WorkRescued(newest.workstream, ref, why))
        found = {one.workstream: one for one in lost}
        engine.read(
            notes={
                f"base:{one.workstream}": f"{effects.base} no longer holds the merge of {one.leg} ({one.commit[:9]})"
                if one.workstream in found
                else None
                for one in merges
            }
        )
