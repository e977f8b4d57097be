"""The page of an untrusted plan: every command that it would run, in full, before the operator trusts it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.safetext import safe_line, safe_text
from cockpit.ui.keyed import key_of
from cockpit.ui.keys import BY_NAME, COMMANDS
from cockpit.ui.looks import count, name
from cockpit.ui.screens.page import Page
from cockpit.ui.styling import stylesheet
from cockpit.ui.widgets.lines import Keybar, StatusLine
from cockpit.ui.working import beside

SHOWN = 20_000


class CommandsPage(Page):
    """What a plan would run; `T` here trusts it."""

    PAGE: ClassVar[str] = COMMANDS
    CSS_PATH = stylesheet("pages")

    def __init__(self, handle: Handle, view: View) -> None:
        super().__init__()
        self._handle = handle
        self._view = view
        self._shown = False
        self._digest = ""

    def compose(self) -> ComposeResult:
        """List the commands below a warning."""
        with VerticalScroll(id="commands", can_focus=False) as box:
            box.border_title = Content(f"not trusted yet: {name(self._view.snapshot.outline.name)}")
            yield Static(Content("This plan would run these commands on your machine, as you:\n"), id="warning")
            yield Static(Content("…"), id="list")
        yield StatusLine("status")
        yield Keybar("keybar")

    def on_mount(self) -> None:
        """Ask for the commands."""
        self.show_keys()
        beside(self, self._bring, "asking for the plan's commands", "commands")

    async def _bring(self) -> None:
        plan = self._view.readings.plan
        try:
            answer = await self._handle.ask("commands")
        except CockpitError as error:
            self.say(f"✗ the commands cannot be had: {safe_line(error.what)}", "bad")
            self._list(self._entry("", one) for one in (*plan.untrusted, *plan.asks))
            return
        found: list[Any] = list(answer["commands"])
        self._digest = str(answer["digest"])
        changed = [self._entry("changed", one) for one in plan.asks]
        self._list((*(self._entry(str(where), str(command)) for where, command in found), *changed))
        self._shown = True
        told = [count(number, word) for number, word in ((len(found), "command"), (len(changed), "change")) if number]
        ways = f"{key_of('trust')} trusts all of it · {key_of('back')} leaves it untrusted: nothing of it runs"
        self.say(f"{', '.join(told)} · {ways}")

    def _list(self, parts: Iterable[Content]) -> None:
        self.query_one("#list", Static).update(Content("\n").join(parts))

    def _entry(self, where: str, command: str) -> Content:
        whole = safe_text(command)[:SHOWN]
        head = [(f"{safe_line(where, 80)}\n", "$text-muted")] if where else []
        return Content.assemble(*head, *((f"  {line}\n", "bold") for line in whole.splitlines() or [""]))

    def do_trust(self) -> None:
        """Trust what is shown."""
        if not self._shown:
            self.say("the commands are not shown yet", "warn")
            return
        self.cockpit.ordering.give_trust(self._digest)
        self.dismiss()

    def scrolled(self) -> Widget:
        """Return what the keys scroll."""
        return self.query_one("#commands")

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys."""
        able = self.cockpit.why_not(BY_NAME["trust"]) is None
        return [(key_of("trust"), "trust", able), (key_of("back"), "back", True), *super().keys()]
