"""The environment that an agent gets: a short list from cockpit's own, what the plan passes or sets, and COCKPIT_*.

Secrets of cockpit's environment reach an agent only where the plan names them.
"""

import contextlib
import os
import shutil
import socket
import sys
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

PASSED = ("PATH", "HOME", "LANG", "TERM", "TMPDIR", "USER", "SHELL")
_FIRST_PORT, _BLOCK, _BLOCKS = 20_000, 10, 1_200  # below the range that systems hand out by themselves


def passed(pass_env: Iterable[str] = (), source: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what of an environment (default: this process's) is passed on: a short list, and what the plan names.

    No GIT_* is passed on, even where it is named: those would send a command's git into another repository.
    """
    mine = os.environ if source is None else source
    named = {*PASSED, *pass_env}
    return {
        name: value
        for name, value in mine.items()
        if (name in named or name.startswith("LC_")) and not name.startswith("GIT_")
    }


def environment(
    *,
    run_id: str,
    plan: str,
    workstream: str,
    worktree: Path,
    state: Path,
    prompt_file: Path,
    port: int,
    pass_env: Iterable[str] = (),
    profile_env: Mapping[str, str] | None = None,
    workstream_env: Mapping[str, str] | None = None,
    source: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the whole environment of one run; later sources win: passed, profile, workstream, cockpit's own.

    `source` is what is passed from (default: this process's environment). No GIT_* is passed on, even where it is
    named: those would send an agent's git into another repository.
    """
    return {
        **passed(pass_env, source),
        **(profile_env or {}),
        **(workstream_env or {}),
        "COCKPIT_RUN": run_id,
        "COCKPIT_PLAN": plan,
        "COCKPIT_WORKSTREAM": workstream,
        "COCKPIT_WORKTREE": str(worktree),
        "COCKPIT_STATE": str(state),
        "COCKPIT_PROMPT_FILE": str(prompt_file),
        "COCKPIT_PORT": str(port),
    }


def with_own_command(env: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return an environment in which `cockpit` is found: where its PATH has none, a link to this one in a folder."""
    own = Path(sys.executable).with_name("cockpit")
    path = env.get("PATH", os.defpath)
    if shutil.which("cockpit", path=path) is not None or not own.exists():
        return dict(env)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    link = folder / own.name
    if not link.exists():  # a link that leads nowhere is one of a cockpit that was moved
        link.unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):  # another run made it at that moment
            link.symlink_to(own)
    return {**env, "PATH": f"{path}{os.pathsep}{folder}"}


def port_block(run_id: str, taken: Collection[int] = ()) -> int:
    """Return the first of ten ports on the loopback interface that are free now; the same for a run where possible.

    `taken` are the first ports of blocks that other runs were given.
    """
    begin = zlib.crc32(run_id.encode())
    for step in range(_BLOCKS):
        first = _FIRST_PORT + (begin + step) % _BLOCKS * _BLOCK
        if first not in taken and all(_free(port) for port in range(first, first + _BLOCK)):
            return first
    return _FIRST_PORT + begin % _BLOCKS * _BLOCK  # nothing is free: the agent will say so better than a guess can


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
