"""The imports gate: what it finds in small trees, and above all what it must let pass."""

from collections.abc import Mapping, Sequence

import pytest

from cockpit.quality.change import Change
from cockpit.quality.files import Files
from cockpit.quality.imports import imports_rule

PYTHON = {
    "pyproject.toml": '[project]\nname = "app"\ndependencies = ["redis>=5"]\n',
    "app/__init__.py": "from .core import run\nVERSION = 1\n",
    "app/core.py": "def run(): ...\n",
    "app/sub/__init__.py": "",
    "app/sub/leaf.py": "x = 1\n",
    "app/plain/leaf.py": "",
    "app/lazy/__init__.py": "def __getattr__(name): ...\n",
    "app/_native.cpython-311.so": "",
    "src/inner/__init__.py": "",
    "src/inner/one.py": "",
    "redis/__init__.py": "",
    "docs/conf.py": "",
}
SCRIPTS = {
    "package.json": "{}",
    "tsconfig.json": '{\n// ours\n"compilerOptions": {"baseUrl": ".", "paths": {"@/*": ["./src/*"]},}}',
    "src/main.ts": "",
    "src/util.ts": "",
    "src/both.d.ts": "",
    "src/view.vue": "",
    "src/look.module.css": "",
    "src/logo.svg": "",
    "src/data.json": "{}",
    "src/parts/index.tsx": "",
    "src/native.ios.js": "",
}


def found(
    tree: Mapping[str, str],
    path: str,
    text: str,
    *,
    before: Mapping[str, str] | None = None,
    ignored: Sequence[str] = (),
) -> list[str]:
    """Return the imports of a changed file that lead to nothing."""
    after = {**tree, path: text}
    earlier = before or {}
    rule = imports_rule(
        Files(earlier, earlier.__getitem__),
        Files(after, after.__getitem__, lambda paths: bool(set(paths) & set(ignored))),
    )
    return [
        one.message.removesuffix(" is not in this repository")
        for one in rule.judge(Change(path, earlier.get(path), text))
    ]


@pytest.mark.parametrize(
    ("path", "text", "missing"),
    [
        ("app/new.py", "from .gone import x", ".gone"),
        ("app/new.py", "from . import gone", ".gone"),
        ("app/__init__.py", "from . import gone", ".gone"),
        ("app/sub/new.py", "from ..gone import x", "..gone"),
        ("app/sub/new.py", "from .. import gone", "..gone"),
        ("app/new.py", "import app.gone", "app.gone"),
        ("app/new.py", "from app.sub.gone import x", "app.sub.gone"),
        ("app/new.py", "from app.sub import gone", "app.sub.gone"),
        ("tests/test_it.py", "from inner.gone import x", "inner.gone"),
        ("app/new.py", "def f():\n    from .gone import x\n", ".gone"),
    ],
)
def test_a_python_import_that_leads_to_nothing_is_found(path: str, text: str, missing: str) -> None:
    assert found(PYTHON, path, text) == [missing]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/new.py", "from .core import anything"),
        ("app/new.py", "from . import core, VERSION, run"),
        ("app/new.py", "from .sub import leaf\nfrom .sub.leaf import x"),
        ("app/new.py", "from .plain import leaf\nfrom app.plain.leaf import y"),
        ("app/new.py", "from .lazy import whatever\nimport app.lazy.more"),
        ("app/new.py", "from ._native import fast\nfrom ._version import version\nfrom .x_pb2 import Message"),
        ("app/new.py", "from ..app import core\nfrom ...above import all"),
        ("app/new.py", "import os.gone, numpy.gone, json\nfrom requests import gone"),
        ("app/new.py", "from redis.asyncio import Redis"),
        ("app/new.py", "try:\n    from .gone import x\nexcept ImportError:\n    from .other import x"),
        ("app/new.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .gone import X"),
        ("app/new.py", "with suppress(ImportError):\n    from .gone import x"),
        ("app/new.py", "import sys\nsys.path.insert(0, '..')\nimport app.gone"),
        ("tests/test_it.py", "from inner.one import x\nfrom inner import one\nimport app"),
        ("tests/fixtures/bad.py", "from .gone import x"),
        ("app/new.py", "from .gone import"),
        ("{{name}}/main.py", "from .gone import x"),
        ("script.py", "from .gone import x"),
        ("app/nest/new.py", "from .sub import leaf\n"),
    ],
)
def test_what_is_right_or_unsure_in_python_passes(path: str, text: str) -> None:
    tree = {**PYTHON, "app/nest/sub/leaf.py": ""}
    assert found(tree, path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "missing"),
    [
        ("src/new.ts", 'import { x } from "./gone"', "./gone"),
        ("src/new.tsx", 'import x from "../gone.svg"', "../gone.svg"),
        ("src/new.js", 'const x = require("./gone")', "./gone"),
        ("src/new.mjs", 'export * from "./gone.js"', "./gone.js"),
        ("src/new.ts", 'import type { X } from "./parts/gone"', "./parts/gone"),
        ("src/new.ts", 'const p = () => import("./gone")', "./gone"),
        ("src/new.ts", 'import x = require("./gone")', "./gone"),
        ("src/new.ts", 'import x from "@/gone"', "@/gone"),
        ("src/new.ts", 'import "./gone.css"', "./gone.css"),
        ("src/new.vue", '<script lang="ts">\nimport x from "./gone"\n</script>\n', "./gone"),
    ],
)
def test_a_script_import_that_leads_to_nothing_is_found(path: str, text: str, missing: str) -> None:
    assert found(SCRIPTS, path, text) == [missing]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/new.ts", 'import a from "./util"\nimport b from "./util.js"\nimport c from "./util.ts"\nimport "./both"'),
        ("src/new.ts", 'import p from "./parts"\nimport q from "./parts/index"\nimport r from "./parts/"\nimport "."'),
        ("src/new.ts", 'import v from "./view.vue"\nimport l from "./look.module.css"\nimport s from "./logo.svg?raw"'),
        ("src/new.ts", 'import d from "./data.json"\nimport n from "./native"\nimport x from "@/util"'),
        ("src/new.ts", 'import react from "react"\nimport y from "@scope/gone"\nimport z from "node:fs"\nimport "#in"'),
        ("src/new.js", 'try { require("./gone") } catch {}\nif (x) require("./gone")\nimport("./gone").catch(() => 0)'),
        ("src/new.ts", 'import x from "../dist/gone"\nimport y from "./$types"\nimport z from "./__generated__/q"'),
        ("src/new.ts", 'mock("./gone", f, { virtual: true })\nimport x from "./gone"'),
        ("src/new.ts", 'const s = `import "./gone"`\n// import "./gone"\nfoo("./gone")\nrequire(name)'),
        ("src/new.ts", 'import { x from "./gone"'),
        ("src/new.js", 'import x from "!!raw-loader!./gone"\nimport y from "../../above"'),
        ("node_modules/a/index.js", 'import "./gone"'),
    ],
)
def test_what_is_right_or_unsure_in_scripts_passes(path: str, text: str) -> None:
    assert found(SCRIPTS, path, text) == []


def test_what_git_ignores_is_made_by_a_build() -> None:
    assert found(PYTHON, "app/new.py", "from .made import x", ignored=["app/made.py"]) == []
    assert found(SCRIPTS, "src/new.ts", 'import "./made"', ignored=["src/made.js"]) == []


def test_an_import_that_was_broken_before_is_not_this_change() -> None:
    text = "from .gone import x\n"
    assert found(PYTHON, "app/old.py", f"{text}y = 1\n", before={**PYTHON, "app/old.py": text}) == []


def test_a_module_that_the_change_took_away_is_missed_where_it_is_still_imported() -> None:
    text = "from .gone import x\n"
    before = {**PYTHON, "app/gone.py": "", "app/old.py": text}
    assert found(PYTHON, "app/old.py", f"{text}y = 1\n", before=before) == [".gone"]


def test_a_dependency_of_the_same_name_is_not_the_repository_own() -> None:
    assert found(PYTHON, "app/new.py", "import redis.gone") == []
    own = {**PYTHON, "pyproject.toml": '[project]\nname = "app"\n'}
    assert found(own, "app/new.py", "import redis.gone") == ["redis.gone"]
