"""The documentation says what the code does: generated pages are fresh, links lead somewhere, and the tour runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.schedule.states import MOVES, State
from cockpit.ui.keys import ACTIONS
from tests import docs

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
MARK = "<!-- test -->"
BLOCK = re.compile(rf"{re.escape(MARK)}\n```sh\n(.*?)\n```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", docs.PAGES_OF_DOCS)
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (docs.DOCS / name).read_text("utf-8") == docs.PAGES_OF_DOCS[name](), "stale: run `make docs`"


def test_every_action_is_among_the_keys() -> None:
    text = docs.keys()
    assert all(f"| {action.about} |" in text for action in ACTIONS)


def test_every_move_is_in_the_diagram() -> None:
    diagram = docs.states().partition("```mermaid")[2].partition("```")[0]
    arrows = re.findall(r"(\w+) --> (\w+): (.*)", diagram)
    drawn = {(State(one), fact, State(to)) for one, to, facts in arrows for fact in facts.split(", ")}
    assert drawn == {(one, fact, to) for one, moves in MOVES.items() for fact, to in moves.items()}


def test_the_plan_page_tells_what_is_not_in_effect() -> None:
    rows = {line.split("|")[1].strip(" `"): line for line in docs.plan().splitlines() if line.startswith("| `")}
    assert rows["track"].endswith("| not yet |")
    assert rows["rebase_others"].endswith("| yes |")
    assert rows["strategy"].endswith("| yes |")
    assert rows["cleanup"].endswith("| yes |")


@pytest.mark.parametrize(
    "page", [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.name
)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_tour_of_the_readme_runs_as_it_is_written(tmp_path: Path) -> None:
    blocks = BLOCK.findall(README.read_text("utf-8"))
    assert len(blocks) >= 4
    log = _run("\n".join(blocks), tmp_path)
    assert "Merge docs: The documentation" in log


def _run(script: str, home: Path) -> str:
    """Run shell lines in a folder of their own as an operator without any configuration would; return the git log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COCKPIT_"))}
    env = {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    (home / ".gitconfig").write_text("[user]\n\tname = Tourist\n\temail = tourist@example.invalid\n", "utf-8")
    done = subprocess.run(["sh", "-eux", "-c", script], cwd=home, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    log = subprocess.run(
        ["git", "log", "--format=%s", "main"], cwd=home / "tour", env=env, capture_output=True, text=True, check=True
    )
    return log.stdout
