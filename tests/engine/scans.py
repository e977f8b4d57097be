"""Scans in a thread of the test instead of in a process of its own, whose start costs more than most tests do."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import convert

from cockpit.engine import monitor, scanning
from cockpit.engine.findings import Findings
from cockpit.engine.scanner import ScanError, Scanner
from cockpit.errors import CockpitError
from cockpit.quality.apart import Judge
from cockpit.quality.policy import Judged
from cockpit.quality.scan import Scanned


class _Here:
    """Judges files as `Apart` does, without its process and its limits."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def judge(self, one: Judged, policy: str = "") -> Scanned:
        return self._judge(policy, one)

    def close(self) -> None:
        """There is nothing to end."""


class ScansHere(Scanner):
    """A scanner that answers as the scanning process would, and starts none."""

    def __init__(self) -> None:
        super().__init__()
        self._scanning = scanning.Scanning()

    async def get_ready(self) -> None:
        """It always is."""

    async def _ask(self, request: dict[str, Any]) -> Findings:
        try:
            answer = await asyncio.to_thread(self._scanning.answer, json.loads(json.dumps(request)))
        except CockpitError as error:
            raise ScanError(str(error)) from error
        return convert(json.loads(json.dumps(answer)), Findings)


def scanned_here() -> Iterator[None]:
    """Let the drivers of this process scan here for as long as it is iterated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "Apart", _Here)
        patch.setattr(monitor, "Scanner", ScansHere)
        yield
