"""The driver's side of the scanning process: one request at a time, ended and started anew when it does not answer."""

import asyncio
import contextlib
import json
import os
import sys
from collections import Counter
from typing import Any

from msgspec import ValidationError, convert

from cockpit.agents.environment import passed
from cockpit.engine.findings import Findings
from cockpit.errors import CockpitError

SILENT_S = 60.0  # without a word; a single file has a limit of its own, and each one is told
TRIES = 7
_NEEDED = ("PYTHONPATH", "XDG_CONFIG_HOME")  # where cockpit is, and what git leaves out for this user
_LINE = 64 * 1024 * 1024


class ScanError(CockpitError):
    """A worktree could not be scanned."""


class _GoneError(Exception):
    """The scanning process ended, or did not answer, while it was at a file (empty: at none)."""

    def __init__(self, at: str, why: str, blame: int) -> None:
        super().__init__(why)
        self.at = at
        self.blame = blame


class Scanner:
    """One scanning process, started when it is first needed.

    It gets no secrets of the driver's environment, and ends with the driver: its input ends then. One that was killed
    is started anew and asked again; a file at which it ended twice, or hung, is left out and told as not scanned.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self.at = ""  # the file that is being looked at

    @property
    def pid(self) -> int:
        """The process id of the scanning process; 0 where none runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def get_ready(self) -> None:
        """Start the scanning process, so that the first scan does not wait for it; a fault is the scan's to tell."""
        async with self._turn:
            with contextlib.suppress(OSError):
                await self._running()

    async def scan(self, request: dict[str, Any]) -> Findings:
        """Return what the scanning process finds. Raises ScanError where it cannot, or does not answer."""
        blamed: Counter[str] = Counter()
        why = ""
        for _ in range(TRIES):
            left_out = [path for path, times in blamed.items() if times > 1 and path]
            async with self._turn:
                try:
                    return await self._ask({**request, "leave_out": left_out})
                except _GoneError as gone:
                    why = f"{gone}{f', at {gone.at}' if gone.at else ''}"
                    blamed[gone.at] += gone.blame
                    await self._end()
                except ScanError:
                    raise  # its answer was read to the end: the process is fit for the next request
                except BaseException:
                    await self._end()  # its answer would be taken for that of the next request
                    raise
        raise ScanError(f"the scan does not come to an end: {why}", hint="see the driver's log; `retry` scans again")

    async def _ask(self, request: dict[str, Any]) -> Findings:
        self.at = ""
        try:
            process = await self._running()
            assert process.stdin is not None  # noqa: S101  # both are pipes: see _running
            assert process.stdout is not None  # noqa: S101
            async with asyncio.timeout(SILENT_S):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                await process.stdin.drain()
            while True:
                async with asyncio.timeout(SILENT_S):
                    line = await process.stdout.readline()
                if not line:
                    raise _GoneError(self.at, "the scanning process ended", 1)
                answer = json.loads(line)
                if "at" not in answer:
                    break
                self.at = answer["at"]
        except TimeoutError as error:
            raise _GoneError(self.at, f"no word for {SILENT_S:g} s", 2) from error
        except (OSError, ValueError) as error:
            raise _GoneError(self.at, f"{type(error).__name__}: {error}", 1) from error
        if "error" in answer:
            raise ScanError(answer["error"])
        try:
            return convert(answer, Findings)
        except ValidationError as error:
            raise ScanError(f"the scan's answer cannot be read: {error}") from error

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cockpit.engine.scanning",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE,
                cwd="/",
                env=passed(_NEEDED, os.environ),
                start_new_session=True,  # a terminal's interrupt is the driver's to deal with
            )
        return self._process

    async def close(self) -> None:
        """End the scanning process; a scan that is under way fails."""
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
