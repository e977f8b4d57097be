from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.scans import scanned_here
from tests.engine.scenes import Scene, own_place


@pytest.fixture
def scans() -> Iterator[None]:
    """Scan in a thread; where the process itself is looked at, the module has a `scans` that changes nothing."""
    yield from scanned_here()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scans: None) -> Iterator[Scene]:
    yield from own_place(tmp_path, monkeypatch)
