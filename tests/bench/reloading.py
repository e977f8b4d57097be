"""The real program over a plan of 1,000 workstreams that changes under it, and over a journal of 100,000 facts.

`python -m tests.bench.reloading PLAN STATE` is its driver, which keeps how long the longest turn of its loop was.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from cockpit.engine import driver
from cockpit.engine.client import driver_pid
from cockpit.engine.project import open_project
from cockpit.schedule import facts as f
from cockpit.store.journal import Journal
from cockpit.store.paths import StateFolder
from tests.bench import flying
from tests.bench.terminal import Terminal
from tests.plans import generated

ROWS, FACTS, ROUNDS = 1000, 100_000, 5
SETTLED_S, BETWEEN_S = 5.0, 2.0
TITLE = "Workstream number 0"


def plan_in(folder: Path, env: Mapping[str, str]) -> tuple[Path, StateFolder]:
    """Return a trusted plan and its state folder, with a long journal."""
    plan = folder / "plan.yaml"
    plan.write_text(generated(ROWS))
    for command in ("trust", "--yes"), ("drain",):
        subprocess.run([sys.executable, "-m", "cockpit", *command, str(plan)], env=env, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)  # fmt: skip
    state = open_project(plan).state
    _end_driver(state)
    journal = Journal(state.journal)
    snapshot = journal.snapshot()
    facts = [fact for _ in range(FACTS // 2) for fact in (f.AgentLimitChanged(2), f.AgentLimitChanged(3))]
    snapshot, _ = journal.append(snapshot, facts, snapshot.at)
    journal.checkpoint(snapshot)
    journal.close()
    return plan, state


def reload_times(folder: Path, env: Mapping[str, str]) -> tuple[float, float, float, float, float]:
    """Return the seconds from the write of a changed plan to its paint, and of the slowest key meanwhile, as medians.

    One title is changed and one workstream added each time. After them those of the keys of the forecast's and of the
    journal's page, and the longest turn of the driver's loop, in seconds of processor.
    """
    plan, state = plan_in(folder, env)
    text = plan.read_text()
    turns = folder / "turns"
    argv = [sys.executable, "-m", "tests.bench.reloading", str(plan), str(state.path)]
    subprocess.Popen(argv, env={**env, flying.TURNS: str(turns)})
    while not driver_pid(state):
        os.sched_yield()
    screen = Terminal([sys.executable, "-m", "cockpit", str(plan)], env)
    shown, slowest = [], []
    try:
        screen.wait_for(b"ws-0")
        screen.drain(SETTLED_S)
        forecast = screen.key_until(b"6", re.compile(rb"schedule|reckoning"))
        screen.drain(BETWEEN_S)
        journal = screen.key_until(b"7", re.compile(rb"journal|asking"))
        screen.drain(BETWEEN_S)
        screen.press(b"\x1b")
        screen.drain(BETWEEN_S)
        for number in range(ROUNDS):
            text = text.replace(f"title: {TITLE}\n", f"title: Renamed {number}\n") if not number else text.replace(
                f"title: Renamed {number - 1}\n", f"title: Renamed {number}\n"
            )  # fmt: skip
            text += f"  - id: added-{number}\n    title: Added {number}\n"
            plan.write_text(text)
            seconds, keys = screen.meanwhile((b"j", b"k"), f"Renamed {number}".encode())
            shown.append(seconds)
            slowest.append(max(keys))
            screen.drain(BETWEEN_S)
        return median(shown), median(slowest), forecast, journal, float(turns.read_text())
    finally:
        screen.close()
        _end_driver(state)


def _end_driver(state: StateFolder) -> None:
    pid = driver_pid(state)
    if pid:
        os.kill(pid, signal.SIGTERM)
        while driver_pid(state):
            os.sched_yield()


if __name__ == "__main__":
    flying.time_turns(Path(os.environ[flying.TURNS]), SETTLED_S)
    driver.main()
