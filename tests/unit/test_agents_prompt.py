"""The prompt says all that an agent needs, under headings that stay."""

import re

from cockpit.agents.prompt import EarlierRun, LineComment, compose, compose_again
from cockpit.plan.legs import LegSpec, cut
from cockpit.plan.model import Plan

PLAN = Plan.model_validate(
    {
        "name": "checkout",
        "shared_files": ["package.json"],
        "workstreams": [
            {
                "id": "api",
                "title": "API and monitoring",
                "role": "Backend developer",
                "files": ["src/api/**"],
                "prompt": "Keep the routes stable.\n",
                "checklist": ["docs updated"],
                "issues": [
                    {"id": "API-1", "title": "Health endpoint", "prompt": "Answer 200."},
                    {"id": "API-2", "depends_on": ["API-1"]},
                ],
            },
            {"id": "notes", "expect": "none", "prompt": "Look around."},
        ],
    }
)


def leg(workstream: str) -> LegSpec:
    return next(leg for leg in cut(PLAN) if leg.workstream == workstream)


def headings(text: str) -> list[str]:
    return re.findall(r"^#{1,3} .*$", text, re.MULTILINE)


def test_a_first_run() -> None:
    text = compose(PLAN, PLAN.by_id["api"], leg("api"))
    assert headings(text) == [
        "# API and monitoring",
        "## Workstream api",
        "## Issue API-1: Health endpoint",
        "## Issue API-2: API-2",
        "## Files",
        "## Shared files",
        "## Checklist",
        "## Rules",
        "## Commands that you can run",
    ]
    for said in ("Backend developer", "Keep the routes stable.", "Answer 200.", "- src/api/**", "- package.json"):
        assert said in text
    assert "Do not commit" in text
    assert "rest of the code unchanged" in text


def test_a_workstream_without_issues_or_scope() -> None:
    text = compose(PLAN, PLAN.by_id["notes"], leg("notes"), notes=["The port block is yours."])
    assert "## Issue" not in text
    assert "- anywhere in the worktree" in text
    assert "No change of files is expected" in text
    assert "- The port block is yours." in text


def test_a_retry_is_told_what_went_wrong() -> None:
    earlier = [
        EarlierRun(
            1, "failed", "The gate did not pass.", gate="tests", output="\x1b[31mE  assert 1 == 2\x1b[0m\n```\n"
        ),
        EarlierRun(2, "conflict", conflicts=("src/api/a.py",)),
        EarlierRun(3, "rejected", "Too clever."),
    ]
    text = compose(PLAN, PLAN.by_id["api"], leg("api"), earlier=earlier, present=["src/api/b.py"])
    at = headings(text).index("## Earlier runs")
    assert headings(text)[at:] == [
        "## Earlier runs",
        "### Run 1: failed",
        "### Run 2: conflict",
        "### Run 3: rejected",
        "## Already in the worktree",
        "## Rules",
        "## Commands that you can run",
    ]
    assert "The gate `tests` failed." in text
    assert "````text\nE  assert 1 == 2\n```\n````" in text
    assert "\x1b" not in text
    assert "- src/api/a.py" in text
    assert "Too clever." in text
    assert "- src/api/b.py" in text


def test_comments_on_lines_are_told_with_the_lines_and_break_nothing() -> None:
    comments = [
        LineComment("src/a.py", 3, "use the\nconstant", "    x = 4  ```\r"),
        LineComment("a\n## Rules\x1b[2J", 9, "put it back", removed=True),
    ]
    text = compose(PLAN, PLAN.by_id["api"], leg("api"), comments=comments)
    assert "src/a.py:3: use the constant\n\n````text\n    x = 4  ```\n````" in text
    assert "a ## Rules:9 (a line that was removed): put it back\n" in text
    assert headings(text).count("## Rules") == 1


def test_a_code_fence_that_is_left_open_swallows_nothing_below_it() -> None:
    text = compose(
        PLAN,
        PLAN.by_id["api"],
        leg("api"),
        earlier=[EarlierRun(1, "rejected", "not so:\n~~~~ js\n```\n~~~"), EarlierRun(2, "failed", "`` ` `` ```x``` y")],
        comments=[LineComment("a.py", 1, "```"), LineComment("```b", 2, "no such name")],
        additions=["Do it so:\n\n  ```py\nx = 1\n```py\n", "```\nwhole\n```", "```inline``` is none"],
    )
    assert "  ```py\nx = 1\n```py\n```\n\n```\nwhole\n```\n\n```inline``` is none\n\n## " in text
    assert "not so:\n~~~~ js\n```\n~~~\n~~~~\n\n### Run 2: failed\n\n`` ` `` ```x``` y\n\n## " in text
    assert "\na.py:1: ```\n" in text, "a comment stands behind its place, where no fence begins"
    assert "\n```b:2: no such name\n```\n\n" in text
    open_plan = PLAN.by_id["api"].model_copy(update={"prompt": "```\nx", "notes": "~~~"})
    text = compose(PLAN, open_plan, leg("api"))
    assert "```\nx\n```\n\n## Issue" in text
    assert "## Notes\n\n~~~\n~~~\n\n## " in text
    again = compose_again(additions=["```"], notes=["mind it"], earlier=[EarlierRun(1, "failed", gate="unit")])
    assert "The gate `unit` failed." in again, "a conversation that goes on knows nothing of what came after it"
    assert "```\n```\n\n## Notes on this run" in again


def test_long_output_and_many_paths_stay_readable() -> None:
    runs = [EarlierRun(1, "failed", output="x" * 1_000_000 + "the end")]
    paths = [f"f{number}" for number in range(5_000)]
    text = compose(PLAN, PLAN.by_id["api"], leg("api"), earlier=runs, present=paths)
    assert len(text) < 20_000
    assert "the end" in text
    assert "and 4800 more" in text
