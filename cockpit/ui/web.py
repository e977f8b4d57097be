"""The cockpit in a browser: textual-serve behind a gate of a one-time token and a cookie; on 127.0.0.1 alone.

Imported by `cockpit serve` alone, since aiohttp and textual-serve are an extra.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from hmac import compare_digest

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

HOST = "127.0.0.1"
PATIENCE_S = 5.0
MOST_CELLS = 1000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Lets in who shows the token of the address, once, and from then on that browser, by its cookie.

    Requests for another host name and from pages of another origin are refused whatever they show.
    """

    def __init__(self, port: int) -> None:
        self._host = f"{HOST}:{port}"
        self._origin = f"http://{self._host}"
        self._cookie = f"cockpit-{port}"
        self._token: str | None = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)

    @property
    def origin(self) -> str:
        """Return where the pages are."""
        return self._origin

    @property
    def address(self) -> str:
        """Return the address to open, which works once."""
        return f"{self._origin}/?token={self._token or ''}"

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request, or refuse it."""
        origin = request.headers.get("Origin", "" if request.path == "/ws" else self._origin)
        if request.host != self._host or origin != self._origin:
            return _refused("cockpit is served to its own address alone.")
        if _same(request.cookies.get(self._cookie, ""), self._session):
            return await handler(request)
        first = request.method == "GET" and request.path == "/" and self._token is not None
        if first and _same(request.query.get("token", ""), self._token or ""):
            self._token = None
            answer = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(self._cookie, self._session, httponly=True, samesite="Lax", path="/")
            return answer
        return _refused("Open the address that `cockpit serve` printed. It works once: for another one, serve again.")

    async def harden(self, _: web.Request, response: web.StreamResponse) -> None:
        """Keep browsers from storing, framing or leaking what they are shown, and from asking other hosts."""
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data:; connect-src 'self' ws://{self._host}; frame-ancestors 'none'"
        )


class _Screen(AppService):
    """One browser's screen: a process of its own, started without a shell and ended with its page."""

    argv: Sequence[str] = ()

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        environment = self._build_environment(width, height)
        process = await asyncio.create_subprocess_exec(
            *self.argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def stop(self) -> None:
        """End the screen's process; the driver goes on."""
        process = self._process
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await super().stop()
        if process is not None:
            if process.returncode is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()


class Site(Server):
    """Serves the screen that `argv` opens on a socket that listens already."""

    def __init__(self, argv: Sequence[str], listening: socket.socket, title: str) -> None:
        self.gate = Gate(listening.getsockname()[1])
        super().__init__("cockpit", host=HOST, title=title, public_url=self.gate.origin)
        self._argv = tuple(argv)
        self._listening = listening
        self._open: set[web.WebSocketResponse] = set()

    async def run(self, ready: Callable[[str], None], ended: asyncio.Event) -> None:
        """Serve until `ended` is set; `ready` is called with the address once it can be opened."""
        app = await self._make_app()
        app.middlewares.append(self.gate.guard)
        app.on_response_prepare.append(self.gate.harden)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE_S)
        await runner.setup()
        try:
            await web.SockSite(runner, self._listening).start()
            ready(self.gate.address)
            await ended.wait()
        finally:
            await runner.cleanup()

    async def on_startup(self, app: web.Application) -> None:
        """Print nothing: the command says what there is to say."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002 - textual-serve's signature
        """Let go of the browsers."""
        for line in tuple(self._open):
            await line.close()

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Open a screen for a browser, and end it with the browser's page."""
        line = web.WebSocketResponse(heartbeat=15)
        await line.prepare(request)
        self._open.add(line)
        screen = _Screen(
            "cockpit",
            write_bytes=line.send_bytes,
            write_str=line.send_str,
            close=line.close,  # type: ignore[arg-type]  # what it returns is not looked at
            download_manager=self.download_manager,
        )
        screen.argv = self._argv
        try:
            await screen.start(_cells(request, "width", 80), _cells(request, "height", 24))
            await self._process_messages(line, screen)
        finally:
            self._open.discard(line)
            await screen.stop()
        return line


def _cells(request: web.Request, name: str, default: int) -> int:
    return max(1, min(to_int(request.query.get(name, ""), default), MOST_CELLS))


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _refused(why: str) -> web.Response:
    return web.Response(status=403, text=f"{why}\n")
