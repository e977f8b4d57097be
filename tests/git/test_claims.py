"""Locks of git that a command of cockpit's leaves when it is killed: taken away if they are its own, and only then."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.errors import GitError
from cockpit.git import claims, spawn, worktrees
from cockpit.git.integrate import Published, publish
from cockpit.git.mend import due, mend
from cockpit.git.repo import Repo
from tests.git.repos import commit, run_git

GIT = shutil.which("git") or "git"
# Takes what locks the test wants, with git itself where git can be made to stop while it holds them.
_PREPARED = """printf "start\\n{what}\\nprepare\\n" > "$fifo" &
exec 9<>"$fifo"
"{git}" -C "{top}" update-ref --stdin <&9 &"""
_TOUCHED = 'touch "{lock}"; sleep 60 &'


@pytest.fixture
def coming(repo: Repo) -> tuple[str, str]:
    """Two commits, the second of which main is to be moved to; nobody has main checked out."""
    old = repo.commit_id("main")
    new = commit(repo.root, "New", {"new.txt": "n\n"})
    run_git(repo.root, "switch", "--quiet", "--detach", old)
    run_git(repo.root, "update-ref", "refs/heads/main", old)
    run_git(repo.root, "update-ref", "refs/heads/other", old)
    run_git(repo.root, "pack-refs", "--all")
    return old, new


def dying(tmp_path: Path, command: str, taking: str, lock: Path, *, kill: str = "", times: int = 1) -> Path:
    """Make a folder with a `git` that, given this command, takes a lock, dies by SIGKILL with all it started.

    With `kill` empty it kills itself; else it writes its own pid to that file and waits to be killed.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    end = f'echo $$ > "{kill}"; wait' if kill else "kill -9 $child; kill -9 $$"
    script = f"""#!/bin/sh
case " $* " in *" {command} "*) ;; *) exec "{GIT}" "$@";; esac
n=$(cat "{folder}/count" 2>/dev/null || echo 0)
[ "$n" -lt {times} ] || exec "{GIT}" "$@"
echo $((n + 1)) > "{folder}/count"
fifo="{folder}/fifo"; mkfifo "$fifo" 2>/dev/null
{taking}
child=$!
until [ -e "{lock}" ]; do :; done
{end}
"""
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    return folder


def prepared(what: str, top: Path) -> str:
    return _PREPARED.format(what=what, git=GIT, top=top)


@pytest.mark.parametrize("name", ["refs/heads/main.lock", "packed-refs.lock", "config.lock"])
def test_a_lock_of_a_killed_git_goes_at_once_and_base_is_moved_then(
    repo: Repo, coming: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    old, new = coming
    lock = repo.common_dir / name
    takes = {
        "refs/heads/main.lock": prepared(f"update refs/heads/main {new} {old}", repo.root),
        "packed-refs.lock": prepared("delete refs/heads/other", repo.root),
        "config.lock": _TOUCHED.format(lock=lock),
    }
    folder = dying(tmp_path, "update-ref", takes[name], lock)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with pytest.raises(GitError) as caught:
        publish(repo, "main", old, new)
    assert caught.value.code == -signal.SIGKILL, "so it is done again, not put off"
    assert not lock.exists()
    assert publish(repo, "main", old, new) == Published(new, None)
    assert repo.branch_exists("other")
    assert list((repo.common_dir / "cockpit-claims").iterdir()) == []


_PUBLISH = """
import sys
from pathlib import Path
from cockpit.git import integrate
from cockpit.git.repo import Repo
integrate.publish(Repo.open(Path(sys.argv[1])), "main", sys.argv[2], sys.argv[3])
"""


def until(holds: Callable[[], object]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_lock_stays_while_its_git_lives_and_goes_once_cockpit_and_git_are_dead(
    repo: Repo, coming: tuple[str, str], tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = coming
    lock = repo.common_dir / "refs/heads/main.lock"
    pid = tmp_path / "pid"
    path = dying(tmp_path, "update-ref", _TOUCHED.format(lock=lock), lock, kill=str(pid))
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    argv = [sys.executable, "-c", _PUBLISH, str(repo.root), old, new]
    with subprocess.Popen(argv, env=env, start_new_session=True) as cockpit:
        until(lambda: pid.exists() and pid.read_text().strip())
        cockpit.kill()
    monkeypatch.setattr(claims, "_PATIENCE", 0.05)
    assert mend(repo, folder, []) == (), "the command lives on, and holds what it holds"
    assert lock.exists()
    os.killpg(os.getpgid(int(pid.read_text())), signal.SIGKILL)
    until(lambda: claims.stale(repo.common_dir))
    (foretold,) = due(repo, folder, [])
    assert foretold.ok
    assert lock.exists(), "telling changes nothing"
    (entry,) = mend(repo, folder, [])
    assert (entry.what, entry.ok) == (str(lock), True)
    assert not lock.exists()
    assert mend(repo, folder, []) == ()
    assert publish(repo, "main", old, new) == Published(new, None)


def test_a_lock_that_was_there_before_is_never_taken_away(
    repo: Repo, coming: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    old, new = coming
    lock = repo.common_dir / "refs/heads/main.lock"
    lock.touch()
    monkeypatch.setenv("PATH", f"{dying(tmp_path, 'update-ref', 'sleep 60 &', lock)}:{os.environ['PATH']}")
    with pytest.raises(GitError):
        publish(repo, "main", old, new)
    assert mend(repo, folder, []) == ()
    assert lock.exists()


def test_a_lock_that_another_git_may_hold_stays_until_that_has_ended(
    repo: Repo, coming: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    old, new = coming
    lock = repo.common_dir / "packed-refs.lock"
    monkeypatch.setattr(claims, "_PATIENCE", 0.05)
    path = dying(tmp_path, "update-ref", _TOUCHED.format(lock=lock), lock)
    with subprocess.Popen([GIT, "-C", str(repo.root), "cat-file", "--batch"], stdin=subprocess.PIPE) as other:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", f"{path}:{os.environ['PATH']}")
            with pytest.raises(GitError):
                publish(repo, "main", old, new)
        assert [one.ok for one in mend(repo, folder, [])] == [False]
        assert lock.exists()
        other.communicate(b"", timeout=30)
    assert [one.ok for one in mend(repo, folder, [])] == [True]
    assert not lock.exists()


def test_a_command_in_a_worktree_of_ours_that_is_killed_leaves_no_lock(
    repo: Repo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = worktrees.add(repo, folder / "a", "plan/a", "main").path
    lock = repo.common_dir / "worktrees" / "a" / "index.lock"
    path = dying(tmp_path, "update-index", _TOUCHED.format(lock=lock), lock)
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    with pytest.raises(GitError):
        spawn.git(["update-index", "--refresh"], cwd=made, locks=True)
    assert not lock.exists()
    assert spawn.git(["update-index", "--refresh"], cwd=made, locks=True).code == 0


def test_what_has_run_into_its_time_limit_leaves_no_lock_either(
    repo: Repo, coming: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = repo.common_dir / "refs/heads/main.lock"
    take = prepared(f"update refs/heads/main {coming[1]} {coming[0]}", repo.root)
    monkeypatch.setenv("PATH", f"{dying(tmp_path, 'update-ref', take, lock, kill='/dev/null')}:{os.environ['PATH']}")
    with pytest.raises(GitError, match="did not end"):
        spawn.git(["update-ref", "refs/heads/main", coming[1]], cwd=repo.root, locks=True, timeout=0.5)
    assert not lock.exists()
