"""What a grammar cannot read although it is right, and what stands for it: same length, so that every place stays.

Each pattern is an observation about one grammar, not about a program; nothing here judges a text.
"""

import re
from collections.abc import Mapping
from functools import partial

from cockpit.quality.languages import CPP, CSHARP, KOTLIN, RUST, SWIFT, TSX, TYPESCRIPT, C, Language

CAPITALS = r"\b[A-Z][A-Z0-9_]{2,}\b"  # the name of a macro
ROUND = r"\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)"
_TYPES = r"(?:un)?signed|int|char|long|short|float|double|void|bool|u?int\d+_t|size_t"
_TYPE = rf"(?:(?:(?:un)?signed|long) ){{0,2}}(?:{_TYPES})\b"
_KEYWORDS = r"thread_local|co_\w+|static_assert"

_UPPER = r"[A-Z0-9_]{2,}\b"  # the rest of a macro's name
# A pattern that begins with what it looks back at is slow: each begins with letters of its own and looks back after.
_C_FAMILY = (
    (rf"\bva_arg[ \t]*{ROUND}", "0"),
    (r"\boperator[ \t]*\[\]", "operator_i"),
    (r"template\b(?<=[.>:]template)", ""),
    (rf"decltype(?:(?<=->decltype)|(?<=-> decltype))[ \t]*{ROUND}", "int"),
    (r"signed(?=\()(?:(?<=\bsigned)|(?<=\bunsigned))", "u"),
    (r"typename\b(?:(?<=[=(]typename)|(?<== typename)|(?<=\busing typename)|(?<=\breturn typename))", ""),
    (r"operator(?:(?<=[.>]operator)|(?<=\breturn operator))[ \t]*[<>=!+*/-]+(?=[ \t]*\()", "o"),
    (r"const[ \t]*&(?=[ \t]*\))", ""),
    (rf"(?<=[;{{}}\n])[ \t]*(?!(?:{_KEYWORDS})\b)[a-z]\w*[A-Z_]\w*[ \t]+(?=(?:{_TYPES})\b)", ""),
    (r">\s*\*(?=\s*=\s*(?:nullptr|0)\b)", ">"),
    (r"\*{1,3}(?=\s*[,)>])(?:(?<=\w\*)|(?<=[\w*] \*)|(?<=\w\*\*)|(?<=\w \*\*))", ""),  # a type that a macro is given
    (r"const (?=\w+[ \t]*[,)>])(?:(?<=[A-Z_]\(const )|(?<=, const )|(?<=[\w>] = const ))", ""),
    (r"(?m)^[ \t]+[a-z]\w*\(\d+\)(?=[ \t]+[a-z]\w*\([^()\n]*\);)", ""),  # a condition that a macro is
    # What a macro is given may be a statement, or types.
    (r"throw\b(?<=[A-Z_]{3}\(throw)", ""),
    (r"\((?<=[A-Z_]{3}\()(?:const )?[\w:]+(?:<[^<>;()]*>)?[ \t](?=\w+ = )", "("),
    (rf"\((?<=[A-Z_]\()[ \t]*(?:const )?{_TYPE}(?=\s*[,)])", "(i"),
    (rf",[ \t]*(?:const )?{_TYPE}(?=\s*[,)])", ",i"),
    (rf",\n[ \t]*(?:const )?{_TYPE}(?=\s*[,)])", ",\ni"),
    # A macro before what a constructor or a qualified name begins with, and before the name of a class.
    (rf"(?m)^[ \t]*(?:{CAPITALS}[ \t]+)+(?=(?:[a-z]\w*::)*~?[a-z]\w*[ \t]*\()", ""),
    (
        rf"[A-Z](?:(?<=\bexplicit [A-Z])|(?<=\bconstexpr [A-Z])){_UPPER}(?: +{CAPITALS})*(?= +[a-z]\w* *\()",
        "",
    ),
    (rf"[A-Z](?:(?<=\bclass [A-Z])|(?<=\bstruct [A-Z])){_UPPER}(?:[ \t]*{ROUND})?(?= \w)", ""),
)
_CPP = (
    (rf"(?m)^[ \t]*(?:{CAPITALS}[ \t]+|extern[ \t]+)?template[ \t]+(?:class|struct)[ \t]+[^;{{}}()]*(?=;)", ""),
    (r"extern(?=\s+template\b)", ""),
    (r"\}\n[ \t]+[A-Z_]*CATCH[A-Z_]*(?=\n)", "}\ncatch(...){}"),
    (rf"[A-Z](?<=\bif [A-Z]){_UPPER}(?= \()", ""),
    (rf"(?m)^{CAPITALS}(?= template\b)", ""),
    (rf"(?m)^[ \t]*using[ \t]+\w+[ \t]+{CAPITALS}\s*=[^;{{}}()]*(?=;)", ""),
    (r"enum\s{0,4}:[\w: ]{1,60}(?=\{)", "enum"),
    (r"=\s*\{\}(?=\s*[,)])", ""),
    (r"\)\s*=\s*delete(?=;)", ")"),
    (rf"=[ \t]*{CAPITALS}[ \t]*{ROUND}(?=[ \t]*[>,])", "=i"),
)
_TEMPLATE_MACRO = re.compile(rf"(\btemplate\s*<[^;{{}}()]{{0,600}}?[<,]\s*)({CAPITALS}[ \t]*{ROUND})(?=\s*[,>])")
_SWIFT = (
    (r"(?<=[(\s,:])\(\)(?=[ \t]*[)\n,])", "00"),  # the empty tuple
    (r"(?<=\w)!(?=\s*[,)])", ""),  # a type that unwraps itself
    (r"(?<=[(\s])#(?=\w+ *:)", ""),  # a name for both sides, of Swift 1
    (r"[ \t]{1,4};", ";"),
)
_KOTLIN = (
    (r"(?<=\} )get(?= [\w(])", "got"),  # a word that is a keyword only in a property
    (r"(?<![\w.])override(?=\()", "overrule"),
    (r"\.\([\w.]+\)(?=\()", ""),
)
_TYPESCRIPT = ((r"(?<=[ \t])in(?=\w*\?:)", "im"),)  # a name that begins as the operator does
_TABLES = {
    C: _C_FAMILY,
    CPP: _C_FAMILY + _CPP,
    SWIFT: _SWIFT,
    KOTLIN: _KOTLIN,
    CSHARP: ((r"(?<=[{,\n])[ \t]*\[[^\[\]\n]*\](?=[ \t]*=[^=>])", " x"),),  # an entry of a dictionary
    RUST: ((r"\btry!", "tri!"),),
    TYPESCRIPT: _TYPESCRIPT,
    TSX: _TYPESCRIPT,
}
_PATTERNS: Mapping[Language, tuple[tuple[re.Pattern[str], str], ...]] = {
    language: tuple((re.compile(pattern), stands) for pattern, stands in table) for language, table in _TABLES.items()
}
_LET = re.compile(r"\b(let|var)([ \t]*\n)[ ]{4}(?=[ ]*\w+ =)")  # a name of Swift on the line after
_BOUND = re.compile(r"(?<=[\w)\]?!],\n)([ ]*)[ ]{4}(?=\w+ = )")  # a second name that `if let` of Swift 2 binds


def bridged(text: str, language: Language) -> str:
    """Return a text in which what its grammar cannot read is replaced by what it can."""
    for gap, stands in _PATTERNS.get(language, ()):
        text = gap.sub(partial(_stand_in, stands), text)
    if language is SWIFT:
        return _BOUND.sub(r"\1let ", _LET.sub(r"   \2\1 ", text))
    if language is CPP:
        for _ in range(3):  # macros of one template
            if "template" in text:
                text = _TEMPLATE_MACRO.sub(lambda one: one[1] + "class c" + blank(one[2])[7:], text)
    return text


def blank(text: str) -> str:
    """Return a text of the same lines and lengths that says nothing."""
    return re.sub(r"[^\n]", " ", text)


def _stand_in(stands: str, found: re.Match[str]) -> str:
    room = blank(found[0])
    if room[: len(stands)].count("\n") != stands.count("\n"):
        return room
    return stands + room[len(stands) :]
