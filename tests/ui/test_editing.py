"""The operator's editor: which one, how it is told the line, and how the screen lends it the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from cockpit.errors import CockpitError
from cockpit.ui.app import CockpitApp
from cockpit.ui.editing import begin, edit, editor, place
from tests.ui.fakes import held, loaded, outline, workstream
from tests.ui.opening import opened

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("vi", ["+7", "/a/b.py"]),
        ("/usr/bin/nvim", ["+call cursor(7,3)", "/a/b.py"]),
        ("nano", ["+7,3", "/a/b.py"]),
        ("emacs", ["+7:3", "/a/b.py"]),
        ("micro", ["+7:3", "/a/b.py"]),
        ("hx", ["/a/b.py:7:3"]),
        ("code", ["--goto", "/a/b.py:7:3"]),
        ("mine", ["/a/b.py"]),
    ],
)
async def test_an_editor_is_told_the_line_in_its_own_way(program: str, told: list[str]) -> None:
    assert place(program, "/a/b.py", 7, 3) == told
    assert place(program, "/a/b.py", 0, 0) == ["/a/b.py"]


async def test_the_editor_is_that_of_the_environment_as_words(tmp_path: Path) -> None:
    assert editor({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert editor({"VISUAL": "  ", "EDITOR": "'my editor' -n"}) == ["my editor", "-n"]
    with pytest.raises(CockpitError, match="EDITOR cannot be read"):
        editor({"EDITOR": "vim 'x"})
    with pytest.raises(CockpitError, match="no editor is set"):
        editor({"PATH": str(tmp_path)})
    vi = tmp_path / "vi"
    vi.touch(0o755)
    assert editor({"PATH": str(tmp_path)}) == ["vi"]


def pretend(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "vi") -> Path:
    """Make a program the operator's editor that only notes what it was told; return where it notes it."""
    noted, program = folder / "noted", folder / "bin" / name
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PWD" "$@" "${{GIT_DIR:-clean}}" > "{noted}.new"\n')
    with program.open("a") as script:
        script.write(f'mv "{noted}.new" "{noted}"\nexit "${{EDITED:-0}}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(program))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr(CockpitApp, "suspend", _noted_suspension)
    return noted


@contextmanager
def _noted_suspension(app: CockpitApp) -> Iterator[None]:
    assert app.lent
    yield
    app.say("resumed")


async def test_the_screen_lends_its_terminal_and_says_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = pretend(tmp_path, monkeypatch)
    file = tmp_path / "-odd [name]\n.py"
    file.write_text("x")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    async with opened(loaded(outline(workstream("a", "a")))) as one:
        await edit(one.app, file, 12)
        assert noted.read_text() == f"{tmp_path}\n+12\n{file}\nclean\n"
        assert (one.status, one.app.lent) == ("resumed", False)

        monkeypatch.setenv("EDITED", "3")
        begin(one.app, file)
        await one.until(lambda: "not edited" in one.status)
        assert one.status == "✗ -odd [name] │ .py not edited: `vi` ended with code 3"

        monkeypatch.setenv("EDITOR", "/no/such/editor")
        with pytest.raises(CockpitError, match="cannot be started"):
            await edit(one.app, file)
        assert not one.app.lent
        with pytest.raises(CockpitError, match="not there any more"):
            await edit(one.app, tmp_path / "gone")
        one.app.lent = True
        with pytest.raises(CockpitError, match="lent to another program"):
            await edit(one.app, file)
        one.app.lent = False
        one.app.read_only = True
        with pytest.raises(CockpitError, match="read only"):
            await edit(one.app, file)
        one.app.read_only = False
        monkeypatch.setattr(CockpitApp, "is_web", True)
        with pytest.raises(CockpitError, match="a browser has no terminal"):
            await edit(one.app, file)


async def test_e_opens_a_file_of_the_worktree_that_is_chosen_of_those_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, noted = held(), pretend(tmp_path, monkeypatch)
    one_file = replace(handle.snapshot.workstreams["ci-testing"], worktree=str(tmp_path))
    handle.snapshot = replace(handle.snapshot, workstreams={**handle.snapshot.workstreams, "ci-testing": one_file})
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "install.py").touch()
    (tmp_path / "b.py").touch()
    async with opened(handle) as one:
        await one.on("docs")
        await one.press("e")
        assert "docs has no worktree" in one.status

        await one.on("ci-testing")
        one.app.read_only = True
        await one.press("e")
        await one.until(lambda: "not edited: this screen is read only" in one.status)
        assert one.front is one.page
        one.app.read_only = False
        await one.press("escape", "e")
        await one.until(lambda: "2 changed files" in one.screen_text())
        assert "its agent works there too" not in one.screen_text(), "it is quarantined"
        await one.press("j", "enter")
        await one.until(noted.exists)
        assert noted.read_text() == f"{tmp_path}\n{tmp_path / 'b.py'}\nclean\n"

        noted.unlink()
        await one.press("e")
        await one.until(lambda: "the folder itself" in one.screen_text())
        await one.press("end", "enter")
        await one.until(noted.exists)
        assert noted.read_text() == f"{tmp_path}\n{tmp_path}\nclean\n"

        noted.unlink()
        del handle.diffs["b.py"]
        await one.press("enter", "e")  # a page of its own, and one changed file alone
        await one.until(noted.exists)
        assert noted.read_text() == f"{tmp_path / 'src'}\n{tmp_path / 'src' / 'install.py'}\nclean\n"

        noted.unlink()
        await one.press("escape", "4", "j", "e")
        await one.until(noted.exists)
        assert noted.read_text().splitlines()[1:] == ["+13", str(tmp_path / "src" / "install.py"), "clean"]
