"""Small widgets of one or a few lines: header, alerts, status line and footer; each shows a model, decides nothing."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from cockpit.ui.alerts import Alert, top_lines
from cockpit.ui.headline import Headline, Line, header_lines
from cockpit.ui.looks import fit

COLOURS = {
    "plain": "",
    "dim": "$text-muted",
    "quiet": "$text-muted",
    "strong": "bold",
    "busy": "$secondary",
    "good": "$success",
    "warn": "$warning",
    "bad": "$error",
    "accent": "$accent",
}

DECIDING = frozenset({"approve", "reject", "release", "answer", "conflict", "back"})  # what the operator is waited for


def content(cells: Iterable[tuple[str, str]]) -> Content:
    """Return safe cells (text, style name) as content; the text is never read as markup."""
    return Content.assemble(*((text, COLOURS[style]) for text, style in cells if text))


def _cut(cells: Line, width: int) -> Line:
    found: list[tuple[str, str]] = []
    for text, style in cells:
        cells_left = width - sum(cell_len(one) for one, _ in found)
        if cell_len(text) > cells_left:
            found.append((fit(text, cells_left), style))
            break
        found.append((text, style))
    return tuple(found)


ROOM = 80  # cells of a footer that always names the key that finds anything, beside help and quit


class Lines(Static):
    """A few lines of cells, each cut to the width; as high as there are lines."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__("", id=id, markup=False)
        self._lines_now: tuple[Line, ...] = ()
        self._cut_at = 0

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show lines, if they are others than those that are shown."""
        self.display = bool(lines)
        width = self.size.width or self.app.size.width
        if tuple(lines) == self._lines_now and width == self._cut_at:
            return
        grown = len(lines) != len(self._lines_now)
        self._lines_now, self._cut_at = tuple(lines), width
        shown = Content("\n").join(content(_cut(line, width)) for line in lines)
        self.update(shown, layout=grown)

    def on_resize(self) -> None:
        """Cut the lines to the new width."""
        self.show_lines(self._lines_now)


class Header(Lines):
    """The plan, its base, counts, agents, when it will be done, and what is wrong."""

    def show(self, model: Headline, width: int) -> None:
        """Show a headline in so many cells."""
        self.show_lines(header_lines(model, width))


class Alerts(Lines):
    """The worst of what is wrong or awaits the operator."""

    class Chosen(Message):
        """An alert was clicked; `key` is empty for the line that says how many more there are."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    _top: tuple[Alert, ...] = ()
    _more = False

    def show(self, found: tuple[Alert, ...], most: int) -> None:
        """Show at most so many alerts; hide where there are none."""
        self._top, self._more = top_lines(found, most), len(found) > most
        lines = [((f"{one.glyph} ", one.style), (one.text, one.style)) for one in self._top]
        self.show_lines(lines)

    def on_click(self, event: events.Click) -> None:
        """Tell which alert is under the mouse."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._top):
            last = self._more and offset.y == len(self._top) - 1
            self.post_message(self.Chosen("" if last else self._top[offset.y].key))


def _need(key: str, word: str) -> int:
    return cell_len(key) + (cell_len(word) + 3 if word else 2)


def _brief(keys: Sequence[tuple[str, str, bool]], width: int) -> tuple[Sequence[tuple[str, str, bool]], int]:
    """Return keys, and the cells that there are for them; help, quit, then back lose their words to what decides."""
    ends = {len(keys) - 1, len(keys) - 2}
    backs = {at for at, (_, word, _) in enumerate(keys) if word == "back"}
    vital = ends | {at for at, (_, word, able) in enumerate(keys) if able and word in DECIDING}
    if vital == ends | backs:
        return keys, width - 2  # nothing is to be decided
    brief = keys
    for bare in (set(), ends, ends | backs):
        brief = [(key, "" if at in bare else word, able) for at, (key, word, able) in enumerate(keys)]
        if sum(_need(*brief[at][:2]) for at in vital) <= width - 2:
            return brief, width - 2
    return brief, width + 1  # then not even the gap after the last one is kept free


class StatusLine(Lines):
    """One line: what is going on, or why a key did nothing; an error stays until it is read."""

    def show(self, text: str, style: str = "dim") -> None:
        """Show safe text."""
        self.show_lines([((text, style),)])


class Keybar(Lines):
    """The keys that matter here, made from the registry; what cannot be done now is dim."""

    class Pressed(Message):
        """A key was clicked, which is written so."""

        def __init__(self, shown: str) -> None:
            super().__init__()
            self.shown = shown

    _places: tuple[tuple[int, str], ...] = ()

    def show(self, keys: Sequence[tuple[str, str, bool]], width: int) -> None:
        """Show keys (key, word, whether it can be done); of what does not fit, what decides stays longest."""
        first = {at for at, (_, word, _) in enumerate(keys) if word in DECIDING}
        backs = {at for at in first if keys[at][1] == "back"}
        keys, room = _brief(keys, width)
        need = [_need(key, word) for key, word, _ in keys]
        always = {len(keys) - 1, len(keys) - 2} | ({len(keys) - 3} if width >= ROOM else set())
        left = room - sum(need[at] for at in always if at >= 0)
        for at in sorted(range(len(keys)), key=lambda at: (not keys[at][2], at not in first, at in backs, at)):
            if at not in always and need[at] <= left:
                always.add(at)
                left -= need[at]
        cells: list[tuple[str, str]] = [(" ", "plain")]
        places: list[tuple[int, str]] = []
        end = 1
        for at, (key, word, able) in enumerate(keys):
            if at in always:
                end += need[at]
                places.append((end, key))
                said = f" {word}  " if word else "  "
                cells += [(key, "accent" if able else "dim"), (said, "plain" if able else "dim")]
        self._places = tuple(places)
        if room > width:
            cells[-1] = (cells[-1][0].rstrip(), cells[-1][1])
        self.show_lines([tuple(cells)])

    def on_click(self, event: events.Click) -> None:
        """Tell which key is under the mouse."""
        found = next((key for end, key in self._places if event.x < end), None)
        if found is not None and event.x > 0:
            self.post_message(self.Pressed(found))
