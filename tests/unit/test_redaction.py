"""Secrets are hidden wherever they stand, cut in two or not; nothing else is, and no offset moves."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.agents import runs
from cockpit.redaction import KNOWN, Redactor

KEY = '0123-geheim/"\\ü-wort'
TOKEN = "ghp_" + "a1B2c3D4e5F6a7B8c9D0e1F2a3B4c5D6e7F8"


def knowing(**environment: str) -> Redactor:
    one = Redactor()
    one.learn(environment)
    return one


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("MY_API_KEY", "plainvalue", True),
        ("APIKEY", "plainvalue", True),
        ("GH_PAT", "plainvalue", True),
        ("db_password", "plainvalue", True),
        ("DATABASE_URL", "postgres://me:plainvalue@host:5432/db", True),
        ("DEPLOY_KEY", "-----BEGIN-----\nplainvalue\n-----END-----", True),
        ("EDITOR", "plainvalue", False),
        ("KEYBOARD", "plainvalue", False),
        ("PATH", "plainvalue", False),
        ("GIT_AUTHOR_NAME", "plainvalue", False),
    ],
)
def test_a_variable_is_secret_by_its_name_or_the_password_in_an_address(name: str, value: str, hidden: bool) -> None:
    assert (knowing(**{name: value}).text("so plainvalue is") == "so ********** is") is hidden


def test_a_file_that_holds_a_secret_is_none(tmp_path: Path) -> None:
    assert str(tmp_path) in knowing(SIGNING_KEY=str(tmp_path)).text(f"in {tmp_path}")
    assert "none" not in knowing(SIGNING_KEY=f"{tmp_path}/none").text(f"in {tmp_path}/none")


def test_what_is_short_is_no_secret() -> None:
    assert knowing(KEY="true").text("it is true") == "it is true"


def test_a_secret_is_hidden_in_json_too() -> None:
    one = knowing(TOKEN=KEY)
    assert "geheim" not in one.text(f"a {KEY} b")
    assert "geheim" not in one.text('{"a": "' + KEY.replace("\\", "\\\\").replace('"', '\\"') + '"}')


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (TOKEN, True),
        ("AKIA" + "ABCDEFGHIJKLMNOP", True),
        ("sk-ant-" + "api03-abcdefghijklmnopqrst", True),
        ("sk-fading-circle-wrapper-of-divs", False),
        ("task-0123456789012345678901234567890", False),
        ("eyJhbGciOiJIUzI1NiJ9", False),
    ],
)
def test_tokens_in_known_formats_are_hidden(text: str, hidden: bool) -> None:
    assert (Redactor().text(f"a {text} b") == f"a {'*' * len(text)} b") is hidden


@given(st.text(), st.text())
def test_the_rest_stays_as_it_is(before: str, after: str) -> None:
    one = knowing(TOKEN="geheim-wort")
    assert one.text(f"{before} geheim-wort {after}") == f"{before} *********** {after}"


def test_a_secret_in_a_file_goes_where_it_stands_and_when_it_was_written_stays(tmp_path: Path) -> None:
    log = tmp_path / "log"
    text = b"x" * ((1 << 20) - 5) + b" geheim-wort " + b"y" * (1 << 20) + b" geheim-wort"
    log.write_bytes(text)
    os.utime(log, ns=(1, 2))
    knowing(TOKEN="geheim-wort").file(str(log))
    assert log.read_bytes() == text.replace(b"geheim-wort", b"*" * 11)
    assert log.stat().st_mtime_ns == 2
    knowing(TOKEN="geheim-wort").file(str(tmp_path / "none"))


@pytest.mark.parametrize("secret", ["geheim-wort", TOKEN])
@pytest.mark.parametrize("step", [1, 7, 13, 64])
def test_a_secret_that_is_cut_over_reads_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str, step: int
) -> None:
    monkeypatch.setattr(KNOWN, "_values", (b"geheim-wort",))
    text = f"it is {secret} and again {secret}\nend\n".encode()
    shown, grown = b"", b""
    for at in range(0, len(text), step):  # it is read while it grows, as far as it goes
        grown += text[at : at + step]
        (tmp_path / "stdout.log").write_bytes(grown)
        while (chunk := runs.read_output(tmp_path, len(shown), 5)).data:
            assert chunk.next == len(shown) + len(chunk.data)
            shown += chunk.data
    assert len(shown) == len(text)
    assert shown.endswith(b"*\nend\n")
    for start in range(len(secret) - 7):
        assert secret[start : start + 7].encode() not in shown
