"""`cockpit changes`: what the last new version of a plan changed, and what that meant; reads the journal alone."""

import time
from collections.abc import Iterator

from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, paint, plural, say, tell
from cockpit.clock import iso
from cockpit.safetext import safe_text
from cockpit.schedule.changed import ADDED, REMOVED, PlanChange
from cockpit.schedule.facts import PlanChanged, Recorded

_SIGNS = {ADDED: ("+", "green"), REMOVED: ("−", "red")}


def changes(plan: Plan, /, *, json: Json = False, state_dir: StateDir = None) -> int:
    """Show what the plan's last change was: old and new, and what it meant for the work that was under way then.

    What is wrong in the plan file as it is now is shown by `cockpit check`, every earlier change by
    `cockpit facts PLAN --only kind:planchanged`.
    """
    found = _newest(plan, state_dir)
    fact = found.fact if found is not None else None
    known = fact if isinstance(fact, PlanChanged) else PlanChanged(())
    if json:
        from cockpit.schedule.facts import to_json

        told: dict[str, object] = {"seq": 0, "at": None, "changes": [], "left_out": 0}
        emit(told if found is None else told | to_json(known) | {"seq": found.seq, "at": iso(found.at)})
    elif found is None:
        tell("the plan did not change since it was opened first")
    else:
        for line in _lines(known, found):
            say(line)
    return 0


def _newest(plan: Plan, state_dir: StateDir) -> Recorded | None:
    from cockpit.cli.reach import opened
    from cockpit.store.journal import Journal

    path = opened(plan, state_dir).state.journal
    if not path.exists():
        return None
    journal = Journal(path, read_only=True)
    try:
        return journal.newest(PlanChanged.__name__)
    finally:
        journal.close()


def _lines(fact: PlanChanged, recorded: Recorded) -> Iterator[str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(recorded.at))
    yield f"the plan changed at {when} (fact {recorded.seq}): {plural(len(fact.changes) + fact.left_out, 'change')}"
    for one in fact.changes:
        yield from _change(one)
    if fact.left_out:
        yield f"and {plural(fact.left_out, 'more change', 'more changes')}"


def _change(one: PlanChange) -> Iterator[str]:
    sign, style = _SIGNS.get(one.what, ("~", "yellow"))
    yield f"{paint(sign, style)} {paint(one.place or 'the plan', 'bold')}"
    for mark, style, text in (("−", "red", one.old), ("+", "green", one.new)):
        for line in safe_text(text).splitlines():
            yield f"    {paint(f'{mark} {line}', style)}"
    if one.means:
        yield f"    {paint(f'→ {one.means}', 'yellow' if one.touches else 'dim')}"
