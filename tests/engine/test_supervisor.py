"""Runs under the supervisor, with real processes: nothing of a tree survives a stop, and nothing is lost in a crash."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit import processtree
from cockpit.agents import heeding, runs, supervisor
from cockpit.agents.runs import RunSpec
from cockpit.errors import CockpitError
from cockpit.processtree import ProcessId
from cockpit.redaction import KNOWN

# A child that leaves: its own session, its parent gone, output elsewhere. It writes who it is into a file.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1] + ".tmp", "w").write(str(os.getpid()))
        os.rename(sys.argv[1] + ".tmp", sys.argv[1])
        time.sleep(600)
    os._exit(0)
os.wait()
"""


def until(fact: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def spec_of(folder: Path, command: tuple[str, ...] | str, **more: object) -> RunSpec:
    return RunSpec(
        run_id=f"test-{os.getpid()}-{folder.name}-{time.monotonic_ns()}",
        folder=folder,
        command=command,
        cwd=folder.parent,
        env=dict(os.environ),
        **more,  # type: ignore[arg-type]  # each test names real fields
    )


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code, *arguments)


def ended(folder: Path) -> runs.RunExit:
    until(lambda: runs.look(folder).over and not runs.look(folder).supervisor_alive)
    return runs.judge(folder)


def started(folder: Path) -> ProcessId:
    until(lambda: runs.look(folder).agent)
    agent = runs.look(folder).agent
    assert agent
    return agent


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "run"
    yield path
    if (path / "spec").exists():
        runs.stop(path, "the test is over", grace=0.1)


def test_an_agent_gets_its_prompt_and_its_output_is_kept(folder: Path) -> None:
    prompt = folder.parent / "prompt.md"
    prompt.write_text("do it\n")
    runs.start(spec_of(folder, "cat; echo oops >&2; exit 7", stdin=prompt))
    over = ended(folder)
    assert (over.reason, over.code, over.signal, over.leftovers, over.ok) == ("exited", 7, None, 0, False)
    assert runs.tail(folder) == b"do it\n"
    assert runs.tail(folder, "stderr.log") == b"oops\n"
    assert (folder / "supervisor.log").read_bytes() == b""
    look = runs.look(folder)
    assert look.output_bytes == len("do it\noops\n")
    assert look.exit == over


def test_the_environment_is_the_given_one_and_is_not_written_down(folder: Path) -> None:
    run_id = spec_of(folder, ("env",)).run_id
    spec = RunSpec(run_id, folder, ("env",), folder.parent, {"PATH": os.environ["PATH"], "SECRET": "hunter2"})
    runs.start(spec)
    assert ended(folder).ok
    lines = set(runs.tail(folder).decode().split())
    assert {"SECRET=hunter2", f"COCKPIT_RUN={spec.run_id}", f"PATH={os.environ['PATH']}"} <= lines
    assert {line.split("=")[0] for line in lines} == {"SECRET", "COCKPIT_RUN", "PATH"}
    others = [path for path in folder.iterdir() if path.name != "stdout.log"]
    assert not [path for path in others if b"hunter2" in path.read_bytes()]


def test_an_agent_starts_with_ordinary_signals_and_no_foreign_descriptors(folder: Path) -> None:
    left, right = os.pipe()
    os.set_inheritable(right, True)  # what a careless starter leaves open
    try:
        runs.start(spec_of(folder, "ls /proc/self/fd | tr '\\n' ' '; echo; grep -E 'Sig(Blk|Ign)' /proc/self/status"))
        assert ended(folder).ok
    finally:
        os.close(left)
        os.close(right)
    text = runs.tail(folder).decode()
    assert f" {right} " not in text.splitlines()[0] or right == 3  # 3 is ls's own look at the folder
    masks = [int(line.split()[1], 16) for line in text.splitlines() if ":" in line]
    assert [mask & 0x7FFF_FFFF for mask in masks] == [0, 0]  # 32 and 33 are the C library's own


def test_what_cannot_be_started_says_so(folder: Path) -> None:
    runs.start(spec_of(folder, ("no-such-agent-anywhere", "x")))
    over = ended(folder)
    assert over.reason == "spawn-failed"
    assert "no-such-agent-anywhere" in over.error
    assert (over.code, over.signal) == (None, None)


def test_a_missing_worktree_says_so(folder: Path) -> None:
    spec = spec_of(folder, ("true",))
    runs.start(RunSpec(spec.run_id, folder, ("true",), folder.parent / "gone", spec.env))
    over = ended(folder)
    assert over.reason == "spawn-failed"
    assert "gone" in over.error


def test_a_folder_is_for_one_run(folder: Path) -> None:
    runs.start(spec_of(folder, ("true",)))
    with pytest.raises(CockpitError, match="holds a run already"):
        runs.start(spec_of(folder, ("true",)))


def test_unusable_commands_are_refused(folder: Path) -> None:
    with pytest.raises(CockpitError, match="empty command"):
        runs.start(spec_of(folder, ()))
    with pytest.raises(CockpitError, match="NUL"):
        runs.start(spec_of(folder, ("echo", "a\0b")))
    with pytest.raises(CockpitError, match="no run"):
        runs.look(folder)


def test_a_signal_is_told_from_a_code(folder: Path) -> None:
    runs.start(spec_of(folder, "kill -9 $$"))
    over = ended(folder)
    assert (over.reason, over.code, over.signal) == ("exited", None, 9)


def test_kill_0_of_an_agent_does_not_reach_the_supervisor(folder: Path) -> None:
    runs.start(spec_of(folder, "kill -9 0"))
    over = ended(folder)
    assert (over.reason, over.signal) == ("exited", 9)


def test_the_time_limit_ends_the_tree(folder: Path) -> None:
    mark = folder.parent / "daemon"
    runs.start(spec_of(folder, python(DAEMON + "\ntime.sleep(600)", str(mark)), timeout_s=1.0, grace_s=0.5))
    until(mark.exists)
    daemon = processtree.identity(int(mark.read_text()))
    assert daemon
    over = ended(folder)
    assert (over.reason, over.signal, over.leftovers) == ("timeout", 15, 1)
    assert not processtree.alive(daemon)


def test_a_stop_ends_daemons_in_sessions_of_their_own(folder: Path) -> None:
    mark = folder.parent / "daemon"
    spec = spec_of(folder, python(DAEMON + "\ntime.sleep(600)", str(mark)))
    runs.start(spec)
    until(mark.exists)
    agent, daemon = started(folder), processtree.identity(int(mark.read_text()))
    assert daemon
    assert os.getsid(daemon.pid) not in (os.getsid(0), os.getsid(agent.pid))
    over = runs.stop(folder, "enough", grace=1.0)
    assert (over.reason, over.detail, over.signal, over.leftovers) == ("stopped", "enough", 15, 1)
    assert not processtree.alive(agent)
    assert not processtree.alive(daemon)
    assert processtree.marked(processtree.MARKER, spec.run_id) == ()
    assert runs.stop(folder, "again") == over


def test_a_daemon_without_the_marker_is_still_below_the_supervisor(folder: Path) -> None:
    mark = folder.parent / "daemon"
    command = f"env -i {sys.executable} -I -S -c '{DAEMON}' {mark}; sleep 600"
    runs.start(spec_of(folder, command))
    until(mark.exists)
    daemon = processtree.identity(int(mark.read_text()))
    assert daemon
    runs.stop(folder, "enough", grace=1.0)
    assert not processtree.alive(daemon)


def test_what_an_agent_leaves_behind_is_ended_before_its_exit_shows(folder: Path) -> None:
    mark = folder.parent / "daemon"
    runs.start(spec_of(folder, python(DAEMON, str(mark))))
    over = ended(folder)
    assert (over.reason, over.code) == ("exited", 0)
    if mark.exists():  # unless it was ended before it could say who it is
        assert processtree.identity(int(mark.read_text())) is None
    assert over.leftovers <= 1


def test_who_ignores_sigterm_is_killed(folder: Path) -> None:
    mark = folder.parent / "deaf"
    code = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(600)"
    runs.start(spec_of(folder, (sys.executable, "-I", "-c", code, str(mark))))
    until(mark.exists)
    over = runs.stop(folder, "enough", grace=0.3)
    assert (over.reason, over.signal) == ("stopped", 9)


def test_a_run_goes_on_when_its_starter_and_its_whole_group_are_killed(folder: Path) -> None:
    code = """
import os, sys, time
from pathlib import Path
from cockpit.agents.runs import RunSpec, start
folder = Path(sys.argv[1])
start(RunSpec(sys.argv[2], folder, "sleep 0.5; echo still here; read x; sleep 600", folder.parent, dict(os.environ)))
print("started", flush=True)
time.sleep(600)
"""
    run_id = f"test-{os.getpid()}-group"
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), run_id], stdout=subprocess.PIPE, start_new_session=True
    )
    assert starter.stdout
    assert starter.stdout.readline() == b"started\n"
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    # Another process (this one) takes the run over from its folder alone.
    until(lambda: b"still here" in runs.tail(folder))
    look = runs.look(folder)
    assert look.supervisor_alive
    assert look.agent_alive
    assert not look.over
    fd = runs.watch_fd(folder)
    assert fd is not None
    assert select.select([fd], [], [], 0)[0] == []
    over = runs.stop(folder, "taken over", grace=1.0)
    assert select.select([fd], [], [], 10)[0] == [fd]
    os.close(fd)
    assert over.reason == "stopped"


def test_a_killed_supervisor_leaves_an_orphan_that_is_seen_and_stopped(folder: Path) -> None:
    mark = folder.parent / "daemon"
    runs.start(spec_of(folder, python(DAEMON + "\ntime.sleep(600)", str(mark))))
    until(mark.exists)
    agent, daemon = started(folder), processtree.identity(int(mark.read_text()))
    supervisor = runs.look(folder).supervisor
    assert supervisor
    assert daemon
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not runs.look(folder).supervisor_alive)
    look = runs.look(folder)
    assert look.agent_alive
    assert look.exit is None
    assert not look.over
    assert runs.judge(folder).reason == "unknown"
    over = runs.stop(folder, "enough", grace=1.0)
    assert (over.reason, over.detail, over.leftovers) == ("stopped", "enough", 2)
    assert not processtree.alive(agent)
    assert not processtree.alive(daemon)
    assert runs.watch_fd(folder) is None


def test_what_an_agent_left_running_whose_end_nobody_saw_says_nothing_about_its_work(folder: Path) -> None:
    mark = folder.parent / "daemon"
    runs.start(spec_of(folder, python(DAEMON + "\ntime.sleep(600)", str(mark))))
    until(mark.exists)
    agent, daemon = started(folder), processtree.identity(int(mark.read_text()))
    supervisor = runs.look(folder).supervisor
    assert supervisor
    assert daemon
    for process in (supervisor, agent):
        os.kill(process.pid, signal.SIGKILL)
        until(lambda gone=process: not processtree.alive(gone))  # type: ignore[misc]
    assert processtree.alive(daemon)
    assert runs.stop(folder, "its supervisor is gone", grace=1.0).reason == "unknown"
    assert not processtree.alive(daemon)
    assert runs.judge(folder).reason == "unknown"


def test_a_run_that_nobody_saw_end_is_unknown(folder: Path) -> None:
    runs.start(spec_of(folder, "read x < /dev/zero; sleep 600"))
    agent = started(folder)
    supervisor = runs.look(folder).supervisor
    assert supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    os.kill(agent.pid, signal.SIGKILL)
    until(lambda: runs.look(folder).over)
    over = runs.judge(folder)
    assert (over.reason, over.code, over.ok) == ("unknown", None, False)
    assert over.at > 0
    assert runs.stop(folder, "nothing to do").reason == "unknown"


def test_a_stop_right_after_the_start_finds_its_run(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / str(number)
        spec = spec_of(path, "sleep 600")
        runs.start(spec)
        over = runs.stop(path, "never mind", grace=1.0)
        assert (over.reason, over.detail) == ("stopped", "never mind")
        assert processtree.marked(processtree.MARKER, spec.run_id) == ()


def test_an_endless_line_stays_capped_and_memory_small(folder: Path) -> None:
    total, cap = 200 * 1024 * 1024, 8 * 1024 * 1024
    code = f"import os, sys\nfor i in range({total // 65536}): os.write(1, b'x' * 65536)\n"
    code += "os.write(1, b'the end')\nos.mkdir(sys.argv[1])\nos.read(0, 1)"
    fifo, written = folder.parent / "fifo", folder.parent / "written"
    os.mkfifo(fifo)
    keeper = os.open(fifo, os.O_RDWR)  # the agent waits on this while its supervisor is looked at
    started = runs.start(spec_of(folder, python(code, str(written)), stdin=fifo, cap_bytes=cap))
    until(written.exists)
    until(lambda: (folder / "stdout.log").stat().st_size <= cap)
    status = Path(f"/proc/{started.supervisor.pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0])
    os.write(keeper, b"\n")
    os.close(keeper)
    over = ended(folder)
    assert over.ok
    assert peak < 24 * 1024  # KiB
    assert (folder / "stdout.log").stat().st_size <= cap + 4096
    assert (folder / "stdout.log.1").stat().st_size <= cap // 2
    look = runs.look(folder)
    notes = look.output_bytes - total - len("the end")
    # What is counted is what was written, and the notes on each cut; but for what came in the instant before a cut. On
    # a busy machine that instant is long, and there is one for each of many cuts: only most of it must be counted.
    assert -4 * cap < notes < 64 * 1024
    kept = (folder / "stdout.log").stat().st_size + (folder / "stdout.log.1").stat().st_size
    assert over.lost_bytes > 0
    assert over.lost_bytes + kept == look.output_bytes
    assert f"{over.lost_bytes} bytes of it are lost".encode() in (folder / "stdout.log").read_bytes()


def test_what_a_program_tells_beside_its_output_is_capped_and_holds_no_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, cap = "behind-the-scenes-1", 64 * 1024
    monkeypatch.setenv("STAGE_TOKEN", secret)
    code = "import os, sys\nwith open(sys.argv[1], 'ab') as log:\n    log.write(b'x' * 200_000)\n"
    code += "    log.write(os.environb[b'STAGE_TOKEN'] + b' the end')\n"
    runs.start(spec_of(folder, python(code, str(folder / supervisor.BESIDE)), cap_bytes=cap))
    over = ended(folder)
    assert (over.ok, over.lost_bytes) == (True, 0), "what is lost is said of what it prints"
    kept = runs.tail(folder, supervisor.BESIDE, 4096)
    assert b"*" * len(secret) + b" the end" in kept
    told = [path for path in folder.iterdir() if secret.encode() in path.read_bytes()]
    assert [one.name for one in told] == []
    assert sum(path.stat().st_size for path in folder.glob(f"{supervisor.BESIDE}*")) <= cap


@pytest.mark.parametrize("left", [b"", b"\0\0\0\0", b"[]", b"{}"])
def test_an_end_that_a_loss_of_power_left_unreadable_is_unknown_and_not_under_way_for_ever(
    folder: Path, left: bytes
) -> None:
    runs.start(spec_of(folder, ("true",)))
    ended(folder)
    (folder / "exit.json").write_bytes(left)
    (folder / "started.json").write_bytes(left)
    assert runs.look(folder).over
    assert runs.judge(folder).reason == "unknown"
    assert runs.stop(folder, "again").reason == "unknown"


def test_what_a_run_was_started_with_is_hidden_by_those_that_did_not_start_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "known-to-its-starter-1"
    spec = spec_of(folder, ("sh", "-c", "echo it is $STAGE_TOKEN.; exec sleep 600"))
    runs.start(replace(spec, env={**spec.env, "STAGE_TOKEN": secret}))
    until(lambda: runs.written(folder))
    monkeypatch.setattr(KNOWN, "_values", ())  # as in a driver, or a shell, that has another environment
    monkeypatch.setattr(heeding, "_heeded", set())
    assert runs.tail(folder) == b"it is " + b"*" * len(secret) + b".\n"


def test_reading_on_understands_a_cut(folder: Path) -> None:
    cap = 256 * 1024
    step = b"%07d\n"
    fifo = folder.parent / "fifo"
    os.mkfifo(fifo)
    keeper = os.open(fifo, os.O_RDWR)
    code = (
        "import os\n"
        "line = 0\n"
        "while os.read(0, 1) == b'g':\n"
        "    os.write(1, b''.join(b'%07d\\n' % n for n in range(line, line + 16384)))\n"
        "    line += 16384\n"
    )
    runs.start(spec_of(folder, python(code), stdin=fifo, cap_bytes=cap))
    os.write(keeper, b"g")
    until(lambda: runs.look(folder).output_bytes >= 16384 * 8)
    first = runs.read_output(folder, 0, limit=80)
    assert first.data == b"".join(step % n for n in range(10))
    assert (first.offset, first.next, first.lost) == (0, 80, 0)
    for round_number in range(2, 6):  # 128 KiB each: the third is over the cap
        os.write(keeper, b"g")
        until(lambda wanted=round_number: runs.look(folder).output_bytes >= wanted * 16384 * 8)  # type: ignore[misc]
    until((folder / "stdout.log.cut").exists)
    place, lost, data = first.next, 0, b""
    while (chunk := runs.read_output(folder, place, limit=10_000)).data:
        assert chunk.offset == place + chunk.lost
        lost += chunk.lost
        place = chunk.next
        data += chunk.data
    assert place == runs.look(folder).output_bytes
    assert 80 + lost + len(data) == place
    last = step % (5 * 16384 - 1)
    assert last in data
    assert last in runs.tail(folder, limit=200)  # behind it there may be the note on the last cut
    os.write(keeper, b"q")
    os.close(keeper)
    assert ended(folder).ok


def test_a_vanished_folder_ends_the_tree(folder: Path) -> None:
    spec = spec_of(folder, "sleep 600")
    runs.start(spec)
    agent = started(folder)
    supervisor = runs.look(folder).supervisor
    assert supervisor
    moved = folder.with_name("moved")
    folder.rename(moved)
    until(lambda: not processtree.alive(supervisor))
    assert not processtree.alive(agent)


def test_a_hang_up_is_ignored(folder: Path) -> None:
    runs.start(spec_of(folder, "sleep 600"))
    started(folder)
    supervisor = runs.look(folder).supervisor
    assert supervisor
    os.kill(supervisor.pid, signal.SIGHUP)
    os.kill(supervisor.pid, signal.SIGINT)
    beat = runs.look(folder).heartbeat
    until(lambda: runs.look(folder).heartbeat != beat)
    assert runs.look(folder).agent_alive


@pytest.mark.skipif(os.geteuid() != 0 or not sys.platform.startswith("linux"), reason="a small disk needs mount")
def test_a_full_disk_does_not_lose_the_exit(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        run = disk / "run"
        runs.start(spec_of(run, f"head -c 5000000 /dev/zero > {disk}/fill; exit 9"))
        over = ended(run)
        assert (over.reason, over.code) == ("exited", 9)
        assert os.statvfs(disk).f_bavail == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_supervisor_that_could_not_begin_is_not_mistaken_for_a_run(folder: Path) -> None:
    runs.start(spec_of(folder, ("true",), cap_bytes="much"))
    over = ended(folder)
    assert over.reason == "unknown"
    assert "ValueError" in over.error
    assert runs.look(folder).agent is None


def test_a_supervisor_killed_at_any_instant_leaves_nothing_that_a_stop_misses(tmp_path: Path) -> None:
    for number in range(16):
        path = tmp_path / str(number)
        spec = spec_of(path, "sleep 600 & sleep 600")
        supervisor = runs.start(spec).supervisor
        time.sleep(number * 0.003)  # not a wait for anything: the instant is the test's parameter
        os.kill(supervisor.pid, signal.SIGKILL)
        until(lambda process=supervisor: not processtree.alive(process))  # type: ignore[misc]
        over = runs.stop(path, "enough", grace=1.0)
        assert over.reason in ("stopped", "unknown")
        assert processtree.marked(processtree.MARKER, spec.run_id) == ()
        assert runs.look(path).over
