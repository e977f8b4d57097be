"""View → the parts of a workstream's page that are lists: issues and checklist, violations, the prompt. Pure."""

from collections.abc import Iterator

from cockpit.engine.handle import View
from cockpit.schedule.issues import issue_done
from cockpit.schedule.snapshot import Leg, Snapshot
from cockpit.schedule.states import State
from cockpit.ui.looks import code, count, fit, line, look_of, name
from cockpit.ui.violations import Line, detail, items

CLAIMED, TO_DO = ("~ said done", "warn"), ("○ to do", "dim")
_OF_ISSUE = {"done": ("✓ done", "good"), "~done": CLAIMED, "": TO_DO}
_STATE = 14


def issues(snapshot: Snapshot, workstream: str) -> Iterator[Line]:
    """Yield the issues of a workstream leg by leg, then its checklist; an agent's word is told as no more than that."""
    outline = snapshot.workstreams[workstream].outline
    titles = {one.id: one.title for one in outline.issues}
    legs = snapshot.legs_of(workstream)
    for leg in legs:
        look = look_of(leg, None)
        round_ = f"round {leg.outline.round}"
        yield (
            (f"leg {leg.outline.number}  ", "strong"),
            (f"{look.glyph} {look.word}", look.style),
            (f" · {round_}", "dim"),
        )
        for issue in leg.outline.issues:
            word, style = _OF_ISSUE[issue_done(leg, issue)]
            yield (
                (f"  {fit(word, _STATE)}", style),
                (f"{name(issue)}  ", "strong"),
                (line(titles.get(issue, "")), "plain"),
            )
        if leg.note:
            yield ("  it noted last: ", "dim"), (line(leg.note), "plain")
    yield ()
    yield from checklist(snapshot, workstream)


def checklist(snapshot: Snapshot, workstream: str) -> Iterator[Line]:
    """Yield what a human is to look at before approving, and which points of it the agent said are done."""
    points = snapshot.workstreams[workstream].outline.checklist
    said = {one for leg in snapshot.legs_of(workstream) for one in leg.claimed}
    if not points:
        yield (("the plan gives no checklist", "dim"),)
        return
    yield ("checklist  ", "strong"), ("look at each before you approve", "dim")
    for number, point in enumerate(points, 1):
        word, style = CLAIMED if point in said else TO_DO
        yield (f"  {fit(word, _STATE)}", style), (f"{number}. {line(point)}", "plain")


def violations(view: View, workstream: str, now: float) -> Iterator[Line]:
    """Yield every violation of a workstream in full, the open ones first, then what nobody looked at."""
    mine = [one for one in items(view).values() if one.workstream == workstream and one.place[0]]
    for item in mine:
        yield from detail(view, item, now)
        yield ()
    legs = view.snapshot.legs_of(workstream)
    for leg in legs:
        yield from ((("allowed    ", "dim"), (f"by a comment: {line(one)}", "plain")) for one in leg.allowed)
        yield from ((("unscanned  ", "dim"), (line(one), "warn")) for one in leg.unscanned)
    if not mine:
        begun = any(leg.run for leg in legs)
        yield (("no rule was broken" if begun else "no agent has worked on it yet", "dim"),)


def prompt(text: str, run: str, left_out: int, leg: Leg, key: str) -> Iterator[Line]:
    """Yield what the agent of a run was told, without a run what the first is; above, what the operator adds to it.

    Nothing in it is read as markup; `key` changes what is added.
    """
    yield from _added(leg, run, key)
    if run:
        yield ("what run ", "dim"), (name(run), "strong"), (" was told", "dim")
    else:
        yield (("no agent has worked on it yet; the first is told this, and what git shows by then", "dim"),)
    yield ()
    for one in text.splitlines():
        yield ((code(one), "strong" if one.startswith("#") else "plain"),)
    if left_out:
        yield ((f"… {count(left_out, 'byte')} more are in its prompt.md", "dim"),)


def _added(leg: Leg, run: str, key: str) -> Iterator[Line]:
    if leg.state is State.MERGED:
        return
    changes = ("  changes it", "dim")
    if leg.addition:
        yield ("the next run is also told  ", "strong"), (key, "accent"), changes
        for one in leg.addition.splitlines():
            yield ((f"  {code(one)}", "good"),)
    else:
        yield ("nothing is added for the next run yet  ", "dim"), (key, "accent"), ("  adds to it", "dim")
    if run and leg.state in (State.RUNNING, State.PREPARING):
        yield (("the run that goes on is not told; what went wrong with it is told too", "dim"),)
    for one in leg.additions:
        yield ("told before, and told again  ", "dim"), (line(one), "plain")
    yield ()
