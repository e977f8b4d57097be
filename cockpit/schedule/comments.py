"""What a human says of single lines of a change: sent with a refusal, told to the next run. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from cockpit.errors import OrderRefusedError

MOST = 200
LONGEST = 2_000
QUOTED = 400


class Comment(Struct, frozen=True):
    """A comment on a line of a file: `code` is what stands in that line, where it is known.

    `line` counts from 1, in the file after the change; of a line that was `removed`, in the file before it.
    """

    path: str
    line: int
    text: str
    code: str = ""
    removed: bool = False

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self.path}:{self.line}"


def require_sendable(comments: Sequence[Comment], targets: Sequence[str]) -> None:
    """Refuse comments that are not about one workstream, too many, too long, or empty."""
    if not comments:
        return
    if len(targets) != 1:
        raise OrderRefusedError(
            "comments are about the lines of one workstream: reject the others by orders of their own"
        )
    if len(comments) > MOST:
        raise OrderRefusedError(f"{len(comments)} comments are too many: {MOST} at most")
    for one in comments:
        if not one.text.strip() or len(one.text) > LONGEST:
            raise OrderRefusedError(f"the comment on {one.place} must have 1 to {LONGEST} characters")
        if not one.path or one.line < 1 or len(one.code) > QUOTED:
            raise OrderRefusedError(f"the comment on {one.place} names no line of a file")
