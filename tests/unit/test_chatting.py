"""What is typed in a talk, wherever it comes from."""

import asyncio
import os
import sys

import pytest

from cockpit.cli import chatting

pytestmark = pytest.mark.anyio


async def typed() -> list[str]:
    lines, found = chatting._typed(), list[str]()
    async with asyncio.timeout(5):
        while (line := await lines.get()) is not None:
            found.append(line)
    return found


async def test_lines_come_one_by_one_and_the_last_needs_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, its = os.pipe()
    os.write(its, "one\ntwo ü\nthree".encode())
    os.close(its)
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert await typed() == ["one", "two ü", "three"]


async def test_nothing_is_typed_where_there_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert await typed() == []
    folder = os.open("/", os.O_RDONLY)
    with os.fdopen(os.open(os.devnull, os.O_RDONLY)) as stdin:
        os.dup2(folder, stdin.fileno())  # it cannot be read
        os.close(folder)
        monkeypatch.setattr(sys, "stdin", stdin)
        assert await typed() == []
