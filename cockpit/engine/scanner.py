"""The driver's side of the scanning process: one request at a time, ended and started anew when it does not answer."""

import asyncio
import contextlib
import json
import sys
from typing import Any

from msgspec import Struct, convert

from cockpit.errors import CockpitError

ANSWER_S = 120.0  # for one worktree; a single file has a limit of its own
_LINE = 64 * 1024 * 1024


class ScanError(CockpitError):
    """A worktree could not be scanned."""


class Finding(Struct, frozen=True):
    """A violation as the scanning process tells it."""

    rule: str
    severity: str
    path: str
    line: int = 0
    excerpt: str = ""
    message: str = ""
    missing: tuple[str, ...] = ()
    fingerprint: str = ""


class Findings(Struct, frozen=True):
    """What a scan of one worktree found; `allowed` holds rule, path, line and reason, `skipped` path → why."""

    violations: tuple[Finding, ...] = ()
    allowed: tuple[tuple[str, str, int, str], ...] = ()
    skipped: dict[str, str] = {}
    paths: tuple[str, ...] = ()


class Scanner:
    """One scanning process, started when it is first needed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def scan(self, request: dict[str, Any]) -> Findings:
        """Return what the scanning process finds. Raises ScanError where it cannot, or does not answer."""
        async with self._turn:
            process = await self._running()
            assert process.stdin is not None  # noqa: S101  # both are pipes: see _running
            assert process.stdout is not None  # noqa: S101
            try:
                async with asyncio.timeout(ANSWER_S):
                    process.stdin.write(json.dumps(request).encode() + b"\n")
                    await process.stdin.drain()
                    line = await process.stdout.readline()
            except (TimeoutError, OSError, ValueError) as error:
                await self._end()
                raise ScanError(f"the scan did not answer: {type(error).__name__}") from error
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for that of the next request
                raise
        if not line:
            await self.close()
            raise ScanError("the scanning process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise ScanError(answer["error"])
        return convert(answer, Findings)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cockpit.engine.scanning",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE,
            )
        return self._process

    async def close(self) -> None:
        """End the scanning process."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
