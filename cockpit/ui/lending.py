"""Lends the terminal to another program until that ends; the screen then goes on as it was. Chooses no program.

While the terminal is lent the screen follows the driver and writes nothing: Textual's writer is stopped meanwhile, and
would block the event loop once its queue is full.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import CockpitError
from cockpit.process import clean_environment
from cockpit.ui.looks import line

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

PATIENCE_S = 2.0


async def lend(app: "CockpitApp", argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """Run a program in the screen's terminal and return its exit code.

    `env` replaces the whole environment (default: the clean one). Raises CockpitError.
    """
    if app.is_web:
        hint = "do it in a terminal of the machine that cockpit runs on"
        raise CockpitError("a browser has no terminal to lend to a program", hint=hint)
    if app.lent:
        raise CockpitError("the terminal is lent to another program already", hint="leave that one first")
    code, failed = 0, None
    app.lent = True
    try:
        with app.batch_update(), _interrupts_are_its_own(), app.suspend():
            try:
                code = await _ended(argv, cwd, clean_environment() if env is None else env)
            except BaseException as error:  # noqa: BLE001 - raised below: Textual would leave the terminal suspended
                failed = error
            take_back(sys.__stdin__.fileno() if sys.__stdin__ is not None else -1)
    finally:
        app.lent = False
        app.returned()
    if isinstance(failed, OSError):
        what = f"`{line(Path(argv[0]).name)}` cannot be started: {failed.strerror}"
        raise CockpitError(what, hint="is it installed, and on the PATH?") from failed
    if failed is not None:
        raise failed
    return code


async def _ended(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(*argv, cwd=cwd, env=dict(env))
    try:
        return await process.wait()
    finally:
        if process.returncode is None:  # the screen ends, and gives the terminal back to who opened it
            process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await process.wait()


def take_back(terminal: int) -> None:
    """Read the terminal's keys again: a program that was killed gave it back to nobody, and what it began has it still.

    Without that the screen would be stopped, for good, as it writes to the terminal from behind.
    """
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        with suppress(OSError):  # it is no terminal, or gone
            os.tcsetpgrp(terminal, os.getpgrp())
    finally:
        signal.signal(signal.SIGTTOU, before)


@contextmanager
def _interrupts_are_its_own() -> Iterator[None]:
    """Let ctrl+c in the other program not end the screen, which is in the same group of processes."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
