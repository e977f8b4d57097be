"""Judges a few words that stand all alone where code was: there little needs to be said to mean the code.

A person who takes code away on purpose says nothing, or says why: a sentence with a verb that tells what is so. A few
words that only name the code, or ask the reader to keep or fetch it, stand in for it. It never reads the change itself.
"""

import re
from dataclasses import dataclass

from cockpit.quality.rules.placeholder_dropped_notes import BRACKETED, COMMENT, PROSE, TRAILING, Note
from cockpit.quality.rules.placeholder_dropped_wording import Weight
from cockpit.quality.rules.placeholder_dropped_words import (
    CODE,
    CUT,
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

_FEW = 7  # words that can stand for code, and still tell nothing else
_NAME = 3  # words of a note that is nothing but a name
_HEADING = re.compile(r"(?!.*(?:code|implementation|body|logic)\b)(?:[A-Z]+: ?-? ?)?[A-Z]\w+(?: (?!here|goe?s?\b)\w+)?")
_AGED = re.compile(r"\b(?:old|older|early|earlier|former|legacy)\b", re.IGNORECASE)  # also said of users and files
_MOST = 10  # lost lines for which any word about absent code will do
_MANY = 4  # lost lines for which a word may be strange, if others speak of the rest or of what was
_MUCH = 4  # lost lines that say what a name behind code means
_MEANT = frozenset({GONE, REST, WAS})
_ABSENT = frozenset({GONE, REST, WAS, STAY, HERE, POINT, SPEAKER, CUT})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note stands: the lines lost there, those that came and do some work, and what follows it."""

    lost: int
    filled: int
    heading: bool  # above code of the same block
    above_new: bool  # above code that came with it


def means_code(note: Note, weight: Weight, place: Place) -> bool:
    """Tell whether the few words of a note, for where they stand, can only mean the code that went missing."""
    if weight.tells or weight.words > _FEW or DONE in weight.groups or not _is_alone(weight, place):
        return False
    absent = weight.groups & _ABSENT
    if absent == {POINT} and place.heading and CODE not in weight.groups:
        return False  # "copy into it", "see it" also tell what follows
    if note.kind == TRAILING:
        named = weight.words <= _NAME and weight.strange == 0 and (CODE in weight.groups or weight.names)
        return (bool(absent) and weight.strange <= (0 if note.code else 1)) or (named and place.lost >= _MUCH)
    if note.kind in (BRACKETED, PROSE):
        return bool(absent) and weight.strange == 0 and not note.text.startswith("<") and weight.points >= 1
    if note.kind != COMMENT:
        return False
    if place.lost < 3:
        return (bool(absent) or (CODE in weight.groups and not place.heading)) and weight.strange == 0
    if absent:
        return weight.strange <= _strange(note, weight, place)
    if ELSEWHERE in weight.groups and not weight.dots:
        return False
    if CODE in weight.groups:
        return weight.strange == 0
    return (weight.names or weight.dots) and weight.strange == 0


def _strange(note: Note, weight: Weight, place: Place) -> int:
    """Return how many words that say nothing of code a note may have."""
    told = len(weight.groups) > 1 or bool(weight.groups & {GONE, CUT})
    spoken = weight.groups & (_MEANT if place.lost < _MOST else _ABSENT)
    meant = spoken and place.filled == 0 and place.lost >= _MANY and not _AGED.search(note.text)
    return told + bool(meant)


def is_heading(note: Note, weight: Weight) -> bool:
    """Tell whether a note only names a part of a file, as above the code of that part."""
    named = CODE in weight.groups and weight.groups <= {CODE, HERE} and not (weight.names or weight.dots)
    return named and note.kind == COMMENT and bool(_HEADING.fullmatch(note.text.strip(" *-=~<>()[]{}")))


def _is_alone(weight: Weight, place: Place) -> bool:
    if place.filled == 0:
        return place.lost >= 2
    if place.above_new:
        return GONE in weight.groups and weight.pure and place.lost >= place.filled + 2
    return place.lost >= 2 * place.filled and weight.strange == 0
