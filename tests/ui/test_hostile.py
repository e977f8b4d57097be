"""Hostile texts in every field at once, on every page and in every dialog: they are text there, and nothing else."""

import pytest
from textual.strip import Strip

from tests.ui.gallery import SHOTS, Shot, resized, seen
from tests.ui.opening import Opened, opened
from tests.ui.poison import HOSTILE, LONG, MARKUP, hostile

pytestmark = pytest.mark.anyio
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
JOINERS = frozenset("\u200d\ufe0e\ufe0f")
SMALL = (
    "workstream",
    "violations",
    "diff",
    "agents",
    "alerts",
    "quarantine",
    "merges",
    "forecast",
    "journal",
    "answer",
)
NOTHING_FOREIGN = {"sort", "help", "columns", "forecast of the finish", "figures", "trust"}
SHOWN = tuple(shot for shot in SHOTS if shot.name not in NOTHING_FOREIGN)


def wrong(strips: tuple[Strip, ...], width: int) -> list[str]:
    """Return the rows that are wider or narrower than the screen, or hold more than harmless text."""
    found = []
    for row in strips:
        controls = [char for char in row.text if ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in BIDI | JOINERS]
        styles = [segment.style for segment in row if segment.style]
        acts = [style for style in styles if style.link or "@click" in style.meta]
        if controls or acts or sum(segment.cell_length for segment in row) != width:
            found.append(row.text)
    return found


async def looked(one: Opened, shot: Shot) -> str:
    """Go to a page, and return all that stands there."""
    one.app.do_grid()
    one.grid.go_to_row(shot.row)
    await one.press("escape", *shot.keys)
    strips = seen(one)
    assert (shot.name, wrong(strips, one.app.size.width)) == (shot.name, [])
    return "\n".join(strip.text for strip in strips)


async def test_hostile_texts_in_every_field_are_text_on_every_page_and_in_every_dialog() -> None:
    async with opened(hostile(HOSTILE), (80, 24)) as one:
        texts = {shot.name: await looked(one, shot) for shot in SHOWN}
        assert [name for name, found in texts.items() if MARKUP[:4] not in found] == []
        await resized(one, (32, 15))
        for shot in SHOWN:
            if shot.name in SMALL:
                await looked(one, shot)


@pytest.mark.parametrize("text", [LONG, ""], ids=["long", "empty"])
async def test_long_texts_and_empty_ones_in_every_field_break_no_page(text: str) -> None:
    async with opened(hostile(text), (32, 15)) as one:
        for shot in SHOWN:
            if shot.name in SMALL:
                await looked(one, shot)
