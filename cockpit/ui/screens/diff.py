"""The page of a diff: what a workstream's leg changed, at the line that is looked at; the driver reads it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.ui.difflines import parsed
from cockpit.ui.keys import DIFF
from cockpit.ui.looks import count, line, name
from cockpit.ui.present import Row
from cockpit.ui.screens.page import Page
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.difftext import DiffView
from cockpit.ui.widgets.lines import Keybar, StatusLine
from cockpit.ui.working import beside


class DiffPage(Page):
    """The diff of a workstream; of one file where a path is given, opened at a line of it."""

    PAGE: ClassVar[str] = DIFF
    CSS_PATH = stylesheet("pages")

    def __init__(self, handle: Handle, workstream: str, path: str = "", at: int = 0) -> None:
        super().__init__()
        self._handle = handle
        self.workstream, self.path, self._at = workstream, path, at
        self._whole = not path
        self.view = DiffView()
        self.view.note = "…"

    def compose(self) -> ComposeResult:
        """Lay out the diff above what is said of it."""
        yield self.view
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Ask for the diff."""
        self._ask()
        self.show_keys()

    def on_resize(self) -> None:
        """Fit the footer to the new width."""
        self.show_keys()

    def targets(self) -> tuple[str, ...]:
        """Return the workstream."""
        return (self.workstream,)

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Stay: a diff that moves under one's eyes cannot be read; R reads it again."""

    def why_not(self, name: str) -> str | None:
        """Return why there is no hunk to go to, or no other diff to show."""
        if name in ("previous", "following") and not self.view.diff.hunks:
            return "there is no hunk"
        return "it was opened for all of it" if name == "diff" and not self.path else None

    def _ask(self) -> None:
        what = "all that changed" if self._whole else line(self.path)
        self.view.border_title = Content(f"diff of {name(self.workstream)} · {what}")
        beside(self, self._bring, "asking for a diff", "diff", exclusive=True)

    async def _bring(self) -> None:
        try:
            path = "" if self._whole else self.path
            answer: dict[str, Any] = await self._handle.ask("diff", workstream=self.workstream, path=path)
        except CockpitError as error:
            self.view.show(parsed(""), None, f"it cannot be had: {line(error.what)}")
            self.say(f"✗ no diff: {line(error.what)}", "bad")
            return
        diff = parsed(str(answer["text"]))
        point = diff.place(self.path, self._at) if self._at else None
        self.view.show(diff, point, f"{line(self.path) or 'its work'} does not differ from base any more")
        told = [count(int(answer["files"]), "file"), count(len(diff.hunks), "hunk")]
        told += [f"{count(int(answer['left_out']), 'file')} left out: too much to show"] if answer["left_out"] else []
        told += ["cut: the rest is in the worktree"] if answer["cut"] else []
        base = name(str(answer["base"]))[:9]
        self.say(f"{' · '.join(told)} · against {base or 'base'}", "warn" if answer["cut"] else "dim")
        self.show_keys()

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys."""
        return [("esc", "back", True), *super().keys()]

    # --- keys -----------------------------------------------------------------------------------------------------

    def do_diff(self) -> None:
        """Show all that changed, or the one file again."""
        self._whole = not self._whole
        self._ask()

    def do_refresh(self) -> None:
        """Ask for the diff again."""
        self._ask()

    def do_previous(self) -> None:
        """Go to the hunk before."""
        found = [at for at in self.view.diff.hunks if at < self.view.top]
        self.view.to_line(found[-1] if found else 0)

    def do_following(self) -> None:
        """Go to the next hunk."""
        found = [at for at in self.view.diff.hunks if at > self.view.top]
        if found:
            self.view.to_line(found[0])
        else:
            self.say("that is the last hunk")

    def scrolled(self) -> Widget:
        """Return what the keys scroll."""
        return self.view
