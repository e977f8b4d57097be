"""Takes the command line to the command that it names, and turns every error into a few lines and an exit code."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Required, TypedDict, cast

from cockpit.errors import CockpitError

COMMANDS = (
    "demo",
    "check",
    "run",
    "simulate",
    "conflicts",
    "scan",
    "status",
    "facts",
    "changes",
    "start",
    "pause",
    "resume",
    "stop",
    "retry",
    "approve",
    "reject",
    "merge",
    "rebase",
    "rerun",
    "resolve",
    "release",
    "waive",
    "discard",
    "rollback",
    "cleanup",
    "drain",
    "limits",
    "stop-driver",
    "answer",
    "prompt",
    "diff",
    "logs",
    "attach",
    "report",
    "serve",
    "rescue",
    "schema",
    "trust",
    "doctor",
    "completion",
    "note",
    "ask",
    "send",
    "inbox",
    "shared",
    "done",
    "mcp",
)
INTERRUPTED = 130


class Opening(TypedDict, total=False):
    """The arguments of `open_cockpit`."""

    plan: Required[Path]
    read_only: bool
    agents: int
    start: bool
    trust: bool
    state_dir: Path


class Lining(TypedDict, total=False):
    """The arguments of `print_line`."""

    plan: Required[Path]
    width: int
    tmux: bool
    state_dir: Path


def run(argv: Sequence[str]) -> int:
    """Carry out one command line and return its exit code; errors are printed, never raised."""
    try:
        code = _dispatch(_globals_last(list(argv)))
        if not sys.stdout.closed:  # an MCP server closes it behind its last answer
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _quiet()
    except CockpitError as error:
        from cockpit.cli.output import complain

        if os.environ.get("COCKPIT_DEBUG"):
            _traceback()
        complain(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the last line of defence: a user never sees a traceback unasked
        return _internal(error)


def _dispatch(argv: list[str]) -> int:
    if argv == ["mcp"]:  # an agent's first call of its model waits for it
        from cockpit.cli.mcp import mcp

        return mcp()
    if "--line" in argv and (lining := _plain_form(argv, ("--line", "--tmux"), ("--width",))) is not None:
        from cockpit.cli.line import print_line

        del lining["line"]
        return print_line(**cast("Lining", lining))
    plain = _plain_form(argv, ("--read-only", "--start", "--trust"), ("--agents",))
    if plain is not None:
        from cockpit.cli.show import open_cockpit

        return open_cockpit(**cast("Opening", plain))
    _refuse_unknown(argv)
    from cockpit.cli.app import call

    return call(argv)


def _plain_form(argv: list[str], flags: Sequence[str], numbers: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments of `cockpit PLAN [options]` in its simplest spelling; None leaves it to the full parser.

    The parser costs more than half of what a bare screen needs to its first paint.
    """
    found: dict[str, Any] = {}
    words = iter(argv)
    for word in words:
        if word in flags:
            found[word[2:].replace("-", "_")] = True
        elif word == "--state-dir" or word in numbers:
            value = next(words, "")
            if not value or value.startswith("-") or (word in numbers and not value.isdecimal()):
                return None
            found[word[2:].replace("-", "_")] = int(value) if word in numbers else Path(value)
        elif word.startswith("-") or "plan" in found or word in COMMANDS:
            return None
        else:
            found["plan"] = Path(word)
    plan = found.get("plan")
    return found if plan is not None and plan.exists() else None


def _globals_last(argv: list[str]) -> list[str]:
    """Move global options that stand before the command behind it, where the commands take them."""
    moved: list[str] = []
    while argv and (argv[0] == "--json" or argv[0].startswith("--state-dir")):
        count = 2 if argv[0] == "--state-dir" else 1
        moved += argv[:count]
        argv = argv[count:]
    return [*argv[:1], *moved, *argv[1:]]


def _refuse_unknown(argv: list[str]) -> None:
    """Say what is wrong with a first word that is neither a command nor a plan file. Raises CockpitError."""
    if not argv or argv[0].startswith("-") or argv[0] in COMMANDS or argv[0] == "__complete":
        return
    word = argv[0]
    if Path(word).exists():
        return
    from difflib import get_close_matches

    near = get_close_matches(word, COMMANDS, n=1, cutoff=0.6)
    looks_like_a_file = "/" in word or "." in word
    if near and not looks_like_a_file:
        hint = f"did you mean `cockpit {near[0]}`? `cockpit --help` lists the commands"
        raise CockpitError(f"there is no command, and no plan file, called {word!r}", hint=hint)
    raise CockpitError("no such plan file", where=word, hint="give the path of a plan, or see `cockpit --help`")


def _internal(error: Exception) -> int:
    from cockpit.safetext import safe_line

    if os.environ.get("COCKPIT_DEBUG"):
        _traceback()
    what = safe_line(f"{type(error).__name__}: {error}", 300)
    print(f"internal error: {what}\n  → COCKPIT_DEBUG=1 shows where; please report it", file=sys.stderr)
    return 2


def _traceback() -> None:
    import traceback

    traceback.print_exc()


def _quiet() -> int:
    """End without a word when whoever read our output has gone; nothing may be written at exit either."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
    return 1
