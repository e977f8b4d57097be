"""The command line as cyclopts sees it: which command is in which module; imports a command only when it is called."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter
from cyclopts.exceptions import CycloptsError

from cockpit import __version__
from cockpit.cli.main import COMMANDS
from cockpit.cli.options import Agents, StateDir, Trust
from cockpit.errors import CockpitError

ABOUT = """A terminal cockpit over a plan of parallel work.

`cockpit PLAN` opens the full-screen cockpit over a plan file; each workstream of the plan gets a git worktree and an
agent. `cockpit demo` shows it on a scratch repository. Everything that the screen can do can be done by a command."""

_SEE, _ORDER, _KEEP, _SELF, _AGENT = "Look", "Order", "Plan and state", "Cockpit itself", "For agents, inside a run"

# group → name of the command → where it is
TABLE: dict[str, dict[str, str]] = {
    _SEE: {
        "demo": "demo:demo",
        "check": "check:check",
        "simulate": "simulate:simulate",
        "conflicts": "conflicts:conflicts",
        "scan": "scan:scan",
        "status": "status:status",
        "facts": "facts:facts",
        "changes": "changes:changes",
        "diff": "diff:diff",
        "logs": "logs:logs",
        "attach": "attach:attach",
        "report": "report:report",
        "serve": "serve:serve",
    },
    _ORDER: {
        "run": "run:run",
        **{verb: f"orders:{verb}" for verb in ("start", "pause", "resume", "stop", "retry", "approve")},
        "reject": "rejecting:reject",
        "merge": "orders:merge",
        **{verb: f"resolving:{verb}" for verb in ("rebase", "rerun", "resolve")},
        **{verb: f"releasing:{verb}" for verb in ("release", "waive", "discard")},
        "rollback": "orders:rollback",
        "cleanup": "orders:cleanup",
        "answer": "answering:answer",
        "prompt": "prompting:prompt",
        "drain": "orders:drain",
        "limits": "orders:limits",
        "stop-driver": "orders:stop_driver",
    },
    _KEEP: {"trust": "trust:trust", "rescue": "rescue:APP", "schema": "schema:schema"},
    _SELF: {"doctor": "doctor:doctor", "completion": "completion:completion"},
    _AGENT: {
        **{verb: f"talking:{verb}" for verb in ("note", "ask", "send", "inbox", "shared", "done")},
        "mcp": "mcp:mcp",
    },
}


def build() -> App:
    """Return the whole command line."""
    app = App(
        name="cockpit",
        help=ABOUT,
        version=__version__,
        default_parameter=Parameter(negative=(), show_default=False),
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
        help_format="markdown",
    )
    app.default(open_plan)
    for at, (title, commands) in enumerate(TABLE.items()):
        group = Group(title, sort_key=at)
        for name, place in commands.items():
            app.command(f"cockpit.cli.{place}", name=name, group=group)
    return app


def call(argv: Sequence[str]) -> int:
    """Parse a command line and carry it out; return its exit code. Raises CockpitError for what cannot be parsed."""
    if not argv:
        argv = ["--help"]
    if os.environ.get("NO_COLOR") == "":
        os.environ.pop("NO_COLOR")  # set but empty means nothing, by its convention
    app = build()
    if argv[0] in ("--help", "-h"):
        for name in COMMANDS:
            app[name]  # imports the command, whose docstring is its line in the list
    try:
        result = app(list(argv))
    except CycloptsError as error:
        raise CockpitError(_message(error), hint=_hint(argv)) from error
    return result if isinstance(result, int) else 0


def open_plan(
    plan: Annotated[Path, Parameter(help="The plan file.")],
    /,
    *,
    read_only: Annotated[bool, Parameter(help="Look only: no order can be given from this screen.")] = False,
    agents: Agents = None,
    start: Annotated[bool, Parameter(help="Start everything at once, as `S` does.")] = False,
    trust: Trust = False,
    line: Annotated[bool, Parameter(help="Print how it stands on one line, for a status bar, and end.")] = False,
    width: Annotated[int, Parameter(help="With --line: at most so many columns.")] = 0,
    tmux: Annotated[bool, Parameter(help="With --line: in tmux's colours, for its status line.")] = False,
    state_dir: StateDir = None,
) -> int:
    """Open the full-screen cockpit over a plan."""
    if line:
        if read_only or agents is not None or start or trust:
            raise CockpitError("--line only looks: it goes with --width, --tmux and --state-dir alone")
        from cockpit.cli.line import print_line

        return print_line(plan, width=width, tmux=tmux, state_dir=state_dir)
    if width or tmux:
        raise CockpitError("--width and --tmux are for --line", hint="add --line")
    from cockpit.cli.show import open_cockpit

    return open_cockpit(plan=plan, read_only=read_only, agents=agents, start=start, trust=trust, state_dir=state_dir)


def _message(error: CycloptsError) -> str:
    error.verbose = False
    text = " ".join(str(error).split()) or type(error).__name__
    return text[0].lower() + text[1:].removesuffix(".") if text[:2] != text[:2].upper() else text.removesuffix(".")


def _hint(argv: Sequence[str]) -> str:
    command = f"{argv[0]} " if argv[0] in COMMANDS else ""
    return f"see `cockpit {command}--help`"
