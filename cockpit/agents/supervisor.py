"""The small detached process over one agent: its time limit, its log's cap, its end; judges nothing that it says.

Started by `runs.start` as `python -I -S`, with the agent's own environment. It writes into the run's folder, each file
atomically: `started.json`, `heartbeat` (its time of change), `<log>.1` and `<log>.cut` (see `_rotate`), and at last
`exit.json`. It imports only what is compiled into or cheap for the interpreter (no json, signal, ctypes, pathlib):
its start is paid once a run.
"""

import os
import select
import sys
import time

from cockpit.processtree import ProcessId, end_tree, identity

try:  # `signal` and `ctypes` wrap these at the price of half a start
    import _signal as signal  # type: ignore[import-not-found]  # the part of `signal` that is compiled in
except ImportError:
    import signal

LOGS = ("stdout.log", "stderr.log")
BESIDE = "beside.log"
"""What a program tells of itself and does not print; it writes that file by itself."""
_WRITTEN = (*LOGS, BESIDE)
TAIL_BYTES = 4 * 1024 * 1024
_BEAT = 2.0  # seconds between heartbeats
_RESERVE = 4096  # bytes kept for exit.json, so that a full disk does not lose it
_PR_SET_CHILD_SUBREAPER = 36
_DEFAULTED = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGPIPE", "SIGTERM", "SIGCHLD", "SIGXFSZ")


class _Spec:
    """What `runs.start` asks for; the file holds `name=value` fields ended by NUL, as the environment does."""

    def __init__(self, folder: str) -> None:
        fields = read_fields(f"{folder}/spec")
        self.folder = folder
        self.run = _last(fields, "run")
        self.argv = fields["arg"]
        self.cwd = _last(fields, "cwd")
        self.stdin = _last(fields, "stdin") or os.devnull
        self.timeout = float(_last(fields, "timeout") or 0)
        self.grace = float(_last(fields, "grace") or 5)
        self.cap = int(_last(fields, "cap"))
        for name in fields.get("unset", []):
            os.environ.pop(name, None)


class _Supervisor:
    def __init__(self, spec: _Spec) -> None:
        self.spec = spec
        self.me = ProcessId(0, "")
        self.agent = 0
        self.status: int | None = None
        self.asked = False
        self.vanished = False
        self.unsaid = ""
        self.lost = dict.fromkeys(_WRITTEN, 0)
        self.sizes = dict.fromkeys(_WRITTEN, 0)
        self.wake = -1

    def on_term(self, _number: int, _frame: object) -> None:
        self.asked = True

    def run(self) -> None:
        """Run the agent to its end and write how it ended."""
        spec = self.spec
        self.me = identity(os.getpid()) or ProcessId(os.getpid(), "")
        write_process(f"{spec.folder}/supervisor", self.me)  # in case the starter died before it could
        _reserve(f"{spec.folder}/exit.tmp")
        self.beat()
        reason, error, leftovers = "stopped", "", 0
        if not self.asked:
            try:
                self.spawn()
            except OSError as problem:
                reason, error = "spawn-failed", f"{problem.strerror or problem}: {problem.filename or spec.argv[0]}"
            else:
                reason = self.watch()
                ended = end_tree(self.me, ("COCKPIT_RUN", spec.run), self.grace(reason))
                leftovers = sum(process.pid != self.agent for process in ended)
                self.reap()
        for name in _WRITTEN:
            self.keep_small(name)
        self.hide_secrets()
        detail = self.stop_request().get("reason", [""])[-1] if reason == "stopped" else ""
        self.write_exit(reason, error, detail, leftovers)

    def spawn(self) -> None:
        """Start the agent in its folder, in a session of its own (a script's `kill 0` must not reach us)."""
        spec = self.spec
        os.chdir(spec.cwd)
        logs = [f"{spec.folder}/{name}" for name in LOGS]
        appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, spec.stdin, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, logs[0], appending, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, logs[1], appending, 0o600),
        ]
        defaulted = [getattr(signal, name) for name in _DEFAULTED]
        try:
            self.agent = os.posix_spawnp(
                spec.argv[0], spec.argv, os.environ, file_actions=actions, setsid=True, setsigdef=defaulted
            )
        except NotImplementedError:  # a C library without that flag: its own group is what matters
            self.agent = os.posix_spawnp(
                spec.argv[0], spec.argv, os.environ, file_actions=actions, setpgroup=0, setsigdef=defaulted
            )
        os.chdir("/")
        agent = identity(self.agent) or ProcessId(self.agent, "")
        self.unsaid = f'{{"supervisor": {_process(self.me)}, "agent": {_process(agent)}, "at": {time.time()}}}\n'

    def watch(self) -> str:
        """Wait until the agent ends, time runs out or somebody asks; return which."""
        limit = time.monotonic() + self.spec.timeout if self.spec.timeout else float("inf")
        next_beat = 0.0
        pause = 1.0
        while True:
            now = time.monotonic()
            if now >= next_beat:
                self.beat()
                next_beat = now + _BEAT
            self.reap()
            if self.status is not None:
                return "exited"
            if self.asked or self.vanished:
                return "stopped"
            if now >= limit:
                return "timeout"
            # A log that grows fast is looked at more often.
            grown = max(self.keep_small(name) for name in _WRITTEN)
            pause = 0.02 if grown > self.spec.cap / 64 else 1.0
            if select.select([self.wake], [], [], max(0.0, min(pause, limit - now)))[0]:
                os.read(self.wake, 512)

    def reap(self) -> None:
        """Collect what ended below us: the agent, and daemonised children that were handed to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self.agent:
                self.status = status

    def beat(self) -> None:
        try:
            if self.unsaid:
                write_atomically(f"{self.spec.folder}/started.json", self.unsaid)
                self.unsaid = ""
            os.utime(f"{self.spec.folder}/heartbeat")
        except FileNotFoundError:
            self.vanished = not os.path.isdir(self.spec.folder)
        except OSError:
            pass  # a full disk: the next beat may get through, and silence is seen

    def grace(self, reason: str) -> float:
        asked = self.stop_request().get("grace", [""])[-1] if reason == "stopped" else ""
        return float(asked) if asked else self.spec.grace

    def stop_request(self) -> dict[str, list[str]]:
        try:
            return read_fields(f"{self.spec.folder}/stop")
        except OSError:
            return {}

    def keep_small(self, name: str) -> int:
        """Rotate a log that is over its cap; return by how many bytes it grew since the last look."""
        path = f"{self.spec.folder}/{name}"
        try:
            size = os.stat(path).st_size
            grown = size - self.sizes[name]
            if size > self.spec.cap:
                self.lost[name] = _rotate(path, self.spec.cap)
                size = 0
        except OSError:
            return 0  # gone with its folder, or no room for the tail: the next look tries again
        self.sizes[name] = size
        return grown

    def hide_secrets(self) -> None:
        """Hide what of the agent's environment is secret in its logs, now that nobody writes them any more."""
        from cockpit.redaction import Redactor  # its patterns cost as much as the start, which is over by now

        redactor = Redactor()
        redactor.learn(os.environ)
        for name in _WRITTEN:
            for log in (name, f"{name}.1"):
                redactor.file(f"{self.spec.folder}/{log}")

    def write_exit(self, reason: str, error: str, detail: str, leftovers: int) -> None:
        code = killer = "null"
        if self.status is not None:
            value = os.waitstatus_to_exitcode(self.status)
            code, killer = (str(value), "null") if value >= 0 else ("null", str(-value))
        lost = sum(self.lost[name] for name in LOGS)
        text = (
            f'{{"code": {code}, "signal": {killer}, "reason": {quoted(reason)}, "error": {quoted(error[:500])}, '
            f'"detail": {quoted(detail[:200])}, "at": {time.time()}, "lost_bytes": {lost}, '
            f'"leftovers": {leftovers}}}\n'
        )
        folder = self.spec.folder
        for attempt in range(600):
            try:
                _fill_reserve(f"{folder}/exit.tmp", text)
                os.rename(f"{folder}/exit.tmp", f"{folder}/exit.json")
            except OSError:
                if not os.path.isdir(folder):
                    return
                if attempt == 3:
                    _make_room(folder)
                time.sleep(0.1)
            else:
                return


def supervise(folder: str) -> None:
    """Run the agent that `<folder>/spec` describes; returns when its whole tree is gone and exit.json is written."""
    os.closerange(3, 4096)  # what the starter's own starter left open must not stay open with us
    supervisor = _Supervisor(_Spec(folder))
    supervisor.wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, supervisor.on_term)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _adopt_orphans()
    supervisor.run()


def read_fields(path: str) -> dict[str, list[str]]:
    """Return the `name=value` fields of a file, each ended by NUL; a name may come more than once. Raises OSError."""
    with open(path, "rb") as file:
        data = file.read()
    fields: dict[str, list[str]] = {}
    for field in data.split(b"\0")[:-1]:
        name, _, value = field.partition(b"=")
        fields.setdefault(os.fsdecode(name), []).append(os.fsdecode(value))
    return fields


def write_atomically(path: str, text: str) -> None:
    """Write a file so that a reader sees all of it or the one before. Raises OSError."""
    draft = f"{path}.{os.getpid()}.tmp"  # two processes may write the same file
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, os.fsencode(text))
    finally:
        os.close(fd)
    os.rename(draft, path)


def write_process(path: str, process: ProcessId) -> None:
    """Write down who a process is, for `read_fields`. Raises OSError."""
    write_atomically(path, f"pid={process.pid}\0start={process.start}\0")


def cut_of(path: str) -> tuple[int, int]:
    """Return the two numbers that `_rotate` keeps about a log; zeros when it was never cut. Raises OSError."""
    try:
        with open(f"{path}.cut", "rb") as file:
            begin, tail = file.read().split()
    except FileNotFoundError:
        return 0, 0
    return int(begin), int(tail)


def quoted(text: str) -> str:
    """Return the text as a JSON string, in ASCII."""
    units = text.encode("utf-16-be", "surrogatepass")
    codes = [units[i] << 8 | units[i + 1] for i in range(0, len(units), 2)]
    return '"' + "".join(chr(c) if 0x20 <= c < 0x7F and c not in (0x22, 0x5C) else f"\\u{c:04x}" for c in codes) + '"'


def _process(process: ProcessId) -> str:
    return f'{{"pid": {process.pid}, "start": {quoted(process.start)}}}'


def _last(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[-1]


def _adopt_orphans() -> None:
    """Have daemonised descendants handed to this process (Linux), so that they stay below it."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import _ctypes

        prctl = _ctypes.dlsym(_ctypes.dlopen(None, 2), "prctl")  # type: ignore[arg-type]  # None: this program
        done = _ctypes.call_function(prctl, (_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
    except (ImportError, AttributeError):
        import ctypes

        done = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if done != 0:
        sys.stderr.write("daemonised children will only be found by their environment: prctl failed\n")


def _rotate(path: str, cap: int) -> int:
    """Empty a log, keeping its last bytes in `<log>.1`; return how many bytes of it are lost in all.

    `<log>.cut` then holds two numbers: how many bytes were written before the present log begins, and where in that
    count the bytes in `<log>.1` begin. What is written between the copy and the cut is lost, and counted but for its
    last instant.
    """
    keep = min(TAIL_BYTES, cap // 2)
    before = cut_of(path)
    log = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    tail = os.open(f"{path}.1.tmp", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(log).st_size
        place = start = size - keep
        try:
            while place < size and (part := os.pread(log, min(65536, size - place), place)):
                os.write(tail, part)
                place += len(part)
        except OSError:  # no room for the tail: a log over its cap is cut all the same
            os.ftruncate(tail, 0)
            start = size
        written = os.fstat(log).st_size
        os.ftruncate(log, 0)
        lost = before[0] + start + (written - size)
        os.rename(f"{path}.1.tmp", f"{path}.1")
        write_atomically(f"{path}.cut", f"{before[0] + written} {before[0] + start}")
        os.write(log, f"\n[cockpit: the log was cut; {lost} bytes of it are lost]\n".encode())
    finally:
        os.close(log)
        os.close(tail)
    return lost


def _reserve(path: str) -> None:
    try:
        write_atomically(path, " " * _RESERVE)
    except OSError as problem:
        sys.stderr.write(f"no room is reserved for the exit: {problem}\n")


def _fill_reserve(path: str, text: str) -> None:
    """Write the text over the reserved bytes; blanks behind JSON are JSON, so nothing needs to be freed or taken."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, os.fsencode(text).ljust(_RESERVE - 1) + b"\n")
    finally:
        os.close(fd)


def _make_room(folder: str) -> None:
    """Give up the oldest output for the exit: without the exit the run's end would be unknown."""
    for name in _WRITTEN:
        try:
            os.truncate(f"{folder}/{name}.1", 0)
        except OSError:
            continue
