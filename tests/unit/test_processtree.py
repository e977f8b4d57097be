"""Processes are told apart for certain, and ended without hitting a bystander."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from cockpit import processtree
from cockpit.processtree import ProcessId

NOBODY = ProcessId(0, "")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def who(pid: int) -> ProcessId:
    process = processtree.identity(pid)
    assert process
    return process


Shell = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def shell() -> Iterator[Shell]:
    """Start scripts that print a line when they are ready; whatever is left of them goes with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str, **env: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, env={**os.environ, **env})
        started.append(process)
        assert process.stdout
        assert process.stdout.readline()
        process.stdout.close()
        return process

    yield start
    for process in started:
        if process.poll() is None:
            processtree.end_tree(who(process.pid), None, 0.0)
            process.wait()


def until(fact: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def test_an_identity_is_stable_and_ends_with_its_process(sleeper: subprocess.Popen[bytes]) -> None:
    process = who(sleeper.pid)
    assert process == who(sleeper.pid)
    assert len({process, who(sleeper.pid), who(os.getpid())}) == 2
    assert processtree.alive(process)
    sleeper.kill()
    processtree.wait_for_end([process], 10)
    assert not processtree.alive(process)  # not reaped yet: a zombie
    assert who(sleeper.pid) == process
    sleeper.wait()
    assert processtree.identity(sleeper.pid) is None


def test_another_process_with_the_same_pid_is_not_touched(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = ProcessId(sleeper.pid, "12345@beef")
    assert not processtree.alive(earlier)
    assert processtree.end_tree(earlier, None, 0.0) == ()
    assert sleeper.poll() is None


def test_a_tree_is_walked_before_it_is_told_to_end(shell: Shell) -> None:
    # The parent ends at once; its children would be out of reach had nobody looked before.
    process = shell("sleep 601 & (sleep 602 & exec sleep 603) & echo ready; exec sleep 604")
    root = who(process.pid)
    until(lambda: len(processtree.descendants(process.pid)) == 3)
    tree = processtree.descendants(process.pid)
    assert set(processtree.remaining(root, None)) == {root, *tree}
    assert set(processtree.end_tree(root, None, 5.0)) == {root, *tree}
    assert process.wait() == -15
    assert not any(map(processtree.alive, tree))
    assert processtree.remaining(root, None) == ()


def test_a_parent_is_told_before_its_children(shell: Shell) -> None:
    name, value = "COCKPIT_TEST_MARK", f"order-{os.getpid()}"
    nested = "go() { if [ $1 -gt 0 ]; then (go $(($1 - 1)); :); else echo ready; sleep 613; fi; }; go 6; :"
    process = shell(nested, **{name: value})
    root = who(process.pid)
    until(lambda: len(processtree.remaining(root, (name, value))) == 8)
    # Each has the next one below it alone.
    assert processtree.remaining(root, (name, value)) == (root, *processtree.descendants(process.pid))
    assert len(processtree.end_tree(root, (name, value), 5.0)) == 8


def test_marked_processes_outside_the_tree_are_ended_too(sleeper: subprocess.Popen[bytes], shell: Shell) -> None:
    name, value = "COCKPIT_TEST_MARK", f"mark-{os.getpid()}"
    inside = shell("env -u COCKPIT_TEST_MARK sleep 605 & echo ready; exec sleep 606", **{name: value})
    other = shell("echo ready; exec sleep 607", **{name: value + "0"})
    until(lambda: processtree.marked(name, value) == (who(inside.pid),))  # its child has dropped the marker by then
    ended = processtree.end_tree(NOBODY, (name, value), 5.0)
    assert len(ended) == 2  # the marked one, and its child that has dropped the marker
    assert inside.wait() == -15
    assert other.poll() is None
    assert sleeper.poll() is None


def test_nobody_ends_itself_or_its_ancestors(sleeper: subprocess.Popen[bytes]) -> None:
    code = "import os; from cockpit import processtree as p; print(p.end_tree(p.identity(os.getppid()), None, 0.1))"
    middle = subprocess.run(
        ["sh", "-c", f'sleep 608 & "{sys.executable}" -c "{code}"; kill $! 2>/dev/null; echo still here'],
        capture_output=True,
        timeout=60,
    )
    # The shell is the root and an ancestor: it goes on, and what is below it beside the caller has ended.
    assert middle.stdout.startswith(b"(ProcessId(")
    assert middle.stdout.count(b"ProcessId(") == 1
    assert middle.stdout.endswith(b"still here\n")


def test_this_process_as_the_root_ends_all_below_it() -> None:
    code = (
        "import os, subprocess; from cockpit import processtree as p\n"
        "children = [subprocess.Popen(['sleep', '609'], start_new_session=True) for _ in range(3)]\n"
        "ended = p.end_tree(p.identity(os.getpid()), None, 5.0)\n"
        "print(sorted(e.pid for e in ended) == sorted(c.pid for c in children), [c.wait() for c in children])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert done.stdout == b"True [-15, -15, -15]\n"


def test_who_does_not_listen_is_killed_after_the_grace(shell: Shell) -> None:
    before = set(processtree.descendants(os.getpid()))
    process = shell("trap '' TERM; echo ready; while :; do sleep 610; done")
    root = who(process.pid)
    begun = time.monotonic()
    processtree.end_tree(root, None, 0.3)
    assert time.monotonic() - begun >= 0.3
    assert process.wait() == -9
    assert set(processtree.descendants(os.getpid())) <= before


def test_waiting_costs_no_processor_time(sleeper: subprocess.Popen[bytes]) -> None:
    before = time.process_time()
    processtree.wait_for_end([who(sleeper.pid)], 0.5)
    assert time.process_time() - before < 0.1


def test_waiting_works_without_process_descriptors(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = who(sleeper.pid)
    processtree.wait_for_end([process], 0.1)
    assert processtree.alive(process)
    assert processtree.end_tree(process, None, 5.0) == (process,)
    assert sleeper.wait() == -15


def test_what_ps_says_is_understood(sleeper: subprocess.Popen[bytes]) -> None:
    """The way of systems without /proc; `ps` prints the same columns here."""
    table = processtree._table_by_ps("-ax")
    entry = table[sleeper.pid]
    assert entry.parent == os.getpid()
    assert not entry.zombie
    assert processtree._table_by_ps("-p", str(sleeper.pid))[sleeper.pid].id == entry.id
    assert processtree._below([os.getpid()], table)
    sleeper.kill()
    processtree.wait_for_end([who(sleeper.pid)], 10)
    assert processtree._table_by_ps("-p", str(sleeper.pid))[sleeper.pid].zombie


def test_importing_it_costs_next_to_nothing() -> None:
    """The supervisor pays for these imports at every run."""
    code = (
        "import sys; sys.path.append(sys.argv[1]); import cockpit.agents.supervisor;"
        "print(*{'json', 're', 'enum', 'typing', 'dataclasses', 'signal', 'ctypes', 'pathlib'} & {*sys.modules})"
    )
    root = os.path.dirname(os.path.dirname(processtree.__file__))  # noqa: PTH120
    argv = [sys.executable, "-I", "-S", "-c", code, root]
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"\n"


def test_a_kernel_without_process_descriptors_is_no_obstacle(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_pid: int, _flags: int = 0) -> int:
        raise PermissionError(1, "a sandbox says no")

    monkeypatch.setattr(os, "pidfd_open", forbidden, raising=False)
    process = who(sleeper.pid)
    assert processtree.descriptor(sleeper.pid) == -1
    assert processtree.end_tree(process, None, 5.0) == (process,)
    assert sleeper.wait() == -15


def test_who_hides_below_more_ancestors_than_are_looked_at_counts_as_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processtree, "_DEEPEST", 1)
    assert processtree.run_around(os.getpid()) == ""
