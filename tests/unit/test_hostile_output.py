"""What the commands print of a plan in which every text is hostile: no control character, markup or formula leaves."""

import csv
import io
from html.parser import HTMLParser

import pytest

from cockpit.cli.report import markdown, page, sheet
from cockpit.cli.status import status_lines
from cockpit.metrics.report import document
from cockpit.schedule.facts import Recorded
from cockpit.schedule.seeking import told
from cockpit.schedule.wording import line
from cockpit.ui.calling import notification, title
from cockpit.ui.looks import name
from cockpit.ui.statusline import for_tmux, plain, status_line
from tests.ui.poison import HOSTILE, LONG, every_fact, hostile

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
FORMULA, TAG = f"=cmd|'/c calc'!A1 {HOSTILE}", f"<img src=x onerror=1>{HOSTILE}"
TEXTS = pytest.mark.parametrize(
    "text", [HOSTILE, LONG, "", FORMULA, TAG], ids=["hostile", "long", "empty", "formula", "tag"]
)


def harmless(text: str) -> bool:
    return not [char for char in text if ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in BIDI]


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(f"{tag}.{key}" for key, _ in attrs)}


@TEXTS
def test_every_kind_of_fact_is_told_on_one_harmless_line(text: str) -> None:
    for number, fact in enumerate(every_fact(text), 1):
        recorded = Recorded(number, 1.0, fact)
        shown = [line(recorded, numbered=True), name(told(recorded).about)]
        assert [one for one in shown if not harmless(one)] == [], type(fact).__name__


@TEXTS
def test_the_status_in_lines_and_on_one_line_is_harmless(text: str) -> None:
    handle = hostile(text)
    view, now = handle.view(), handle.clock.now()
    lines = status_lines(view, now, text)
    cells = status_line(view, now)
    assert [one for one in (*lines, plain(cells), for_tmux(cells)) if not harmless(one)] == []
    assert "#(" not in for_tmux(cells)
    assert harmless(title(text, 3))
    for kind in ("osc9", "osc777"):
        start = "\x1b]777;notify;cockpit;" if kind == "osc777" else "\x1b]9;"
        sent = notification(kind, text)
        assert sent.startswith(start)
        assert harmless(sent.removeprefix(start).removesuffix("\x1b\\").removesuffix("\x07"))


@TEXTS
def test_a_report_has_no_markup_and_no_formula_but_its_own(text: str) -> None:
    handle = hostile(text)
    found = document(handle.snapshot, handle.recorded, handle.clock.now())
    texts = [render(found) for render in (markdown, page, sheet)]
    assert [one for shown in texts for one in shown.splitlines() if not harmless(one)] == []
    own = {"html", "html.lang", "head", "meta", "meta.charset", "title", "style", "body", "h1", "h2", "p"}
    own |= {"table", "thead", "tbody", "tr", "th", "td", "td.class"}
    assert Tags(texts[1]).found <= own
    assert "<img" not in texts[0].replace("\\<img", "")
    cells = [cell for row in csv.reader(io.StringIO(texts[2])) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell] == []
