from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cockpit.cli.known import known_state
from cockpit.engine.client import driver_pid
from tests.e2e.desk import AGENT, HEAD, Desk
from tests.engine.scenes import Scene, own_place
from tests.git.repos import make_repo


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    yield from own_place(tmp_path, monkeypatch)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep trust in a folder of the test's own, and let the tests run as a human's even below a run of cockpit."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("COCKPIT_STATE_DIR", raising=False)
    monkeypatch.setattr("cockpit.cli.inside.run_in_ancestry", lambda: None)


@pytest.fixture
def desk_of(tmp_path: Path, capsys: pytest.CaptureFixture[str], alone: None) -> Iterator[Callable[..., Desk]]:
    """Make desks, and end their drivers afterwards."""
    desks: list[Desk] = []

    def make(plan: str, name: str = "repo", head: str = HEAD) -> Desk:
        repo = make_repo(tmp_path, {"README.md": "# x\n", "agent.sh": AGENT, "plan.yaml": head + plan}, name)
        desks.append(Desk(repo, repo / "plan.yaml", capsys))
        return desks[-1]

    yield make
    for desk in desks:
        (desk.repo.parent / f"{desk.repo.name}.worktrees" / "go").parent.mkdir(exist_ok=True)
        (desk.repo.parent / f"{desk.repo.name}.worktrees" / "go").touch()
        for folder in (desk.repo / ".cockpit").glob("*"):
            state = known_state(desk.plan)
            if state is not None and driver_pid(state[0]) is not None:
                desk("stop-driver")
                desk.until(lambda state=state: driver_pid(state[0]) is None)  # type: ignore[misc]  # binds this one
            assert folder.is_dir()
