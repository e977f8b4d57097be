"""The one line of `--line`: what it says, what it drops when it is narrow, and what no text in it can do."""

import pytest
from msgspec.structs import replace

from cockpit.engine.handle import View
from cockpit.schedule.snapshot import Snapshot
from cockpit.ui.looks import cells_of
from cockpit.ui.statusline import cut, for_tmux, plain, status_line
from tests.ui.fakes import FakeHandle, busy, held, loaded, outline, workstream

HOSTILE = "a#[fg=red]#(touch x)\x1b]0;t\x07\n#{pane_id}"


def said(handle: FakeHandle, width: int = 0) -> str:
    return plain(status_line(handle.view(), handle.clock.now(), width=width))


def test_it_says_what_a_status_bar_is_looked_at_for() -> None:
    line = said(busy())
    assert line.startswith("live-services  attention  ● 1 ◆ 1 ")
    assert "agents 1/3" in line
    assert "done " in line
    assert line.endswith("◆ 2 await you  ! 1 alert")


@pytest.mark.parametrize("width", range(1, 100))
def test_it_fits_and_what_awaits_the_operator_goes_last(width: int) -> None:
    line = said(busy(), width)
    assert 0 < cells_of(line) <= width
    assert ("◆" in line) == (width >= 2)
    assert "\n" not in line


def test_words_give_way_to_signs_before_numbers_go() -> None:
    whole = said(held())
    assert said(held(), cells_of(whole)) == whole
    narrow = said(held(), 30)
    assert "await" not in narrow
    assert "◆" in narrow
    assert "!" in narrow


def test_no_driver_is_said_only_where_one_has_work_to_do() -> None:
    handle = busy()
    now = handle.clock.now()
    assert "no driver" in plain(status_line(replace(handle.view(), connected=False), now))
    assert "no driver" not in plain(status_line(handle.view(), now))
    idle = loaded(outline(workstream("a", "A")))
    assert "no driver" not in plain(status_line(replace(idle.view(), connected=False), now))
    silent = replace(handle.view(), problem="the driver does not answer")
    assert "! the driver does not answer" in plain(status_line(silent, now))


def test_a_plan_that_was_never_loaded_is_no_error() -> None:
    assert "no plan yet" in plain(status_line(View(Snapshot(), connected=False), 0.0))


def test_no_name_can_act_on_tmux_or_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    handle = loaded(outline(workstream(HOSTILE, HOSTILE), name=HOSTILE))
    cells = status_line(handle.view(), 0.0)
    line = for_tmux(cells)
    assert line.startswith("#[bold]a##[fg=red]##(touch x) ##{pane_id}#[default]")
    assert all(char.isprintable() for char in line)
    assert cells_of(plain(status_line(handle.view(), 0.0, width=12))) <= 12


def test_no_color_leaves_text_that_is_still_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert for_tmux((("a#b", "bad"), ("c", "plain"))) == "a##bc"
    monkeypatch.setenv("NO_COLOR", "")
    assert for_tmux((("a#b", "bad"), ("c", "plain"))) == "#[fg=red]a##b#[default]c"


def test_a_cut_never_halves_a_wide_character() -> None:
    assert plain(cut((("漢字", "plain"),), 3)) == "漢…"
