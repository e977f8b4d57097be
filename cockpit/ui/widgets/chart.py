"""A chart of curves over time, drawn by a library beside the event loop: the first one takes it a second."""

import asyncio
from threading import Lock
from typing import Any

from rich.text import Text
from textual.color import Color, ColorParseError
from textual.widgets import Static

from cockpit.ui.looks import at_clock
from cockpit.ui.outlooks import Drawing
from cockpit.ui.widgets.lines import COLOURS
from cockpit.ui.working import beside

_one_at_a_time = Lock()  # the library keeps some of its state for all of its figures
LEAST = (24, 5)
Rgb = tuple[int, int, int]


class Chart(Static):
    """One drawing, as large as the widget; its title stands above it."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__("", id=id, markup=False)
        self._drawing: Drawing | None = None
        self._now = 0.0
        self._drawn: tuple[Drawing, int, int, str] | None = None

    def show_drawing(self, drawing: Drawing, now: float) -> None:
        """Draw another one, if it is another one."""
        self.border_title = Text(drawing.title)
        self._drawing, self._now = drawing, now
        self._draw_anew()

    def on_resize(self) -> None:
        """Draw it in the new size."""
        self._draw_anew()

    def _draw_anew(self) -> None:
        drawing, (width, height) = self._drawing, self.content_size
        if drawing is None or not width or not height:
            return
        wanted = (drawing, width, height, str(self.app.theme))
        if wanted == self._drawn:
            return
        self._drawn = wanted
        if not drawing.curves:
            self.update(Text("nothing yet", style="dim"))
        elif width < LEAST[0] or height < LEAST[1]:
            self.update(Text("too little room for a chart", style="dim"))
        else:
            beside(self, self._draw, "drawing a chart", "chart", exclusive=True)

    async def _draw(self) -> None:
        if self._drawn is None:
            return
        wanted = self._drawn
        drawing, width, height, _ = wanted
        colours = {style: self._rgb(style) for style in {curve.style for curve in drawing.curves}}
        text = await asyncio.to_thread(drawn, drawing, width, height, self._now, colours)
        if wanted == self._drawn:
            self.update(text)

    def _rgb(self, style: str) -> Rgb | None:
        """Return the colour of a style in this theme; None where the terminal's own palette says it."""
        found = self.app.theme_variables.get(COLOURS[style].removeprefix("$"), "")
        try:
            colour = Color.parse(found)
        except ColorParseError:
            return None
        return colour.rgb if colour.ansi is None else None


def drawn(drawing: Drawing, width: int, height: int, now: float, colours: dict[str, Rgb | None]) -> Text:
    """Return a chart in so many cells; takes some milliseconds, and the first time about a second."""
    from textual_plotext.plot import Plot

    with _one_at_a_time:
        plot: Any = Plot()
        plot.theme("clear")
        plot.plotsize(width, height)
        plot._set_size(width, height)  # noqa: SLF001 - as its own widget does: the other one knows a terminal's limits
        values = [value for curve in drawing.curves for _, value in curve.points]
        for curve in drawing.curves:
            xs, ys = [at for at, _ in curve.points], [value for _, value in curve.points]
            label = curve.label if len(drawing.curves) > 1 else None
            colour = colours.get(curve.style)
            if curve.bars:
                plot.scatter(xs, ys, marker="┃", color=colour, label=label, fillx=True)
            else:
                plot.plot(xs, ys, marker=curve.marker, color=colour, label=label)
        _ticks(plot, drawing, values, now, width, height)
        return Text.from_ansi(plot.build())


def _ticks(plot: Any, drawing: Drawing, values: list[float], now: float, width: int, height: int) -> None:
    first, last = drawing.span
    times = drawing.times
    many = 3 if width >= 50 else 2
    ticks = [first + (last - first) * at / (many - 1) for at in range(many)]
    plot.xlim(first, last)
    plot.xticks(ticks, [at_clock(one, now) for one in ticks])
    low, high = (min(values), max(values)) if times else (0.0, max(values))
    high = max(high, low + 1e-9) if not times else max(high, low + 60.0)
    plot.ylim(low, high)
    halves = height >= 8 and (times or high >= 10 or any(one != int(one) for one in values))
    steps = [low, (low + high) / 2, high] if halves else [low, high]
    plot.yticks(steps, [at_clock(one, now) if times else _figure(one) for one in steps])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
