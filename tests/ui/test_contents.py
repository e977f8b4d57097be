"""The widths of columns that are kept up to date row by row are those of the rows as they are."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.ui.contents import Contents
from cockpit.ui.looks import cells_of
from cockpit.ui.present import Presenter
from tests.ui.fakes import busy

ROWS = Presenter().rows(busy().view())
CELLS = len(next(iter(ROWS.values())).cells)
TEXTS = st.sampled_from(["", "a", "abc", "データ", "a longer text"])
CHANGES = st.lists(st.tuples(st.sampled_from([*ROWS]), st.integers(0, CELLS - 1), TEXTS | st.none()), max_size=30)


@given(CHANGES)
@settings(max_examples=60, deadline=None)
def test_they_are_those_of_the_rows(changes: list[tuple[str, int, str | None]]) -> None:
    rows = dict(ROWS)
    contents = Contents(rows.values())
    for key, at, text in changes:
        old = rows.pop(key, None)
        if text is None:
            contents.change(old, None)
            continue
        cells = [*(old or ROWS[key]).cells]
        cells[at] = text, "plain"
        rows[key] = replace(ROWS[key], cells=tuple(cells))
        contents.change(old, rows[key])
    for at in range(CELLS):
        assert contents.widest(at) == max((cells_of(row.cells[at][0]) for row in rows.values()), default=0)
