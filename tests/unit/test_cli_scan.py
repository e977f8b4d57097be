"""`cockpit scan`: what it judges, in every format, and what it says of input that it cannot use."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli.main import run
from tests.git.repos import commit, make_repo, run_git, write

KEY = 'token = "' + "ghp_" + "a1B2c3D4e5F6a7B8c9D0e1F2a3B4c5D6e7F8" + '"\n'
FORBID = "quality: {ignore: ['lib/**'], forbid: [{name: no-print, pattern: 'print[(]', severity: LOW}]}\n"
PLAN = f"cockpit: 1\n{FORBID}workstreams: [{{id: a}}]\n"


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_repo(tmp_path, {"a.py": "one = 1\n", "plan.yaml": PLAN})
    monkeypatch.chdir(folder)
    return folder


def scanned(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = run(["scan", *args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def rules(report: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(one["rule"], one["path"], one["line"]) for one in report["violations"]]


def test_what_is_not_committed_is_judged(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = scanned(capsys)
    assert (code, report["files"]) == (0, 0)
    write(top, {"a.py": "one = 1\n" + KEY, "new.py": "if (:\n"})
    code, report = scanned(capsys)
    assert code == 1
    assert rules(report) == [("SECURITY_RISK", "a.py", 2), ("MALFORMED_SYNTAX", "new.py", 1)]
    assert (report["files"], report["skipped"], report["allowed"]) == (2, [], [])


def test_before_the_first_commit_everything_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_git(tmp_path, "init", "--quiet", "-b", "main")
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"new.py": "if (:\n"})
    assert rules(scanned(capsys)[1]) == [("MALFORMED_SYNTAX", "new.py", 1)]


def test_only_what_is_staged_or_in_a_range_is_judged(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(top, "More", {"b.py": KEY})
    write(top, {"a.py": "if (:\n"})
    run_git(top, "add", "a.py")
    write(top, {"a.py": "one = 2\n", "c.py": "if (:\n"})
    assert rules(scanned(capsys, "--staged")[1]) == [("MALFORMED_SYNTAX", "a.py", 1)]
    assert rules(scanned(capsys, "--diff", "HEAD~1..HEAD")[1]) == [("SECURITY_RISK", "b.py", 1)]
    assert rules(scanned(capsys, "--diff", "HEAD~1..HEAD", "a.py")[1]) == []


def test_files_and_folders_are_judged_as_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"x/one.py": KEY, "x/.hidden/two.py": KEY, "x/three.bin": b"\0" + KEY.encode()})
    (tmp_path / "x" / "loop").symlink_to(tmp_path / "x")
    code, report = scanned(capsys, str(tmp_path / "x"))
    assert code == 1
    assert rules(report) == [("SECURITY_RISK", str(tmp_path / "x/one.py"), 1)]
    assert report["skipped"] == [{"path": str(tmp_path / "x/three.bin"), "reason": "binary"}]


def test_a_plan_adds_its_patterns_and_leaves_out_what_it_ignores(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a.py": "one = 1\nprint(one)\n", "lib/b.py": "if (:\nprint(1)\n"})
    assert rules(scanned(capsys, "--plan", "plan.yaml")[1]) == [("no-print", "a.py", 2)]


@pytest.mark.parametrize("where", ["", "lib", "../lib"])
def test_a_plan_speaks_of_paths_from_the_top_wherever_files_are_named_from(
    top: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    write(top, {"a.py": "print(1)\n", "lib/b.py": "if (:\nprint(1)\n", "x/c.py": ""})
    monkeypatch.chdir(top / ("x" if where.startswith("..") else where))
    plan, files = str(top / "plan.yaml"), {"": ["."], "lib": ["b.py", "../a.py"], "../lib": [str(top)]}[where]
    found = scanned(capsys, "--plan", plan, *files)[1]
    assert [(Path(path).name, rule) for rule, path, _ in rules(found)] == [("a.py", "no-print")]


def test_a_comment_allows_a_violation_and_is_listed(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a.py": f"# cockpit: allow SECURITY_RISK made up for a test\n{KEY}"})
    code, report = scanned(capsys)
    assert (code, rules(report)) == (0, [])
    assert report["allowed"] == [{"rule": "SECURITY_RISK", "path": "a.py", "line": 2, "reason": "made up for a test"}]


def test_a_comment_behind_code_allows_nothing_on_the_next_line(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a.py": f"{KEY.rstrip()}  # cockpit: allow SECURITY_RISK made up\n{KEY}"})
    code, report = scanned(capsys)
    assert (code, rules(report)) == (1, [("SECURITY_RISK", "a.py", 2)])
    assert [one["line"] for one in report["allowed"]] == [1]


def test_a_fingerprint_stays_when_lines_move(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a.py": KEY})
    first = scanned(capsys)[1]["violations"][0]
    write(top, {"a.py": "\n\nother = 3\n" + KEY})
    second = scanned(capsys)[1]["violations"][0]
    assert (first["line"], second["line"]) == (1, 4)
    assert first["fingerprint"] == second["fingerprint"]


def test_the_other_formats_say_the_same(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a,b:\x1b[2J.py": KEY})
    assert run(["scan", "--format", "sarif"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("SECURITY_RISK", "error")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert run(["scan", "--format", "github"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("::error file=a%2Cb%3A")
    assert "\x1b" not in told
    assert run(["scan"]) == 1
    shown = capsys.readouterr().out
    assert "SECURITY_RISK" in shown
    assert "\x1b" not in shown


def test_github_is_told_what_was_not_scanned_and_what_is_allowed(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(top, {"a.py": f"# cockpit: allow SECURITY_RISK made up\n{KEY}", "b.bin": b"\0"})
    assert run(["scan", "--format", "github"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "::notice file=a.py,line=2,title=SECURITY_RISK::allowed: made up",
        "::notice file=b.bin,title=cockpit::not scanned: binary",
    ]


def test_pairs_are_answered_line_by_line(
    top: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"id": 7, "path": "a.py", "before": "x = 1\n", "after": "x = (\n"},
        {"id": "b", "path": "b.py", "before": None, "after": "x = 1\n"},
        {"id": None, "path": "gone.py", "before": "x = 1\n", "after": None},
    ]
    data = "\n".join(map(json.dumps, lines)).encode() + b"\n\nno json\n[]\n" + b'{"path": 3}\n{"id": "c"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run(["scan", "--stdin-pairs"]) == 2
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["id"] for one in answers] == [7, "b", None, None, None, None, "c"]
    assert [[v["rule"] for v in one["violations"]] for one in answers] == [["MALFORMED_SYNTAX"], [], [], [], [], [], []]
    assert ["error" in one for one in answers] == [False, False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (["nowhere"], "no such file"),
        (["--diff", "nope..x"], "no such range"),
        (["--diff", "HEAD", "--staged"], "cannot go together"),
        (["--plan", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_scanned_is_a_clear_error(
    top: Path, capsys: pytest.CaptureFixture[str], args: list[str], what: str
) -> None:
    assert run(["scan", *args]) == 2
    assert what in capsys.readouterr().err
