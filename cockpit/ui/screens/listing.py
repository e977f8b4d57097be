"""What pages share that are a list: moving in it, and the line in which its filter is typed; knows no plan."""

from typing import ClassVar

from cockpit.ui.screens.page import Page
from cockpit.ui.widgets.grid import Grid


class ListPage(Page):
    """A page whose `grid` the moving keys move in; `FILTERED` says what words of a row the filter looks at."""

    FILTERED: ClassVar[str] = ""
    grid: Grid

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

        found = self.query(FilterLine)
        line = found.first() if found else FilterLine(" ".join(self.grid.filter), self.FILTERED)
        if not found:
            self.mount(line, before="#status")
        line.focus()

    def filtering(self) -> bool:
        """Say whether a filter is set or typed."""
        return bool(self.grid.filter or self.query("FilterLine"))

    def end_filter(self, *, keep: bool) -> None:
        """Close the line of the filter; the filter goes too unless it is kept."""
        self.query("FilterLine").remove()
        self.set_focus(None)
        if not keep:
            self.grid.set_filter("")
