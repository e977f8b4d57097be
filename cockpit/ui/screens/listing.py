"""What pages share that are a list: moving in it, and the line in which its filter is typed; knows no plan."""

from typing import TYPE_CHECKING, ClassVar

from cockpit.ui.screens.page import Page
from cockpit.ui.widgets.grid import Grid

if TYPE_CHECKING:
    from cockpit.ui.widgets.filterline import FilterLine


class ListPage(Page):
    """A page whose `grid` the moving keys move in; `FILTERED` says what words of a row the filter looks at."""

    FILTERED: ClassVar[str] = ""
    grid: Grid
    _line: "FilterLine | None" = None

    def do_up(self) -> None:
        """Move up."""
        self.grid.move(-1)

    def do_down(self) -> None:
        """Move down."""
        self.grid.move(1)

    def do_first(self) -> None:
        """Go to the first."""
        self.grid.go_to(0)

    def do_last(self) -> None:
        """Go to the last."""
        self.grid.go_to(self.grid.total)

    def do_page_up(self) -> None:
        """Move up a page."""
        self.grid.page(-1)

    def do_page_down(self) -> None:
        """Move down a page."""
        self.grid.page(1)

    def do_filter(self) -> None:
        """Open the line in which the filter is typed."""
        from cockpit.ui.widgets.filterline import FilterLine

        if self._line is None:
            self._line = FilterLine(" ".join(self.grid.filter), self.FILTERED)
            self.mount(self._line, before="#status")
        self.set_focus(self._line)

    def line(self) -> "FilterLine | None":
        """Return the line in which the filter is typed."""
        return self._line

    def keep_line(self) -> None:
        """Set the filter that was typed."""
        if self._line is not None:
            self.grid.set_filter(self._line.value)
            self.end_filter(keep=True)

    def is_open(self, line: "FilterLine") -> bool:
        """Say whether a line is the one in which the filter is typed now."""
        return line is self._line

    def filtering(self) -> bool:
        """Say whether a filter is set or typed."""
        return bool(self.grid.filter or self._line)

    def end_filter(self, *, keep: bool) -> None:
        """Close the line of the filter; the filter goes too unless it is kept."""
        if self._line is not None:
            self._line.remove()
            self._line = None
        self.set_focus(None)
        if not keep:
            self.grid.set_filter("")
