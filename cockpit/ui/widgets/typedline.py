"""A line in which something is typed for the output above it: what is sought in it, or said to its agent."""

from textual import events
from textual.widgets import Input

LIMIT = 4_000


class TypedLine(Input):
    """An input of one line; the page says what becomes of its words."""

    def __init__(self, id: str, about: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__("", placeholder=about, compact=True, max_length=LIMIT, id=id)
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """Leave the keys that scroll to the output."""
        if event.key in ("up", "down", "pageup", "pagedown"):
            event.stop()
            event.prevent_default()
            getattr(self.screen, f"do_{event.key.replace('page', 'page_')}")()
