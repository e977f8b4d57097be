"""The command line itself: what is parsed, what is refused, which errors are printed how; no plan is run here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit import __version__, processtree
from cockpit.cli.app import TABLE
from cockpit.cli.main import COMMANDS, run
from cockpit.cli.output import paint, table, width
from cockpit.cli.simulate import parse_numbers
from cockpit.errors import CockpitError
from cockpit.processtree import MARKER
from tests.unit.cli_schema_check import misfits


def python(*code: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, *code]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})})


def test_the_version_imports_nothing_of_the_command_line() -> None:
    start = "import sys; sys.argv = ['cockpit', '--version']; from cockpit.__main__ import main; main()"
    code = f"{start}; print(*sys.modules)"
    version, modules = python("-c", code).stdout.splitlines()
    assert version == f"cockpit {__version__}"
    assert not {"cyclopts", "rich", "textual", "pydantic", "cockpit.cli", "cockpit.errors"} & set(modules.split())


def test_the_plain_form_needs_no_parser(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("workstreams: [{id: a}]\n")
    argv = [str(plan), "--agents", "2"]
    code = f"import sys; from cockpit.cli.main import run; print(run({argv!r})); print(*sys.modules)"
    done = python("-c", code)
    code_of, modules = done.stdout.splitlines()
    assert code_of == "2"  # there is no terminal
    assert "cockpit run" in done.stderr
    assert not {"cyclopts", "pydantic", "git", "yaml", "textual"} & set(modules.split())


def test_the_help_lists_every_command_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for name in COMMANDS:
        line = next(line for line in out.splitlines() if f"│ {name} " in line)
        assert line.strip("│ ").removeprefix(name).strip(), name


def test_no_argument_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: cockpit" in capsys.readouterr().out


def test_the_two_lists_of_commands_are_one() -> None:
    assert sorted(COMMANDS) == sorted(name for commands in TABLE.values() for name in commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"Usage: cockpit {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["statsu", "plan.yaml"], "did you mean `cockpit status`?"),
        (["aprove", "plan.yaml", "a"], "did you mean `cockpit approve`?"),
        (["no/such/plan.yaml"], "no such plan file"),
        (["gibberish"], "no such plan file"),
        (["status"], "plan"),
        (["status", "no.yaml"], "no such plan file"),
        (["status", "--jsn", "no.yaml"], "--json"),
        (["simulate", "no.yaml", "--agents"], "--agents"),
        (["schema", "--of", "nothing"], "nothing"),
        (["completion", "tcsh"], "tcsh"),
        (["start", "plan.yaml"], "no workstream was named"),
        (["start", "plan.yaml", "a", "--all"], "both ids and --all"),
        (["--no-such-option"], "--no-such-option"),
        (["logs", "."], "workstream"),
        (["status", "."], "a folder, not a plan file"),
    ],
)
def test_what_cannot_be_understood_is_said_in_a_few_lines(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert said in captured.err.lower()
    assert len(captured.err.splitlines()) <= 3


def test_a_hostile_name_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["\x1b]0;pwned\x07\x1b[31m/x.yaml\n\x9b2J"]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\x9b" not in err
    assert "\x07" not in err


def test_an_internal_error_is_one_line_and_a_hint(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(argv: list[str]) -> int:
        raise RuntimeError("the \x1b[31mflux\x1b[0m is off")

    monkeypatch.setattr("cockpit.cli.app.call", broken)
    assert run(["doctor"]) == 2
    err = capsys.readouterr().err
    assert err.splitlines() == [
        "internal error: RuntimeError: the flux is off",
        "  → COCKPIT_DEBUG=1 shows where; please report it",
    ]
    monkeypatch.setenv("COCKPIT_DEBUG", "1")
    run(["doctor"])
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_has_its_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(argv: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("cockpit.cli.app.call", interrupted)
    assert run(["doctor"]) == 130


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = f"{sys.executable} -m cockpit schema | head -n 1"
    done = subprocess.run(["sh", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "{\n"
    assert done.stderr == ""


@pytest.mark.parametrize("shape", ["status", "check", "simulate"])
def test_schemas_are_printed_as_one_document(shape: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "--of", shape]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["type"] == "object"
    assert misfits({}, schema)


def test_the_schema_of_the_plan_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert "workstreams" in json.loads(capsys.readouterr().out)["properties"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_the_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert "simulate" in out
    assert "with-needed" in out


def test_global_options_may_stand_before_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    seen: list[list[str]] = []

    def call(argv: list[str]) -> int:
        seen.append(argv)
        return 0

    monkeypatch.setattr("cockpit.cli.app.call", call)
    assert run(["--state-dir", "x", "--json", "status", "plan.yaml"]) == 0
    assert run(["--state-dir=x", "status", "plan.yaml"]) == 0
    assert seen == [
        ["status", "--state-dir", "x", "--json", "plan.yaml"],
        ["status", "--state-dir=x", "plan.yaml"],
    ]


def test_numbers_of_agents_are_read_once_each() -> None:
    assert parse_numbers("1,2, 4,2") == (1, 2, 4)
    assert parse_numbers("") == ()
    for wrong in ("0", "x", "1,,2", "-1", "1.5", "100000"):
        with pytest.raises(CockpitError):
            parse_numbers(wrong)


def test_colours_need_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert paint("x\x1b[1m", "red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("x", "red") == "x"


def test_tables_are_aligned_by_columns_of_the_terminal() -> None:
    lines = table(("A", "B", "C"), [("日本", "1", "x"), ("é", "22", ("y", "red"))], right=(1,))
    assert len({width(line) for line in lines}) == 1
    assert lines[1] == "日本   1  x"


def test_a_process_below_a_run_is_inside_it() -> None:
    child = "from cockpit.processtree import run_in_ancestry; print(run_in_ancestry())"
    clean = (
        f"import os, subprocess, sys; os.environ.pop('COCKPIT_RUN'); subprocess.run([sys.executable, '-c', {child!r}])"
    )
    assert python("-c", clean, env={"COCKPIT_RUN": "api.1"}).stdout.strip() == "api.1"
    assert python("-c", child, env={"COCKPIT_RUN": "api.2"}).stdout.strip() == "api.2"


def test_a_process_that_is_gone_is_in_no_run_for_certain() -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"], env={**os.environ, "COCKPIT_RUN": "api.1"})
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ProcessLookupError):
        processtree.run_around(ended.pid)  # a zombie tells nothing
    ended.wait()
    for pid in (ended.pid, 0):
        with pytest.raises(ProcessLookupError):
            processtree.run_around(pid)


@pytest.mark.parametrize(
    "argv",
    [
        ["approve", "p.yaml", "a"],
        ["reject", "p.yaml", "a"],
        ["merge", "p.yaml", "a"],
        ["cleanup", "p.yaml", "a"],
        ["start", "p.yaml", "a"],
        ["retry", "p.yaml", "--all"],
        ["trust", "p.yaml", "--yes"],
        ["run", "p.yaml"],
        ["limits", "p.yaml", "--agents", "9"],
        ["drain", "p.yaml"],
        ["prompt", "p.yaml", "api", "--add", "approve it yourself"],
        ["stop-driver", "p.yaml"],
        ["rescue", "restore", "p.yaml", "0123abcd"],
    ],
)
def test_orders_from_inside_a_run_are_refused(
    argv: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MARKER, "api.1")
    assert run(argv) == 1
    assert "comes from inside run api.1" in capsys.readouterr().err
