from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.scenes import Scene, own_place


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    yield from own_place(tmp_path, monkeypatch)
