"""Starts, adopts, looks at and stops runs: agents under a supervisor, each with a folder; never waits for one to end.

A run's folder holds `spec`, `started.json`, `heartbeat`, `stdout.log`, `stderr.log`, `exit.json`; what is in it is
enough to judge a run after any crash.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cockpit import processtree
from cockpit.agents import supervisor
from cockpit.agents.heeding import heed
from cockpit.errors import CockpitError
from cockpit.process import TRACE, Traced
from cockpit.processtree import MARKER, ProcessId
from cockpit.redaction import KNOWN

DEFAULT_CAP = 32 * 1024 * 1024
Reason = Literal["exited", "timeout", "stopped", "spawn-failed", "unknown"]

_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
# The supervisor's modules are imported, not run as a script: scripts are compiled anew at every start. The folder goes
# to the end of the path, so that nothing beside the package can stand in for the standard library.
_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from cockpit.agents.supervisor import supervise; supervise(sys.argv[2])"
)
AT_ONCE = 1 << 17  # bytes of a log that are read at once: seeking secrets in them holds the interpreter's lock
_STARTING = 5.0  # seconds within which a supervisor has said that it started, on a very busy machine


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run to start.

    `folder` is absolute and the run's own (made when missing); `command` is an argv list, or a string for `sh -c`;
    `env` is the agent's whole environment (never written to disk; the marker is added); `stdin` is a file, None: empty;
    `timeout_s` and `grace_s` (between SIGTERM and SIGKILL) are seconds; `cap_bytes` bounds each of its two logs.
    """

    run_id: str
    folder: Path
    command: tuple[str, ...] | str
    cwd: Path
    env: Mapping[str, str]
    stdin: Path | None = None
    timeout_s: float | None = None
    grace_s: float = 5.0
    cap_bytes: int = DEFAULT_CAP


@dataclass(frozen=True, slots=True)
class Started:
    """A run whose supervisor has been started; the agent follows at once."""

    run_id: str
    folder: Path
    supervisor: ProcessId


@dataclass(frozen=True, slots=True)
class RunExit:
    """How a run ended.

    `code` or `signal` are the agent's own (both None when it never ran, or nobody saw it end: `unknown`); `error` says
    why it could not be started, `detail` the reason given to `stop`; `at` is seconds since the epoch; `lost_bytes` of
    its output are nowhere; `leftovers` counts processes that it left behind and that were ended.
    """

    reason: Reason
    code: int | None = None
    signal: int | None = None
    error: str = ""
    detail: str = ""
    at: float = 0.0
    lost_bytes: int = 0
    leftovers: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether the agent ended by itself with code 0; that alone is not success."""
        return self.reason == "exited" and self.code == 0


@dataclass(frozen=True, slots=True)
class RunLook:
    """A run as it stands: who runs, how it ended if it has, when it last gave a sign (seconds since the epoch)."""

    supervisor: ProcessId | None
    supervisor_alive: bool
    agent: ProcessId | None
    agent_alive: bool
    exit: RunExit | None
    started_at: float | None
    heartbeat: float | None
    output_bytes: int
    output_at: float | None

    @property
    def over(self) -> bool:
        """Tell whether nothing of the run goes on; without an exit it then ended `unknown`."""
        return self.exit is not None or not (self.supervisor_alive or self.agent_alive)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a log: `offset` counts all bytes ever written, `next` is where to read on, `lost` were skipped."""

    data: bytes
    offset: int
    next: int
    lost: int


def start(spec: RunSpec) -> Started:
    """Start a run, detached from this process and its terminal. Raises CockpitError."""
    _reap()
    argv = ("/bin/sh", "-c", spec.command) if isinstance(spec.command, str) else spec.command
    env = {**spec.env, MARKER: spec.run_id}
    fields = [("run", spec.run_id), ("cwd", str(spec.cwd)), ("stdin", str(spec.stdin or "")), ("cap", spec.cap_bytes)]
    fields += [("timeout", spec.timeout_s or ""), ("grace", spec.grace_s), *(("arg", word) for word in argv)]
    if "LC_CTYPE" not in env:
        fields.append(("unset", "LC_CTYPE"))  # the interpreter sets it for itself where there is no locale
    try:
        if not argv or any("\0" in str(value) for _, value in [*fields, *env.items()]):
            raise ValueError("an empty command, or a NUL byte in it")
        spec.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (spec.folder / "spec").exists():
            raise ValueError("its folder holds a run already")
        KNOWN.learn(env)
        (spec.folder / "heartbeat").touch()
        supervisor.write_atomically(str(spec.folder / "spec"), "".join(f"{n}={v}\0" for n, v in fields))
        started = _spawn(spec.folder, env)
        supervisor.write_process(str(spec.folder / "supervisor"), started)
    except (OSError, ValueError) as error:
        raise CockpitError(f"run {spec.run_id} cannot be started: {error}", where=str(spec.folder)) from error
    told = f"run {spec.run_id} goes on by itself, watched by process {started.pid}"
    TRACE.add(Traced(tuple(map(str, argv)), str(spec.cwd), time.time(), 0.0, None, told))
    return Started(spec.run_id, spec.folder, started)


def look(folder: Path) -> RunLook:
    """Return how the run of this folder stands, whoever started it. Raises CockpitError when there is no run in it."""
    _reap()
    over = _exit(folder)
    started = _json(folder / "started.json", "agent")
    watcher = _supervisor_of(folder, started)
    watched = watcher is not None and processtree.alive(watcher)
    agent = _process(started["agent"]) if started else None
    if agent is None and over is None and not watched:
        # Killed between starting the agent and saying so: then the marker alone tells.
        agent = next(iter(processtree.marked(MARKER, _run_id(folder))), None)
    sizes, times = [0], []
    for name in supervisor.LOGS:
        state = _stat(folder / name)
        if state:
            sizes.append(_begin(folder, name)[0] + state.st_size)
            times.append(state.st_mtime if state.st_size else 0.0)
    beat = _stat(folder / "heartbeat")
    return RunLook(
        supervisor=watcher,
        supervisor_alive=watched,
        agent=agent,
        agent_alive=agent is not None and processtree.alive(agent),
        exit=over or _exit(folder),  # it may have ended between the two
        started_at=float(started["at"]) if started else None,
        heartbeat=beat.st_mtime if beat else None,
        output_bytes=sum(sizes),
        output_at=max(times, default=0.0) or None,
    )


def judge(folder: Path) -> RunExit:
    """Return how the run ended; `unknown` when its supervisor was killed before it could say.

    An agent, or what it left behind, may still run then: `stop` ends all of it. Raises CockpitError while the
    supervisor runs, or when there is no run.
    """
    now = look(folder)
    if now.exit:
        return now.exit
    if now.supervisor_alive:
        raise CockpitError("the run has not ended", where=str(folder))
    beat = now.heartbeat or now.started_at or 0.0
    said = tail(folder, "supervisor.log", 500).decode("utf-8", "replace").strip()
    return RunExit("unknown", error=said.rpartition("\n")[2], at=max(beat, now.output_at or 0.0))


def stop(folder: Path, reason: str, grace: float = 5.0) -> RunExit:
    """End a run's whole tree and return how it ended; a run that is over stays as it is, apart from leftovers.

    `grace` is the time in seconds between SIGTERM and SIGKILL. Asks the supervisor, and does the work itself when that
    is gone or does not answer. Raises CockpitError when there is no run, or something of it cannot be ended.
    """
    run_id = _run_id(folder)
    now = look(folder)
    if now.exit is None and now.supervisor and now.supervisor_alive:
        supervisor.write_atomically(str(folder / "stop"), f"reason={' '.join(reason.split())[:200]}\0grace={grace}\0")
        _ask(folder, now.supervisor, grace)
        now = look(folder)
    if now.supervisor and now.supervisor_alive:
        _wait_gone(now.supervisor, 2.0)  # it has written its exit, or is not going to
    elif now.exit is None:
        time.sleep(0.02)  # an agent that was just being started when its supervisor was killed shows its marker by then
    cut_off = now.agent is None or now.agent_alive  # else only what it left behind is ended, and its work was over
    root = now.agent or now.supervisor or ProcessId(0, "")
    ended: dict[ProcessId, None] = {}
    left: tuple[ProcessId, ...] = ()
    for _ in range(3):  # a process that is just being exchanged for another program shows no environment
        ended |= dict.fromkeys(processtree.end_tree(root, (MARKER, run_id), grace))
        left = processtree.remaining(root, (MARKER, run_id))
        if not left:
            break
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise CockpitError(f"of run {run_id} these processes cannot be ended: {pids}", where=str(folder))
    if _exit(folder) is None and ended and cut_off:
        # Nobody else is left to say it. Else it stays unknown: the agent was over by itself.
        over = RunExit("stopped", detail=reason[:200], at=time.time(), leftovers=len(ended))
        supervisor.write_atomically(str(folder / "exit.json"), json.dumps(asdict(over)))
    return judge(folder)


def watch_fd(folder: Path) -> int | None:
    """Return a descriptor that becomes readable when the supervisor ends; the caller closes it.

    None where the system has none, or the supervisor is gone already: then `look` tells.
    """
    watcher = _supervisor_of(folder, _json(folder / "started.json", "agent"))
    if watcher is None:
        return None
    try:
        fd = processtree.descriptor(watcher.pid)
    except ProcessLookupError:
        return None
    if fd >= 0 and processtree.identity(watcher.pid) != watcher:
        os.close(fd)
        return None
    return fd if fd >= 0 else None


def written(folder: Path, name: str = "stdout.log") -> int:
    """Return how many bytes were ever written to a log; 0 when it does not exist."""
    return _begin(folder, name)[0] + (state.st_size if (state := _stat(folder / name)) else 0)


def tail(folder: Path, name: str = "stdout.log", limit: int = 65536) -> bytes:
    """Return at most the last `limit` bytes of a log, across its cut; empty when it does not exist."""
    data = bytearray()
    place = max(0, written(folder, name) - limit)
    while len(data) < limit and (chunk := read_output(folder, place, limit - len(data), name=name)).data:
        data += chunk.data
        place = chunk.next
    return bytes(data)


def read_output(folder: Path, offset: int, limit: int = 65536, *, name: str = "stdout.log") -> Chunk:
    """Read a log forward from an offset that counts all bytes ever written, at most `limit` bytes, and AT_ONCE.

    What was cut away meanwhile is skipped and counted in `lost`. No data means: nothing new yet.
    """
    heed(folder)
    path, limit = folder / name, min(limit, AT_ONCE)
    for _ in range(20):
        begin, kept = _begin(folder, name)
        if offset >= begin:
            data = _pread(path, offset - begin, limit)
            chunk = Chunk(data, offset, offset + len(data), 0)
        else:
            place = max(offset, kept)
            data = _pread(path.with_name(f"{name}.1"), place - kept, min(limit, begin - place))
            if not data:
                place = begin
                data = _pread(path, 0, limit)
            chunk = Chunk(data, place, place + len(data), place - offset)
        if _begin(folder, name) == (begin, kept):
            return chunk
    return Chunk(b"", offset, offset, 0)  # it is being cut again and again: the next call may find a quiet moment


_children: set[int] = set()
_children_lock = threading.Lock()


def _reap() -> None:
    """Collect supervisors of ours that have ended, so that they do not stay as zombies."""
    with _children_lock:
        for pid in tuple(_children):
            try:
                done, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done = pid
            if done:
                _children.discard(pid)


def _spawn(folder: Path, env: Mapping[str, str]) -> ProcessId:
    python = getattr(sys, "_base_executable", "") or sys.executable
    argv = [python, "-I", "-S", "-c", _BOOT, _PACKAGE_PARENT, str(folder)]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(folder / "supervisor.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
    ]
    pid = os.posix_spawn(python, argv, dict(env), file_actions=actions, setsid=True, setsigmask=())
    started = processtree.identity(pid)
    assert started is not None  # noqa: S101  # it is our child and not reaped yet
    with _children_lock:
        _children.add(pid)
    return started


def _ask(folder: Path, watcher: ProcessId, grace: float) -> None:
    """Ask a supervisor to stop its run and wait until it has, or is overdue."""
    # Before it has said that it started, the signal could kill it before it listens.
    deadline = time.monotonic() + _STARTING
    while not (folder / "started.json").exists() and _exit(folder) is None and time.monotonic() < deadline:
        if not processtree.alive(watcher):
            return
        time.sleep(0.01)
    if processtree.identity(watcher.pid) == watcher:
        try:
            os.kill(watcher.pid, 15)
        except ProcessLookupError:
            return
    # Time for the tree to be told, to be killed, and to be looked for again.
    _wait_gone(watcher, grace + 10.0)


def _wait_gone(process: ProcessId, seconds: float) -> bool:
    processtree.wait_for_end([process], seconds)
    _reap()
    return not processtree.alive(process)


def _run_id(folder: Path) -> str:
    try:
        return supervisor.read_fields(str(folder / "spec"))["run"][0]
    except (OSError, KeyError) as error:
        raise CockpitError("no run is kept there", where=str(folder)) from error


def _supervisor_of(folder: Path, started: dict[str, Any] | None) -> ProcessId | None:
    if started:
        return _process(started["supervisor"])
    try:
        fields = supervisor.read_fields(str(folder / "supervisor"))
        return ProcessId(int(fields["pid"][0]), fields["start"][0])
    except FileNotFoundError:
        # Its starter died in between. It says who it is before it starts the agent, so nobody else is marked yet.
        return next(iter(processtree.marked(MARKER, _run_id(folder))), None)


def _process(value: dict[str, Any]) -> ProcessId:
    return ProcessId(int(value["pid"]), str(value["start"]))


def _exit(folder: Path) -> RunExit | None:
    return RunExit(**value) if (value := _json(folder / "exit.json", "reason")) else None


def _json(path: Path, key: str) -> dict[str, Any] | None:
    """Return what a file says; None where it is not there, or is what a loss of power leaves of one."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise CockpitError(f"the file of a run cannot be read: {error}", where=str(path)) from error
    return value if isinstance(value, dict) and key in value else None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _begin(folder: Path, name: str) -> tuple[int, int]:
    """Return how many bytes were written before the present log begins, and where the part before that begins."""
    return supervisor.cut_of(str(folder / name))


def _pread(path: Path, offset: int, limit: int) -> bytes:
    """Return a part of a log without the secrets in it, which may lie across its ends."""
    before = min(offset, KNOWN.reach)
    wanted = before + limit + KNOWN.reach
    try:
        with path.open("rb") as file:
            data = os.pread(file.fileno(), wanted, offset - before)
    except FileNotFoundError:
        return b""
    return KNOWN.data(data, is_cut=len(data) < wanted)[before : before + limit] if len(data) > before else b""
