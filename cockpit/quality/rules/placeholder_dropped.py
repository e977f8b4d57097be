"""PLACEHOLDER_DROPPED: code went missing, and a note stands in its place that speaks about it as if it were there.

Two things must come together: lines of code that are really gone (moved ones are not), with little put in their
place, and a note (comment, ellipsis, prose) whose words speak about absent code. The more is gone, the less the words
need to say. It never judges a note that was there before, nor one beside which nothing was lost.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import PurePosixPath

from cockpit.quality.change import Change, Hunk
from cockpit.quality.rule import Example, Found, Rule
from cockpit.quality.rules.placeholder_dropped_alone import Place, is_heading, means_code
from cockpit.quality.rules.placeholder_dropped_new import judge_new
from cockpit.quality.rules.placeholder_dropped_notes import (
    BRACKETED,
    DOTS,
    MOST,
    PROSE,
    TRAILING,
    TRIVIAL,
    Note,
    inside_literal,
    is_code,
    is_comment,
    notes_in,
    stands_in,
    unmarked,
    weight_of,
)
from cockpit.quality.rules.placeholder_dropped_wording import Weight
from cockpit.quality.rules.placeholder_dropped_words import (
    CODE,
    DONE,
    ELSEWHERE,
    GONE,
    HERE,
    POINT,
    REST,
    SPEAKER,
    STAY,
    WAS,
)
from cockpit.quality.violation import Severity

_KEPT = 40  # lost lines that a finding shows
_MUCH = 5  # lost lines that are hardly ever an accident of how two texts are compared
_DOTTED = 20  # lost lines among which one may have been an ellipsis, too
_GAP = 8  # lines between two hunks that are judged as one, if hardly any of them is code of its own
_FEW = 6  # words of a note short enough to be believed for little
_HEAD = 6  # lines above what went missing in which the name of its function may stand
_WIDE = 1000  # characters of a line that are looked at for a hint
_BEGUN = re.compile(r"(?:[^\W\d_][\w'-]*,? |[`\"(]\w+[`\")]+,? ){4,30}[a-z]+,?")
_HINT = re.compile(r"[^\W\d_]{2}|\.\s?\.|[8%]<|\+\d|\bL\d|^\s*\.$|[\u22ee\u22ef\u2026\u2702\u2704]")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_DOCUMENTS = re.compile(r"(?:^|\s)[@:\\](?:param|returns?|throws|var|raises|since|inheritdoc)\b|<summary>|<param ")
_STUBS = re.compile(r"abstractmethod|\boverload\b|\bProtocol\b|\bABC\b|\bABCMeta\b|\bTYPE_CHECKING\b")
_FETCHES = re.compile(
    r"^(?:import|from|use|using|pub use|require\w*|source|include)\b.{0,200}\w|^#include|\brequire\("
    r"|^export\b.{0,200}\bfrom\b"
)
_PLACE = re.compile(r"(?<![\w./-])(?:\./)?((?:[\w-]+/)*[\w-]{3,})(?:/|\.[a-z]\w{0,5})(?![\w/])")


@dataclass(frozen=True, slots=True)
class Loss:
    """What went missing around a note: the lost lines of code, and how many came; `filled`: those that do some work."""

    lines: tuple[str, ...]
    came: int
    filled: int
    rows: int  # all lines that went, whatever they hold

    @property
    def net(self) -> int:
        """How many lines of code there are fewer."""
        return len(self.lines) - self.came


def judge(change: Change) -> Iterator[Found]:
    """Yield the notes that stand where code went missing."""
    if change.before is None:
        yield from judge_new(change)
        return
    if change.language.kind == "prose" or not any(map(is_code, change.removed_lines)):
        return
    yield from islice(chain.from_iterable(_judge_group(change, hunks) for hunks in _groups(change)), MOST)


def _judge_group(change: Change, hunks: Sequence[Hunk]) -> Iterator[Found]:
    before = change.before
    if before is None:
        return
    start, end = hunks[0].after_start, hunks[-1].after_end
    if not any(_HINT.search(line[:_WIDE]) for line in change.after.lines[start:end]):
        return
    old = [before.lines[n] for hunk in hunks for n in range(hunk.before_start, hunk.before_end)]
    lost = tuple(line for line in old if line.strip() in change.removed_lines and is_code(line.strip()))
    if not lost:
        return
    exact = {line.strip() for line in old}
    notes = list(notes_in(change, start, end, exact))
    if not notes:
        return
    noted = {n for note in notes for n in range(note.line, note.end_line + 1)}
    new = [change.after.lines[n - 1].strip() for n in range(start + 1, end + 1) if n in change.added and n not in noted]
    came = [line for line in new if is_code(line)]
    filled = sum(not stands_in(line, change.language.name) for line in came)
    loss = Loss(lost, len(came), filled, sum(bool(line.strip()) for line in old))
    known = exact | {unmarked(line) for line in exact}
    first = hunks[0].before_start
    above = before.lines[max(0, first - _HEAD) : first]
    around = _scope(before.lines, min(first, len(before.lines) - 1)).split("\n")
    words = _words_of([*above, *lost, *around, PurePosixPath(change.path).stem])
    for note in notes:
        own = [line.strip() for line in change.after.lines[note.line - 1 : note.end_line] if unmarked(line)]
        old_ones = sum(line in exact or (note.kind != DOTS and unmarked(line) in known) for line in own)
        if 2 * old_ones > len(own) and not (note.kind == DOTS and len(lost) >= _DOTTED):
            continue  # it was there before, or is what was lost, made a comment
        if _DOCUMENTS.search(note.text) or _runs_on(change, note):
            continue
        if note.kind == TRAILING and any(f"{quote}{note.text}{quote}" in line for line in exact for quote in "\"'`"):
            continue  # what the code says when it fails is what it said before
        weight = weight_of(note, words)
        bare = bool(weight.groups - {CODE}) and weight.strange == 0 and not (weight.tells or weight.names)
        if _documents_anew(change, note, old) and not (weight.dots or bare or GONE in weight.groups):
            continue
        if _stands_in(change, note, weight, _without(loss, note.code)) and not inside_literal(change, note.line - 1):
            yield _found(note, loss)


def _runs_on(change: Change, note: Note) -> bool:
    """Tell whether a line is the end of a sentence that began on the line above, in a text of a YAML file."""
    if note.kind != PROSE or change.language.name != "yaml" or note.line - 1 not in change.added:
        return False
    return note.text[:1].islower() and bool(_BEGUN.fullmatch(change.after.lines[note.line - 2].strip()))


def _documents_anew(change: Change, note: Note, old: Sequence[str]) -> bool:
    """Tell whether a note is the documentation of a function that had another before."""
    quotes = ('"""', "'''")
    return change.language.name == "python" and (
        change.after.lines[note.line - 1].strip().startswith(quotes)
        and any(line.strip().startswith(quotes) for line in old)
    )


def _without(loss: Loss, code: str) -> Loss:
    """Return a loss without the line that is still there, before the note."""
    if code not in (line.strip() for line in loss.lines):
        return loss
    return Loss(tuple(line for line in loss.lines if line.strip() != code), loss.came, loss.filled, loss.rows)


def _found(note: Note, loss: Loss) -> Found:
    count = len(loss.lines)
    lines = f"{count} lines of code" if count > 1 else "a line of code"
    missing = tuple(line.rstrip()[:200] for line in loss.lines[:_KEPT])
    return Found(note.line, f"{lines} went missing, and a note stands in their place", missing=missing)


def _stands_in(change: Change, note: Note, weight: Weight, loss: Loss) -> bool:
    """Tell whether what a note says, and what is gone, together mean that it stands in for code."""
    count, net = len(loss.lines), loss.net
    if note.kind == DOTS:
        return count >= 2 and net >= 1 and not _may_be_dots(change, note, count)
    if is_heading(note, weight):
        return False
    heading, above_new = _heads_code(change, note), _heads_code(change, note, new=True)
    if means_code(note, weight, Place(count, loss.filled, heading, above_new)):
        return True
    return _says_enough(change, note, weight, loss, heading=heading, above_new=above_new)


def _says_enough(change: Change, note: Note, weight: Weight, loss: Loss, *, heading: bool, above_new: bool) -> bool:
    count, net = len(loss.lines), loss.net
    need = _need(count, net, loss.came, heading=heading, bare=weight.pure and weight.groups != {CODE}, rows=loss.rows)
    need = _for_words(need, weight) + _found_elsewhere(weight)
    if above_new:  # an honest heading speaks of what follows it
        need = max(need + 0.25, 2.0 if weight.dots or weight.groups & {GONE, WAS} else 2.5)
        apart = note.text.startswith(("[", "(", "<", "{")) and GONE in weight.groups
        if not (weight.pure or weight.dots or apart):
            return False
        if weight.tells and 2 * loss.came > count and not (weight.dots or weight.groups & {GONE, SPEAKER}):
            return False  # a sentence about the code that came for the lost
    if GONE not in weight.groups and not weight.dots and _brings_in(change, note, moved=DONE in weight.groups):
        return False
    if note.kind == PROSE and change.language.kind == "markup":
        return False if not (CODE in weight.groups and weight.groups & {GONE, STAY, WAS}) else weight.points >= need
    return weight.points >= max(need, _least(note, weight))


def _least(note: Note, weight: Weight) -> float:
    """Return the points that a note needs at least, for how it is written."""
    if note.kind == TRAILING:
        return 1.0 if weight.dots else 1.5 if note.code else 1.8
    if note.kind == BRACKETED:
        return 1.8 if not note.text.startswith("<") or _is_no_tag(note, weight) else 9
    return 2.4 + (weight.strange > 1) if note.kind == PROSE else 0.0


def _for_words(need: float, weight: Weight) -> float:
    """Return the points that a note needs which needs so many where it stands, for what else it says."""
    if weight.words > _FEW or (DONE in weight.groups and not weight.dots):
        need = max(need, 1.6)
    if weight.tells and weight.strange and not (weight.dots or GONE in weight.groups):
        need += 0.5
    if weight.strange > 1 and not (weight.dots or weight.groups & {GONE, REST, SPEAKER}):
        need = max(need, 1.25)
    return need


def _found_elsewhere(weight: Weight) -> int:
    """Return the further points that a note needs which may honestly say where something is found."""
    spoken = {GONE, WAS, STAY, SPEAKER} | ({HERE} if not weight.tells else set())
    lives = ELSEWHERE in weight.groups and not (weight.dots or weight.groups & spoken)
    return lives + (weight.path and not weight.groups & {POINT, STAY, WAS, REST, GONE})


def _brings_in(change: Change, note: Note, *, moved: bool) -> bool:
    """Tell whether the change imports what a note names as the place of the code, or (`moved`) anything."""
    places = [found[1] for found in _PLACE.finditer(note.text)]
    if not (moved or places):
        return False
    fetched = [line for n in change.added if _FETCHES.search(line := change.after.lines[n - 1].strip()[:_WIDE])]
    return bool(fetched) and (moved or any(place in line for place in places for line in fetched))


def _is_no_tag(note: Note, weight: Weight) -> bool:
    return bool(weight.groups & {REST, WAS}) or (GONE in weight.groups and "hidden" not in note.text)


def _need(count: int, net: int, came: int, *, heading: bool, bare: bool, rows: int) -> float:
    """Return the points that a note needs: fewer the more code is gone for it, and the less came for that."""
    if count >= 3 and (came == 0 or (count >= _MUCH and net >= 0.6 * count)):
        if came == 0:
            return 1.2 if heading and not bare else 1.0 if heading else 0.75
        return 1.5 if heading else 1.0
    if count >= 3 and net >= max(2, 0.4 * count):
        return 1.6
    if count >= 2 and net >= max(1, 0.25 * count):
        return 1.25 if bare and came == 0 and not heading else 2.0
    if net >= 1 or (count >= 3 and not heading):
        return 2.0 if bare and came == 0 and rows > 1 else 3.0
    return 9.0


def _may_be_dots(change: Change, note: Note, count: int) -> bool:
    """Tell whether an ellipsis is a part of the language where it stands."""
    lines = change.after.lines
    line = lines[note.line - 1]
    if is_comment(line.strip()):
        return False
    if change.path.endswith(".pyi") or (change.language.name == "yaml" and line.startswith("...") and count < _MUCH):
        return True
    above = next((text.strip() for text in reversed(lines[max(0, note.line - 10) : note.line - 1]) if text.strip()), "")
    below = next((text.strip() for text in lines[note.line : note.line + 9] if text.strip()), "")
    if above.endswith((",", "(", "[")) and below.startswith((")", "]")):
        return True
    if change.language.name != "python":
        return False
    if line.rstrip().endswith(","):
        return True
    return above.startswith("class ") or bool(_STUBS.search(_scope(lines, note.line - 1)))


def _scope(lines: Sequence[str], at: int) -> str:
    """Return the heads of what is around a line, and what decorates them, by indentation."""
    heads = []
    indent = len(lines[at]) - len(lines[at].lstrip())
    for n in range(at - 1, max(-1, at - 500), -1):
        text = lines[n].strip()
        inner = len(lines[n]) - len(lines[n].lstrip())
        if text and (inner < indent or (text.startswith("@") and inner == indent)):
            heads.append(text)
            indent = inner
    return "\n".join(heads)


def _heads_code(change: Change, note: Note, *, new: bool = False) -> bool:
    """Tell whether code (`new`: that came with the change) follows a note in the same block, as under a heading."""
    lines = change.after.lines
    if note.kind == TRAILING:
        return False
    indent = len(lines[note.line - 1]) - len(lines[note.line - 1].lstrip())
    for n in range(note.end_line, min(note.end_line + 4, len(lines))):
        text = lines[n].strip()
        if not text:
            continue
        same = len(lines[n]) - len(lines[n].lstrip()) >= indent
        return same and is_code(text) and (not new or n + 1 in change.added)
    return False


def _groups(change: Change) -> Iterator[list[Hunk]]:
    """Yield rows of hunks between which no line of code of its own stands."""
    lines = change.after.lines
    row: list[Hunk] = []
    for hunk in change.hunks:
        if row:
            between = lines[row[-1].after_end : hunk.after_start]
            if len(between) > _GAP or sum(not TRIVIAL.fullmatch(line.strip()) for line in between) > 1:
                yield row
                row = []
        row.append(hunk)
    if row:
        yield row


def _words_of(lines: Sequence[str]) -> frozenset[str]:
    """Return the names in lines of code and the words that they are made of, in lower case."""
    words = set()
    for line in lines[:400]:
        for name in _IDENTIFIER.findall(line[:400]):
            words.add(name.lower())
            words.update(piece.lower() for piece in _PIECES.findall(name) if len(piece) > 2)
    return frozenset(words)


_SHOP = "def total(rows):\n    sum = 0\n    for row in rows:\n        sum += row.price\n    return sum\n"
_QUEUE = "push(task) {\n  this.check(task);\n  this.waiting.push(task);\n  return this.waiting.length;\n}\n"

EXAMPLES = (
    Example(
        "a body gives way to a comment",
        "shop.py",
        _SHOP,
        "def total(rows):\n    # ... rest of the function unchanged ...\n",
        caught=True,
    ),
    Example(
        "the words do not matter, what they speak of does",
        "queue.js",
        _QUEUE,
        "push(task) {\n  // Leave what stood here as it was\n}\n",
        caught=True,
    ),
    Example("a bare ellipsis", "queue.js", _QUEUE, "push(task) {\n  ...\n}\n", caught=True),
    Example("prose without a comment mark", "shop.py", _SHOP, "The rest of the file remains the same.\n", caught=True),
    Example("a new file only points elsewhere", "shop.py", None, "# Same code as in old_shop.py\n", caught=True),
    Example(
        "a comment about values, above the code that replaces the old",
        "shop.py",
        _SHOP,
        "def total(rows):\n    # The remaining rows are free.\n    return sum(row.price for row in rows)\n",
        caught=False,
    ),
    Example(
        "code removed on purpose, with the reason",
        "queue.js",
        _QUEUE,
        "push(task) {\n  // Checked by the scheduler.\n  this.waiting.push(task);\n  return this.waiting.length;\n}\n",
        caught=False,
    ),
    Example(
        "an abstract method",
        "shop.py",
        _SHOP,
        "from abc import abstractmethod\n\n\n@abstractmethod\ndef total(rows):\n    ...\n",
        caught=False,
    ),
    Example("nothing was lost", "shop.py", _SHOP, "# rest of the shop\n" + _SHOP, caught=False),
    Example("a guide is shortened", "GUIDE.md", "a\nb\nc\n", "The rest of the code remains the same.\n", caught=False),
)

RULE = Rule(
    "PLACEHOLDER_DROPPED",
    Severity.CRITICAL,
    "Code was removed, and a comment, ellipsis or prose in its place says that it is unchanged, omitted or elsewhere.",
    judge,
    EXAMPLES,
)
