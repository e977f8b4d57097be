"""The screen in a real terminal: its title and bell, the operator's settings, and the line in tmux's status bar."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cockpit.cli.main import run
from tests.e2e.desk import DEADLINE_S, Desk

pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]
COCKPIT = [sys.executable, "-m", "cockpit"]
ROOT = Path(__file__).resolve().parents[2]


class Tmux:
    """A tmux server of the test's own."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", "-S", self.socket, *words],
            capture_output=True, text=True, timeout=30, cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR", "COCKPIT_RUN")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def open(self, *words: str) -> str:
        """Run a command in a window of its own, in front, and return the id of its pane."""
        return self("new-window", "-P", "-F", "#{pane_id}", shlex.join(words))

    def told(self, pane: str, what: str) -> str:
        return self("display", "-p", "-t", pane, f"#{{{what}}}")

    def seen(self, pane: str) -> str:
        return self("capture-pane", "-p", "-t", pane)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, self("capture-pane", "-p")
            time.sleep(0.05)


@pytest.fixture
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    one = Tmux(tmp_path_factory.mktemp("t") / "s")
    one("new-session", "-d", "-x", "100", "-y", "90", "cat")
    one("set", "-g", "remain-on-exit", "on")
    one("set", "-g", "focus-events", "off")
    yield one
    one("kill-server")


def test_the_title_follows_what_awaits_the_operator_and_an_editor_has_the_terminal_to_itself(
    tmux: Tmux, desk_of: Callable[..., Desk], tmp_path: Path
) -> None:
    desk = desk_of("approve: {merge: always}\nworkstreams: [{id: a}]\n")
    desk.trust()
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\ntrap : INT\nfor one in "$@"; do echo "edits $one"; done\nread -r line || read -r line\n'
    )
    editor.chmod(0o755)
    command = f"trap : INT; EDITOR={editor} {shlex.join([*COCKPIT, str(desk.plan)])}; echo ended with $?; cat"
    pane = tmux.open("sh", "-c", command)
    tmux.until(lambda: tmux.told(pane, "pane_title") == "cockpit: tiny")
    tmux("send-keys", "-t", pane, "D")
    tmux.until(lambda: "plan file plan.yaml" in tmux.seen(pane))
    tmux("send-keys", "-t", pane, "e")
    tmux.until(lambda: f"edits {desk.plan}" in tmux.seen(pane))
    tmux("send-keys", "-t", pane, "C-c")
    tmux.open("cat")
    assert desk("start", "--all")[0] == 0
    desk.until(lambda: desk.workstream("a")["state"] == "review")
    assert tmux.told(pane, "pane_title") == "cockpit: tiny"
    assert tmux.seen(pane).split() == ["edits", str(desk.plan), "^C"], "nothing is painted over it"
    tmux("send-keys", "-t", pane, "Enter")
    tmux.until(lambda: "plan file plan.yaml" in tmux.seen(pane))
    tmux.until(lambda: tmux.told(pane, "pane_title") == "(1) cockpit: tiny")
    tmux.until(lambda: tmux.told(pane, "window_bell_flag") == "1")
    tmux("send-keys", "-t", pane, "q")
    tmux.until(lambda: "ended with 0" in tmux.seen(pane))
    assert "cockpit" not in tmux.told(pane, "pane_title")


def test_keys_and_theme_are_the_operators_own(tmux: Tmux, desk_of: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desk_of("workstreams: [{id: a}]\n")
    desk.trust()
    (settings := tmp_path / "config" / "cockpit" / "config.toml").parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('theme = "ansi"\n[keys]\nhelp = "f1"\nquit = "x"\n')
    wrong = tmux.open("sh", "-c", f"{shlex.join([*COCKPIT, str(desk.plan)])}; echo ended with $?; cat")
    tmux.until(lambda: "ended with 2" in tmux.seen(wrong))
    assert f"{settings}:4:1: keys.quit: x is the key of `stop` already" in tmux("capture-pane", "-pJ", "-t", wrong)
    settings.write_text('theme = "ansi"\n[keys]\nhelp = "f1"\nquit = "z"\n')
    pane = tmux.open("sh", "-c", f"{shlex.join([*COCKPIT, str(desk.plan)])}; echo ended with $?; cat")
    tmux.until(lambda: "f1 help" in tmux.seen(pane))
    assert "38;2;" not in tmux("capture-pane", "-pe", "-t", pane)
    tmux("resize-window", "-t", pane, "-x", "80", "-y", "120")  # all keys at once
    tmux("send-keys", "-t", pane, "F1")
    tmux.until(lambda: "z        quit the screen" in tmux.seen(pane))
    tmux("send-keys", "-t", pane, "Escape")
    tmux.until(lambda: "quit the screen" not in tmux.seen(pane))
    tmux("send-keys", "-t", pane, "z")
    tmux.until(lambda: "ended with 0" in tmux.seen(pane))


def test_no_foreign_text_acts_in_a_status_bar(tmux: Tmux, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a#[fg=red]b #{pane_id} #(echo done) 5%d"
    (plan := tmp_path / "p.yaml").write_text(f"name: '{evil}'\nworkstreams: [{{id: a}}]\n")
    assert run([str(plan), "--line", "--tmux"]) == 2, "such a name is an error, and the line says so"
    (tmp_path / "line").write_text(capsys.readouterr().out)
    tmux("set", "-g", "status-right-length", "380")
    tmux("set", "-g", "status-right", f"#(cat {shlex.quote(str(tmp_path / 'line'))})")
    # A status line belongs to a client: one that runs in another tmux can be looked at.
    outer = Tmux(tmp_path / "outer")
    attach = ["env", "-u", "TMUX", "tmux", "-f", "/dev/null", "-S", str(tmux.socket), "attach"]
    outer("new-session", "-d", "-x", "400", "-y", "10", shlex.join(attach))
    try:
        outer.until(lambda: "p.yaml: " in outer("capture-pane", "-p"))
        assert f"name '{evil}' is not allowed" in outer("capture-pane", "-p")
    finally:
        outer("kill-server")
