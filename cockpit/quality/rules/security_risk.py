"""SECURITY_RISK: secrets written out, dangerous calls and settings added, checks of rights taken away.

Judges only what the change did: what was there before, moved or edited, is not this agent's.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cockpit.quality.change import Change
from cockpit.quality.rule import Example, Found, Rule
from cockpit.quality.source import Source
from cockpit.quality.violation import Severity

if TYPE_CHECKING:
    from cockpit.quality.rules.security_calls import Place

_FINE_IN_TESTS = frozenset({"unpack", "page", "access"})


def _judge(change: Change) -> Iterator[Found]:
    from cockpit.quality.rules.security_checks import lost_checks

    told: set[int] = set()
    for one in _new(change):
        if one.line not in told:
            told.add(one.line)
            yield one
    for one in lost_checks(change):
        if one.line not in told:
            told.add(one.line)
            yield one


def _new(change: Change) -> Iterator[Found]:
    """Yield what the added lines open that the lines they replace did not."""
    places: list[Place] = list(_places(change.after, sorted(change.added)))
    if not places:
        return
    before: Counter[tuple[str, str]] = Counter()
    kinds: Counter[str] = Counter()
    squeezed = ""
    if change.before is not None:
        for one in _places(change.before, sorted(change.removed)):
            before[one.kind, one.text] += 1
            kinds[one.kind] += 1
        squeezed = "".join(change.before.text.split())
    for one in places:
        if kinds[one.kind] > 0:
            kinds[one.kind] -= 1
        elif one.text not in squeezed:
            yield Found(one.line, one.message, one.column)


def _places(source: Source, lines: Iterable[int]) -> "Iterator[Place]":
    from cockpit.quality.rules.security_calls import dangers, open_origins
    from cockpit.quality.rules.security_secrets import is_shown, is_test, secrets
    from cockpit.quality.rules.security_sql import built_sql

    lines = list(lines)
    yield from secrets(source, lines)
    if source.language.kind == "prose" or is_shown(source.path):
        return
    in_test = is_test(source.path)
    yield from (one for one in dangers(source, lines, tests=in_test) if not (in_test and one.kind in _FINE_IN_TESTS))
    yield from built_sql(source, lines)
    yield from open_origins(source, lines)


# Put together from pieces: the key of nobody, that no scanner shall take for one.
_KEY = "sk_" + "live_" + "4tR9wQ2mX7kZ1bV8nC3yL6pJ"

EXAMPLES = (
    Example("a key in a known format", "src/pay.ts", "", f'export const key = "{_KEY}";\n', caught=True),
    Example("a password written out", "app/db.py", "A = 1\n", 'A = 1\nDB_PASSWORD = "Tr4il-Mix!92"\n', caught=True),
    Example(
        "a shell command made of a value",
        "app/show.py",
        "def show(name):\n    subprocess.run(['ls', name])\n",
        "def show(name):\n    subprocess.run('ls ' + name, shell=True)\n",
        caught=True,
    ),
    Example(
        "SQL made of a value",
        "db/find.go",
        'package db\n\nfunc find(id string) {\n\trun("SELECT a FROM t WHERE id = $1", id)\n}\n',
        'package db\n\nfunc find(id string) {\n\trun("SELECT a FROM t WHERE id = " + id)\n}\n',
        caught=True,
    ),
    Example(
        "certificates not checked",
        "lib/get.rb",
        "def get(http)\n  http.start\nend\n",
        "def get(http)\n  http.verify_mode = OpenSSL::SSL::VERIFY_NONE\n  http.start\nend\n",
        caught=True,
    ),
    Example(
        "a check of rights taken out",
        "src/Doors.java",
        "class Doors {\n    void open(User user) {\n        if (!user.isAdmin()) {\n            throw new No();\n"
        "        }\n        door.open();\n    }\n}\n",
        "class Doors {\n    void open(User user) {\n        door.open();\n    }\n}\n",
        caught=True,
    ),
    Example("a place to fill in", "src/pay.ts", "", 'export const key = "your-key-here";\n', caught=False),
    Example("a key in a fixture", "tests/fixtures/pay.ts", None, f'export const key = "{_KEY}";\n', caught=False),
    Example("a key taken out", "src/pay.ts", f'const key = "{_KEY}";\n', "const key = read();\n", caught=False),
    Example("a comment that warns", "app/run.py", "A = 1\n", "A = 1\n# never eval(request.args)\n", caught=False),
    Example(
        "a value as a parameter",
        "db/find.py",
        "def find(name):\n    return None\n",
        "def find(name):\n    return run('SELECT a FROM t WHERE n = %s', (name,))\n",
        caught=False,
    ),
    Example(
        "a dangerous call that was there and moved",
        "app/run.py",
        "def run(text):\n    return eval(text)\n",
        "def run(text):\n    if text:\n        return eval(text)\n    return None\n",
        caught=False,
    ),
)

RULE = Rule(
    name="SECURITY_RISK",
    severity=Severity.CRITICAL,
    about="a secret written out, a dangerous call or setting added, or a check of rights taken away",
    judge=_judge,
    examples=EXAMPLES,
)
