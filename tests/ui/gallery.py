"""What the gallery shows: how each page and each dialog is come to, and a picture of it as text that a diff can show.

A picture holds the rows of the screen, then the same rows with a letter for each style, then what each letter stands
for in the dark theme, in the light one, and without colour.
"""

import string
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace
from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input

from cockpit.schedule.readings import PlanReading
from cockpit.ui.themes import theme
from cockpit.ui.widgets.chart import Chart
from tests.ui.fakes import FakeHandle
from tests.ui.opening import Opened

SIZES = ((80, 24), (120, 40), (200, 50), (40, 30), (32, 15))
SIGNS = ("bold", "dim", "italic", "underline", "reverse", "strike")
BLACK = Color(0, 0, 0)
SMALL = frozenset({(80, 24), (40, 30), (32, 15)})  # a dialog is no wider where there is more room
LETTERS = string.ascii_letters + string.digits + "".join(chr(code) for code in range(0xC0, 0x170))


class Shot(NamedTuple):
    """A picture: the keys that lead there, from the row of a workstream, and texts that stand there in the end."""

    name: str
    keys: Sequence[str] = ()
    there: Sequence[str] = ()
    row: str = "ci-testing"
    before: Callable[[FakeHandle], None] = lambda _handle: None


def broken(handle: FakeHandle) -> None:
    """Make the plan file one with errors."""
    errors = (
        "plan.yaml:7:3: workstreams[0]: unknown key `agnet`; did you mean `agent`?",
        "plan.yaml:31:12: workstreams[4].depends_on: there is no workstream `serach`",
    )
    handle.readings = replace(handle.readings, plan=PlanReading(errors))


def untrusted(handle: FakeHandle) -> None:
    """Make the plan one that nobody trusted."""
    handle.commands = [
        ["gates.tests.run", "pytest -q --maxfail=3"],
        ["agents.claude.run", "claude --print --output-format stream-json --model large --permission-mode acceptEdits"],
        ["setup", "python -m venv .venv"],
    ]
    plan = PlanReading(untrusted=("pytest", "claude"), asks=("gates.tests: pytest → pytest -q --maxfail=3",))
    handle.readings = replace(handle.readings, plan=plan)


NEXT, BEFORE = "right_square_bracket", "left_square_bracket"
SHOTS = (
    Shot("grid", there=["looking at"]),
    Shot("grid in groups", ("comma", "R", "g", "j"), ["round 2"]),
    Shot("wave map", ("w",), ["round 3"]),
    Shot("workstream", ("enter",), ["looking at"]),
    Shot("review", ("enter",), ["review"], row="security"),
    Shot("output", ("l",), ["looking at"]),
    Shot("timeline", ("t",), ["ci-testing-2 started"]),
    Shot("gates", ("enter", BEFORE), ["3 failed"]),
    Shot("issues", ("enter", *[NEXT] * 2), ["issues and checklist"]),
    Shot("violations", ("enter", *[NEXT] * 3), ["PLACEHOLDER_DROPPED"], row="wide"),
    Shot("prompt", ("enter", *[NEXT] * 4), ["no network"]),
    Shot("diff", ("d",), ["the rest stays the same"]),
    Shot("agents", ("2", "j", "j"), ["MB"]),
    Shot("alerts", ("3",), ["disk"]),
    Shot("quarantine", ("4",), ["PLACEHOLDER_DROPPED"]),
    Shot("merges", ("5",), ["mail"]),
    Shot("forecast", ("6",), ["auth/auth-1"]),
    Shot("forecast of the finish", ("6", NEXT), ["50% by"]),
    Shot("figures", ("6", BEFORE), ["┤"]),
    Shot("journal", ("7",), ["nightly"]),
    Shot("a fact in full", ("7", "j", "enter"), ["workstream"]),
    Shot("log", ("at",), ["second line"]),
    Shot("help", ("question_mark",), ["move up"]),
    Shot("palette", ("colon",), ["go to the first"]),
    Shot("confirm", ("A",), ["security"], row="security"),
    Shot("answer", ("i",), ["only the sum", "looking at"], row="billing-and-invoices"),
    Shot("ways", ("c",), ["rebase"], row="jobs"),
    Shot("release", ("4", "u", "down"), ["next run"]),
    Shot("sort", ("comma",), ["order of the rows"]),
    Shot("trust", (), ["3 commands, 1 change"], before=untrusted),
    Shot("plan file", ("D",), ["serach"], before=broken),
    Shot("columns", ("f",), ["workstream"]),
    Shot("attach", ("o",), ["attach to ci-testing"]),
)


async def come_to(one: Opened, shot: Shot) -> None:
    """Lead the screen to what a picture shows, and wait until all of it is there."""
    await one.on(shot.row)
    await one.press(*shot.keys)
    await one.until(lambda: all(text in one.screen_text() for text in shot.there))
    for field in one.app.screen.query(Input):
        field.cursor_blink = False
    one.app.clear_notifications()  # they go by themselves after some seconds
    await one.pilot.pause()


async def resized(one: Opened, size: tuple[int, int]) -> None:
    """Show all in another size."""
    await one.pilot.resize_terminal(*size)
    await one.until(lambda: one.app.screen.size == size)
    await _settled(one)


async def in_theme(one: Opened, name: str) -> None:
    """Show a theme of the settings."""
    other = theme(name)
    if other.name != one.app.theme:
        one.app.register_theme(other)
        one.app.theme = other.name
        await one.pilot.pause()
        for chart in one.app.screen.query(Chart):
            chart.on_resize()  # they have their colours from the theme in which they were drawn
        await _settled(one)


async def _settled(one: Opened) -> None:
    await one.pilot.pause()
    await one.until(
        lambda: not any(work.group in ("chart", "colours") and not work.is_finished for work in one.app.workers)
    )
    await one.pilot.pause()


def seen(one: Opened) -> tuple[Strip, ...]:
    """Return the rows that are on the screen."""
    return tuple(Strip(row) for row in one.app.screen._compositor.render_strips())


def in_front(one: Opened) -> tuple[Strip, ...]:
    """Return the rows of the page, or those of the dialog alone: what is behind it rests, and is laid out later."""
    screen = one.app.screen
    boxes = (one.region for one in screen.children) if isinstance(screen, ModalScreen) else (screen.region,)
    box = max(boxes, key=lambda region: region.area)  # not the empty boxes in which Textual keeps hints and toasts
    assert box.area
    return tuple(row.crop(box.x, box.right) for row in seen(one)[box.y : box.bottom])


def grey(strips: Iterable[Strip]) -> tuple[Strip, ...]:
    """Return the rows as NO_COLOR has them."""
    return tuple(strip.apply_filter(Monochrome(), BLACK) for strip in strips)


def texts(strips: Iterable[Strip]) -> tuple[str, ...]:
    """Return what the rows say."""
    return tuple(strip.text for strip in strips)


def _styles(strip: Strip) -> Iterable[str]:
    for segment in strip:
        told = _told(segment.style) if segment.style is not None else ""
        yield from (told for _ in range(cell_len(segment.text)))


@cache
def _told(style: Style) -> str:
    fore, back = (colour.name if colour else "-" for colour in (style.color, style.bgcolor))
    return " ".join((f"{fore} on {back}", *(sign for sign in SIGNS if getattr(style, sign))))


def faint(strips: Iterable[Strip], least: float) -> set[str]:
    """Return the words that stand out less than `least` from what is behind them."""
    found = set()
    for strip in strips:
        for segment in strip:
            style = segment.style
            if style is not None and any(map(str.isalnum, segment.text)) and contrast(style) < least:
                found.add(f"{segment.text.strip()}: {_told(style)}")
    return found


@cache
def contrast(style: Style) -> float:
    """Return the contrast of a text to its background, as WCAG counts it."""
    if style.color is None or style.bgcolor is None:
        return 0.0
    light, dark = sorted((_luminance(style.color), _luminance(style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: RichColor) -> float:
    parts = [part / 255 for part in colour.get_truecolor()]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def picture(size: tuple[int, int], variants: Sequence[Sequence[Strip]]) -> str:
    """Return one picture of what was seen in several variants, whose texts are the same."""
    legend: dict[tuple[str, ...], str] = {}
    rows: list[str] = []
    for cells in zip(*variants, strict=True):
        letters = [legend.setdefault(one, LETTERS[len(legend)]) for one in zip(*map(_styles, cells), strict=True)]
        rows.append("".join(letters))
    told = [text.rstrip() for text in texts(variants[0])]
    letters = [f"{letter}  {'  |  '.join(one)}" for one, letter in legend.items()]
    return "\n".join((f"=== {size[0]}x{size[1]}", *told, "--- styles", *map(_short, rows), "--- legend", *letters, ""))


def _short(row: str) -> str:
    """Return a row of letters without the run of the same one that it ends with, but for the first of it."""
    last = row[-1:]
    return row.rstrip(last) + last
