"""The line in which a comment on a line of a diff is typed: enter keeps it, esc leaves it as it was."""

from textual import events
from textual.widgets import Input

LIMIT = 1_000


class CommentLine(Input):
    """An input of one line; what it says is kept by the page."""

    def __init__(self, text: str) -> None:
        about = "the comment; enter without one removes it" if text else "the comment, sent with a rejection"
        super().__init__(text, placeholder=about, compact=True, max_length=LIMIT)
        self.cursor_blink = False

    def on_key(self, event: events.Key) -> None:
        """Stay on the line that is commented on."""
        if event.key in ("up", "down", "pageup", "pagedown"):
            event.stop()
            event.prevent_default()
