"""The help: every key of a page, made from the registry; what cannot be done now is dim and says why."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from cockpit.ui.keys import DIALOG, Action, bindings, on_page
from cockpit.ui.looks import fit
from cockpit.ui.styling import stylesheet

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp


class HelpScreen(ModalScreen[None]):
    """All keys by what they are for."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")

    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page

    def compose(self) -> ComposeResult:
        """List the groups one under the other."""
        with VerticalScroll(id="help") as box:
            box.border_title = Content("keys")
            box.border_subtitle = Content("esc closes")
            yield Static(self._text())

    def _text(self) -> Content:
        app = cast("CockpitApp", self.app)
        groups: dict[str, list[Action]] = {}
        for action in (*on_page(self._page), *on_page(DIALOG)):
            groups.setdefault(action.group, []).append(action)
        parts: list[Content] = []
        for group, actions in groups.items():
            parts.append(Content.styled(group, "$accent"))
            for action in actions:
                reason = None if group == "dialogs" else app.why_not(action)
                key, about = f"  {fit(action.shown, 9)}", action.about
                if reason:
                    parts.append(Content.assemble((key, "$text-muted"), (f"{about} — {reason}", "$text-muted")))
                else:
                    parts.append(Content.assemble((key, "bold"), about))
            parts.append(Content(""))
        return Content("\n").join(parts[:-1])

    def do_close(self) -> None:
        """Close the help."""
        self.dismiss(None)
