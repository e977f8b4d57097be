"""Which imports of a Python module lead to no module of its repository; never imports anything."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence

from cockpit.quality.files import Files, Missing, join, split
from cockpit.quality.source import Source

_ROOTS = ("src", "lib", "python")
_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")
_NATIVE = frozenset({"Cargo.toml", "CMakeLists.txt", "meson.build"})
_DYNAMIC = re.compile(
    r"__getattr__|__path__|sys\.modules|globals\(|locals\(|vars\(|import_module|__import__|\bexec\(|setattr|[Ll]azy|"
    r"import\s+\*|\.__dict__|find_packages_in|pkgutil"
)
_MADE = re.compile(r"^_|_pb2(_grpc)?$|^version$|_rc$|^ui_|generated|^resources?$")
"""Names of modules that a build makes, or that are written in another language."""
_NAME = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)")


def missing(source: Source, files: Files) -> Iterator[Missing]:
    """Yield the imports that lead to nothing; those under a condition or a handler of errors are let pass."""
    try:
        tree = ast.parse(source.text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    own_path = "sys.path" in source.text
    for node in _imports(tree.body):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield from _relative(source, node, files)
        elif own_path:
            continue
        elif isinstance(node, ast.ImportFrom):
            for name in _unresolved(node.module or "", [one.name for one in node.names], files):
                yield _at(node, name)
        else:
            for alias in node.names:
                for name in _unresolved(alias.name, [], files):
                    yield _at(node, name)


def _imports(body: Sequence[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from _imports(node.body)


def _at(node: ast.stmt, name: str, would_do: tuple[str, ...] = ()) -> Missing:
    paths = would_do or tuple(
        join(root, name.replace(".", "/") + end) for root in ("", "src") for end in (".py", "/__init__.py")
    )
    return Missing(node.lineno, node.col_offset + 1, name, paths)


# --- absolute -------------------------------------------------------------------------------------------------------


def _unresolved(dotted: str, names: Sequence[str], files: Files) -> Iterator[str]:
    top = dotted.partition(".")[0]
    if top in sys.stdlib_module_names or not _is_own(top, files):
        return
    homes = files.homes.get(top, set())
    parts = dotted.split(".")
    if not any(_walks(home, parts, files) for home in homes):
        yield dotted
        return
    for name in names:
        if not any(_has(home, parts, name, files) for home in homes):
            yield f"{dotted}.{name}"


def _is_own(top: str, files: Files) -> bool:
    """Tell whether a package is surely the repository's own: a regular one, at a root, that nothing else provides."""
    roots = _roots(files)
    own = [root for root in roots if "__init__.py" in files.folders.get(join(root, top), ())]
    if not own or top.lower().replace("_", "-") in _declared(roots, files):
        return False
    return not any(_NATIVE & files.folders.get(root, set()) or "Extension(" in files.text(join(root, "setup.py"))
                   for root in roots)  # fmt: skip


def _roots(files: Files) -> tuple[str, ...]:
    projects = {"", *(split(one)[0] for one in files.paths if split(one)[1] in _PROJECT)}
    return tuple(sorted({*projects, *(join(one, inner) for one in projects for inner in _ROOTS)}))


def _declared(roots: Sequence[str], files: Files) -> set[str]:
    """Return the names of what the repository says that it needs installed."""
    lines: list[str] = []
    for root in roots:
        lines += _of_pyproject(files.text(join(root, "pyproject.toml")))
        lines += files.text(join(root, "setup.cfg")).splitlines()
        lines += re.findall(
            r"['\"]([^'\"\n]+)['\"]", files.text(join(root, "setup.py")).partition("install_requires")[2]
        )
        for name in files.folders.get(root, ()):
            if "requirements" in name and name.endswith((".txt", ".in")):
                lines += files.text(join(root, name)).splitlines()
    return {found[1].lower().replace("_", "-") for one in lines if (found := _NAME.match(one))}


def _of_pyproject(text: str) -> list[str]:
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return []
    project, groups = given.get("project", {}), given.get("dependency-groups", {})
    poetry = given.get("tool", {}).get("poetry", {})
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values(), *groups.values()]
    tables = [poetry, *poetry.get("group", {}).values()]
    return [
        *(one for some in lists for one in some if isinstance(one, str)),
        *(name for one in tables for kind in ("dependencies", "dev-dependencies") for name in one.get(kind, {})),
    ]


# --- relative -------------------------------------------------------------------------------------------------------


def _relative(source: Source, node: ast.ImportFrom, files: Files) -> Iterator[Missing]:
    base = split(source.path)[0]
    for _ in range(node.level - 1):
        if not base:
            return  # above the repository: run from elsewhere
        base = split(base)[0]
    if not base or (_is_spread(base, files)):
        return
    parts = (node.module or "").split(".") if node.module else []
    said = f"{'.' * node.level}{node.module or ''}"
    stem = join(base, *parts)
    if not _walks(base, parts, files):
        yield _at(node, said, (f"{stem}.py", f"{stem}/__init__.py"))
        return
    for alias in node.names:
        if not _holds(stem, alias.name, files, beside=(source, node)):
            would_do = (f"{stem}/{alias.name}.py", f"{stem}/{alias.name}/__init__.py")
            yield _at(node, f"{said}{'.' if parts else ''}{alias.name}", would_do)


def _is_spread(folder: str, files: Files) -> bool:
    """Tell whether a package may have parts elsewhere: it has no `__init__`, and a namesake has none either."""
    if "__init__.py" in files.folders.get(folder, ()):
        return False
    name = split(folder)[1]
    return len(files.homes.get(name, ())) > 1


# --- both -----------------------------------------------------------------------------------------------------------


def _walks(base: str, parts: Sequence[str], files: Files) -> bool:
    """Tell whether a row of names leads to a module or package, as far as can be told."""
    at = base
    for number, part in enumerate(parts):
        below = join(at, part)
        if below in files.folders:
            at = below
        elif files.has_stem(below):
            last = number == len(parts) - 1
            return last or f"{below}.py" not in files.paths or bool(_DYNAMIC.search(files.text(f"{below}.py")))
        else:
            return bool(_MADE.search(part)) or bool(_DYNAMIC.search(_init(at, files)))
    return True


def _has(home: str, parts: Sequence[str], name: str, files: Files) -> bool:
    return _walks(home, parts, files) and _holds(join(home, *parts), name, files)


def _holds(stem: str, name: str, files: Files, beside: "tuple[Source, ast.ImportFrom] | None" = None) -> bool:
    """Tell whether a package has a name, as a module or in its `__init__`; what a module defines is not looked at."""
    if name == "*" or stem not in files.folders or f"{stem}.py" in files.paths:
        return True
    if join(stem, name) in files.folders or files.has_stem(join(stem, name)) or _MADE.search(name):
        return True
    text = _init(stem, files)
    if beside is not None and split(beside[0].path)[0] == stem and split(beside[0].path)[1].startswith("__init__."):
        lines = text.splitlines()
        del lines[beside[1].lineno - 1 : beside[1].end_lineno]  # that a package imports a name does not define it
        text = "\n".join(lines)
    return bool(re.search(rf"\b{re.escape(name)}\b", text) or _DYNAMIC.search(text))


def _init(folder: str, files: Files) -> str:
    return "\n".join(files.text(join(folder, name)) for name in ("__init__.py", "__init__.pyi", "__init__.pyx"))
