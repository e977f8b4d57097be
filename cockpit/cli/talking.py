"""The commands of agents inside a run: note, ask, send, inbox, shared, done; they say and ask, and decide nothing."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from cockpit.cli.options import Json
from cockpit.cli.output import emit, say, tell
from cockpit.errors import CockpitError
from cockpit.safetext import on_one_line, safe_text

if TYPE_CHECKING:
    from cockpit.engine.inside import Inside

Words = Annotated[str, Parameter(help="The text; `-` reads it from stdin.", allow_leading_hyphen=True)]


def note(*text: Words) -> int:
    """Note how far you are (inside a run); the operator sees it on the screen."""
    asyncio.run(_here().order("note", _read(text)))
    return 0


def ask(
    *text: Words,
    choice: Annotated[
        list[str] | None, Parameter(help="An answer that is offered; may be given up to 9 times.")
    ] = None,
    timeout: Annotated[str, Parameter(help="Give up after that long, such as 10m; default: wait for ever.")] = "",
    json: Json = False,
) -> int:
    """Ask the operator (inside a run), wait, and print the answer; exit code 1 where none came in time.

    The same words again are the same question: where a command is cut short, run it again to go on waiting.
    """
    here, wait_s = _here(), _seconds(timeout)
    found = asyncio.run(_asked(here, _read(text), tuple(choice or ()), wait_s))
    if json:
        emit({"question": found["id"], "answered": bool(found["answer"]), **{k: found[k] for k in _ANSWER}})
    elif found["answer"]:
        say(safe_text(found["answer"]))
    else:
        tell(f"no answer came ({found['how']}): go on as you think best, and say so at the end")
    return 0 if found["answer"] else 1


_ANSWER = ("answer", "by", "how")


async def _asked(here: "Inside", text: str, choices: tuple[str, ...], wait_s: float | None) -> dict[str, Any]:
    key = await here.ask(text, choices)
    found = await here.answered(key, wait_s)
    return await here.withdraw(key) if found["open"] else found


def send(workstream: Annotated[str, Parameter(help="Whom: the id of another workstream.")], /, *text: Words) -> int:
    """Send the agent of another workstream a message (inside a run): it has it in its inbox, or in its next prompt."""
    asyncio.run(_here().order("send", _read(text), about=workstream))
    return 0


def inbox(*, all: Annotated[bool, Parameter(help="Also what was read already.")] = False, json: Json = False) -> int:
    """Print what other agents sent to your workstream (inside a run)."""
    found = asyncio.run(_here().inbox(everything=all))
    if json:
        from cockpit.clock import iso

        emit({"messages": [{**one, "at": iso(one["at"])} for one in found]})
        return 0
    for one in found:
        say(f"{on_one_line(one['from'])}: {safe_text(one['text'])}")
    if not found:
        tell("no message waits")
    return 0


def shared(file: Annotated[str, Parameter(help="A file of the worktree.")], /, *, json: Json = False) -> int:
    """Say who else is changing a file just now (inside a run); exit code 1 where somebody is."""
    found = asyncio.run(_here().shared(file))
    others = found["edited_by"]
    if json:
        emit(found)
    elif others:
        named = ", ".join(f"{one['workstream']} ({one['state']})" for one in others)
        say(on_one_line(f"{found['path']} is being changed by {named}"))
    else:
        say(on_one_line(f"nobody else is changing {found['path']}"))
    return 1 if others else 0


def done(
    *items: Annotated[str, Parameter(help="Ids of issues; points of the checklist, by their words or numbers.")],
) -> int:
    """Say which issues, or points of the checklist, are done (inside a run)."""
    asyncio.run(_here().order("done", words=items))
    return 0


def _here() -> "Inside":
    from cockpit.engine.inside import inside

    return inside()


def _read(words: tuple[str, ...]) -> str:
    """Return the text that was given as words, or on stdin. Raises CockpitError where there is none."""
    text = sys.stdin.read() if words == ("-",) else " ".join(words)
    if not text.strip():
        raise CockpitError("the text is empty", hint="give it in quotes, or `-` and the text on stdin")
    return text


def _seconds(text: str) -> float | None:
    from cockpit.plan.duration import seconds

    if not text:
        return None
    try:
        return seconds(text)
    except ValueError as error:
        raise CockpitError(f"--timeout: {error}", hint="for example 90s, 10m, 1h 30m") from error
