"""INCOMPLETE_CODE: work that became a stub, and new functions that promise work and do none.

Judges what a body did before and does after, not how a stub is worded; the words of a comment or a message only decide
where both readings are possible. Code that moved elsewhere in the file is not lost.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cockpit.quality.change import Change, Hunk
from cockpit.quality.rule import Example, Found, Rule
from cockpit.quality.rules.incomplete_code_bodies import Bodies, Body, head_of, leaves
from cockpit.quality.rules.incomplete_code_idle import Idle, filled, idle
from cockpit.quality.rules.incomplete_code_promises import INTENT, MARK, REASON, TODO, above, is_test, promised
from cockpit.quality.rules.logic_tests import ASSERTS
from cockpit.quality.rules.placeholder_dropped_notes import unmarked
from cockpit.quality.rules.placeholder_dropped_wording import weigh
from cockpit.quality.source import Comment, name_of, text_of
from cockpit.quality.violation import Severity

if TYPE_CHECKING:
    from tree_sitter import Node

MOVED = 0.5  # share of the lines of work that must be gone from the file
MISSING = 30  # lines that a finding shows of what is missing
_ABSTRACT = re.compile(r"@\s*(?:\w+\.)*(?:abstract\w*|overload|singledispatch)\b")
# Functions whose one line may well go: what an object says of itself, and what reacts or prepares.
_OWN_FEW = re.compile(
    r"(?:__\w+__|to_?[Ss]tring|inspect|hash_?[Cc]ode|GetHashCode|[Ee]quals|description|debugDescription|set_?[Uu]p|tear_?[Dd]own"
    r"|(?:before|after)(?:Each|All)?|on_?[A-Z_]\w*|\w*(?:[Hh]andler|[Cc]allback|[Ll]istener))$"
)
_EXAMPLES_OF = re.compile(r"\b(?:dummy|mock(?:ed)?|skeleton)\b", re.IGNORECASE)  # in a message: no word about its code
_ERRORS = re.compile(r"\b(?:Err|errors\.New|Errorf|reject|anyhow!|failure|FromException|failedFuture)\s*\(")
_FLAG = re.compile(r"\b(?:true|false)\b", re.IGNORECASE)
_NAMED = re.compile(r"[A-Za-z_]\w*(?=\W*$)")
_ANY_VALUE = re.compile(
    r"(?:^|_)(?:OK|ERR|ERROR|SUCCESS|FAIL\w*|DONE|NONE|NULL|EMPTY|UNKNOWN|self|this|result|data|value)$", re.IGNORECASE
)
_MESSAGE = re.compile(r"[\"'`]([^\"'`]*)[\"'`]")
_YET = re.compile(r"\byet\b|\b(?:not|un)[\s-]?(?:supported|available)\s*[.!]?$", re.IGNORECASE)
_PREDICATE = re.compile(r"_*(?:is|has|have|can|should|use|uses|supports?|allows?|needs?|requires?|wants?)(?![a-z])")
_ABSENT = 0.7  # points from which a message speaks about code that is not there
_EXPLAINS = 4  # words that give a reason
_LETTERS = re.compile(r"\w.*\w")


def _judge(change: Change) -> Iterator[Found]:
    if change.language.kind != "code":
        return
    bodies = Bodies(change)
    done: list[tuple[int, int]] = []
    for body in bodies.touched():
        if any(first <= body.line and body.end_line <= last for first, last in done) or not body.is_idle:
            continue
        before = bodies.before(body)
        if before is None:
            found = _new(change, body)
        else:
            found = _emptied(change, before, body) if not bodies.has_twin(before, body) else None
        if found is not None:
            done.append((body.line, body.end_line))
            yield found
    for hunk in change.hunks:
        found = _noted(change, hunk)
        if found is not None and not any(first <= found.line <= last for first, last in done):
            yield found


def _words(change: Change, body: Body) -> str:
    """Return what the comments in a body say, and what its failing or printing statements do."""
    first, last = body.line, body.end_line
    column = body.node.start_point[1]
    said = [
        one.text
        for one in change.after.comments
        if (first <= one.line <= last and change.touched(one.line, one.end_line))
        or (one.line == last + 1 and one.alone and one.column > column + 1)
    ]
    said += [
        _EXAMPLES_OF.sub("", text_of(one)) if kind is Idle.SPEAKS else text_of(one)
        for one, kind in zip(body.statements, body.kinds, strict=True)
        if kind in (Idle.FAILS, Idle.UNFINISHED, Idle.SPEAKS)
        or (kind is Idle.CONSTANT and _ERRORS.search(text_of(one)))
    ]
    return "\n".join(said)


def _lost(change: Change, work: "tuple[Node, ...]") -> tuple[int, float]:
    """Return how many lines of work a body had, and the share of them that is nowhere in the file any more."""
    if change.before is None:
        return 0, 0.0
    lines = []
    for one in work:
        lines += [line.strip() for line in change.before.lines[one.start_point[0] : one.end_point[0] + 1]]
    lines = [line for line in lines if _LETTERS.search(line)]
    gone = sum(1 for line in lines if change.removed_lines.get(line))
    return len(lines), gone / len(lines) if lines else 0.0


def _missing(change: Change, work: "tuple[Node, ...]") -> tuple[str, ...]:
    if change.before is None:
        return ()
    first, last = work[0].start_point[0], work[-1].end_point[0]
    return change.before.lines[first : min(last + 1, first + MISSING)]


def _is_abstract(body: Body) -> bool:
    """Tell whether a function says of itself that others give it a body."""
    above = body.node.parent
    around = text_of(above) if above is not None and above.type == "decorated_definition" else ""
    return bool(_ABSTRACT.search(around[: around.find("def ")]))


def _emptied(change: Change, before: Body, body: Body) -> Found | None:
    """Judge a body that does nothing now and is known from before."""
    kinds, were = set(body.kinds), set(before.kinds)
    words = _words(change, body)
    marked = bool(MARK.search(words)) or Idle.UNFINISHED in kinds
    work = tuple(one for one, kind in zip(before.statements, before.kinds, strict=True) if _was_work(kind, kinds))
    if not work:
        if not (Idle.UNFINISHED in kinds and body.is_function and were & {Idle.CONSTANT, Idle.ECHO}):
            return None
        work = before.statements
    lines, share = _lost(change, work)
    if share < MOVED or _is_abstract(body) or (not marked and _is_meant(change, before, body, words)):
        return None
    size = leaves(
        tuple(one for one, kind in zip(before.statements, before.kinds, strict=True) if kind is not Idle.NOTHING)
    )
    if not marked and not _is_much(change, before, body, kinds, lines, size):
        return None
    if not body.is_function and size < 4:
        return None
    what = f"{name_of(body.node) or 'a function'} was emptied" if body.is_function else "a block was emptied"
    return Found(
        body.line,
        f"{what}: {lines} {'line' if lines == 1 else 'lines'} of work became a stub",
        missing=_missing(change, work),
    )


def _is_meant(change: Change, before: Body, body: Body, words: str) -> bool:
    """Tell whether a new comment gives the reason, or the function gives back what has a name outside of it."""
    if INTENT.search(words) or REASON.search(words) or (body.docs != before.docs and INTENT.search(body.docs)):
        return True
    if not body.is_function:
        return False
    kinds = set(body.kinds)
    if kinds == {Idle.FAILS} and (said := _MESSAGE.search(text_of(body.statements[-1]))):
        if _YET.search(said[1]) or weigh(said[1], frozenset()).points >= _ABSENT:
            return False
        return len(said[1].split()) >= _EXPLAINS
    reason = above(change, body)
    if kinds == {Idle.CONSTANT} and _PREDICATE.match(name_of(body.node)):
        said_so = f"{reason if change.touched(body.line - 1) else ''} {words}".split()
        return len(said_so) >= _EXPLAINS
    if INTENT.search(reason) and not MARK.search(reason) and change.touched(body.line - 1):
        return True
    if kinds != {Idle.ECHO}:
        return False
    given = text_of(body.statements[-1])
    if filled(given, change.language.name):
        return len(before.statements) == 1 and leaves(before.statements) <= 2 * leaves(body.statements)
    name = _NAMED.search(given)
    if name is None or _ANY_VALUE.search(name[0]):
        return False
    return not re.search(rf"\b{name[0]}\b", text_of(before.node))


def _was_work(kind: Idle | None, now: set[Idle | None]) -> bool:
    if kind is Idle.SPEAKS:
        return Idle.SPEAKS not in now
    if kind is Idle.FAILS:
        return not now & {Idle.FAILS, Idle.UNFINISHED, Idle.SPEAKS}
    return kind is None


def _is_much(change: Change, before: Body, body: Body, kinds: set[Idle | None], lines: int, size: int) -> bool:
    """Tell whether so much was lost that a body without a mark is a stub, and no simplification."""
    if not body.is_function:
        return lines >= 2 and size >= 4 and not kinds - {Idle.NOTHING}
    if body.is_constructor and head_of(before.node) != head_of(body.node):
        return False
    if lines < 2 and len(before.statements) == 1 and _is_small(change, before, body):
        return False
    if not kinds - {Idle.NOTHING}:
        return size >= 2
    if kinds & {Idle.FAILS, Idle.SPEAKS}:
        return size >= 4
    if lines < 2 and any(_FLAG.search(text_of(one)) for one in body.statements):
        return False
    return size >= 4 or (lines >= 2 and size >= 3)


def _is_small(change: Change, before: Body, body: Body) -> bool:
    """Tell whether a function is of a kind whose one line may well go, such as a fake in a test."""
    if body.is_constructor or _OWN_FEW.match(name_of(body.node)) or _is_answer(before):
        return True
    return is_test(change.path) and not ASSERTS.search(text_of(before.statements[0]))


def _is_answer(before: Body) -> bool:
    """Tell whether a function without a name of its own, a field's value, only called another without any value."""
    node, call = before.node, before.statements[0]
    above = node.parent
    if node.type != "arrow_function" or above is None or above.type != "pair":
        return False
    return call.type == "call_expression" and not any(one.named_children for one in call.named_children)


def _new(change: Change, body: Body) -> Found | None:
    if not body.is_function or change.path.endswith(".pyi"):
        return None
    promise = promised(change, body, _words(change, body))
    return Found(body.line, promise) if promise else None


def _noted(change: Change, hunk: Hunk) -> Found | None:
    """Judge lines of code that gave way to nothing but a note that they are to be written."""
    if (
        change.before is None
        or hunk.before_end - hunk.before_start < 2
        or hunk.after_end - hunk.after_start not in range(1, 8)
    ):
        return None
    lines = change.after.lines[hunk.after_start : hunk.after_end]
    if not MARK.search("\n".join(lines)):
        return None
    notes = [one for one in change.after.comments if hunk.after_start < one.line <= hunk.after_end]
    if not any(MARK.search(one.text) and not _is_reason(one.text) for one in notes):
        return None
    if any(
        _LETTERS.search(line) and idle(line, gives=True) is None for line in _without(notes, lines, hunk.after_start)
    ):
        return None
    commented = {
        one.line + n for one in change.before.comments for n in range(one.end_line - one.line + 1) if one.alone
    }
    lost = [change.before.lines[n].strip() for n in range(hunk.before_start, hunk.before_end) if n + 1 not in commented]
    kept = {unmarked(line) for line in lines}
    lost = [line for line in lost if _LETTERS.search(line) and change.removed_lines.get(line) and line not in kept]
    if len(lost) < 2:
        return None
    return Found(
        notes[0].line,
        f"{len(lost)} lines of work gave way to a note that they are to be written",
        missing=tuple(lost[:MISSING]),
    )


def _is_reason(text: str) -> bool:
    return bool(INTENT.search(text)) and not TODO.search(text)


def _without(notes: list[Comment], lines: Sequence[str], start: int) -> list[str]:
    """Return lines without the comments on them."""
    left = list(lines)
    for note in notes:
        for n, text in enumerate(note.text.split("\n"), note.line - 1 - start):
            if 0 <= n < len(left):
                left[n] = left[n].replace(text.strip(), "")
    return left


_SUM = "def total(lines):\n    amount = 0\n    for line in lines:\n        amount += line.price\n    return amount\n"
_SAVE = "class A {\n    void save(Order o) {\n        check(o);\n        store.put(o.id(), o);\n    }\n}\n"
EXAMPLES = (
    Example("work became pass", "a.py", _SUM, "def total(lines):\n    pass\n", caught=True),
    Example("work became a constant", "a.py", _SUM, "def total(lines):\n    return 0\n", caught=True),
    Example(
        "work became todo!()",
        "a.rs",
        "fn f(a: u8) -> u8 {\n    g(a) + h(a)\n}\n",
        "fn f(a: u8) -> u8 {\n    todo!()\n}\n",
        caught=True,
    ),
    Example("work became nothing", "A.java", _SAVE, "class A {\n    void save(Order o) {\n    }\n}\n", caught=True),
    Example("a new stub", "a.ts", None, "export function send(o: Order) {\n  // TODO: implement\n}\n", caught=True),
    Example(
        "the same work, shorter",
        "a.py",
        _SUM,
        "def total(lines):\n    return sum(x.price for x in lines)\n",
        caught=False,
    ),
    Example(
        "the work moved",
        "a.py",
        _SUM,
        "def total(lines):\n    return 0\n\n\n" + _SUM.replace("total", "total_of"),
        caught=False,
    ),
    Example("an interface", "A.java", None, "interface A {\n    void save(Order o);\n}\n", caught=False),
    Example("a hook", "a.py", None, "class A:\n    def on_start(self):\n        pass\n", caught=False),
    Example("a stub was filled", "a.py", "def total(lines):\n    pass\n", _SUM, caught=False),
)
RULE = Rule(
    "INCOMPLETE_CODE",
    Severity.HIGH,
    "A body that did work is emptied or made a stub, or a new function promises work and does none.",
    _judge,
    EXAMPLES,
)
