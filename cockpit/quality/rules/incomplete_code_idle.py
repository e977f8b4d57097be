"""Tells which single statements do no work, by reducing their text; knows nothing of trees or of changes."""

import re
from enum import StrEnum

LONGEST = 240  # characters of a statement that can be idle: more is work, whatever it says
_ROUNDS = 6  # how deep values may be nested in each other


class Idle(StrEnum):
    """What a statement that does no work is."""

    NOTHING = "nothing"  # pass, an empty statement, a literal that nobody reads
    CONSTANT = "constant"  # gives back a value that depends on nothing
    ECHO = "echo"  # gives back a name as it is
    LOCAL = "local"  # gives a local name a constant
    FAILS = "fails"  # raises, panics, ends
    UNFINISHED = "unfinished"  # fails, and says by its kind that the work is not done
    SPEAKS = "speaks"  # prints or logs a fixed text


_STRING = re.compile(
    r"""[a-zA-Z@$]{0,3}(?:'''(?:(?!''')[\s\S])*'''|\"\"\"(?:(?!\"\"\")[\s\S])*\"\"\""""
    r"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|r#"[^"]*"#)"""
)
_NUMBER = re.compile(r"(?<![\w§.$])[-+]?\d[\w.]*")
_WORD = re.compile(
    r"(?<![\w§.:$@])(?:true|false|null|nil|None|True|False|TRUE|FALSE|NULL|nullptr|NULL|undefined|Unit|NaN|NAN|Infinity|PHP_INT_\w+|io\.EOF|ENOSYS"
    r"|default\([\w.<>?\[\]]+\)|std::nullopt|(?:std::)?monostate|NotImplemented|Ellipsis|default|string\.Empty|String\.Empty|EXIT_\w+"
    r"|[A-Z]\w*(?:<[^<>()]*>)?\.(?:Empty|EMPTY|CompletedTask|None|NONE|Zero|ZERO|EPOCH|MinValue|NAN|NaN|none|empty|zero|Undefined))(?![\w:(<])!?"
)
_EMPTY = re.compile(
    r"(?:(?:\[\]|map\[\w+\])+(?:(?:interface|struct)\{\}|[*\w.]+)|\bstruct\{\}|\b[A-Z]\w* ?)\{\s*\}"
    r"|\(\s*\)|\[\s*\]|\{\s*\}|\[:\]"
)
_ITEM = r"(?:[\w$§-]{1,40}\s*(?::|=>|=)\s*)?[.&*]{0,3}§!?"
_GROUP = re.compile(rf"[(\[{{]\s*{_ITEM}(?:\s*,\s*{_ITEM}){{0,12}}\s*,?\s*[)\]}}]")
_TYPES = r"(?:::)?(?:<[^<>();]{0,80}(?:<[^<>();]{0,80}>[^<>();]{0,40})?>)?"
_CALL = re.compile(
    r"(?<![\w$.§])(?:new\s+[\\\w.:]+|new(?:\s*§)?|[&*]?(?:\[\]|map\[\w+\])[*\w.]+"
    r"|[\\&*]?(?:[a-z]\w*\.(?=[a-z.]*[A-Z]))*(?:[A-Z]\w*\.|\w+::)*(?:new|default|[eE]mpty\w*|init|of|none|zero|\w+Of|array|dict|set|list|tuple"
    r"|collect|str|int|bool|bytes|frozenset|resolve|reject|just|completedFuture|failedFuture|FromResult|FromException|vec!"
    r"|anyhow!|eyre!|bail!|string|from|(?:fmt|errors|xerrors)\.(?:Errorf|New)|make_pair|(?:unique|shared|weak)_ptr|pair|deque|Array|create|make_unique|make_shared|vector|map|unordered_map|optional"
    r"|with_capacity|newArrayList|nullopt|format!|zeroed|asList)|\.(?:init|none|zero|some|failure|success))"
    rf"{_TYPES}\s*§"
)
_MADE = re.compile(rf"(?<![\w$.§])(?:[A-Z]\w*(?:\.|::))*[A-Z]\w*{_TYPES}\s*§")
_MAKES = frozenset({"python", "kotlin", "swift", "rust", "ruby"})  # a call of a capitalised name makes an object
_BARE_CALL = re.compile(rf"(?<![\w$.§])(?:new\s+[\\\w.]+{_TYPES}§?|[A-Z][\w:]*\.new\b)")
_TO_ERRORS = re.compile(r"\s*1?>\s*&\s*2")
_SUFFIX = re.compile(
    r"§(?:\s*\.(?:into|to_string|to_owned|to_vec|dup|freeze|clone|copy)§?(?:\(\))?"
    r"|\s+(?:as|satisfies)\s+[\w\[\]<>., |]+|!|f\b|\?)"
)
_POINTER = re.compile(r"(?<=return )[&*](?=§)")
_LAMBDA = re.compile(r"(?:async\s+)?(?<![\w$.)])(?:§|\(\s*\w*\s*\))\s*[=-]>\s*§")  # does nothing when it is called
_CAST = re.compile(r"(?:^|(?<=return ))\(\s*[\w.:<>\[\] *]+\)\s*(?=§)")
_MAKE = re.compile(r"(?<![\w.])make\((?:\[\]|map\[\w+\]|chan )[\w.*{}\[\]]+(?:,\s*§)*\)")
_SIZED = re.compile(r"(?<![\w.])(?:new\s+)?[\w.:<>]+\[§\]")

_SCRIPT_FIELD = re.compile(r"`[^`]*\$\{")
_DOLLAR_FIELD = re.compile(r"\"[^\"]*(?:\$\{?|\{\$)[A-Za-z_]")
_FIELDS = {
    "python": re.compile(r"(?<!\w)[fF][rR]?[\"'][^\n]*(?<!\{)\{[^{}\s]|(?<!\w)[rR][fF][\"']"),
    **dict.fromkeys(("javascript", "typescript", "tsx", "vue", "svelte"), _SCRIPT_FIELD),
    **dict.fromkeys(("php", "kotlin", "shell"), _DOLLAR_FIELD),
    "csharp": re.compile(r"\$@?\"[^\"]*\{[^{}\s]"),
    "ruby": re.compile(r"\"[^\"]*#\{"),
    "swift": re.compile(r"\"[^\"]*\\\("),
    "rust": re.compile(r"format!\s*\(\s*\"[^\"]*\{(?![{}])"),
}
_WORKS = re.compile(r"\w[!>]?\s*\(|\bnew\b")

_END = r"[;\s]*$"
_NOTHING = re.compile(
    r"^(?:pass|\.\.\.|:|;|continue|break|next|\(\)|\(\(\)\)|void\s*0|yield break|\(void\)\s*\w+"
    r"|static_cast<void>\(\w+\)|_\s*=\s*[\w, ]+|Unit"
    r"|true|false|debugger|await\s+Task\.(?:CompletedTask|Yield\(\)|Delay\(\d+\))"
    r"|(?:if|while)\s*\(?(?:true|false|True|0|1)\)?\s*(?:\{\s*\}|:\s*pass)|do\s*\{\s*\}"
    r"|loop\s*\{\s*\}|['\"]use strict['\"]"
    r"|let\s+_\s*=\s*[\w()&, ]+|UNUSED\(\w+\)|Q_UNUSED\(\w+\))" + _END
)
_RETURN = re.compile(r"^(?:return|co_return|break|exit)\b\s*(?:await\s+)?")
_FAIL_WORD = re.compile(r"^(?:return\s+)?(?:raise|throw|fail)\b")
_FAIL_CALL = re.compile(
    r"^(?:return\s+)?(?:[\w.]+(?:\.|::))?(?:panic!?|fatalError|preconditionFailure|assertionFailure|abort|die|exit|_exit|Exit"
    r"|unreachable!?|__builtin_unreachable|terminate|error|trigger_error|notImplemented|XCTFail|Fail|bail!)\s*(?:§|\(\s*[\w.]*\s*\))?"
    + _END
)
_UNFINISHED = re.compile(
    r"^(?:return\s+)?(?:(?:std|core)::)?(?:todo!|unimplemented!|TODO\s*\(|notImplemented\s*\()"
    r"|\bNotImplemented(?:Error|Exception)?\b|^(?:raise|throw)\b.*\bnot[\s_-]*(?:yet[\s_-]*)?(?:been[\s_-]*)?implemented",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(
    r"\bnot[\s_-]*(?:yet[\s_-]*)?(?:been[\s_-]*)?implemented|\bunimplemented\b|\btodo\b", re.IGNORECASE
)
_ASSERTS = re.compile(
    r"^(?:(?:static_)?assert|precondition|require|check)\b!?\s*\(?\s*(?:0|false|False|!\s*\"|not\s+\")"
)
_WARNS = re.compile(r"^#\s*(?:warning|error)\b")
_SPEAKS = re.compile(
    r"^(?:[\\$@]?(?:\w+(?:\.|::|->)){0,3}_?(?:console|log|logg?er|logging|Log|LOG|LOGG?ER|Logg?er|Timber|slog|tracing|Debug|Trace)"
    r"\s*(?:\.|::|->)\s*\w+!?|System\.(?:out|err)\.\w+|Console\.(?:Error\.)?Write\w*|fmt\.(?:Print|Fprint)\w*|(?:debug_?)?print(?:ln|f)?!?"
    r"|eprint(?:ln)?!|puts|warn|pp?|echo|fprintf|fputs|perror|error_log|var_dump|NSLog|os_log|log|std::puts|alert)(?!\w)!?\s*"
    r"(?:\(?\s*(?:(?:stderr|stdout|os\.Std\w+|STDERR|tag|TAG)\s*,\s*)?§?(?:\s*,\s*(?:§|(?:locals|vars)§|\w+(?:\.\w+)?))*\s*\)?)?"
    + _END
)
_UNSAID = re.compile(  # what is asked of a log without a text, and is no level of it
    r"(?:::|->|\.)(?!(?:log|print\w*|write\w*|debug|info|warn\w*|err\w*|trace|table|group\w*|clear)\s*\()\w+\s*\(\s*\)"
    + _END,
    re.IGNORECASE,
)
_ECHOES = re.compile(r"^(?:echo|printf)\s+[\w .,:!-]*(?:1?>&2)?$")
_EXITS = re.compile(r"^_?exit\s+")
_STREAMS = re.compile(r"^(?:std::)?(?:cout|cerr|clog)(?:\s*<<\s*(?:§|(?:std::)?\w+))+" + _END)
_LOCAL = re.compile(
    r"^(?:(?:export|const|let|var|val|auto|final|my|local|mut|declare|unsigned|static|struct)\s+)*"
    r"(?:[\w.:]+(?:<[^=;()]{0,60}>)?[\[\]?*&\s]+)?\$?[a-z_]\w*(?:\s*:(?![:=])\s*[^=;]{1,60})?\s*(?::?=)\s*§" + _END
)
_ZERO = re.compile(r"^var\s+\w+(?:\s*,\s*\w+)*\s+[\w.*\[\]{}]+" + _END)
_NAME = re.compile(r"^(?:[$&*@]?[A-Za-z_]\w*|self|this|\*this)(?:\s*,\s*(?:§|[A-Za-z_]\w*))*" + _END)
_VALUES = re.compile(r"^§(?:\s*,\s*(?:§|err))*" + _END)


def reduced(text: str, language: str = "python") -> str:
    """Return a statement with each value that depends on nothing written as `§`."""
    text = _STRING.sub("§", _TO_ERRORS.sub("", text))
    for _ in range(_ROUNDS):
        was = text
        text = _NUMBER.sub("§", text)
        text = _WORD.sub("§", text)
        text = _MAKE.sub("§", text)
        text = _GROUP.sub("§", text)
        text = _EMPTY.sub("§", text)
        text = _CALL.sub("§", text)
        if language in _MAKES:
            text = _MADE.sub("§", text)
        text = _SIZED.sub("§", text)
        text = _SUFFIX.sub("§", text)
        text = _LAMBDA.sub("§", text)
        text = _POINTER.sub("", _CAST.sub("", text))
        if text == was:
            break
    return _BARE_CALL.sub("§", text)


def idle(text: str, language: str = "", *, gives: bool) -> Idle | None:
    """Tell what a statement without comments is when it does no work, or None; `gives`: its value is the result."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if not text or _NOTHING.match(text):
        return Idle.NOTHING
    short = reduced(text, language)
    return _failing(text, short) or _speaking(text, short, language) or _giving(text, short, language, gives=gives)


def _failing(text: str, short: str) -> Idle | None:
    if _FAIL_WORD.match(text) or _UNFINISHED.match(text):
        return Idle.UNFINISHED if _UNFINISHED.search(text) else Idle.FAILS
    if _WARNS.match(text):
        return Idle.UNFINISHED if _SAYS_SO.search(text) else None
    if _ASSERTS.match(text) or (_FAIL_CALL.match(short) and not _EXITS.match(text)):
        return Idle.FAILS
    return None


def _speaking(text: str, short: str, language: str) -> Idle | None:
    if _UNSAID.search(text):
        return None
    if (language == "shell" and _ECHOES.match(text)) or _SPEAKS.match(short) or _STREAMS.match(short):
        return Idle.SPEAKS
    return None


def filled(text: str, language: str) -> bool:
    """Tell whether a string in a statement is filled in with what is known only when it runs."""
    field = _FIELDS.get(language)
    return field is not None and bool(field.search(text))


def _giving(text: str, short: str, language: str, *, gives: bool) -> Idle | None:
    known = Idle.ECHO if filled(text, language) else Idle.CONSTANT
    if returned := _RETURN.match(short):
        rest = short[returned.end() :]
        if not rest.strip("; \t"):
            return Idle.NOTHING
        if _VALUES.match(rest):
            return Idle.UNFINISHED if _SAYS_SO.search(text) else known
        return Idle.ECHO if _NAME.match(rest) else None
    if _VALUES.match(short):
        if not gives and _WORKS.search(text):
            return None
        if gives and _SAYS_SO.search(text):
            return Idle.UNFINISHED
        return known if gives else Idle.NOTHING
    if gives and _NAME.match(short):
        return Idle.ECHO
    return Idle.LOCAL if _LOCAL.match(short) or _ZERO.match(text) else None
