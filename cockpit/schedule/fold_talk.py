"""What notes, questions, answers, messages and additions to a prompt mean for a snapshot. Pure."""

from typing import Any

from msgspec.structs import replace

from cockpit.errors import IllegalMoveError
from cockpit.schedule import facts as f
from cockpit.schedule.folding import apply, leg_of, put, workstream_of
from cockpit.schedule.matching import plain
from cockpit.schedule.snapshot import Snapshot
from cockpit.schedule.talk import ENDED, Message, Question, Standing

KEPT = 50  # closed questions of a plan, and read messages of a workstream; the journal has all of them


@apply.register
def _(fact: f.NoteMade, snapshot: Snapshot, at: float) -> Snapshot:
    return put(snapshot, replace(leg_of(snapshot, fact.leg), note=fact.text))


@apply.register
def _(fact: f.DoneClaimed, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    return put(snapshot, replace(leg, claimed=tuple(dict.fromkeys((*leg.claimed, *fact.items)))))


@apply.register
def _(fact: f.QuestionAsked, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    if fact.id in snapshot.questions:
        raise IllegalMoveError(f"there is a question {fact.id} already")
    asked = Question(fact.id, leg.workstream, leg.key, fact.run, fact.text, fact.choices, fact.by, at)
    return _with(snapshot, asked)


@apply.register
def _(fact: f.QuestionAnswered, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    asked = snapshot.questions.get(fact.id)
    if asked is None or not asked.open:
        raise IllegalMoveError(f"there is no open question {fact.id}")
    after = _with(snapshot, _closed(asked, fact.how, at, answer=fact.text, answered_by=fact.by))
    if not fact.always:
        return after
    standing = (*after.standing.get(leg.workstream, ()), Standing(plain(asked.text), fact.text, fact.by))
    return replace(after, standing={**after.standing, leg.workstream: standing[-KEPT:]})


@apply.register
def _(fact: f.MessageSent, snapshot: Snapshot, at: float) -> Snapshot:
    leg, to = leg_of(snapshot, fact.leg), workstream_of(snapshot, fact.to).id
    sent = Message(fact.id, leg.workstream, to, fact.text, fact.run, at)
    return replace(snapshot, messages={**snapshot.messages, to: (*snapshot.messages.get(to, ()), sent)})


@apply.register
def _(fact: f.AgentTold, snapshot: Snapshot, at: float) -> Snapshot:
    to = leg_of(snapshot, fact.leg).workstream
    said = Message(fact.id, "", to, fact.text, fact.run, at, by=fact.by)
    return replace(snapshot, messages={**snapshot.messages, to: (*snapshot.messages.get(to, ()), said)})


@apply.register
def _(fact: f.MessagesRead, snapshot: Snapshot, at: float) -> Snapshot:
    to = leg_of(snapshot, fact.leg).workstream
    known = [
        replace(one, read=fact.how) if one.id in fact.ids and not one.read else one
        for one in snapshot.messages.get(to, ())
    ]
    old = [one.id for one in known if one.read][:-KEPT]
    kept = tuple(one for one in known if one.id not in old)
    return replace(snapshot, messages={**snapshot.messages, to: kept})


@apply.register
def _(fact: f.PromptChanged, snapshot: Snapshot, at: float) -> Snapshot:
    return put(snapshot, replace(leg_of(snapshot, fact.leg), addition=fact.text))


@apply.register
def _(fact: f.AdditionTold, snapshot: Snapshot, at: float) -> Snapshot:
    leg = leg_of(snapshot, fact.leg)
    rest = "" if leg.addition == fact.text else leg.addition  # it may have been changed while the run was prepared
    return put(snapshot, replace(leg, addition=rest, additions=(*leg.additions, fact.text)[-KEPT:]))


def run_is_over(snapshot: Snapshot, run: str, at: float) -> Snapshot:
    """Return the snapshot with the questions closed that a run had open: nobody waits for their answers any more."""
    for asked in [one for one in snapshot.questions.values() if one.open and one.run == run]:
        snapshot = _with(snapshot, _closed(asked, ENDED, at))
    return snapshot


def _closed(asked: Question, how: str, at: float, **changes: Any) -> Question:
    return replace(asked, how=how or ENDED, ended=at, **changes)


def _with(snapshot: Snapshot, question: Question) -> Snapshot:
    questions = {**snapshot.questions, question.id: question}
    closed = [one.id for one in questions.values() if not one.open]
    for key in closed[:-KEPT]:
        del questions[key]
    return replace(snapshot, questions=questions)
