"""The ways out of a conflict: what conflicts, where it is described, and each way with why it is not open just now."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from cockpit.engine.handle import View
from cockpit.schedule.states import State
from cockpit.ui.keys import BY_NAME, DIALOG, bindings
from cockpit.ui.looks import count, line, name
from cockpit.ui.styling import stylesheet

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp

WAYS = ("rebase", "rerun", "resolve", "resolved", "abandon", "reject")
_PATHS = 6


class WaysScreen(ModalScreen[str | None]):
    """Ends with the name of the chosen action, or None."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012 - declared by Textual
    AUTO_FOCUS = "#ways"

    def __init__(self, view: View, targets: Sequence[str]) -> None:
        super().__init__()
        legs = [view.snapshot.leg_under_way(key) for key in targets if key in view.snapshot.workstreams]
        self._legs = [leg for leg in legs if leg.state is State.CONFLICT]

    def compose(self) -> ComposeResult:
        """Lay out what is known of the conflict above the ways out of it."""
        one = self._legs[0] if len(self._legs) == 1 else None
        with Vertical(id="conflict") as box:
            box.border_title = Content(
                f"conflict of {name(one.workstream)}" if one else count(len(self._legs), "conflict")
            )
            yield Static(Content("\n".join(self._about())), id="question")
            yield OptionList(*self._options(), id="ways", compact=True)

    def on_mount(self) -> None:
        """Stand on the first way that is open: on the end of what is being resolved by hand, where there is such."""
        app = cast("CockpitApp", self.app)
        found = [way for way in WAYS if app.why_not(BY_NAME[way]) is None]
        first = "resolved" if "resolved" in found else found[0] if found else WAYS[0]
        self.query_one(OptionList).highlighted = WAYS.index(first)

    def _about(self) -> list[str]:
        if len(self._legs) != 1:
            return [f"{name(leg.workstream)}: {line(', '.join(leg.paths[:_PATHS]))}" for leg in self._legs[:_PATHS]]
        leg = self._legs[0]
        more = f" and {len(leg.paths) - _PATHS} more" if len(leg.paths) > _PATHS else ""
        found = [f"in {line(', '.join(leg.paths[:_PATHS]))}{more}"]
        found += [f"described in {line(leg.report)}"] if leg.report else []
        found += [f"being resolved in {line(leg.opened)}"] if leg.opened else []
        found += [f"`{name(leg.resolving)}` is under way"] if leg.resolving else []
        return found

    def _options(self) -> list[Option]:
        app = cast("CockpitApp", self.app)
        found: list[Option] = []
        for way in WAYS:
            reason = app.why_not(BY_NAME[way])
            about = BY_NAME[way].about
            shown = Content.styled(f"{about} — {reason}", "$text-muted") if reason else Content(about)
            found.append(Option(shown, id=way))
        return found

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def do_close(self) -> None:
        """Close it, changing nothing."""
        self.dismiss(None)
