"""`cockpit facts`: the journal as lines in words or as JSON lines; reads it and never writes."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli.options import Follow, Plan, StateDir
from cockpit.cli.output import emit, emit_line, plural, say, tell
from cockpit.clock import iso
from cockpit.errors import CockpitError, JournalError
from cockpit.safetext import safe_line
from cockpit.schedule.facts import Recorded, to_json
from cockpit.store.journal import Journal

if TYPE_CHECKING:
    from cockpit.engine.project import Project

_PAUSE = 0.2  # seconds between two looks at a journal that is followed
_BEING_MADE = 5.0  # seconds within which a journal that has just appeared can be read


def facts(
    plan: Plan,
    /,
    *,
    follow: Follow = False,
    since: Annotated[int, Parameter(help="Only facts after this number.")] = 0,
    only: Annotated[str, Parameter(help="Only facts that this filter lets through.")] = "",
    verify: Annotated[
        bool, Parameter(help="Check the chain of hashes instead; exit 1 where it is broken or cut.")
    ] = False,
    json: Annotated[bool, Parameter(help="Print each fact as one line of JSON.")] = False,
    state_dir: StateDir = None,
) -> int:
    """Print what happened: the journal of the plan, oldest first.

    `--only "kind:runended workstream:api timeout !retry"` prints the facts of a kind (or of several), about a
    workstream (or several), in which all words stand and none of those with `!`: the filter of the screen's journal.
    """
    if verify and only:
        raise CockpitError("--verify checks all facts", hint="leave --only out")
    from cockpit.cli.reach import opened

    project = opened(plan, state_dir)
    path = project.state.journal
    if not path.exists() and not follow:
        if verify:
            return _verified(project, None, json)
        tell("nothing has happened yet: this plan has no journal")
        return 0
    journal = _journal(path, patient=follow)
    try:
        if verify:
            return _verified(project, journal, json)
        _print(journal, since, only, follow=follow, json=json)
    finally:
        journal.close()
    return 0


def _journal(path: Path, *, patient: bool) -> Journal:
    """Open a journal; with `patient` wait for it to be there, and for its driver to have made its tables."""
    while patient and not path.exists():
        time.sleep(_PAUSE)
    deadline = time.monotonic() + (_BEING_MADE if patient else 0.0)
    while True:
        try:
            return Journal(path, read_only=True)
        except JournalError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)


def as_json(recorded: Recorded) -> dict[str, object]:
    """Return a fact as its line of JSON says it: number, time (ISO 8601), kind, its own fields."""
    return {
        "seq": recorded.seq,
        "at": iso(recorded.at),
        "kind": type(recorded.fact).__name__,
        "data": to_json(recorded.fact),
    }


def _print(journal: Journal, since: int, only: str, *, follow: bool, json: bool) -> None:
    from cockpit.schedule.seeking import sought, told
    from cockpit.schedule.wording import line

    wanted = sought(only)
    while True:
        for recorded in journal.read(since):
            since = recorded.seq
            if only and not wanted.holds(told(recorded)):
                continue
            if json:
                emit_line(as_json(recorded))
            else:
                say(line(recorded, numbered=True))
        if not follow:
            return
        time.sleep(_PAUSE)


def _verified(project: "Project", journal: Journal | None, json: bool) -> int:
    from cockpit.engine.heads import kept_head, loss_of

    head = kept_head(project.state.head)  # before the journal is read: a driver that ends meanwhile adds to both
    count = journal.last_seq() if journal else 0
    broken = journal.verify() if journal else None
    cut = loss_of(head, journal) if journal else None
    lost = _left_of_lost_facts(project, head.facts) if not count else ""
    if lost:
        broken = 1
    elif cut and broken is None:
        broken = cut.first
    last = journal.hash_of(count) if journal else ""
    if json:
        missing = cut.missing if cut else head.facts if lost else 0
        emit({"ok": broken is None, "facts": count, "first_broken": broken, "head": last, "missing": missing})
    elif lost:
        say(safe_line(f"the journal holds no fact, but {lost}. Its facts are lost"))
        say("put a copy of the journal back, or see docs/recovery.md; nothing was changed")
    elif broken is None:
        say(f"the chain of {plural(count, 'fact')} is whole" + (f"; its last hash is {last}" if last else ""))
    elif cut:
        say(f"{cut.words}; see docs/recovery.md, nothing was changed")
    else:
        say(f"fact {broken} does not fit the one before it: it, or what lies before it, was changed")
    return 0 if broken is None else 1


def _left_of_lost_facts(project: "Project", held: int) -> str:
    """Return what only a plan with facts leaves behind, in words; empty where nothing of that is there."""
    from cockpit.git import rescue

    runs = project.state.path / "runs"
    ran = sum(1 for _ in runs.iterdir()) if runs.is_dir() else 0
    kept = len(rescue.listed(project.repo, project.loaded.name))
    work = [plural(ran, "run") + f" in {runs}"] if ran else []
    work += [plural(kept, "rescue")] if kept else []
    told = [f"it held {plural(held, 'fact')}"] if held else []
    told += [f"there is work of this plan: {', '.join(work)}"] if work else []
    return ", and ".join(told)
