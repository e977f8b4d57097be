"""Two plans on one repository, each with a driver of its own, while the operator works in the checkout."""

import subprocess
import sys
import time
from collections.abc import Callable

from cockpit.engine.project import open_project
from cockpit.plan.trust import TrustStore
from cockpit.store.paths import state_folder
from tests.engine.scenes import Scene
from tests.git.repos import write

DEADLINE_S = 60.0
WAITS = 'tell "$COCKPIT_WORKSTREAM.on"; wait_for go\necho "$COCKPIT_WORKSTREAM" > "$COCKPIT_WORKSTREAM.txt"\n'


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_plans_run_at_the_same_time_on_one_repository_while_the_operator_commits_to_base(scene: Scene) -> None:
    names = {"scene": ("a", "b", "c"), "other": ("x", "y", "c")}
    strategies = ("merge", "squash", "rebase")
    for name, keys in names.items():
        rows = {key: {"does": WAITS, "merge": {"strategy": how}} for key, how in zip(keys, strategies, strict=True)}
        scene.plan(rows, cleanup="merged", name=name)
        (scene.top / f"{name}.yaml").write_text(scene.path.read_text())
        TrustStore().trust(open_project(scene.top / f"{name}.yaml", scene.state_dir).loaded)
    write(scene.repo, {"README.md": "edited\n", "src/app.py": "staged\n", "loose.txt": "untracked\n"})
    scene.git("add", "src/app.py")
    before = scene.checkout()
    argv = [sys.executable, "-m", "cockpit", "run", "--state-dir", str(scene.state_dir)]
    drivers = [
        subprocess.Popen([*argv, str(scene.top / f"{name}.yaml")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for name in names
    ]
    try:
        until(lambda: all((scene.stage / f"{key}.on").exists() for keys in names.values() for key in keys))
        write(scene.repo, {"own.txt": "own\n"})
        scene.git("add", "--intent-to-add", "own.txt")
        scene.git("commit", "-q", "-m", "The operator's own", "--only", "--", "own.txt")
        scene.go("go")
        ended = [driver.communicate(timeout=DEADLINE_S)[0].decode() for driver in drivers]
    finally:
        for driver in drivers:
            driver.kill()
    assert [driver.returncode for driver in drivers] == [0, 0], ended
    for key in sorted({key for keys in names.values() for key in keys}):
        assert scene.base_file(f"{key}.txt") == f"{key}\n"
        assert scene.merges_of(key) == 1 or key == "c", "what is rebased keeps its own messages"
    assert scene.base_file("own.txt") == "own\n"
    assert scene.checkout() == before, "edited, staged and untracked as they were"
    assert scene.base_file("src/app.py") == "print('hello')\n", "what was staged never came into a merge"
    assert scene.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert not list((scene.repo / ".git" / "cockpit-claims").iterdir())
    states = [state_folder(scene.repo, name, scene.state_dir).path for name in names]
    assert len({*states}) == 2
    scene.git("fsck", "--connectivity-only", "--no-dangling")
