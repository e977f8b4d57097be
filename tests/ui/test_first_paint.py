"""The first frame is whole, and what it does not need is done after it."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cockpit.engine.handle import View
from cockpit.ui.app import CockpitApp
from tests.ui.fakes import FakeHandle, busy
from tests.ui.opening import opened

pytestmark = pytest.mark.anyio


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def display(app: CockpitApp, screen: object, update: Any) -> None:
        if update is not None:
            found.append(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", update.render_segments(app.console)))

    monkeypatch.setattr(CockpitApp, "_display", display)
    return found


@pytest.mark.parametrize("size", [(120, 40), (40, 40)])
async def test_the_first_frame_has_the_rows_as_they_stay(frames: list[str], size: tuple[int, int]) -> None:
    async with opened(busy(), size) as one:
        lines = [line.strip() for line in one.lines()]
        assert len(lines) > 3
        assert [line for line in lines if line not in frames[0]] == []


async def test_the_driver_is_reached_for_after_the_first_frame(
    frames: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    subscribe = FakeHandle.subscribe

    def noted(handle: FakeHandle) -> AsyncIterator[View]:
        painted.append(len(frames))
        return subscribe(handle)

    monkeypatch.setattr(FakeHandle, "subscribe", noted)
    async with opened(busy()):
        assert painted
        assert painted[0] > 0


async def test_styles_are_parsed_no_second_time_for_the_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.css.stylesheet import Stylesheet

    again: list[Stylesheet] = []
    monkeypatch.setattr(Stylesheet, "reparse", lambda sheet: again.append(sheet))  # noqa: PLW0108 - a method is bound
    async with opened(busy()) as one:
        assert one.app.current_theme.name == "cockpit"
        assert one.app.theme_variables["background"].lower() == "#14171b"
    assert again == []
