"""The operator's own settings: read before the first paint, refused with their place when wrong, and obeyed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.color import Color

from cockpit.ui import keys
from cockpit.ui.keymap import shown
from cockpit.ui.keys import ACTIONS, BY_NAME
from cockpit.ui.screens.help import HelpScreen
from cockpit.ui.screens.palette import PaletteScreen
from cockpit.ui.settings import THEMES, Settings, SettingsError, default_path, read_settings
from cockpit.ui.styling import PRINTED_DARK, PRINTED_LIGHT
from cockpit.ui.themes import theme
from tests.ui.fakes import held, loaded, six
from tests.ui.opening import opened


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Give the registry its own keys back."""
    yield
    BY_NAME.update({action.name: action for action in ACTIONS})


def written(tmp_path: Path, text: str) -> Path:
    (path := tmp_path / "config.toml").write_text(text)
    return path


def complaints(tmp_path: Path, text: str) -> list[str]:
    path = written(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert str(caught.value).count("→") == len(caught.value.problems)
    return [str(one).split("\n")[0].removeprefix(f"{path}:") for one in caught.value.problems]


def test_without_a_file_all_is_as_it_comes_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "cockpit" / "config.toml"
    assert read_settings() == Settings()
    began = time.process_time()
    for _ in range(100):
        read_settings()
    assert time.process_time() - began < 0.2, "2 ms each"
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".config" / "cockpit" / "config.toml"


def test_all_settings_are_read(tmp_path: Path) -> None:
    text = """
theme = "light"
[notifications]
bell = false
title = false
desktop = "osc777"
[keys]
approve = ["f5", "Y", "ctrl+y"]
sort = ","
"help" = "f1"
"""
    found = read_settings(written(tmp_path, text))
    assert (found.theme, found.bell, found.title, found.desktop) == ("light", False, False, "osc777")
    assert {name: (one.keys, one.shown) for name, one in found.actions.items()} == {
        "approve": ("f5,Y,ctrl+y", "f5 Y ctrl+y"),
        "sort": ("comma", ","),
        "help": ("f1", "f1"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('theme = "drak"', "1:1: theme: must be one of dark, light, high-contrast, ansi"),
        ("\n  colour = 1", "2:3: colour: there is no such setting"),
        ("notifications = 3", "1:1: notifications: must be a table"),
        ("[notifications]\nbell = 1", "2:1: notifications.bell: must be true or false"),
        ("[notifications]\nbeep = true", "2:1: notifications.beep: there is no such setting"),
        ('notifications.desktop = "osc8"', "1:1: notifications.desktop: must be one of off, osc9, osc777"),
        ("[keys]\n\n start = []", "3:2: keys.start: must be a key, or a list of keys"),
        ('[keys]\nstart = "fx"', "2:1: keys.start: 'fx' is no key"),
        ('[keys]\nstart = "ctrl+"', "2:1: keys.start: 'ctrl+' is no key"),
        ('[keys]\nstart = ["s", " "]', "2:1: keys.start: ' ' is no key"),
        ('[keys]\nstrat = "s"', "2:1: keys.strat: there is no such action"),
        ('[keys]\nstart = "x"', "2:1: keys.start: x is the key of `stop` already"),
        ('[keys]\nstart = "z"\nhelp = "f1"\nstop = "z"', "4:1: keys.stop: z is the key of `start` already"),
        ('[keys]\nquit = "ctrl+c"', "2:1: keys.quit: ctrl+c is the key of `interrupt` already"),
        ('[keys]\ninterrupt = "z"', "2:1: keys.interrupt: its key cannot be changed"),
        ('[keys]\nyes = "z"', "2:1: keys.yes: its key cannot be changed"),
        ('[keys]\nrebase = "z"', "2:1: keys.rebase: it has no key: c opens what it is chosen from"),
        ('keys = {start = "x"}', "1:1: keys.start: x is the key of `stop` already"),
        ("keys.start = true", "1:1: keys.start: must be a key, or a list of keys"),
        ('theme = "dark"\n[keys', "2:6: not TOML: Expected ']' at the end of a table declaration"),
        ('a = 1\ntheme = "\x01"', "2:10: not TOML: Illegal character '\\x01'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert complaints(tmp_path, text) == [said]


def test_all_that_is_wrong_is_said_at_once_and_in_order(tmp_path: Path) -> None:
    found = complaints(tmp_path, 'theme = 1\n[keys]\nstart = "x"\nnope = "y"\n')
    assert [one[:4] for one in found] == ["1:1:", "3:1:", "4:1:"]


def test_a_near_miss_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean `start`"):
        read_settings(written(tmp_path, '[keys]\nstrat = "s"'))


def test_what_cannot_be_read_is_no_default(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.mkdir()
    with pytest.raises(SettingsError, match="Is a directory"):
        read_settings(path)
    path.rmdir()
    path.write_bytes(b'# ok\ntheme = "\xff"\n')
    with pytest.raises(SettingsError, match=r"config\.toml:2:1: not UTF-8"):
        read_settings(path)


def test_two_actions_may_swap_their_keys(tmp_path: Path) -> None:
    found = read_settings(written(tmp_path, '[keys]\nstart = "x"\nstop = "s"\n'))
    assert {name: one.keys for name, one in found.actions.items()} == {"start": "x", "stop": "s"}


@pytest.mark.parametrize("action", [one for one in ACTIONS if one.keys], ids=lambda one: one.name)
def test_every_key_of_the_registry_can_be_written_as_it_is_shown(action: keys.Action) -> None:
    from cockpit.ui.keymap import _named

    for key in action.keys.split(","):
        assert _named(key) == key
        sign = shown(key)
        assert len(sign) > 1 or not sign.isascii() or _named(sign) == key


@pytest.mark.anyio
async def test_a_changed_key_works_and_is_shown_and_the_old_one_does_nothing(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, '[keys]\nstart = "f6"\nconflict = "z"\n'))
    handle = loaded(six())
    async with opened(handle, (230, 40), settings=settings) as one:
        await one.on("ci-testing")
        await one.press("s")
        assert handle.orders == []
        await one.press("f6")
        await one.until(lambda: [order.verb for order in handle.orders] == ["start"])
        assert "f6 start" in one.screen_text()
        await one.press("question_mark")
        assert isinstance(one.app.screen, HelpScreen)
        text = one.app.screen._text().plain
        assert "f6       start: its legs run" in text
        assert "z        rebase: bring" in text
        await one.press("escape", "colon")
        assert isinstance(one.app.screen, PaletteScreen)
        await one.press(*"start:")
        assert "f6     start:" in one.screen_text()


@pytest.mark.anyio
@pytest.mark.parametrize("name", THEMES)
async def test_every_theme_shows_states_by_sign_and_word(name: str) -> None:
    async with opened(held(), settings=Settings(theme=name)) as one:
        assert one.app.current_theme.name == theme(name).name
        text = one.screen_text()
        assert "⊘ quarantined" in text
        assert "◆ review" in text
        await one.press("question_mark")
        await one.press("escape", "4")
        assert "DROPPED" in one.screen_text()


@pytest.mark.anyio
async def test_the_sixteen_colours_are_the_terminals_own() -> None:
    async with opened(held(), settings=Settings(theme="ansi")) as one:
        strips = one.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        colours = {colour for style in styles for colour in (style.color, style.bgcolor) if colour}
        assert {colour.name for colour in colours if colour.triplet} == set()
        assert len(colours) > 4


@pytest.mark.anyio
async def test_what_agents_print_has_colours_that_can_be_read_on_light_pages() -> None:
    async with opened(held(), settings=Settings(theme="light")) as one:
        await one.until(lambda: "looking at" in one.screen_text())
        strips = one.app.screen._compositor.render_strips()
        inks = {segment.text: segment.style.color for strip in strips for segment in strip if segment.style}
        assert (found := inks["F"]) is not None
        assert found.triplet == PRINTED_LIGHT.ansi_colors[1]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(Color.parse(one)), _luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("name", "least"), [("dark", 4.5), ("light", 4.5), ("high-contrast", 7.0)])
def test_text_stands_out_from_what_is_behind_it(name: str, least: float) -> None:
    found = theme(name)
    assert found.background
    assert found.surface
    assert found.panel
    inks = [found.foreground, found.accent, found.success, found.warning, found.error, found.secondary]
    inks += [found.variables["text-muted"]]
    for behind in (found.background, found.surface, found.panel):
        assert [(ink, behind) for ink in inks if contrast(ink or "", behind) < least] == []
    on_colours = [(found.background, behind) for behind in (found.accent, found.warning)]
    assert [pair for pair in on_colours if contrast(pair[0], pair[1] or "") < least] == []
    palette = PRINTED_DARK if found.dark else PRINTED_LIGHT
    printed = [Color(*palette.ansi_colors[number]).hex for number in range(1 if found.dark else 0, 16)]
    assert [ink for ink in printed if contrast(ink, found.background) < least] == []
