"""The table of rooms in the design, proven twice: by what the source says, and by what a fresh interpreter loads."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cockpit.schedule.facts import PlanLoaded
from cockpit.schedule.outline import LegOutline, Outline, WorkstreamOutline
from cockpit.schedule.snapshot import Snapshot
from cockpit.store.journal import Journal
from cockpit.store.paths import state_folder

ROOT = Path(__file__).resolve().parents[2]
COCKPIT = ROOT / "cockpit"
BASE = frozenset({"errors", "clock", "safetext", "process", "filelock", "processtree", "globs", "redaction"})
ROOMS: dict[str, frozenset[str]] = {
    "base": frozenset(),
    "plan": frozenset({"base"}),
    "schedule": frozenset({"base", "plan"}),
    "forecast": frozenset({"base", "plan", "schedule"}),
    "metrics": frozenset({"base", "plan", "schedule"}),
    "store": frozenset({"base", "schedule"}),
    "git": frozenset({"base"}),
    "agents": frozenset({"base", "plan"}),
    "quality": frozenset({"base", "plan"}),
    "engine": frozenset({"base", "plan", "schedule", "forecast", "metrics", "store", "git", "agents", "quality"}),
    "ui": frozenset({"base", "plan", "schedule", "forecast", "metrics", "engine.client"}),
    "cli": frozenset({"base", "plan", "schedule", "forecast", "metrics", "store", "git", "agents", "quality"})
    | {"engine", "engine.client", "ui"},
}
CLIENT = frozenset({"client", "handle"})
ONLY_IN = {"textual": "ui", "git": "git", "gitdb": "git"}


def room_of(module: str) -> str:
    """Return the room that a module of cockpit belongs to; the package itself belongs to none."""
    parts = module.split(".")[1:]
    if not parts or parts[0] == "__main__":
        return ""
    if parts[0] in BASE:
        return "base"
    if parts[0] == "engine" and len(parts) > 1 and parts[1] in CLIENT:
        return "engine.client"
    return parts[0]


def module_of(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@functools.cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Return the line and the module of everything that a source file imports, inside functions too."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            start = ".".join(above[: len(above) - node.level + 1]) if node.level else ""
            name = ".".join(part for part in (start, node.module or "") if part)
            for alias in node.names:
                inner = f"{name}.{alias.name}"
                yield node.lineno, inner if name.startswith("cockpit") and is_module(inner) else name


SOURCES = sorted(path for path in COCKPIT.rglob("*.py") if "__pycache__" not in path.parts)


def test_the_walk_sees_the_rooms() -> None:
    rooms = {room_of(module_of(path)) for path in SOURCES}
    assert {"base", "plan", "schedule", "forecast", "store", "git", "agents", "engine", "ui", "cli"} <= rooms
    assert ("cockpit.schedule.facts" in {name for _, name in imports(COCKPIT / "schedule" / "fold.py")}) is True


def test_a_room_imports_only_what_its_row_names() -> None:
    wrong = []
    for path in SOURCES:
        room = room_of(module_of(path))
        own = room.partition(".")[0]
        assert own in ROOMS or not room, f"{path} is in a room that the design does not know"
        wrong += [
            f"{path.relative_to(ROOT)}:{line} imports {name}"
            for line, name in imports(path)
            if room
            and name.split(".")[0] == "cockpit"
            and (other := room_of(name))
            and other.partition(".")[0] != own
            and other not in ROOMS[own]
        ]
    assert not wrong


def test_a_library_stays_in_its_room() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in SOURCES
        for line, name in imports(path)
        if (home := ONLY_IN.get(name.split(".")[0])) and home != room_of(module_of(path)).partition(".")[0]
    ]
    assert not wrong


def test_nothing_imports_the_command_line_but_the_entry_point() -> None:
    outside = [path for path in SOURCES if room_of(module_of(path)) not in ("", "cli")]
    assert not [(path, name) for path in outside for _, name in imports(path) if room_of(name) == "cli"]


HEAVY = ("textual", "rich", "pydantic", "git", "yaml", "watchfiles", "cyclopts", "psutil", "asyncio")
HEAVY_FOR_THE_CORE = ("textual", "rich", "pydantic", "git", "yaml", "watchfiles", "cyclopts", "psutil")


NOT_FOR_THE_FIRST_PAINT = (
    *("pydantic", "git", "yaml", "watchfiles", "cyclopts", "psutil", "tree_sitter", "pygments", "hashlib"),
    *("cockpit.git", "cockpit.agents", "cockpit.quality", "cockpit.forecast", "cockpit.process", "cockpit.plan.model"),
    *("cockpit.plan.load", "cockpit.engine.project", "cockpit.engine.driver", "cockpit.engine.loop"),
    *("cockpit.ui.ordering", "cockpit.ui.screens.confirm", "cockpit.ui.screens.help", "cockpit.ui.screens.palette"),
    *("cockpit.ui.screens.workstream", "cockpit.ui.screens.ways", "cockpit.ui.screens.commands"),
    *("cockpit.ui.screens.quarantine", "cockpit.ui.screens.release", "cockpit.ui.screens.diff"),
    *("cockpit.ui.screens.merges", "cockpit.ui.widgets.filterline"),
    *(
        "cockpit.ui.screens.forecast",
        "cockpit.ui.screens.journal",
        "cockpit.ui.screens.log",
        "cockpit.ui.screens.asked",
    ),
    *("cockpit.ui.gantt", "cockpit.ui.outlooks", "cockpit.ui.past", "cockpit.metrics", "textual_plotext", "plotext"),
)


def loaded_by(modules: list[str], heavy: tuple[str, ...]) -> set[str]:
    """Return which of the heavy libraries a fresh interpreter has loaded after importing modules."""
    code = "import importlib, sys\nfor name in sys.argv[1].split(','): importlib.import_module(name)\n"
    code += "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(modules)], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split()) & set(heavy)


def modules_in(room: str) -> list[str]:
    return [module_of(path) for path in SOURCES if room_of(module_of(path)) == room]


def test_the_entry_point_loads_nothing_heavy() -> None:
    assert loaded_by(["cockpit", "cockpit.__main__"], (*HEAVY, "dataclasses")) == set()


@pytest.mark.parametrize("room", ["schedule", "forecast"])
def test_the_pure_core_loads_no_library(room: str) -> None:
    assert loaded_by(modules_in(room), HEAVY) == set()


def test_the_store_loads_no_library() -> None:
    assert loaded_by(modules_in("store"), HEAVY_FOR_THE_CORE) == set()


def test_the_base_room_loads_no_screen_and_no_git() -> None:
    assert loaded_by(modules_in("base"), ("textual", "pydantic", "git", "yaml")) == set()


@pytest.mark.parametrize("room", ["plan", "git", "agents", "quality", "engine", "engine.client", "cli"])
def test_no_room_but_the_screen_loads_textual(room: str) -> None:
    found = loaded_by(modules_in(room), ("textual", "git"))
    assert "textual" not in found
    if room not in ("git", "engine", "cli"):
        assert "git" not in found


FIRST_PAINT = """
import os, sys
from pathlib import Path
from cockpit.cli.known import known_state
from cockpit.engine.client import LazyHandle
from cockpit.ui.app import CockpitApp

class Painted(CockpitApp):
    def _display(self, screen, update):
        os.write(1, " ".join(sys.modules).encode() + b"\\n")  # what is printed is the app's
        os._exit(0)  # nothing is to come after it: no driver is started

plan = Path(sys.argv[1])
state, first = known_state(plan)
Painted(LazyHandle(plan, state), first).run(headless=True)
"""


def test_the_first_paint_loads_only_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    plan = tmp_path / "plan.yaml"
    plan.write_text("name: p\n")
    outline = Outline("p", workstreams=(WorkstreamOutline("a", legs=("a",)),), legs=(LegOutline("a", "a"),))
    state = state_folder(tmp_path, "p")
    state.make()
    journal = Journal(state.journal)
    journal.append(Snapshot(), [PlanLoaded(str(plan), plan.read_text(), outline)], 1.0)
    journal.close()
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT, plan], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split("\n")[0].split()
    assert {"textual", "cockpit.ui.app", "cockpit.store.journal"} <= set(loaded)
    found = {name for name in loaded for one in NOT_FOR_THE_FIRST_PAINT if name == one or name.startswith(f"{one}.")}
    assert found == set()


def test_agents_are_supervised_with_the_standard_library_alone() -> None:
    assert loaded_by(["cockpit.agents.supervisor"], HEAVY_FOR_THE_CORE) == set()
