"""A scratch repository with a plan, and the commands that tests run on it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli import shapes
from cockpit.cli.main import run
from tests.unit.cli_schema_check import misfits

DEADLINE_S = 30.0
AGENT = """
echo "hello from $COCKPIT_WORKSTREAM \033[31mred\033[0m \033]0;title\007"
echo "careful" >&2
cat > /dev/null
[ "$COCKPIT_WORKSTREAM" = slow ] && while [ ! -e "$COCKPIT_WORKTREE/../go" ]; do sleep 0.05; done
[ "$COCKPIT_WORKSTREAM" = bad ] && exit 3
echo "$COCKPIT_WORKSTREAM" > "$COCKPIT_WORKSTREAM.txt"
"""
HEAD = """
name: tiny
agents:
  coder: {run: ["sh", "agent.sh"], slots: 2}
limits: {retries: 0, min_free_disk: 1MB}
gates: []
"""


@dataclass
class Desk:
    """A scratch repository with a plan, and what the commands on it print."""

    repo: Path
    plan: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, command: str, *words: str) -> tuple[int, str, str]:
        """Run a command on the plan and return its exit code, stdout and stderr."""
        self.capsys.readouterr()
        code = run([*command.split(), str(self.plan), *words])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def json(self, command: str, *words: str, code: int = 0) -> Any:
        """Run a command with --json and return its one document."""
        found, out, err = self(command, *words, "--json")
        assert found == code, err
        return json.loads(out)

    def status(self) -> dict[str, Any]:
        """Return the status, after checking that it fits its schema."""
        found: dict[str, Any] = self.json("status")
        assert misfits(found, shapes.schema_of("status")) == []
        return found

    def workstream(self, key: str) -> dict[str, Any]:
        """Return a workstream of the status."""
        one: dict[str, Any] = next(one for one in self.status()["workstreams"] if one["id"] == key)
        return one

    def until(self, fact: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        deadline = time.monotonic() + DEADLINE_S
        while not fact():
            assert time.monotonic() < deadline, self("facts")[1]
            time.sleep(0.05)

    def trust(self) -> None:
        """Trust the plan."""
        assert self("trust", "--yes")[0] == 0
