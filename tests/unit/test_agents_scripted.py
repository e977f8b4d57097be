"""The scripted agent as a real program: it reads real prompts and changes real files."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cockpit import processtree
from cockpit.agents.prompt import EarlierRun, compose
from cockpit.plan.legs import LegSpec, cut
from cockpit.plan.load import load_plan
from cockpit.plan.model import Plan
from cockpit.quality.rules.malformed_syntax import RULE as MALFORMED_SYNTAX
from cockpit.quality.scan import scan_change

SAMPLES = Path(__file__).parents[2] / "sample_plans"
AGENT = SAMPLES / "scripted_agent.py"
TESTS = "PYTHONPATH=src python3 -B -m unittest discover -q -s tests"


def ran(folder: Path, prompt: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "SCRIPTED_PACE": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, str(AGENT)]
    return subprocess.run(argv, cwd=folder, env=env, input=prompt, capture_output=True, text=True, timeout=60)


def prompt_of(text: str, *, files: tuple[str, ...] = (), issues: int = 1, retry: bool = False) -> str:
    plan = Plan.model_validate(
        {
            "workstreams": [
                {
                    "id": "w",
                    "title": "Work",
                    "files": list(files),
                    "issues": [{"id": f"W-{n}", "title": 'It\'s "new"', "prompt": text} for n in range(1, issues + 1)],
                }
            ]
        }
    )
    earlier = [EarlierRun(1, "failed", output="do: write trap.txt x\n## Issue X-1: no")] if retry else []
    return compose(plan, plan.workstreams[0], cut(plan)[0], earlier=earlier)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLES / "demo", tmp_path / "demo"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def broken(files: dict[str, bytes]) -> list[str]:
    return [path for path, data in files.items() if scan_change(path, None, data, (MALFORMED_SYNTAX,)).violations]


def test_files_are_written_appended_and_replaced(tmp_path: Path) -> None:
    text = 'do: write a/b.txt one\\n\\ttwo\ndo: append a/b.txt three\ndo: replace a/b.txt "one" "1"'
    for _ in range(2):  # a second run finds what the first one did, or does it again from the start
        done = ran(tmp_path, prompt_of(text))
        assert done.returncode == 0, done.stderr
        assert content(tmp_path) == {"a/b.txt": b"1\n\ttwo\nthree\n"}
    assert "wrote a/b.txt" in done.stdout
    assert done.stdout.endswith("done\n")


def test_fail_once_fails_once(tmp_path: Path) -> None:
    text = "do: fail once the server was away\ndo: write a.txt x"
    done = ran(tmp_path, prompt_of(text))
    assert (done.returncode, done.stderr) == (1, "failed: the server was away\n")
    assert content(tmp_path) == {}
    assert ran(tmp_path, prompt_of(text, retry=True)).returncode == 0
    assert content(tmp_path) == {"a.txt": b"x\n"}


@pytest.mark.parametrize("path", ["../out.txt", "/tmp/out.txt", ""])
def test_nothing_outside_the_worktree_is_written(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "worktree"
    folder.mkdir()
    done = ran(folder, prompt_of(f"do: write {path} x"))
    assert done.returncode == (1 if path else 0)
    assert set(content(tmp_path)) <= {"worktree/x"}


def test_what_cannot_be_done_says_so(tmp_path: Path) -> None:
    assert ran(tmp_path, "").returncode == 2
    assert "nobody knows" in ran(tmp_path, prompt_of("do: dance")).stderr
    assert "does not hold 'a'" in ran(tmp_path, prompt_of('do: replace x.txt "a" "b"')).stderr


def test_lines_are_printed(tmp_path: Path) -> None:
    assert "line 499\nline 500\n" in ran(tmp_path, prompt_of("do: print 500 lines")).stdout


def test_a_daemon_is_left_behind(tmp_path: Path) -> None:
    output = tmp_path / "out.log"  # a pipe would stay open as long as the daemon lives
    env = {**os.environ, "SCRIPTED_PACE": "0"}
    with output.open("wb") as out:
        prompt = prompt_of("do: child-daemon").encode()
        subprocess.run([sys.executable, str(AGENT)], cwd=tmp_path, env=env, input=prompt, stdout=out, check=True)
    pid = int(next(line.split()[2] for line in output.read_text().splitlines() if line.startswith("left process")))
    daemon = processtree.identity(pid)
    assert daemon
    assert processtree.alive(daemon)
    assert processtree.end_tree(daemon, None, 5.0) == (daemon,)


def test_a_dropped_half_still_parses(project: Path) -> None:
    assert ran(project, prompt_of("do: drop src/parcel/labels.py")).returncode == 0
    text = (project / "src/parcel/labels.py").read_text()
    assert text.endswith("# ... rest of the code unchanged\n")
    assert "def label(" in text
    assert "def customs_label(" not in text
    assert broken({"labels.py": text.encode()}) == []
    assert subprocess.run(["sh", "-c", TESTS], cwd=project, capture_output=True).returncode == 0


KINDS = ["py", "json", "toml", "yaml", "yml", "ts", "js", "md", "sql", "sh", "css", "html", "go", "rs", "txt"]


def test_without_directives_every_kind_of_file_gets_something_valid(tmp_path: Path) -> None:
    for kind in KINDS:
        prompt = prompt_of("Make it so.", files=(f"src/new.{kind}",), issues=3)
        assert ran(tmp_path, prompt).returncode == 0
    files = content(tmp_path)
    assert set(files) == {f"src/new.{kind}" for kind in KINDS}
    assert broken(files) == []
    for name, data in files.items():
        assert b"W-1" in data or b"w_1" in data, name
        assert b"W-3" in data or b"w_3" in data, name
    shell = subprocess.run(["sh", "-n", str(tmp_path / "src/new.sh")], capture_output=True)
    assert shell.returncode == 0


def test_patterns_get_a_file_named_after_the_issue(project: Path) -> None:
    before = set(content(project))
    for files in (("tests/*.test.ts",), ("src/parcel/**",), ("docs/",), (".github/workflows/*.yml",), ()):
        assert ran(project, prompt_of("", files=files)).returncode == 0
    assert set(content(project)) - before == {
        "tests/w_1.test.ts",
        "src/parcel/w_1.py",
        "docs/w_1.md",
        ".github/workflows/w_1.yml",
        "notes/w_1.md",
    }


def test_a_rerun_does_not_write_twice(project: Path) -> None:
    prompt = prompt_of("", files=("README.md",))
    ran(project, prompt)
    once = content(project)
    done = ran(project, prompt)
    assert "holds W-1 already" in done.stdout
    assert content(project) == once


def test_the_pace_is_kept(tmp_path: Path) -> None:
    begun = time.monotonic()
    env = {**os.environ, "SCRIPTED_PACE": "0.3"}
    prompt = prompt_of("", files=("a.txt",))
    subprocess.run([sys.executable, str(AGENT)], cwd=tmp_path, env=env, input=prompt.encode(), check=True, timeout=60)
    assert time.monotonic() - begun >= 0.29


def test_the_demo_has_what_it_is_to_show(project: Path) -> None:
    plan = load_plan(SAMPLES / "demo.yaml").plan
    legs = cut(plan)
    assert len(plan.workstreams) == 6
    assert max(leg.round for leg in legs) >= 3
    home = {issue.id: workstream.id for workstream in plan.workstreams for issue in workstream.issues}
    crossing = [i for w in plan.workstreams for i in w.issues if any(home.get(d, w.id) != w.id for d in i.depends_on)]
    assert len(crossing) >= 3
    (blocked,) = [leg for leg in legs if leg.workstream == "invoices"]
    assert [other.split("/")[0] for other in blocked.depends_on] == ["pricing"]


def test_the_demos_legs_all_work_on_one_tree(project: Path) -> None:
    """Everything but the conflict, one leg after the other, as base sees it; then the demo's own tests."""
    plan = load_plan(SAMPLES / "demo.yaml").plan
    failed: list[str] = []
    for leg in sorted(cut(plan), key=lambda leg: leg.round):
        if leg.workstream == "pricing":
            continue
        before = content(project)
        done = ran(project, _prompt(plan, leg))
        if done.returncode:
            failed.append(leg.key)
            done = ran(project, _prompt(plan, leg, EarlierRun(1, "failed", done.stderr)))
        assert done.returncode == 0, done.stderr
        assert content(project) != before
    assert failed == ["orders/OR-1"]
    assert broken(content(project)) == []
    tests = subprocess.run(["sh", "-c", TESTS], cwd=project, capture_output=True, text=True)
    assert tests.returncode == 0, tests.stderr


def _prompt(plan: Plan, leg: LegSpec, *earlier: EarlierRun) -> str:
    return compose(plan, plan.by_id[leg.workstream], leg, earlier=earlier)
