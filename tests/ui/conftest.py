"""A fixed time zone, no animations and colours unless a test says otherwise; how a test opens the cockpit."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when textual is imported


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="session", autouse=True)
def _styles_once() -> Iterator[None]:
    """Parse each part of the styles once for each theme, and not again for each app: what comes of it is only read."""
    from textual.css.stylesheet import Stylesheet

    known: dict[Any, Any] = {}
    parse = Stylesheet._parse_rules

    def parsed(self: Stylesheet, *args: Any, **more: Any) -> Any:
        key = (frozenset(self._variables.items()), args, frozenset(more.items()))
        if key not in known:
            known[key] = parse(self, *args, **more)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parsed)
        yield
