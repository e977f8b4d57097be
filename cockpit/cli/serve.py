"""`cockpit serve`: the screen in a browser on 127.0.0.1, behind a one-time token; gives no orders unless it may."""

import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli.inside import refuse_inside_run
from cockpit.cli.options import Plan, StateDir
from cockpit.cli.output import say
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line

if TYPE_CHECKING:
    from cockpit.ui.web import Site

EXTRA = "textual_serve", "aiohttp", "aiohttp_jinja2"


def serve(
    plan: Plan,
    /,
    *,
    port: Annotated[int, Parameter(help="The port on 127.0.0.1. Default: one that is free.")] = 0,
    allow_orders: Annotated[bool, Parameter(help="Let the browser give orders; without it, it only looks.")] = False,
    state_dir: StateDir = None,
) -> int:
    """Show the cockpit in a browser on this machine, until ctrl+c.

    The address that is printed holds a token that lets one browser in, once. It needs `pip install "cockpit[serve]"`.
    """
    if allow_orders:
        refuse_inside_run("cockpit serve --allow-orders")
    from cockpit.cli.reach import opened
    from cockpit.ui.settings import read_settings

    project = opened(plan, state_dir)
    read_settings()  # what is wrong with them is said here, not in the browser
    with _listening(port) as listening:
        site = _site(screen_argv(plan, state_dir, allow_orders=allow_orders), listening, safe_line(project.loaded.name))
        asyncio.run(_serve(site, allow_orders=allow_orders))
    return 0


def screen_argv(plan: Path, state_dir: Path | None, *, allow_orders: bool) -> list[str]:
    """Return the command that opens the screen which a browser is shown."""
    words = [sys.executable, "-m", "cockpit", str(plan.absolute())]
    words += [] if allow_orders else ["--read-only"]
    return [*words, "--state-dir", str(state_dir.absolute())] if state_dir is not None else words


def _site(argv: list[str], listening: socket.socket, title: str) -> "Site":
    try:
        from cockpit.ui.web import Site
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise CockpitError(
            "serving to a browser needs an extra that is not installed",
            where=safe_line(error.name or ""),
            hint='pip install "cockpit[serve]"',
        ) from error
    return Site(argv, listening, title)


def _listening(port: int) -> socket.socket:
    from socket import create_server

    if not 0 <= port <= 65535:
        raise CockpitError("a port is a number from 1 to 65535", where=f"--port {port}")
    try:
        return create_server(("127.0.0.1", port))
    except OSError as error:
        hint = "leave --port out to take one that is free"
        raise CockpitError(f"cannot listen: {error.strerror or error}", where=f"127.0.0.1:{port}", hint=hint) from error


async def _serve(site: "Site", *, allow_orders: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)

    def ready(address: str) -> None:
        say(address)
        may = "it may give orders" if allow_orders else "it only looks"
        say(f"Open it once, in one browser; {may}. ctrl+c ends it.")

    await site.run(ready, ended)
