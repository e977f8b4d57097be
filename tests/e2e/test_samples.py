"""The samples as a newcomer gets them: the real team's plan carried through, and the built wheel from any folder."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.git.repos import make_repo, run_git

TOP = Path(__file__).parents[2]
SAMPLES = TOP / "sample_plans"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COCKPIT_", "XDG_"))}
    return {**kept, "XDG_CONFIG_HOME": str(tmp_path / "config"), "SCRIPTED_PACE": "0"}


def cockpit(*args: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cockpit", *args],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def live_services(tmp_path: Path) -> Path:
    """Make a scratch repository with the real team's plan and the scripted agent in it."""
    repo = make_repo(tmp_path, {"README.md": "# Live services\n", "packages/core/src/index.ts": "export {};\n"})
    (repo / "tools").mkdir()
    shutil.copyfile(SAMPLES / "scripted_agent.py", repo / "tools" / "scripted_agent.py")
    shutil.copyfile(SAMPLES / "live-services.yaml", repo / "live-services.yaml")
    run_git(repo, "add", "-A")
    run_git(repo, "commit", "-q", "-m", "The plan")
    return repo


def test_the_real_teams_plan_is_checked_and_simulated_right(tmp_path: Path, env: dict[str, str]) -> None:
    repo = live_services(tmp_path)
    checked = json.loads(cockpit("check", "live-services.yaml", "--json", env=env, cwd=repo).stdout)
    assert checked["ok"], checked
    simulated = json.loads(cockpit("simulate", "live-services.yaml", "--json", env=env, cwd=repo).stdout)
    legs = {issue: leg for leg in simulated["legs"] for issue in leg["issues"]}
    assert (simulated["rounds"], len(legs), len({leg["workstream"] for leg in legs.values()})) == (2, 17, 6)
    tooling, merging = legs["SMI-1448"], legs["SMI-1455"]
    assert merging["round"] == 2
    assert merging["depends_on"] == ["@prepare", tooling["leg"]]
    assert merging["start_s"] >= tooling["end_s"]


def test_the_real_teams_plan_is_carried_through(tmp_path: Path, env: dict[str, str]) -> None:
    repo = live_services(tmp_path)
    done = cockpit("run", "live-services.yaml", "--approve", "all", "--trust", env=env, cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    status = json.loads(cockpit("status", "live-services.yaml", "--json", env=env, cwd=repo).stdout)
    assert status["counts"] == {"merged": 7}
    assert {issue["state"] for one in status["workstreams"] for issue in one["issues"]} == {"done"}
    order = [merge["leg"] for merge in status["merges"]]
    legs = {key for one in status["workstreams"] for key in one["legs"]}
    assert sorted(order) == sorted(legs)
    merges = run_git(
        repo, "log", "--first-parent", "--merges", "--format=%(trailers:key=Cockpit-Leg,valueonly)", "main"
    )
    assert [line for line in merges.splitlines() if line][::-1] == order
    assert run_git(repo, "worktree", "list", "--porcelain").count("worktree ") == 1
    assert run_git(repo, "branch", "--format=%(refname:short)").split() == ["main"]


def test_the_built_wheel_runs_the_demo_from_any_folder(tmp_path: Path, env: dict[str, str]) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    place = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(place)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    env = {**env, "PYTHONPATH": str(place)}
    where = [sys.executable, "-c", "import cockpit.ui.styling as s; print(s.__file__)"]
    found = subprocess.run(where, env=env, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert found.startswith(str(place))
    assert sorted(path.name for path in (place / "cockpit" / "styles").iterdir()) == sorted(
        path.name for path in (TOP / "styles").iterdir()
    )
    demo = tmp_path / "demo"
    done = cockpit("demo", str(demo), "--headless", env={**env, "SCRIPTED_PACE": "0.2"}, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for told in (
        f"scratch repository: {demo}",
        "its plan is trusted",
        "pricing is conflict",
        "invoices is waiting: blocked by pricing/PR-1 (conflict)",
        "labels is quarantined: PLACEHOLDER_DROPPED in src/parcel/labels.py",
        f"git -C {demo} log",
    ):
        assert told in done.stdout
    assert int(run_git(demo, "rev-list", "--merges", "--count", "main")) == 5
    assert run_git(demo, "status", "--porcelain") == ""
