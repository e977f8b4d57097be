"""What an agent may say from inside its run, and what the operator answers: orders → facts, or refusals. Pure."""

from collections.abc import Iterator

from cockpit.errors import OrderRefusedError
from cockpit.plan.roundzero import PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.matching import Found, plain, quick_reply, standing_reply
from cockpit.schedule.orders import Order
from cockpit.schedule.snapshot import Leg, Snapshot, Workstream
from cockpit.schedule.states import State
from cockpit.schedule.talk import ALWAYS, AUTOMATIC, INBOX, OPERATOR, TALK, TIMEOUT, Question

NOTE_LIMIT, TEXT_LIMIT, CHOICE_LIMIT = 1_000, 8_000, 200
CHOICES = 9
OPEN_AT_ONCE = 9
UNREAD = 100
"""How many messages may lie unread in one inbox: agents that talk in a circle must come to an end."""
LIVE = frozenset({State.PREPARING, State.RUNNING})
FROM_INSIDE = frozenset({"note", "ask", "withdraw", "send", "inbox", "done"})
"""The verbs of an agent: `how` names the run that they come from."""


def only_looks(order: Order) -> bool:
    """Tell whether an agent only looks: into an inbox with nothing new, or for the answer of an earlier question."""
    return bool(order.expected) if order.verb == "ask" else order.verb == "inbox" and not order.expected


def note(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what keeps an agent's note of its progress."""
    leg = _speaking(snapshot, workstream, order)
    yield f.NoteMade(leg.key, order.how, plain(_text(order, NOTE_LIMIT, "note")))


def ask(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what puts an agent's question, and its answer where one was given beforehand."""
    leg = _speaking(snapshot, workstream, order)
    if only_looks(order):
        earlier = snapshot.questions.get(order.expected)
        if earlier is None or earlier.run != order.how:
            raise OrderRefusedError(f"{order.how} asked no question {order.expected}")
        return
    text = _text(order, TEXT_LIMIT, "question")
    choices = tuple(choice for choice in map(plain, order.words) if choice)
    if len(choices) > CHOICES or any(len(choice) > CHOICE_LIMIT for choice in choices):
        raise OrderRefusedError(f"at most {CHOICES} choices, of at most {CHOICE_LIMIT} characters each")
    if len(snapshot.open_questions(workstream.id)) >= OPEN_AT_ONCE:
        raise OrderRefusedError(f"{OPEN_AT_ONCE} questions of {workstream.id} are open already: wait for their answers")
    key = f"q{snapshot.seq}"
    standing = standing_reply(snapshot.standing.get(workstream.id, ()), text)
    quick = Found() if standing else quick_reply(snapshot.outline.answers, text)
    yield f.QuestionAsked(leg.key, key, order.how, text, choices, leg.slot or "", quick.slow)
    if standing:
        yield f.QuestionAnswered(leg.key, key, standing.reply, f"{standing.by}, for always", AUTOMATIC)
    elif quick.reply:
        by = f"the plan's answer to {quick.reply.match!r}, which covers {quick.share:.0f}% of it"
        yield f.QuestionAnswered(leg.key, key, quick.reply.reply, by, AUTOMATIC)


def withdraw(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what closes a question that was not answered in time."""
    leg = _speaking(snapshot, workstream, order)
    asked = _open(snapshot, workstream, order.expected)
    yield f.QuestionAnswered(leg.key, asked.id, "", order.by, TIMEOUT)


def answer(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield the operator's answer to an open question: a choice by its number, or any text."""
    asked = _open(snapshot, workstream, order.expected)
    if order.number is None:
        text = _text(order, TEXT_LIMIT, "answer")
    elif 1 <= order.number <= len(asked.choices):
        text = asked.choices[order.number - 1]
    else:
        offered = f"1 to {len(asked.choices)}" if asked.choices else "none: answer in words"
        raise OrderRefusedError(f"question {asked.id} has no choice {order.number} ({offered})")
    yield f.QuestionAnswered(asked.leg, asked.id, text, order.by, OPERATOR, order.how == ALWAYS)


def send(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what puts a message into the inbox of another workstream."""
    leg = _speaking(snapshot, workstream, order)
    to = order.expected
    if to not in snapshot.workstreams or to == PREPARE:
        known = ", ".join(key for key in snapshot.workstreams if key not in (workstream.id, PREPARE))
        raise OrderRefusedError(f"there is no workstream {to} in this plan (there are: {known or 'no others'})")
    if to == workstream.id:
        raise OrderRefusedError(f"{to} is your own workstream: `cockpit note` keeps what you want to remember")
    if snapshot.is_merged(to):
        raise OrderRefusedError(f"{to} is merged: no agent works on it any more")
    if len(snapshot.unread(to)) >= UNREAD:
        raise OrderRefusedError(f"the inbox of {to} is full: {UNREAD} messages wait to be read")
    yield f.MessageSent(leg.key, f"m{snapshot.seq}", to, _text(order, TEXT_LIMIT, "message"), order.how)


def tell(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what the operator says to an agent at work; what does not reach its run is told to the next one."""
    leg = snapshot.leg_under_way(workstream.id)
    if reason := why_not_told(snapshot, workstream.id):
        raise OrderRefusedError(reason)
    if len(snapshot.unread(workstream.id)) >= UNREAD:
        raise OrderRefusedError(f"the inbox of {workstream.id} is full: {UNREAD} messages wait to be read")
    yield f.AgentTold(leg.key, f"m{snapshot.seq}", leg.run or "", _text(order, TEXT_LIMIT, "message"), order.by)


def why_not_told(snapshot: Snapshot, workstream: str) -> str:
    """Return why the agent of a workstream cannot be talked to now; empty where it can."""
    leg = snapshot.leg_under_way(workstream)
    if leg.state not in LIVE or leg.ending:
        state = "ending" if leg.ending else leg.state.value
        return f"{workstream} is {state}: only an agent at work can be talked to"
    profile = (leg.slot or "").rpartition("#")[0]
    if not any(one.name == profile and one.talks for one in snapshot.outline.profiles):
        return f"{workstream}: its agent ({profile or 'none'}) cannot be talked to while it works"
    return ""


def inbox(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what marks messages as read: those that the order names."""
    leg = _speaking(snapshot, workstream, order)
    if only_looks(order):
        return
    named = order.expected.split()
    found = tuple(one.id for one in snapshot.unread(workstream.id) if one.id in named)
    if not found:
        raise OrderRefusedError(f"no such message waits for {workstream.id}")
    yield f.MessagesRead(leg.key, found, TALK if order.words == (TALK,) else INBOX, order.how)


def done(snapshot: Snapshot, workstream: Workstream, order: Order) -> Iterator[f.Fact]:
    """Yield what an agent says is done: issues by their ids, points of the checklist by their words or numbers."""
    leg = _speaking(snapshot, workstream, order)
    outline = workstream.outline
    points = {plain(point).casefold(): point for point in outline.checklist}
    points |= {str(number): point for number, point in enumerate(outline.checklist, 1)}
    known = {issue: issue for issue in leg.outline.issues}
    items: list[str] = []
    for word in map(plain, order.words):
        item = known.get(word) or points.get(word.casefold())
        if item is None:
            named = ", ".join((*known, *outline.checklist)) or "none"
            raise OrderRefusedError(
                f"{word} is no issue of this run and no point of its checklist (there are: {named})"
            )
        items.append(item)
    if not items:
        raise OrderRefusedError("nothing was named that is done")
    yield f.DoneClaimed(leg.key, order.how, tuple(items))


def _speaking(snapshot: Snapshot, workstream: Workstream, order: Order) -> Leg:
    """Return the leg whose run gives an order. Raises OrderRefusedError where that run is not under way."""
    leg = snapshot.leg_under_way(workstream.id)
    if not order.how or leg.run != order.how or leg.state not in LIVE:
        raise OrderRefusedError(f"run {order.how or '(none)'} of {workstream.id} is not under way")
    return leg


def _text(order: Order, limit: int, what: str) -> str:
    text = order.reason.strip()
    if not text:
        raise OrderRefusedError(f"the {what} is empty")
    if len(text) > limit:
        raise OrderRefusedError(f"the {what} is too long: {len(text)} characters, {limit} at most")
    return text


def _open(snapshot: Snapshot, workstream: Workstream, named: str) -> Question:
    """Return the open question that an order is about: the one that it names, else the only one."""
    found = snapshot.open_questions(workstream.id)
    if named:
        found = tuple(one for one in found if one.id == named)
        if not found:
            raise OrderRefusedError(f"question {named} of {workstream.id} is not open (any more)")
    if not found:
        raise OrderRefusedError(f"{workstream.id} asks nothing")
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise OrderRefusedError(f"{workstream.id} asks several things: say which one you answer ({ids})")
    return found[0]
