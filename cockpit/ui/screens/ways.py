"""The ways out of a conflict: what conflicts, where it is described, and each way with why it is not open just now.

It follows what happens: a step that ends, or another screen's order, opens and closes ways.
"""

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
    from cockpit.schedule.snapshot import Leg
    from cockpit.ui.app import CockpitApp

WAYS = ("rebase", "rerun", "resolve", "resolved", "abandon", "reject")
_PATHS = 6
FOLLOWS_S = 0.5


class WaysScreen(ModalScreen[str | None]):
    """Ends with the name of the chosen action, or None."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012 - declared by Textual
    AUTO_FOCUS = "#ways"

    def __init__(self, view: View, targets: Sequence[str]) -> None:
        super().__init__()
        self._targets = [key for key in targets if _leg(view, key) is not None]
        self._legs: list[Leg] = []
        self._seen: object = None
        self._look(view)

    def compose(self) -> ComposeResult:
        """Lay out what is known of the conflict above the ways out of it."""
        one = self._targets[0] if len(self._targets) == 1 else None
        with Vertical(id="conflict") as box:
            box.border_title = Content(f"conflict of {name(one)}" if one else count(len(self._targets), "conflict"))
            yield Static(Content("\n".join(self._about())), id="question")
            yield OptionList(*self._options(), id="ways", compact=True)

    def on_mount(self) -> None:
        """Stand on the first way that is open: on the end of what is being resolved by hand, where there is such."""
        app = cast("CockpitApp", self.app)
        found = [way for way in WAYS if app.why_not(BY_NAME[way]) is None]
        first = "resolved" if "resolved" in found else found[0] if found else WAYS[0]
        self.query_one(OptionList).highlighted = WAYS.index(first)
        self.set_interval(FOLLOWS_S, self.follow, name="ways")

    def follow(self) -> None:
        """Show how it stands by now, where that is not what is shown."""
        if not self._look(cast("CockpitApp", self.app).view):
            return
        self.query_one("#question", Static).update(Content("\n".join(self._about())))
        ways = self.query_one(OptionList)
        for way, option in zip(WAYS, self._options(), strict=True):
            ways.replace_option_prompt(way, option.prompt)

    def _look(self, view: View) -> bool:
        """Look at the conflicts as they are by now; say whether anything happened."""
        if view.snapshot is self._seen:
            return False
        self._seen = view.snapshot
        self._legs = [leg for key in self._targets if (leg := _leg(view, key)) is not None]
        return True

    def _about(self) -> list[str]:
        if not self._legs:
            return [f"{'it is' if len(self._targets) == 1 else 'they are'} in conflict no more"]
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
            reason = self._brief(app.why_not(BY_NAME[way]) or "")
            about = BY_NAME[way].about
            shown = Content.styled(f"{about} — {reason}", "$text-muted") if reason else Content(about)
            found.append(Option(shown, id=way))
        return found

    def _brief(self, reason: str) -> str:
        """Return a reason without the place that stands above the ways already."""
        for leg in self._legs:
            reason = reason.replace(f"in {line(leg.opened)}", "there") if leg.opened else reason
        return reason

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def do_close(self) -> None:
        """Close it, changing nothing."""
        self.dismiss(None)


def _leg(view: View, key: str) -> "Leg | None":
    """Return the leg of a workstream that is in conflict; None where it is in none."""
    leg = view.snapshot.leg_under_way(key) if key in view.snapshot.workstreams else None
    return leg if leg is not None and leg.state is State.CONFLICT else None
