"""Who a process is, what belongs to its tree, how that tree is ended for good; never signals itself or its ancestors.

The supervisor imports this too and must start fast, so nothing here imports more than `os`, `select` and `time`.
"""

import os
import select
import time

MARKER = "COCKPIT_RUN"  # the variable by which the processes of a run, or of a gate, are found
_TERM, _KILL = 15, 9  # the same numbers everywhere; the `signal` module costs 5 ms of start
_DEEPEST = 200  # ancestors that are looked at
_PATIENCE = 15.0  # seconds after which a process that survives SIGKILL (stuck in the kernel) is no longer waited for
_LINUX = os.path.isdir("/proc/self")  # noqa: PTH112  # pathlib costs more than the whole start of a supervisor


class ProcessId:
    """One process for certain: its pid and an opaque mark of its start, which tells it from a later one."""

    __slots__ = ("pid", "start")

    def __init__(self, pid: int, start: str) -> None:
        self.pid = pid
        self.start = start

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcessId) and (self.pid, self.start) == (other.pid, other.start)

    def __hash__(self) -> int:
        return hash((self.pid, self.start))

    def __repr__(self) -> str:
        return f"ProcessId({self.pid}, {self.start!r})"


class _Entry:
    """A process as the system lists it."""

    __slots__ = ("id", "parent", "zombie")

    def __init__(self, process: ProcessId, parent: int, zombie: bool) -> None:
        self.id = process
        self.parent = parent
        self.zombie = zombie


def identity(pid: int) -> ProcessId | None:
    """Return who has this pid now (a zombie counts), None when nobody has."""
    entry = _entry(pid)
    return entry.id if entry else None


def alive(process: ProcessId) -> bool:
    """Tell whether exactly this process still runs; a zombie does not."""
    entry = _entry(process.pid)
    return entry is not None and entry.id == process and not entry.zombie


def descendants(pid: int) -> tuple[ProcessId, ...]:
    """Return the running processes below this one, parents before children."""
    return _below([pid], _table())


def marked(name: str, value: str) -> tuple[ProcessId, ...]:
    """Return the running processes of this user whose environment holds `name=value`."""
    if not _LINUX:
        return _marked_by_ps(f"{name}={value}")
    needle = b"\0" + os.fsencode(f"{name}={value}") + b"\0"
    found = []
    for pid, environment in _environments():
        if needle in environment:
            entry = _entry(pid)
            if entry and not entry.zombie:
                found.append(entry.id)
    return tuple(found)


def values_of(name: str) -> frozenset[str]:
    """Return the values that a variable has in the environments of this user's processes."""
    if not _LINUX:
        words = [word for line in _ps("-axEww", "-o", "pid=,command=") for word in line.split()]
        return frozenset(word.partition("=")[2] for word in words if word.startswith(f"{name}="))
    start = b"\0" + os.fsencode(f"{name}=")
    return frozenset(
        os.fsdecode(environment.partition(start)[2].partition(b"\0")[0])
        for _, environment in _environments()
        if start in environment
    )


def environment_of(process: ProcessId) -> dict[str, str]:
    """Return what a process was started with as its environment; empty where it is gone, or nothing but Linux tells."""
    try:
        entries = _read(f"/proc/{process.pid}/environ").split(b"\0") if _LINUX else []
    except OSError:
        entries = []
    pairs = (os.fsdecode(entry).partition("=") for entry in entries if b"=" in entry)
    return {name: value for name, _, value in pairs} if identity(process.pid) == process else {}


def run_in_ancestry() -> str | None:
    """Return the id of the run that this process, or one of its ancestors, belongs to; None when there is none."""
    if MARKER in os.environ:
        return os.environ[MARKER]
    try:
        return run_around(os.getppid())
    except ProcessLookupError:
        return None


def run_around(pid: int) -> str | None:
    """Return the id of the run that a process, or one of its ancestors, belongs to; None when there is none.

    Empty where it has more ancestors than are looked at: no human's has, and a program could hide so. Raises
    ProcessLookupError where the process itself has ended.
    """
    above = pid
    for _ in range(_DEEPEST):
        entry = _entry(above) if above > 0 else None
        if above == pid and (entry is None or entry.zombie):
            raise ProcessLookupError(pid)
        if entry is None or above == 1:
            return None
        run = _run_of(above)
        if run is not None:
            return run
        above = entry.parent
    return ""


def _run_of(pid: int) -> str | None:
    if not _LINUX:
        words = [word for line in _ps("-Eww", "-p", str(pid), "-o", "command=") for word in line.split()]
        return next((word.partition("=")[2] for word in words if word.startswith(f"{MARKER}=")), None)
    try:
        entries = _read(f"/proc/{pid}/environ").split(b"\0")
    except OSError:
        return None  # another user's process: agents of this user are not above it
    start = os.fsencode(f"{MARKER}=")
    return next((os.fsdecode(entry.removeprefix(start)) for entry in entries if entry.startswith(start)), None)


def _environments() -> list[tuple[int, bytes]]:
    """Return each process of this user that has an environment, with it: entries between NUL bytes."""
    found = []
    for pid in _pids():
        try:
            environment = _read(f"/proc/{pid}/environ")
        except OSError:
            continue  # it ended, or is another user's
        if environment:
            found.append((pid, b"\0" + environment + b"\0"))
    return found


def remaining(root: ProcessId, marker: tuple[str, str] | None) -> tuple[ProcessId, ...]:
    """Return what still runs of a tree: the root, what is below it, and what carries the marker with all below that.

    Parents come before their children: an agent whose tool ended first would go on with its work, told of a failure.
    This process and its ancestors are never among them.
    """
    return _remaining({root}, marker)


def descriptor(pid: int) -> int:
    """Return a descriptor that becomes readable when this process ends; -1 where there is none to be had.

    Raises ProcessLookupError when there is no such process.
    """
    if not hasattr(os, "pidfd_open"):
        return -1
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:
        return -1  # an old kernel, a sandbox that forbids it, or no descriptors left


def wait_for_end(processes: list[ProcessId], seconds: float) -> None:
    """Wait until all of these have ended (zombies have), at most some seconds."""
    deadline = time.monotonic() + seconds
    fds: list[int] = []
    waiting, pause = 0, 0.01
    try:
        poll = select.poll()
        for process in processes:
            try:
                fd = descriptor(process.pid)
            except ProcessLookupError:
                continue
            if fd < 0:
                break
            fds.append(fd)
            if alive(process):
                poll.register(fd, select.POLLIN)
                waiting += 1
        else:
            while waiting and (rest := deadline - time.monotonic()) > 0:
                for fd, _ in poll.poll(rest * 1000):
                    poll.unregister(fd)
                    waiting -= 1
            return
        while any(map(alive, processes)) and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, 0.2)
    finally:
        for fd in fds:
            os.close(fd)


def end_tree(root: ProcessId, marker: tuple[str, str] | None, grace: float) -> tuple[ProcessId, ...]:
    """End a process, everything below it and everything that carries the marker; return what had to be signalled.

    `marker` is (name, value) of an environment variable; `grace` is the time in seconds between SIGTERM and SIGKILL.
    Returns when nothing is left, except what cannot be signalled or survives SIGKILL (`remaining` names it). With this
    process itself as the root, everything below it is ended.
    """
    known = {root}
    told: dict[ProcessId, int] = {}
    beyond: set[ProcessId] = set()
    deadline = time.monotonic() + grace
    sure = False
    while True:
        left = [process for process in _remaining(known, marker) if process not in beyond]
        now = time.monotonic()
        if not left and marker and told and not sure:
            # While a process is exchanged for another program its environment cannot be read: look once more.
            sure = True
            time.sleep(0.01)
            continue
        if not left or now >= deadline + _PATIENCE:
            return tuple(told)
        sure = False
        # Who is known stays known: when a parent ends first, its children are no longer below the root.
        known.update(left)
        wanted = _TERM if now < deadline else _KILL
        for process in left:
            if told.get(process) != wanted:
                if _signal(process, wanted):
                    told[process] = wanted
                else:
                    beyond.add(process)
        pause = min(1.0, deadline - now) if wanted == _TERM else 0.5
        wait_for_end([process for process in left if process not in beyond], pause)


def _remaining(roots: set[ProcessId], marker: tuple[str, str] | None) -> tuple[ProcessId, ...]:
    starts = set(roots)
    if marker:
        starts.update(marked(*marker))
    table = _table()
    protected = {os.getppid(), *_ancestors(os.getpid(), table)}
    present = [process for process in starts if process.pid in table and table[process.pid].id == process]
    running = [process for process in present if not table[process.pid].zombie]
    found = {*running, *_below([process.pid for process in present], table)}
    left = [process for process in found if process.pid > 1 and process.pid not in protected]
    return tuple(sorted(left, key=lambda process: (len(_ancestors(process.pid, table)), process.pid)))


def _ancestors(pid: int, table: dict[int, _Entry]) -> set[int]:
    found = {pid}
    while pid in table and table[pid].parent not in (0, pid):
        pid = table[pid].parent
        found.add(pid)
    return found


def _below(pids: list[int], table: dict[int, _Entry]) -> tuple[ProcessId, ...]:
    children: dict[int, list[int]] = {}
    for pid, entry in table.items():
        children.setdefault(entry.parent, []).append(pid)
    found: dict[int, None] = {}
    level = list(pids)
    while level:
        level = [child for pid in level for child in children.get(pid, ()) if child not in found]
        found.update(dict.fromkeys(level))
    return tuple(table[pid].id for pid in found if not table[pid].zombie)


def _signal(process: ProcessId, number: int) -> bool:
    """Send a signal to exactly this process; False when that is not allowed. One that has ended is fine."""
    fd = -1
    try:
        # Once opened, a descriptor stands for one process; whoever took the pid before it shows now.
        fd = descriptor(process.pid)
        if identity(process.pid) == process:
            if fd >= 0:
                _pidfd_send_signal(fd, number)
            else:
                os.kill(process.pid, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    finally:
        if fd >= 0:
            os.close(fd)
    return True


def _pidfd_send_signal(fd: int, number: int) -> None:
    import signal  # only when there is something to end

    signal.pidfd_send_signal(fd, number)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  # as above: no pathlib


def _table() -> dict[int, _Entry]:
    if not _LINUX:
        return _table_by_ps("-ax")
    return {pid: entry for pid in _pids() if (entry := _entry(pid))}


def _entry(pid: int) -> _Entry | None:
    if not _LINUX:
        return _table_by_ps("-p", str(pid)).get(pid)
    try:
        stat = _read(f"/proc/{pid}/stat")
    except OSError:
        return None
    # The name, in brackets, may hold brackets and blanks; what follows the last one is fixed.
    fields = stat[stat.rfind(b")") + 2 :].split()
    return _Entry(ProcessId(pid, f"{int(fields[19])}@{_boot()}"), int(fields[1]), fields[0] in (b"Z", b"X"))


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(fd, 65536)
        if len(data) == 65536 or path.endswith("environ"):
            while more := os.read(fd, 65536):
                data += more
        return data
    finally:
        os.close(fd)


_boot_mark: list[str] = []


def _boot() -> str:
    """Return a mark of this boot: start times count from it, so after another boot the same one means nothing."""
    if not _boot_mark:
        try:
            mark = _read("/proc/sys/kernel/random/boot_id")[:8].decode("ascii")
        except OSError:
            mark = ""
        _boot_mark.append(mark)
    return _boot_mark[0]


def _table_by_ps(*which: str) -> dict[int, _Entry]:
    table = {}
    for line in _ps(*which, "-o", "pid=,ppid=,stat=,lstart="):
        pid, parent, state, start = line.split(None, 3)
        table[int(pid)] = _Entry(ProcessId(int(pid), " ".join(start.split())), int(parent), state.startswith("Z"))
    return table


def _marked_by_ps(needle: str) -> tuple[ProcessId, ...]:
    table = _table_by_ps("-ax")
    found = []
    for line in _ps("-axEww", "-o", "pid=,command="):
        pid, *words = line.split()
        if needle in words and (entry := table.get(int(pid))) and not entry.zombie:
            found.append(entry.id)
    return tuple(found)


def _ps(*arguments: str) -> list[str]:
    import subprocess  # only where there is no /proc

    environment = {"LC_ALL": "C", "PATH": "/bin:/usr/bin"}
    done = subprocess.run(["ps", *arguments], capture_output=True, env=environment, timeout=30)
    return [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
