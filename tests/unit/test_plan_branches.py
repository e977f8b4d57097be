import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.plan.branches import filled, refusal, unknown_words

PARTS = st.sampled_from(
    [
        "a",
        "b",
        "feature",
        "HEAD",
        "@",
        "{",
        "@{",
        "}",
        ".",
        "..",
        "/",
        "//",
        ".lock",
        "-",
        "~",
        "^",
        ":",
        "?",
        "*",
        "[",
        "]",
        "\\",
        " ",
        "\t",
        "\n",
        "\x7f",
        "é",
        "\u200b",
        "lock",
        "refs/heads/",
        "$",
        "#",
        "'",
        '"',
        "x.lock/y",
    ]
)
NAMES = st.lists(PARTS, max_size=5).map("".join) | st.text(
    alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_git_agrees(name: str, tmp_path: Path) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    asked = subprocess.run(
        ["git", "check-ref-format", "--branch", name],
        cwd=tmp_path,
        env={**clean, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        capture_output=True,
        check=False,
    )
    assert (asked.returncode == 0) == (refusal(name) == ""), (name, asked, refusal(name))


@pytest.mark.parametrize("name", ["a\0b", "", "-a", "HEAD", "a..b", "a.lock", "a/.b", "a@{1}", "a b", "a//b", "/a"])
def test_refused(name: str) -> None:
    assert refusal(name)


def test_placeholders() -> None:
    assert filled("{plan}/{id}-{x}", plan="{id}", id="b") == "{id}/b-{x}"
    assert unknown_words("{plan}/{id}-{x}{y z}", "plan", "id") == ("x",)
