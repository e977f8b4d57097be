"""The one place that runs git: traced, bytes in and out, without git's own variables; it never keeps a git object."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from cockpit.errors import GitError
from cockpit.git import claims
from cockpit.process import EXCERPT, TRACE, Traced, clean_environment, excerpt

# What a user's configuration must not change in the commands that cockpit gives: no background upkeep that takes
# locks, no file monitor for each worktree, names and figures without decoration.
_SETTINGS = (
    "core.quotePath=off",
    "core.fsmonitor=false",
    "color.ui=never",
    "gc.auto=0",
    "maintenance.auto=false",
)
_NO_HOOKS = "core.hooksPath=/dev/null"
# Commands that change nothing whatever their options are, as cockpit uses them.
_READS = frozenset(
    {"cat-file", "check-attr", "check-ignore", "diff", "diff-index", "diff-tree", "for-each-ref", "grep", "log"}
    | {"ls-files", "ls-tree", "merge-base", "rev-list", "rev-parse", "show", "show-ref", "status", "version"}
)
_FIXED = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": ":"}


@dataclass(frozen=True, slots=True)
class Done:
    """How a git command ended: its code and what it printed."""

    code: int
    stdout: bytes
    stderr: str


def git(
    args: Sequence[str],
    *,
    cwd: Path,
    stdin: bytes = b"",
    accept: Sequence[int] = (0,),
    timeout: float = 120.0,
    env: Mapping[str, str] | None = None,
    locks: bool = False,
    hooks: bool = False,
) -> Done:
    """Run one git command in a folder and return how it ended.

    `accept` lists the exit codes that are no error (empty: all), `timeout` is in seconds, `env` is added to the
    clean environment, `locks` lets it take git's locks (a reading command refreshes the index then), `hooks` lets the
    repository's hooks run. Where it is killed, the locks that it held go. Raises GitError.
    """
    settings = (*_SETTINGS, *(() if hooks else (_NO_HOOKS,)))
    argv = ["git", "-C", str(cwd), *(part for setting in settings for part in ("-c", setting)), *args]
    # GitPython can add to the environment but not take away from it: what must go is taken away by env(1).
    unwanted = sorted(os.environ.keys() - clean_environment().keys())
    prefix = ["env", *(part for name in unwanted for part in ("-u", name))] if unwanted else []
    extra = {**_FIXED, **({} if locks else {"GIT_OPTIONAL_LOCKS": "0"}), **(env or {})}
    prefix += [f"{name}={extra[name]}" for name in unwanted if name in extra]
    shown = ("git", *args)
    started, clock = time.time(), time.perf_counter()
    code: int | None = None
    said = ""
    source: IO[bytes] | None = None
    try:
        if stdin:
            source = tempfile.TemporaryFile()  # noqa: SIM115 - closed in the finally below
            source.write(stdin)
            source.seek(0)
        with claims.claimed(args, cwd, timeout, env) if locks else contextlib.nullcontext() as claim:
            code, stdout, stderr = _execute(prefix + argv, source, extra, timeout, (claim.fd,) if claim else ())
            if claim is not None:
                claim.killed = code < 0
        said = stderr[-EXCERPT:] if stderr.strip() else excerpt(stdout)
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}", argv=shown, where=str(cwd)) from error
    finally:
        if source is not None:
            source.close()
        TRACE.add(Traced(shown, str(cwd), started, time.perf_counter() - clock, code, said, args[0] in _READS))
    if accept and code not in accept:
        reason = stderr.strip()[-800:] or f"code {code}"
        raise GitError(f"`git {args[0]}` failed: {reason}", argv=shown, code=code, stderr=stderr, where=str(cwd))
    return Done(code, stdout, stderr)


def _execute(
    argv: list[str], source: IO[bytes] | None, env: dict[str, str], timeout: float, inherited: tuple[int, ...]
) -> tuple[int, bytes, str]:
    hint = "install git 2.38 or newer"
    try:
        from git.cmd import Git
        from git.exc import GitCommandNotFound
    except ImportError as error:  # GitPython looks for the program when it is imported
        raise GitError("git is not installed", hint=hint) from error
    try:
        # `git -C` fails for a folder that is gone; GitPython itself would fall back to this process's folder.
        # Its own time limit starts a thread for each command and leaves grandchildren alive: the session is ended here.
        started: Any = Git("/").execute(
            argv,
            istream=source,  # type: ignore[arg-type]  # annotated more narrowly than what Popen takes
            env=env,
            as_process=True,
            start_new_session=True,
            pass_fds=inherited,
        )
    except GitCommandNotFound as error:
        raise GitError("git is not installed", hint=hint) from error
    process = cast("subprocess.Popen[bytes]", started.proc)
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise GitError(f"git did not end within {timeout:g} s", argv=tuple(argv)) from error
    return process.returncode, stdout, stderr.decode("utf-8", "replace")
