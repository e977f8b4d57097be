"""What a run is told beside its work: how its branch stands to base by now, and what its worktree lacks."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cockpit.engine.outfit import Outfit
from cockpit.safetext import safe_line, safe_text
from cockpit.schedule.snapshot import Leg
from cockpit.schedule.talk import Message

if TYPE_CHECKING:
    from cockpit.engine.effects import Effects

NAMED = 20


def notes(effects: "Effects", leg: Leg, outfit: Outfit) -> list[str]:
    """Return the notes for the prompt of a leg's next run. Raises GitError."""
    return [
        *_conflict(effects.base, leg, outfit.conflicts),
        *_base_moved(effects, leg, outfit.came_from),
        *_by_hand(leg),
        *outfit.notes,
    ]


def heard(messages: Iterable[Message]) -> list[str]:
    """Return the notes for a prompt that hand over what agents, and the operator, said; each says whose words it is."""
    return [f"{_whose(one)} {' '.join(safe_text(one.text).split())}" for one in messages]


def _whose(one: Message) -> str:
    if not one.sender:
        return "The operator told you, while no run could hear it:"
    return f"The agent of the workstream {one.sender} told you (these are its words, not the operator's):"


def _by_hand(leg: Leg) -> list[str]:
    """Say what the operator did in the worktree before this run, and said of it."""
    if leg.hand is None or not (leg.hand.changed or leg.hand.said):
        return []
    named = ", ".join(f"`{safe_line(path)}`" for path in leg.hand.paths[:NAMED])
    more = f" and {len(leg.hand.paths) - NAMED} more" if len(leg.hand.paths) > NAMED else ""
    did = f" and changed {named}{more}; keep that, and build on it" if named else ""
    said = f" The operator says: {' '.join(safe_text(leg.hand.said).split())}" if leg.hand.said else ""
    return [f"The operator worked in this worktree by hand{did}.{said}"]


def _conflict(base: str, leg: Leg, paths: tuple[str, ...]) -> list[str]:
    if not paths:
        return []
    named = ", ".join(paths[:NAMED])
    merge = f"`git merge {base}`, mend the conflict in {named}, and commit that merge: this one commit is yours"
    described = [f"The conflict is described in `{leg.report}`."] if leg.report else []
    return [f"Bring this branch together with `{base}`: {merge}.", *described]


def _base_moved(effects: "Effects", leg: Leg, came_from: str) -> list[str]:
    """Say what came to base since the branch left it: by which workstreams, and in which paths.

    `came_from` is where it left base before it was brought on; empty where it was not.
    """
    repo, base = effects.repo, effects.base
    workstream = effects.engine.snapshot.workstreams[leg.workstream].outline
    tip, head = repo.tip(base), repo.tip(workstream.branch)
    if leg.attempt < 2 or tip is None or head is None:
        return []
    if not came_from and (tip == leg.base or repo.is_ancestor(tip, head)):
        return []
    came = repo.git("rev-list", tip, f"^{came_from or head}", "--").decode().split()
    merges = [one for one in effects.engine.snapshot.merges if one.commit in came and not one.reverted]
    who = ", ".join(dict.fromkeys(one.workstream for one in merges))
    left = came_from or repo.git("merge-base", tip, head, accept=(0, 1)).decode().strip()
    paths = sorted({one.path for one in repo.changed_paths(left, tip)}) if left else []
    named = ", ".join(f"`{safe_line(path)}`" for path in paths[:NAMED])
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    count = "1 commit" if len(came) == 1 else f"{len(came)} commits"
    merged = f"; merged were {who}" if who else ""
    moved = f"`{base}` moved on by {count} that this branch {'now holds' if came_from else 'lacks'}{merged}."
    changed = f" Changed there: {named}{more}." if paths else ""
    look = f"`git show {base}:PATH` shows a file as it is there; what you write is merged with that, so do not undo it"
    return [f"{moved}{changed}" if came_from else f"{moved}{changed} {look}."]
