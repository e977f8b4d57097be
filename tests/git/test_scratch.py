"""Temporary folders: gone with their process, or swept up after it, and nothing else is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.git import scratch
from cockpit.git.scratch import sweep

HOLDS = """
import sys, time
from cockpit.git.scratch import scratch_folder
with scratch_folder("deep") as folder:
    open(folder + "/file", "w").close()
    print(folder, flush=True)
    sys.stdin.read()
"""


def holder(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that holds a scratch folder until its input ends; return it and its own folder in `place`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        env={**os.environ, "TMPDIR": str(place)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, Path(process.stdout.readline().strip()).parent


def end(process: subprocess.Popen[str], number: int = 0) -> None:
    if number:
        process.send_signal(number)
    process.communicate("", timeout=30)


def test_what_a_killed_process_left_is_swept_up_and_what_a_living_one_holds_stays(tmp_path: Path) -> None:
    (killed, left), (living, held), (ended, gone) = (holder(tmp_path) for _ in range(3))
    end(killed, signal.SIGKILL)
    end(ended)
    assert not gone.exists(), "who ends in good order takes its folder along"
    assert sweep(tmp_path) == 1
    assert not left.exists()
    assert (held / "cockpit").exists()
    assert sweep(tmp_path) == 0
    end(living)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_provably_ours_stays(tmp_path: Path) -> None:
    killed, left = holder(tmp_path)
    end(killed, signal.SIGKILL)
    mark = (left / "cockpit").read_bytes()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cockpit").write_bytes(mark)
    (tmp_path / "cockpit-scratch-link").symlink_to(outside)
    (tmp_path / "cockpit-scratch-file").write_bytes(mark)
    for name, text in (("none", None), ("other", b"mine\n"), ("more", mark + b"and more")):
        (tmp_path / f"cockpit-scratch-{name}").mkdir()
        if text is not None:
            (tmp_path / f"cockpit-scratch-{name}" / "cockpit").write_bytes(text)
    before = sorted(one.name for one in tmp_path.iterdir() if one != left)
    (left / "link").symlink_to(outside)
    assert sweep(tmp_path) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == before
    assert (outside / "cockpit").exists()
    assert sweep(tmp_path / "nowhere") == 0


def test_a_folder_that_something_cleaned_up_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_roots", {})
    with scratch.scratch_folder("a", tmp_path) as name:
        root = Path(name).parent
    (root / "cockpit").unlink()
    root.rmdir()
    with scratch.scratch_folder("a", tmp_path) as name:
        assert Path(name).is_dir()
        assert Path(name).parent != root
