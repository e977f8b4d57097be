"""The help: every key of a page, made from the registry, found by words; what cannot be done now says why."""

import textwrap
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cockpit.ui.elsewhere import means, offered, told_there
from cockpit.ui.keys import DIALOG, Action, bindings, on_page
from cockpit.ui.looks import fit
from cockpit.ui.styling import stylesheet

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

ELSEWHERE = "on other pages"
BESIDE = 11  # cells of the column of keys


class HelpScreen(ModalScreen[None]):
    """All keys by what they are for; what is typed narrows them, and finds those of other pages too."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#sought"

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page
        self._keys = VerticalScroll(Static(id="keys"), id="listed-keys", can_focus=False)

    def compose(self) -> ComposeResult:
        """Lay out the search above the groups."""
        with Vertical(id="help") as box:
            box.border_title = Content("keys")
            box.border_subtitle = Content("type to find · esc closes")
            sought = Input(placeholder="find a key by its words …", id="sought", compact=True)
            sought.cursor_blink = False
            yield sought
            yield self._keys

    def on_resize(self) -> None:
        """Show all keys, folded to the width that the list has by then."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        self.query_one("#keys", Static).update(self._text(self.query_one("#sought", Input).value))

    def _folded(self, text: str) -> str:
        """Fold what a key does beside its column, in what the list's bar for scrolling leaves."""
        lines = textwrap.wrap(text, max(BESIDE, self._keys.region.width - BESIDE - 1))
        return f"\n{' ' * BESIDE}".join(lines)

    def _text(self, sought: str = "") -> Content:
        app = cast("CockpitApp", self.app)
        groups: dict[str, list[Action]] = {}
        here = (*on_page(self._page), *on_page(DIALOG))
        for action in here:
            if means(action, sought):
                groups.setdefault(action.group, []).append(action)
        if sought.split():
            groups[ELSEWHERE] = [one for one in offered(self._page) if one not in here and means(one, sought)]
        parts: list[Content] = []
        for group, actions in groups.items():
            if not actions:
                continue
            parts.append(Content.styled(group, "$accent"))
            for action in actions:
                key, about = f"  {fit(action.shown, BESIDE - 2)}", action.about
                reason = app.why_not(action) if group not in ("dialogs", ELSEWHERE) else None
                if group == ELSEWHERE:
                    parts.append(Content.styled(f"{key}{self._folded(told_there(action))}", "$text-muted"))
                elif reason:
                    parts.append(Content.styled(f"{key}{self._folded(f'{about} — {reason}')}", "$text-muted"))
                else:
                    parts.append(Content.assemble((key, "bold"), self._folded(about)))
            parts.append(Content(""))
        return Content("\n").join(parts[:-1]) if parts else Content("no key has these words")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()
        self._keys.scroll_home(animate=False)

    def on_key(self, event: events.Key) -> None:
        """Scroll while typing."""
        scroll = {
            "up": self._keys.scroll_up,
            "down": self._keys.scroll_down,
            "pageup": self._keys.scroll_page_up,
            "pagedown": self._keys.scroll_page_down,
        }.get(event.key)
        if scroll is not None:
            event.stop()
            event.prevent_default()
            scroll(animate=False)

    def do_close(self) -> None:
        """Close the help."""
        self.dismiss(None)
