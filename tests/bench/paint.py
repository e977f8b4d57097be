"""First paint of a plan on a terminal over that of a bare Textual app, and `--version` over an empty Python."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.bench.terminal import Terminal

BARE = """
from textual.app import App
from textual.widgets import DataTable

class Bare(App):
    def compose(self):
        yield DataTable()
    def on_mount(self):
        table = self.query_one(DataTable)
        table.add_columns(*(f"column {{n}}" for n in range(8)))
        for number in range({rows}):
            table.add_row(*(f"cell {{number}}.{{n}}" for n in range(8)))
        table.focus()

Bare().run()
"""
MARKER = b"cell 5.2"
BYTECODE = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


def bare_app(rows: int) -> list[str]:
    """Return the command of a bare Textual app with one DataTable."""
    return [sys.executable, "-c", BARE.format(rows=rows)]


def command_time(argv: Sequence[str]) -> float:
    """Return the seconds that a command takes from spawn to end."""
    start = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - start


def first_paint(argv: Sequence[str], marker: bytes, env: Mapping[str, str]) -> float:
    """Return the seconds from the spawn of a program until it has painted a marker."""
    terminal = Terminal(argv, env)
    try:
        return terminal.wait_for(marker)
    finally:
        terminal.close()


def paint_ratio(plan: Path, marker: bytes, env: Mapping[str, str], rounds: int = 9) -> tuple[float, float]:
    """Return the fastest first paint of the bare app and of `cockpit PLAN`, measured in turn.

    Both find their bytecode where the round before the first left it, as what pip installed does. The fastest is what
    the program costs; the rest is what else the machine did.
    """
    with tempfile.TemporaryDirectory(prefix="cockpit-bytecode-") as folder:
        kept = {name: value for name, value in env.items() if name not in BYTECODE}
        settled = {**kept, "PYTHONPYCACHEPREFIX": folder}
        bare, ours = [], []
        for _ in range(rounds + 1):
            bare.append(first_paint(bare_app(6), MARKER, settled))
            ours.append(first_paint([sys.executable, "-m", "cockpit", str(plan)], marker, settled))
    return min(bare[1:]), min(ours[1:])


def version_ratio(rounds: int = 15) -> tuple[float, float]:
    """Return the median time of `python -c pass` and of `cockpit --version`, measured in turn."""
    empty, ours = [], []
    program = str(Path(sys.executable).with_name("cockpit"))
    for _ in range(rounds):
        empty.append(command_time([sys.executable, "-c", "pass"]))
        ours.append(command_time([program, "--version"]))
    return median(empty), median(ours)
