"""What a typed filter means, which rows it lets through, and that no text whatever breaks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from cockpit.ui.columns import COLUMNS
from cockpit.ui.filters import number_in, parsed
from cockpit.ui.present import Presenter, Row
from tests.ui.fakes import busy, held
from tests.ui.opening import opened

ROWS: dict[str, Row] = Presenter().rows(busy().view())
TERMS = [
    "state:",
    "round:",
    "!",
    '"',
    "agent:claude",
    ">=2",
    "a",
    ":",
    ",",
    "is:awaiting",
    "\x1b",
    "\u202e",
    "files:<9",
]


def let(text: str, rows: dict[str, Row] | None = None) -> list[str]:
    rows = ROWS if rows is None else rows
    return [key for key, row in rows.items() if parsed(text, COLUMNS).lets(row)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "ci-testing security database cli api docs"),
        ("schema", "database cli"),
        ("  SCHEMA   status ", "cli"),
        ("state:running", "ci-testing"),
        ("state:running,review", "ci-testing security"),
        ("!state:blocked", "ci-testing security database api"),
        ("agent:claude", "ci-testing"),
        ("agent:claude,coder", "ci-testing"),
        ("round:2", "cli api"),
        ("round:>1", "cli api docs"),
        ("round:<=1 !docs", "ci-testing security database"),
        ("files:>=4", "ci-testing security"),
        ("files:>4", "ci-testing"),
        ("cost:>1.5", "ci-testing"),
        ("cost:$1.84", "ci-testing"),
        ("ahead:>0", "ci-testing security"),
        ("is:awaiting", "security database"),
        ("!is:awaiting state:bl", "cli docs"),
        ('"new schema"', "database cli"),
        ('title:"rate limits"', "security"),
        ("id:ci", "ci-testing"),
        ("live/api", "api"),
        ("now:3, round:1", "database"),
    ],
)
def test_each_term_narrows_what_is_shown(text: str, shown: str) -> None:
    assert let(text) == shown.split()
    assert parsed(text, COLUMNS).wrong == ""


@pytest.mark.parametrize("text", ["state:", "round:", "round:>", "!", "!round:>=", '"', 'title:"', "is:", "is:await"])
def test_what_is_still_being_typed_hides_nothing_and_is_not_wrong(text: str) -> None:
    assert parsed(text, COLUMNS).wrong == ""
    assert len(let(text)) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour:red", "no field colour: there are state, id, title"),
        ("round:two", "round takes a number, like round:2 or round:>2"),
        ("state:sleeping", "no state is called sleeping: running, preparing"),
        ("is:nice", "is:nice is unknown: there is is:awaiting"),
        ("time:3m", "time goes by with time, and cannot be filtered for"),
        ("api colour:red round:two", "no field colour"),
    ],
)
def test_what_means_nothing_is_said_and_hides_nothing(text: str, said: str) -> None:
    assert parsed(text, COLUMNS).wrong.startswith(said)
    assert let(text) == (["api"] if text.startswith("api") else list(ROWS))


def test_signs_and_violations_can_be_filtered_for() -> None:
    rows = Presenter().rows(held().view())
    assert let("violations:>0", rows) == ["ci-testing", "security"]
    assert let("alerts:⊘", rows) == ["security"]


def test_the_first_number_of_a_cell_counts() -> None:
    assert [number_in(one) for one in ("7 +214 −36", "$1,234.50", "r2", "↑2 ↓1", "—", "")] == [
        7,
        1234.5,
        2,
        2,
        None,
        None,
    ]


@given(st.lists(st.sampled_from(TERMS) | st.text(max_size=12), max_size=6).map(" ".join))
def test_no_text_whatever_raises_or_reaches_the_screen_as_it_is(text: str) -> None:
    found = parsed(text, COLUMNS)
    for row in ROWS.values():
        found.lets(row)
    assert not set(found.wrong) & {"\x1b", "\u202e", "\n"}


@pytest.mark.anyio
async def test_a_filter_that_means_nothing_is_said_in_its_line() -> None:
    async with opened(busy(), (80, 24)) as one:
        await one.press("slash", *"round:x api")
        assert list(one.grid.shown) == ["api"]
        assert "round takes a number" in one.screen_text()
        assert "workstreams 1/6" in str(one.grid.border_title)
        await one.press(*["backspace"] * 5, "2")
        assert list(one.grid.shown) == ["cli", "api"]
        assert "round takes a number" not in one.screen_text()


@pytest.mark.anyio
async def test_marks_that_a_filter_hides_are_counted_aloud() -> None:
    async with opened(busy()) as one:
        await one.press("space", "slash", *"round:2", "enter")
        assert "workstreams 2/6 · /round:2 · 1 marked, 1 hidden" in str(one.grid.border_title)


@pytest.mark.anyio
async def test_what_is_typed_ahead_of_the_line_goes_into_it_and_orders_nothing() -> None:
    async with opened(busy()) as one:
        await one.on("security")
        for key in ["slash", *"is:awaiting", "backspace", "g", "enter", "j", "p"]:
            one.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await one.until(lambda: one.grid.filter and not one.page.query("FilterLine"))
        assert list(one.grid.shown) == ["security", "database"]
        await one.until(lambda: one.grid.cursor == "database")
        await one.until(lambda: "p pause: database is failed" in one.status)
        for key in ("slash", "x", "escape", "slash", "d", "escape", "slash", "o"):
            one.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await one.until(lambda: one.grid.filter == ("o",) and len(one.page.query("FilterLine")) == 1)
        assert one.handle.orders == []
