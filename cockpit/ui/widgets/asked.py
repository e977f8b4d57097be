"""A list that holds only a part of what there is: its filter is answered by whom its rows come from."""

from textual.message import Message

from cockpit.ui.widgets.grid import Grid


class AskedGrid(Grid):
    """A grid that shows all rows that it is given; `of` says how many there are altogether."""

    of = 0

    class Asked(Message):
        """Another filter was typed: the rows that it lets through are wanted."""

    @property
    def total(self) -> int:
        """Return how many rows there are, here or not."""
        return max(self.of, super().total)

    def set_filter(self, text: str) -> None:
        """Ask for the rows that a text means, and let all through that come."""
        words = tuple(text.lower().split())
        if words != self.filter:
            self.filter = words
            self.post_message(self.Asked())
        self.post_message(self.Moved())
