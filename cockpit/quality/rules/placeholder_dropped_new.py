"""Judges a new file that has hardly any code: whether a note in it only says where the code is.

It never reads another file: a note that names one is believed or not for its words and for how little code is there.
"""

import re
from collections.abc import Iterator
from itertools import islice

from cockpit.quality.change import Change
from cockpit.quality.rule import Found
from cockpit.quality.rules.placeholder_dropped_notes import (
    BRACKETED,
    COMMENT,
    MOST,
    PROSE,
    Note,
    inside_literal,
    is_code,
    notes_in,
    unmarked,
    weight_of,
)
from cockpit.quality.rules.placeholder_dropped_wording import Weight, weigh
from cockpit.quality.rules.placeholder_dropped_words import (
    CODE,
    ELSEWHERE,
    GONE,
    HERE,
    POINT,
    REST,
    STAY,
    WAS,
)

_SAMPLES = re.compile(
    r"(?:^|/)(?:[\w-]*fixtures?|test-?data|(?<=tests/)data|(?<=test/)data|__snapshots__|snapshots?|golden\w*|samples?)/|\.snap$"
)
_HEADERS = re.compile(
    r"(?:package|namespace|module|import|from|using|use|require|declare)\b|#\s*(?:include|region|pragma|ifn?def|endif|"
    r"define \w+$)|#!|<\?php|"
    r"[\"']use |</?(?:script|template|style)\b"
)
_NAME = re.compile(r"[^\W\d_]+(?:_\w+|[a-z][A-Z]\w*)|\w+(?=\(\)|: | - | \u2014 )")
_LITTLE = 8  # lines of code of a file that is hardly begun
_OPENED = 2  # lines of code that only open what the file is to hold
_FEW = 6  # words of a note that only names code
_STRANGE = 3  # words by which a sentence is about something else
_ENOUGH = 0.9  # points of a note that is all there is
_BRIEF = 40  # words of a note that can say no more than that
_BODY = re.compile(r"\b(?:implementation|code|contents?|source)\b", re.IGNORECASE)
_LIKENED = re.compile(r"\W*(?:exactly )?(?:as|like|contents?|same|code)\b[:\w ]{0,20}[\w./-]+\W*$", re.IGNORECASE)


def judge_new(change: Change) -> Iterator[Found]:
    """Yield the note of a new file that has hardly any code, and only says where the code is."""
    lines = change.after.lines
    if change.language.kind == "prose" or _SAMPLES.search(change.path) or len(lines) > 2000:
        return
    texts = [line.strip("\ufeff \t") for line in lines]
    rows = {n for n, text in enumerate(texts) if is_code(text) and not _HEADERS.match(text)}
    few = len(rows) <= _LITTLE
    if not few and "..." not in change.after.text and "\u2026" not in change.after.text:
        return
    notes = list(islice(notes_in(change, 0, len(lines)), MOST))
    own = len(rows.difference(*(range(note.line - 1, note.end_line) for note in notes)))
    for note in notes:
        names = frozenset(name.lower() for name in _NAME.findall(note.text))
        weight = weight_of(note, names)
        last = weigh(unmarked(lines[note.end_line - 1]), names)
        if own <= 0 and last.pure and last.words <= _FEW and last.points > weight.points:
            weight = last
        if _says_elsewhere(note, weight, own) and not inside_literal(change, note.line - 1):
            yield Found(note.line, "the file is new, and a note speaks about code that is not in it")


def _says_elsewhere(note: Note, weight: Weight, own: int) -> bool:
    groups = weight.groups
    about = bool(groups & {REST, WAS, STAY, GONE, POINT, HERE, ELSEWHERE}) or weight.dots
    if own <= 0:
        relates = about or (
            weight.path and re.search(r"\b(?:from|in|of|is|as|like|contents?)\b", note.text, re.IGNORECASE)
        )
        likened = weight.path and bool(_LIKENED.match(note.text))
        if CODE in groups and len(note.text.split()) <= _FEW and weight.strange <= 1 and _BODY.search(note.text):
            return not weight.tells
        enough = likened or (weight.points >= _ENOUGH and not (weight.tells and weight.strange > _STRANGE))
        return enough and bool(relates) and (len(note.text.split()) < _BRIEF or _ends_with(note, weight))
    if own <= _OPENED and weight.words <= _FEW and weight.pure and CODE in groups and groups & {REST, GONE, WAS}:
        return not weight.tells
    whole = CODE in groups and bool(groups & {REST, WAS}) and (weight.dots or GONE in groups)
    if CODE in groups and GONE in groups and weight.path and weight.pure:
        return True
    return weight.points >= 3 and whole and note.kind in (COMMENT, BRACKETED, PROSE) and (weight.dots or own <= _LITTLE)


def _ends_with(note: Note, weight: Weight) -> bool:
    """Tell whether the last sentence of a long note, such as one below a licence, is what weighs most in it."""
    return bool(note.sentences) and weight.words < _BRIEF and len(note.sentences[-1].split()) >= weight.words
