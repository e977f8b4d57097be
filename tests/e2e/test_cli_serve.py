"""`cockpit serve`: the real server on loopback lets in whoever has the token, once, and a screen there only looks."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from cockpit.cli.main import run
from cockpit.cli.serve import screen_argv
from tests.e2e.desk import Desk

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
]
ROOT = Path(__file__).resolve().parents[2]
KEY_TO_ALL = "S"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def served(desk_of: Callable[..., Desk]) -> Iterator[tuple[Desk, str]]:
    """Serve a plan; yield it and the address, and end the server as ctrl+c does."""
    desk = desk_of("workstreams: [{id: only-one}]\n")
    desk.trust()
    argv = [sys.executable, "-m", "cockpit", "serve", str(desk.plan)]
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), server.communicate()[1]
    assert "it only looks" in server.stdout.readline()
    yield desk, address
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert (server.returncode, err) == (0, "")
    assert out == "", "no access is logged"


async def status(address: str, browser: aiohttp.ClientSession | None = None, **headers: str) -> int:
    """Return the status of a page, for a browser that has nothing where none is given."""
    if browser is None:
        async with aiohttp.ClientSession() as nobody:
            return await status(address, nobody, **headers)
    async with browser.get(address, headers=headers, allow_redirects=True) as answer:
        await answer.read()
        return answer.status


async def refused(browser: aiohttp.ClientSession, address: str, **headers: str) -> bool:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await browser.ws_connect(address, headers=headers)
    return caught.value.status == 403


async def until(line: aiohttp.ClientWebSocketResponse, text: str) -> None:
    """Wait until a screen has drawn a text."""
    drawn = b""
    while text.encode() not in drawn:
        message = await line.receive(timeout=30)
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), drawn.decode("utf-8", "replace")
        drawn += message.data if isinstance(message.data, bytes) else b""


async def test_the_token_is_needed_once_and_the_screen_only_looks(served: tuple[Desk, str]) -> None:
    desk, address = served
    origin = address.partition("/?")[0]
    wrong = f"{origin}/?token={'x' * 43}"
    places = (origin, wrong, f"{origin}/static/js/textual.js", f"{origin}/download/x", f"{origin}/ws", f"{origin}/no")
    assert [await status(place) for place in places] == [403] * 6
    assert await status(f"{origin}/?token=%ff%00é") == 403
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        assert await refused(browser, f"{origin}/ws", Origin=origin)
        assert await status(address, browser, Host="evil.example") == 403
        assert await status(address, browser, Origin="http://evil.example") == 403
        async with browser.get(address) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert str(answer.url) == f"{origin}/", "the token is gone from the address"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "token=" not in page
        assert [one["httponly"] for one in browser.cookie_jar] == [True]
        assert await status(f"{origin}/static/js/textual.js", browser) == 200
        assert await status(address) == 403, "it was used already"
        assert await status(origin) == 403
        assert await refused(browser, f"{origin}/ws", Origin="http://evil.example")
        assert await refused(browser, f"{origin}/ws"), "browsers always name the origin"
        line = await browser.ws_connect(f"{origin}/ws?width=120&height=30", headers={"Origin": origin})
        await until(line, "only-one")
        await line.send_json(["stdin", KEY_TO_ALL])
        await until(line, "this screen is read only")
        await line.close()
    assert desk.workstream("only-one")["state"] == "waiting"


def test_orders_are_for_those_who_ask_for_them(tmp_path: Path) -> None:
    plan = tmp_path / "p q.yaml"
    assert screen_argv(plan, None, allow_orders=False)[-2:] == [str(plan), "--read-only"]
    assert screen_argv(plan, tmp_path, allow_orders=True)[-3:] == [str(plan), "--state-dir", str(tmp_path)]


def test_it_is_refused_with_words(
    desk_of: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    code, _, err = desk("serve", "--port", "70000")
    assert (code, "a port is a number" in err) == (2, True)
    monkeypatch.delitem(sys.modules, "cockpit.ui.web", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    code, _, err = desk("serve")
    assert code == 2
    assert 'pip install "cockpit[serve]"' in err
    monkeypatch.setattr("cockpit.cli.inside.run_in_ancestry", lambda: "a-1")
    assert run(["serve", str(desk.plan), "--allow-orders"]) == 1
    assert "is for humans" in capsys.readouterr().err
