"""Weighs how far a note speaks about code that is not there, by what its words mean; knows nothing of the change.

No phrase is looked for: each word belongs to a few groups of meaning (the rest, what was, code, left out, here, …), and
a note weighs as much as the groups it touches, less for each word that belongs to none.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cockpit.quality.rules.placeholder_dropped_words import (
    CODE,
    CUT,
    DONE,
    ELSEWHERE,
    GLUE,
    GONE,
    HERE,
    POINT,
    REST,
    SAID,
    SCRIPTS,
    SPEAKER,
    STAY,
    WAS,
    WORDS,
)

# The groups: what a word can say.
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|[\u0590-\u06ff\u0900-\u0e7f]+")
_WORD = re.compile(r"[^\W\d_]\w*(?:'[a-z]+|(?:\.\w+)+)?")
_PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]+|\b(?:[\w-]+\.)+[a-z]\w{0,5}\b")
_DOTS = re.compile(r"\.\s?\.(?:\s?\.)*")
_UPRIGHT = re.compile(r"[\u22ee\u22ef\u22f0\u22f1\ufe19]")  # ellipses that do not lie on the line
_SCISSORS = re.compile(r"(?:\W{0,20}(?:[8%]<|>8|\u2702|\u2704)){1,3}\W{0,20}")
_CONTRACTED = re.compile(r"'(?:s|ve|ll|m|re|d)$")
_RANGE = re.compile(r"(?<![\w.-])l?\d+(?: ?(?:-|\u2013|\.\.|to) ?)l?\d+\b(?!\.\d|-\w)")  # of lines
_PRAGMA = re.compile(r"[#@]__\w+__")  # for a program
_LABEL = re.compile(r"(?:end)?region\b|mark:|pragma mark\b")  # a part of a file, for editors
_META = re.compile(r"[\[({].*[\])}]|\.\..*\.\.", re.DOTALL)  # set off as said about the text, not in it
_LAWFUL = re.compile(
    r"\blicen[sc]e|\bcopyright|\bspdx|all rights reserved|warrant(?:y|ies)\b|@(?:param|return|see|link)\b"
)
_CODELIKE = re.compile(
    r"=|;$|;\S|\w\((?!s\))[^)]*\w|->|::|\w\.\w+\(|<\w+>.*</\w+>|^[\w.]+\(\)?[,;]?$|^@\w|\$\w|&&|\|\|"
)
_TELLS = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|does|did|went|wins?|won|comes?|came|ends|ended|gets|gives|takes|makes|"
    r"fails?|works? (?:with|on|only)|now|never|always|ever|once|since|because|when|while|until|unless|if|without|"
    r"nothing|nobody|no-?op|sync|yet|own|default|defaults|only|must|should|may|might|will|cannot|optional|unlimited|"
    r"ok|instead|every|than|same one|(?:end|start) of|rfc|issue|ticket|bug|sorted|alive|going|values?|callers?|users?|"
    r"platforms?|(?:sub|base|parent )class\w*|super\w*|v\d+|\d+\.\d+|todo|fixme|xxx|hack|null|nil|none)\b"
    r"|\w(?:n't)\b"
)  # a word by which a sentence tells what is so, or why
_WHERE = re.compile(
    r"(?<!\bas )\b(?!unchanged|copied|pasted|kept|as)\w+(?:ed|lt|ne|en|et) "
    r"(?:by|in|at|through|above|below|elsewhere|upstream|on)\b"
)  # where the work is done
_NO_TYPOS = frozenset(
    {"retrain", "exiting", "contest", "tested", "listing", "heading", "reading", "exited", "follower"}
)
_STROKES = " \t*_~-=#<>|/\\:!`'\"@+^\u2191\u2193"
_TYPO = 6  # letters from which one wrong letter is overlooked
_NAMED = 4  # names of what is missing that count as such: a comment about code that is there has more
_SHORT = 5  # words of a note in which one strange word, mostly a name, weighs less
_WORDY = 24  # words beyond which a note says less the longer it is
_LONG = 400  # characters of a note that are read


@dataclass(frozen=True, slots=True)
class Weight:
    """What a note says: the groups it touches, its points less what it says besides, and how it is written."""

    points: float = 0.0
    groups: frozenset[str] = frozenset()
    dots: bool = False  # an ellipsis at one end of it, or as all of it
    words: int = 0
    path: bool = False  # names a file
    names: bool = False  # names something that went missing
    pure: bool = False  # says nothing besides
    strange: int = 0  # words that are in no group, and name nothing that went missing
    tells: bool = False  # has a word by which a sentence tells what is so, or why


NOTHING = Weight()


def weigh(text: str, missing: AbstractSet[str]) -> Weight:
    """Weigh a note without its comment marks; `missing` are the words of the code that went missing, in lower case."""
    text = unicodedata.normalize("NFKC", text[:_LONG]).lower().replace("\u2019", "'").replace("\u2026", "...")
    text = _UPRIGHT.sub("...", text)
    bare = text.strip(_STROKES)
    dots = _dotted(bare)
    if (
        _LAWFUL.search(bare)
        or _PRAGMA.search(text)
        or (not (dots or _said(bare)) and (_LABEL.match(bare) or _CODELIKE.search(bare)))
    ):
        return NOTHING
    paths = [path for path in _PATH.findall(bare) if not path.endswith((".md", ".rst", ".txt"))]
    bare = _PATH.sub(" ", bare) if paths else bare
    bare = _RANGE.sub(" lines ", bare)
    for pattern, word in SAID:
        bare = pattern.sub(word, bare)
    groups: Counter[str] = Counter()
    known = other = 0.0
    count = named = 0
    for word in _WORD.findall(_SPACELESS.sub(" ", bare)):
        count += 1
        group = _group(word)
        if group:
            groups[group] += 1
            known += 1
        elif group is None and (joined := _joined(word)):
            groups.update(joined)
            known += 1
        elif group is None and named < _NAMED and _is_missing(word, missing):
            named += 1
            known += 0.3
            other += 0.3
        elif group is None:
            other += 1
    for run in _SPACELESS.findall(bare):
        count += 1
        found, left = _in_script(run)
        groups.update(found)
        known += len(run) - left
        other += 0.2 * left
    strange = round(other - 0.3 * named)
    if other == 1 and count <= _SHORT:
        other = 0.6
    meant = bool(_META.fullmatch(bare))
    points = _points(groups, dots, named > 0, bool(paths), known, other) * min(
        1, _WORDY / (count or 1)
    ) + 0.5 * meant * bool(groups or named)
    return Weight(
        points,
        frozenset(groups),
        dots,
        count,
        bool(paths),
        named > 0,
        pure=other <= 0.3 * named + 0.5,
        strange=strange,
        tells=not groups.keys() & {SPEAKER, CUT} and bool(_TELLS.search(bare) or _WHERE.search(bare)),
    )


def _in_script(run: str) -> tuple[list[str], int]:
    """Return the groups of what a run of letters without spaces says, and how many letters say nothing of that."""
    found = []
    for group, parts in SCRIPTS.items():
        for part in parts:
            if part in run:
                found.append(group)
                run = run.replace(part, " ")
    return found, sum(map(len, run.split()))


def _joined(word: str) -> list[str]:
    """Return the groups of the words that are written as one with strokes between, if all of them have one."""
    groups = [_group(part) for part in word.split("_")] if "_" in word else []
    return [] if None in groups else [group for group in groups if group]


def _is_missing(word: str, missing: AbstractSet[str]) -> bool:
    return word in missing or any(part in missing for part in re.split(r"[._]", word))


def _points(groups: Counter[str], dots: bool, names: bool, path: bool, known: float, other: float) -> float:
    points = 2.0 * (GONE in groups) + 1.0 * len(groups.keys() & {REST, WAS, CODE, STAY, HERE})
    points += (
        0.75 * (POINT in groups or ELSEWHERE in groups)
        + 0.75 * (SPEAKER in groups)
        + 0.5 * (CUT in groups)
        + 1.0 * dots
        + 0.75 * path
        + 0.6 * (names and (bool(groups) or dots))
    )
    points += 0.5 * (groups[STAY] > 1)
    if DONE in groups:
        points -= 0.5 if GONE in groups or (REST in groups and dots) else 1.5
    share = (known + dots) / (known + dots + other) if known or dots else 0.0
    return max(0.0, points * share * math.sqrt(share))


def _dotted(text: str) -> bool:
    inner = text.strip(" \t*_~-=#<>|/\\:!`'\"[](){}")
    return bool(_DOTS.fullmatch(inner) or _DOTS.match(inner) or re.search(r"\.\s?\.(?:\s?\.)+$", inner))


def _said(text: str) -> bool:
    return any(_group(word) == GONE for word in _WORD.findall(text))


def only_dots(text: str) -> bool:
    """Tell whether a text is an ellipsis and nothing else but brackets and strokes."""
    if _SCISSORS.fullmatch(text):
        return True
    text = unicodedata.normalize("NFKC", text[:80]).strip(" \t*_~-=#<>|/\\:!`'\"[](){};,")
    return bool(_DOTS.fullmatch(text)) and len(text.replace(" ", "")) > 2


def _group(word: str) -> str | None:
    """Return a word's group, whatever its ending or one wrong letter; None for a word that has none."""
    vocabulary, typos = _known()
    word = _CONTRACTED.sub("", word)
    for form in (word, word.removesuffix("s"), word.removesuffix("es")):
        if form in vocabulary:
            return vocabulary[form]
    if len(word) >= _TYPO and word not in _NO_TYPOS:
        for form in (word, *_shorter(word)):
            if form in typos and typos[form][0] == word[0]:
                return vocabulary[typos[form]]
    return None


_tables: list[tuple[dict[str, str], dict[str, str]]] = []


def _known() -> tuple[dict[str, str], dict[str, str]]:
    if not _tables:
        vocabulary: dict[str, str] = {}
        for group in (GLUE, DONE, CUT, ELSEWHERE, POINT, HERE, STAY, WAS, CODE, REST, GONE, SPEAKER):
            vocabulary.update(dict.fromkeys(WORDS[group].split(), group))
        typos: dict[str, str] = {}
        for word, group in vocabulary.items():
            if len(word) >= _TYPO and group in (REST, WAS, CODE, GONE, STAY):
                typos.update(dict.fromkeys([word, *_shorter(word)], word))
        _tables.append((vocabulary, typos))
    return _tables[0]


def _shorter(word: str) -> Iterable[str]:
    return (word[:i] + word[i + 1 :] for i in range(len(word)))
