from pathlib import Path

import pytest

from cockpit.git.repo import Repo
from tests.git.repos import make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.open(make_repo(tmp_path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the plan's worktrees."""
    return tmp_path / "worktrees"
