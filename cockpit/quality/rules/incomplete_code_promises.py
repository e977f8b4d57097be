"""Tells when a new function that does nothing promised work: by a note, its documentation or its name."""

import re
from pathlib import PurePosixPath

from cockpit.quality.change import Change
from cockpit.quality.rules.incomplete_code_bodies import Body, around, body_at, head_of
from cockpit.quality.rules.incomplete_code_idle import Idle
from cockpit.quality.rules.placeholder_dropped_notes import is_comment, unmarked
from cockpit.quality.source import body_of, name_of, text_of

MARK = re.compile(
    r"\b(?:todo|fixme|xxx|tbd|wip)\b|\bimplement\s+(?:me|this|the|here|later|logic|\w+)|un-?implemented|not[\s_-]+(?:yet[\s_-]+)?(?:been[\s_-]+)?implemented"
    r"|to[\s-]be[\s-](?:implemented|completed|done|filled|written|added|defined)|\b(?:implementation|logic|code|body|details?)\s+(?:goes|go|here|pending|omitted|missing|later|to\s+follow)"
    r"|\b(?:your|add|insert|put|write|place|fill)\b.{0,40}\b(?:here|logic|code|implementation|later)\b|\bfill\s+(?:\w+\s+)?in\b|\bplaceholder\b|\bstub(?:bed)?\b|\bmock(?:ed)?\b|\bdummy\b"
    r"|\bneeds?\s+(?:an?\s+)?(?:real\s+|proper\s+)?implement|\b(?:will|would|should|to)\s+be\s+(?:implemented|done|filled|written|added|replaced)\b"
    r"|\bin\s+(?:an?\s+)?(?:real|full|actual|proper|production)\b|\b(?:real|actual|proper|full|pending)\s+(?:\w+\s+)?(?:implementation|logic|code|version)\b"
    r"|\bleft\s+as\s+an\s+exercise\b|\bsimulat(?:e|ed|es|ing)\b|\bpretend|\bhard-?coded\b|\bskeleton\b|\bwork\s+in\s+progress\b"
    r"|\b(?:minimal|basic|partial|rough|trivial|naive)\s+(?:implementation|version)\b|\bdemonstration\b|\bfor\s+(?:the\s+|a\s+)?demo\b"
    r"|\bsample\s+(?:data|values?|response|output)\b|^\W*pending\W*$"
    r"|\bfake\b|\bsimplified\b|\bneeds\s+(?:more\s+)?work\b|\bfinish\b.{0,12}\blater\b"
    r"|\btemporar(?:y|ily)\b|\bin\s+a\s+(?:later|future|follow-?up)\b"
    r"|\bfor\s+now\b|\bcoming\s+soon\b|\bunfinished\b|\bincomplete\b|\bimplement(?:ed)?\s+later\b|\b(?:handle|do|finish|complete)\s+(?:this|it)\s+later\b",
    re.IGNORECASE | re.MULTILINE,
)
INTENT = re.compile(
    r"no[\s-]?op\b|\bnothing\b|intentional|deliberate|\bon\s+purpose\b|deprecated|obsolete|no\s+longer|not\s+(?:needed|used|required|necessary|supported|applicable)"
    r"|(?<!for\s)(?<!right\s)\bnow\b|\bsince\b|\bbecause\b|\balways\b|\bnever\b|\bany\s?more\b|\bcannot\b|\binstead\b|\belsewhere\b"
    r"|\bhandled\b|\bmoved\b|\bignor|\bunused\b|\blegacy\b|by\s+design|\bdefault\s+(?:implementation|behaviou?r)|\bsubclass|\boverrid|\bhook\b|\balready\b|\bcompat|\bbackwards?\b",
    re.IGNORECASE,
)
REASON = re.compile(
    r"\b(?:removed|inlined|extracted|delegated|ported|migrated|generated|superseded|replaced\s+(?:by|with)|dropped"
    r"|(?:merged|folded|rolled)\s+into|(?:done|check|validat|test|cover|configur|implement|defin|comput|cach|creat|load)(?:e?d)?\s+"
    r"(?:in|by|at|on|upstream|lazily|once|elsewhere|there)|use\s+\w+|disabled\s+(?:on|by|in|for|until))\b"
    r"|\u79fb\u81f3|\u79fb\u5230|\u5220\u9664|\u524a\u9664|\u79fb\u52d5|\u0443\u0434\u0430\u043b|\u043f\u0435\u0440\u0435\u043d|\bsupprim|\bd\u00e9plac|\bentf\u00e4llt|\bverschoben|\beliminad|\bmovido",
    re.IGNORECASE,
)  # why a body that did work does none
TODO = re.compile(r"\b(?:todo|fixme)\b", re.IGNORECASE)
_FOR_OTHERS = re.compile(
    r"\bsub-?class|\boverrid|\babstract\b|\b(?:must|should|has\s+to|have\s+to)\s+(?:be\s+)?implement|\bchild(?:ren)?\b|\bderived\b|init\(coder"
    r"|\bimplementors?\b|\bmust\s+define\b|\bconcrete\b|\bpure\s+virtual\b",
    re.IGNORECASE,
)
_BASE = re.compile(
    r"abstract|base|interface|protocol|mixin|template|noop|no|op|null|empty|mock|fake|stub|dummy|"
    r"trait|unsupported|disabled|void|nop|skeleton",
    re.IGNORECASE,
)
_IDLE_CLASS = re.compile(
    r"no|noop|nop|null|void|dummy|disabled|unsupported|empty|discard\w*|blackhole|preview|sample|stub|mock|fake",
    re.IGNORECASE,
)
_INTERFACE_NAME = re.compile(r"\bI[A-Z][a-z]")
_BARE = re.compile(r"\b(?:TODO|todo!|unimplemented!)\s*\(\s*\)")
_NOT_WANTED = re.compile(
    r"(?:n't|\bnot|\bnever|\bno)\s+(?:need|have|want|reason|required|necessary|supposed)(?:ed)?\s+to\s+(?:be\s+)?implement\w*(?:\s+\w+)?",
    re.IGNORECASE,
)
_SWITCHED_OFF = re.compile(
    r"@(?:\w+\.)*(?:Ignore|Disabled|skip\w*)\b|\[Ignore|#\[ignore|\bx(?:it|test|describe)\b|\.(?:skip|todo)\("
)
_BASE_KINDS = frozenset(
    {
        "interface_declaration",
        "trait_item",
        "trait_declaration",
        "protocol_declaration",
        "protocol_body",
        "abstract_class_declaration",
    }
)
_CLASSES = ("class", "struct", "object", "impl", "interface", "trait", "protocol", "module", "extension")
_TESTS = re.compile(
    r"(?:^|[/_.-])(?:(?:unit|integration)?tests?|specs?|__tests__|mocks?|fixtures?|testdata)(?:[/_.-]|$)|(?:Tests?|Spec|IT)\.\w+$|^conftest",
    re.IGNORECASE,
)
_TEST_NAMES = re.compile(r"(?:Tests?|Spec|Mock|Fake|TestCase)\.\w+$")
_ABOVE = 30  # lines above a function that are looked at
HEAD = 400  # characters before a body that are looked at
_UNNAMED = frozenset(
    {
        "arrow_function",
        "function_expression",
        "lambda_expression",
        "closure_expression",
        "func_literal",
        "anonymous_function",
    }
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_WORK = re.compile(
    r"add|aggregate|analyse|analyze|apply|archive|authenticate|authorize|backup|build|calculate|charge|check|clean|"
    r"collect|compile|compress|compute|convert|count|create|decode|decompress|decrypt|deduplicate|delete|deserialize|detect|download|encode|"
    r"encrypt|evaluate|execute|export|extract|fetch|filter|find|format|generate|get|import|insert|"
    r"load|lookup|map|merge|migrate|normalize|parse|persist|predict|process|query|rank|read|recalculate|reconcile|refund|"
    r"remove|render|resolve|retrieve|rotate|save|scan|schedule|search|select|send|serialize|sort|store|"
    r"submit|summarize|sync|synchronize|tokenize|train|transform|translate|update|upload|validate|"
    r"verify|write",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"[^\W\d][\w$]*[?!]?")
_UNNAMED_VALUE = re.compile(r"(?:const\s+)?[\w:<>,]+(?:\s*<[^<>]*>)?\s*[&*]*|.*\b_")
_SENTENCE = 3  # words of a comment that describes work
_REACTS = re.compile(
    r"is|are|was|has|have|had|can|could|may|should|must|will|would|did|does|do|on|before|after|supports?|accepts?|allows?|needs?|"
    r"requires?|wants?|visit|enter|leave|exit|no|null|noop|empty|default|ignore|skip|with|for|to|from|of|as|test|set|get|"
    r"handle|close|dispose|reset|init|shutdown|flush|begin|end|start|stop|max|min|num|operator|equals|hash|value",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"called\b|hook|no-?op|callback|marker|nothing|does\s+not|doesn.t|placeholder\s+for|default|optional|event|group"
    r"|deprecat|entry\s*point|namespace|ignored?\b|stub\b.*\btests?",
    re.IGNORECASE,
)


def promised(change: Change, body: Body, words: str) -> str:
    """Return why a function without work is unfinished, or nothing where it may well be meant so."""
    kinds = set(body.kinds)
    todo = bool(TODO.search(words))
    docs = f"{body.docs} {above(change, body)}"
    if not todo and (_FOR_OTHERS.search(words) or _FOR_OTHERS.search(docs)):
        return ""
    described = _is_described(body, docs) and not _overrides(body) and not _in_idle_class(body)
    in_test = is_test(change.path) and not described
    if MARK.search(_NOT_WANTED.sub("", _BARE.sub("", words))):
        if in_test:
            excused = _overrides(body) or _is_switched_off(change, body)
        else:
            excused = not (todo or described) and (bool(INTENT.search(words)) or _in_base(change, body))
        return "" if excused else "this new function is a stub: it says itself that its work is to be written"
    if Idle.UNFINISHED in kinds:
        excused = _stands_in(change, body) if in_test else _is_base(change, body) or _is_root(change, body)
        return "" if excused and not body.is_constructor else "this new function is a stub that only says so by failing"
    given = {Idle.ECHO} if described and not _in_class(body) else set()
    if (
        kinds - {Idle.NOTHING, Idle.CONSTANT} - given
        or INTENT.search(words)
        or INTENT.search(docs)
        or _PASSIVE.search(docs)
    ):
        return ""
    if in_test or body.is_constructor or not _IDENTIFIER.fullmatch(name_of(body.node).rpartition("::")[2]):
        return ""
    if not (_promises(body) or described) or _is_visitor(change, body):
        return ""
    if _is_base(change, body) or (_is_root(change, body) and not described) or _is_next_hook(change, body):
        return ""
    return f"{name_of(body.node)} is new and does nothing of what its name promises"


def _is_next_hook(change: Change, body: Body) -> bool:
    """Tell whether a method for heirs follows another that takes the same and gave no more than a value before."""
    node = body.node.prev_named_sibling
    while node is not None and "comment" in node.type:
        node = node.prev_named_sibling
    if node is None or change.before is None or not re.search(r"\bprotected\b", _head(body)):
        return False
    other = body_at(node, body.language) if node.type == body.node.type else None
    if other is None or set(other.kinds) != {Idle.CONSTANT} or head_of(node) != head_of(body.node):
        return False
    lines = {other.line, other.statements[-1].start_point[0] + 1}
    return not lines & change.added


def _in_class(body: Body) -> bool:
    return any(one.type.startswith(_CLASSES) for one in around(body.node) if one.parent is not None)


def _is_switched_off(change: Change, body: Body) -> bool:
    """Tell whether a test is switched off where it stands: it says openly that it proves nothing."""
    return any(_SWITCHED_OFF.search(one) for one in change.after.lines[max(0, body.line - 4) : body.line])


def _is_visitor(change: Change, body: Body) -> bool:
    """Tell whether a function is named as types are, where functions are not: it is called for a kind of node."""
    return change.language.name not in ("go", "csharp", "cpp", "c") and name_of(body.node)[:1].isupper()


def _is_described(body: Body, docs: str) -> bool:
    """Tell whether a comment says that a function with a name of several words does something with what it takes."""
    name = name_of(body.node).rpartition("::")[2]
    words = [word.lower() for word in _WORDS.findall(name)]
    if len(words) < 2 or _REACTS.fullmatch(words[0]) or not _takes(body):
        return False
    said = [word.lower() for word in re.findall(r"[^\W\d_]+", docs)]
    verbs = (words[0], words[0] + "s", words[0] + "es", words[0].removesuffix("y") + "ies")
    return len(said) >= _SENTENCE and any(word in verbs for word in said)


def is_test(path: str) -> bool:
    """Tell whether a path is that of a test, a fixture or an example."""
    return bool(_TESTS.search(path) or _TEST_NAMES.search(PurePosixPath(path).name))


def _stands_in(change: Change, body: Body) -> bool:
    """Tell whether a function in a test only stands in for a real one: it overrides one, or is no test by its name."""
    head = _head(body)
    if re.search(
        r"@Test|\[(?:Test|Fact|Theory)|#\[(?:\w+::)*test|@test", head + change.after.lines[max(body.line - 2, 0)]
    ):
        return False
    return _overrides(body) or not re.search(
        r"^(?:test|should|it_|spec)|_app$|setup", name_of(body.node), re.IGNORECASE
    )


def _overrides(body: Body) -> bool:
    return bool(re.search(r"override|mock|fake|stub|dummy", _head(body), re.IGNORECASE))


def _head(body: Body) -> str:
    """Return what stands before the body of a function."""
    inner = body_of(body.node)
    data = text_of(body.node)[:HEAD]
    return data[: inner.start_byte - body.node.start_byte] if inner is not None else data


def _is_base(change: Change, body: Body) -> bool:
    """Tell whether a function belongs to what others are to extend: an interface, an abstract or a base class."""
    decorated = body.node.parent
    if decorated is not None and decorated.type == "decorated_definition":
        return True
    if _in_idle_class(body):
        return True
    if re.search(r"\b(?:override|virtual|open|abstract)\b|@Override", _head(body)):
        return not re.search(r"override", _head(body), re.IGNORECASE)
    return _in_base(change, body)


def _in_idle_class(body: Body) -> bool:
    """Tell whether the class around a function says by its name that it does nothing."""
    owner = body.node.child_by_field_name("receiver")
    owner = owner or next((one for one in around(body.node) if one.type.startswith(_CLASSES)), None)
    if owner is None:
        return False
    name = text_of(owner) if owner.type == "parameter_list" else name_of(owner)
    return any(_IDLE_CLASS.fullmatch(word) for word in _WORDS.findall(name))


def _in_base(change: Change, body: Body) -> bool:
    """Tell whether the class around a function is an interface or a base by its kind, its name or its heirs."""
    for above in around(body.node):
        if above.type in _BASE_KINDS:
            return True
        if above.type.startswith(_CLASSES) and (inside := above.child_by_field_name("body")) is not None:
            head = text_of(above)[: inside.start_byte - above.start_byte]
            own = re.split(r"\bextends\b|\bimplements\b|[(:<]", head)[0]
            named = own.split("class")[-1].split()[-1:]
            if any(_BASE.fullmatch(word) for one in named for word in _WORDS.findall(one)) or re.search(
                r"\babstract\b", own
            ):
                return True
            if _INTERFACE_NAME.search(own) or re.search(r"[(:<].*\b(?:ABC|ABCMeta|Protocol|\w*Interface)\b", head):
                return True
            return _is_extended(change, name_of(above)) or _is_protocol(change, name_of(above))
    return False


def _is_extended(change: Change, name: str) -> bool:
    """Tell whether a class has another below it in the same file."""
    if not name:
        return False
    own = re.escape(name)
    heir = rf"\b(?:class|object|struct)\s+[\w:]+[^\n{{]{{0,200}}?(?:\bextends\s+|[<(:,]\s*(?:public\s+)?){own}\b"
    return bool(re.search(heir, change.after.text))


def _is_protocol(change: Change, name: str) -> bool:
    """Tell whether what gives a function its body is the extension of a protocol of the same file."""
    return bool(name) and bool(re.search(rf"\bprotocol\s+{re.escape(name)}\b", change.after.text))


def _is_root(change: Change, body: Body) -> bool:
    """Tell whether a method stands in a class without a class above it, which tells its heirs by failing."""
    if change.language.name not in ("python", "ruby"):
        return False
    for above in around(body.node):
        if above.type in change.language.containers:
            superclass = above.child_by_field_name("superclasses") or above.child_by_field_name("superclass")
            return superclass is None or text_of(superclass).strip("()") in ("", "object")
    return False


def _promises(body: Body) -> bool:
    """Tell whether the name of a function is that of work on what it takes."""
    above = body.node.parent
    if body.node.type in _UNNAMED and (above is None or "declarator" not in above.type):
        return False
    name = name_of(body.node).rpartition("::")[2]
    first = _WORDS.findall(name)[:1]
    return bool(first and _WORK.fullmatch(first[0]) and _takes(body))


def _takes(body: Body) -> str:
    """Return what a function takes, without the object that it belongs to."""
    inner = body.node
    while (named := inner.child_by_field_name("declarator")) is not None:
        inner = named
        if named.type == "function_declarator":
            break
    found = (text_of(one) for node in (body.node, inner) for one in node.named_children if "parameter" in one.type)
    taken = next(found, "")
    if body.language.name in ("c", "cpp", "csharp") and all(
        _UNNAMED_VALUE.fullmatch(one.strip()) for one in taken.strip("()").split(",")
    ):
        return ""  # what has no name is not used on purpose
    return re.sub(r"\b(?:self|cls|this|void)\b", "", taken).strip("() ,&")


def above(change: Change, body: Body) -> str:
    """Return the comment right above a function, without what decorates it."""
    lines = change.after.lines
    found: list[str] = []
    for n in range(body.line - 2, max(-1, body.line - 2 - _ABOVE), -1):
        line = lines[n].strip()
        if is_comment(line) or line.startswith("*"):
            found.append(unmarked(line))
        elif found or not line.startswith(("@", "[", "template")):
            break
    return " ".join(reversed(found))
