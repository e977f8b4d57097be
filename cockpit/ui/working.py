"""Starts what goes on beside the screen: each in a named group, its errors shown by the app; nothing is done here."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode


def beside(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], name: str, group: str, *, exclusive: bool = False
) -> None:
    """Do work beside the screen; its coroutine is made when it begins, so that none is left over on quitting."""
    begun = cast("Callable[[], None]", work)  # Textual's own types do not let a function's coroutine through
    node.run_worker(begun, name=name, group=group, exclusive=exclusive, exit_on_error=False)
