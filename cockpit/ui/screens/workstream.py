"""The page of one workstream: what is known of it, what happened to it, and its output, larger."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec import convert
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from cockpit.clock import span
from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.safetext import safe_text
from cockpit.schedule.orders import Order
from cockpit.schedule.seeking import Told
from cockpit.ui.awaiting import following, stand_on
from cockpit.ui.headline import problems
from cockpit.ui.keys import BY_NAME, WORKSTREAM
from cockpit.ui.looks import code, count, exact_clock, line, name
from cockpit.ui.parts import issues, prompt, violations
from cockpit.ui.present import Row, run_told
from cockpit.ui.screens.known import about
from cockpit.ui.screens.printed import CHAT, PrintedPage
from cockpit.ui.styling import stylesheet
from cockpit.ui.violations import Line
from cockpit.ui.widgets.lines import Keybar, Lines, StatusLine, content
from cockpit.ui.working import beside

TIMELINE = 200  # facts that the timeline shows at most, and how often it asks on for them
LOOKS_BACK = 5
PARTS = ("page", "output", "issues", "violations", "prompt", "timeline", "gates")
SETTLING = frozenset({"approve", "reject"})
LOOK_FIRST_S = 0.5
"""How long a review that came by itself cannot be decided on: a key that is held down must not approve it unseen."""
LISTED = ("issues", "violations", "prompt")


class WorkstreamPage(PrintedPage):
    """One workstream; `part` is `page` (facts above output) or one of the other PARTS."""

    PAGE: ClassVar[str] = WORKSTREAM
    CSS_PATH = stylesheet("pages")

    def __init__(
        self, handle: Handle, workstream: str, part: str, view: View, rows: Mapping[str, Row], now: float
    ) -> None:
        super().__init__(handle)
        self.workstream, self.part = workstream, "output" if part == CHAT else part
        self._talks = part == CHAT
        self._view, self._rows, self._now = view, rows, now
        self._asked_at = -1
        self._told = ("", "")
        self._judged: tuple[object, ...] | None = None
        self._came = 0.0
        self.about = Static("", id="about", markup=False)
        self.problems = Lines("problems")
        self.status, self.keybar = StatusLine("status"), Keybar("keybar")

    def compose(self) -> ComposeResult:
        """Lay out what is known above the output."""
        yield self.problems
        with VerticalScroll(id="facts", can_focus=False):
            yield self.about
        with VerticalScroll(id="timeline", can_focus=False):
            yield Static("…", id="happened", markup=False)
        with VerticalScroll(id="gates", can_focus=False):
            yield Static("…", id="printed", markup=False)
        with VerticalScroll(id="listed", can_focus=False):
            yield Static("", id="list", markup=False)
        yield self.output
        yield self.chat
        yield self.status
        yield self.keybar

    def on_mount(self) -> None:
        """Show what is known."""
        self._entitle()
        self.turn_to(self.part)
        self.show(self._view, self._rows, self._now)
        self.show_keys()
        if self._talks:
            self.talk()

    def _entitle(self) -> None:
        who = name(self.workstream)
        for part, title in (("facts", who), ("timeline", f"what happened to {who}"), ("gates", f"gates of {who}")):
            self.query_one(f"#{part}").border_title = Content(title)

    def turn_to(self, part: str) -> None:
        """Show another part of the page."""
        self.part = part
        for one in PARTS:
            self.set_class(one == part, f"-{one}")
        self.set_class(part in LISTED, "-list")
        self._ask_timeline()
        self._list()
        self._judged = None
        self._ask_gates()
        if part == "prompt":
            self._ask_prompt()

    def targets(self) -> tuple[str, ...]:
        """Return this workstream."""
        return (self.workstream,) if self.workstream in self._rows else ()

    def show(self, view: View, rows: Mapping[str, Row], now: float) -> None:
        """Show a view that came; leave where the workstream left the plan."""
        self._view, self._rows, self._now = view, rows, now
        self.problems.show_lines([(cell,) for cell in problems(view, reaching=not self.cockpit.reached)])
        row = rows.get(self.workstream)
        if row is None:
            self.say("this workstream is no longer in the plan", "warn")
            return
        self.about.update(about(self._view, row, self._now))
        run = view.snapshot.runs.get(row.output[0])
        self.show_printed(view, row.output, f"output of {name(row.id)}{run_told(run)}")
        self._ask_timeline()
        self._ask_gates()
        self._list()
        if self.part == "prompt" and self._told != (row.output[0], self._addition()):
            self._ask_prompt()
        self.show_keys()

    def tick(self, now: float) -> None:
        """Let ages move on."""
        self._now = now
        if row := self._rows.get(self.workstream):
            self.about.update(about(self._view, row, self._now))
        if self._came and now - self._came >= LOOK_FIRST_S:
            self._came = 0.0
            self.show_keys()

    # --- from one review to the next ------------------------------------------------------------------------------

    def why_not(self, name: str) -> str | None:
        """Return why nothing is decided on a review that came only just now, or why a thing cannot be done here."""
        early = self.cockpit.clock.now() - self._came < LOOK_FIRST_S
        if early and name in SETTLING:
            return "it came only now: look at it first"
        return "" if name == "edit" and self.part == "prompt" else super().why_not(name)

    def ordered(self, order: Order) -> None:
        """Go on to the next workstream that awaits the operator when this one was decided on."""
        if order.verb not in SETTLING or order.targets != (self.workstream,):
            return
        waiting = [key for key in following(self._rows, self.workstream) if key != self.workstream]
        done = f"✓ {order.verb} {name(self.workstream)}"
        if not waiting:
            self.say(f"{done} · nothing more awaits you", "good")
            return
        self.workstream, self._asked_at, self._came = waiting[0], -1, self.cockpit.clock.now()
        stand_on(self.cockpit, self.workstream)
        self._entitle()
        self.turn_to("page")
        self.query_one("#facts").scroll_home(animate=False)
        self.show(self._view, self._rows, self._came)
        self.say(f"{done} · {name(waiting[0])} awaits you · {count(len(waiting), 'workstream')} in all", "good")

    # --- the parts that are lists ---------------------------------------------------------------------------------

    def _list(self) -> None:
        """Show the part that is a list, from the view that is there."""
        if self.workstream not in self._view.snapshot.workstreams:
            return
        if self.part == "issues":
            found = list(issues(self._view.snapshot, self.workstream))
            self._show_list(f"issues and checklist of {name(self.workstream)}", found)
        elif self.part == "violations":
            found = list(violations(self._view, self.workstream, self._now))
            self._show_list(f"violations of {name(self.workstream)}", found)

    def _show_list(self, title: str, lines: Sequence[Line]) -> None:
        self.query_one("#listed").border_title = Content(title)
        self.query_one("#list", Static).update(Content("\n").join(content(cells) for cells in lines))

    def _ask_prompt(self) -> None:
        row = self._rows.get(self.workstream)
        self._told = (row.output[0] if row else "", self._addition())
        beside(self, self._bring_prompt, "asking what its agent was told", "prompt", exclusive=True)

    def _addition(self) -> str:
        snapshot = self._view.snapshot
        return snapshot.leg_under_way(self.workstream).addition if self.workstream in snapshot.workstreams else ""

    async def _bring_prompt(self) -> None:
        run = self._told[0]
        title = f"what the agent of {name(self.workstream)} {'was' if run else 'will be'} told"
        told: list[Line]
        try:
            answer = await self._handle.ask("prompt", workstream=self.workstream, upcoming=not run)
        except CockpitError as error:
            told = [((f"it cannot be had: {line(error.what)}", "bad"),)]
        else:
            if self.workstream not in self._view.snapshot.workstreams:
                return  # it left the plan meanwhile, which the page says
            leg = self._view.snapshot.leg_under_way(self.workstream)
            told = [*prompt(str(answer["text"]), run, int(answer["left_out"]), leg, BY_NAME["edit"].shown)]
        if self.part == "prompt":  # another part may have been turned to meanwhile
            self._show_list(title, told)

    def do_edit(self) -> None:
        """Edit what is added to the prompt of the next run; on other parts, a file of the worktree."""
        if self.part != "prompt":
            self.cockpit.do_edit()
        else:
            beside(self, self._edit_prompt, "editing what the next run is told", "editor", exclusive=True)

    async def _edit_prompt(self) -> None:
        from cockpit.ui.writing import written

        workstream, before = self.workstream, self._addition()  # the page may go on to another review meanwhile
        try:
            text = await written(self.cockpit, before, "told-to-the-next-run.md")
        except CockpitError as error:
            self.cockpit.fail(line(error.what))
            return
        if text != before:
            self.cockpit.ordering.hand_in((Order("prompt", (workstream,), self.cockpit.who, text),))

    # --- what happened --------------------------------------------------------------------------------------------

    def _ask_timeline(self) -> None:
        if self.part == "timeline" and self._view.connected and self._asked_at != self._view.snapshot.seq:
            self._asked_at = self._view.snapshot.seq
            beside(self, self._bring_timeline, "asking what happened", "timeline", exclusive=True)

    async def _bring_timeline(self) -> None:
        happened = self.query_one("#happened", Static)
        newest_first: list[Told] = []
        before: int | None = None
        try:
            for _ in range(LOOKS_BACK):
                answer = await self._handle.ask("facts", before=before, text=f"workstream:{self.workstream}")
                newest_first += convert(answer["facts"], list[Told])
                before = answer["next"]
                if not before or len(newest_first) >= TIMELINE:
                    break
        except CockpitError as error:
            happened.update(Content(f"it cannot be had: {line(error.what)}"))
            return
        told = [self._happened(one) for one in reversed(newest_first)]
        if before:
            told.insert(0, Content.styled("what was before stands on the page of the journal", "$text-muted"))
        happened.update(Content("\n").join(told) if told else Content("nothing yet"))

    def _happened(self, told: Told) -> Content:
        leg = "" if told.about == self.workstream else f"{name(told.about.removeprefix(f'{self.workstream}/'))}  "
        return Content.assemble((f"{exact_clock(told.at)}  ", "$text-muted"), (leg, "bold"), (line(told.words), ""))

    # --- what gates printed ---------------------------------------------------------------------------------------

    def _ask_gates(self) -> None:
        """Ask what gates printed, again where another one ended since, or the driver came back."""
        snapshot = self._view.snapshot
        legs = snapshot.legs_of(self.workstream) if self.workstream in snapshot.workstreams else ()
        judged = (self._view.connected, *(snapshot.gates.get(leg.key, ()) for leg in legs))
        if self.part == "gates" and judged != self._judged:
            self._judged = judged
            beside(self, self._bring_gates, "asking what gates printed", "gates", exclusive=True)

    async def _bring_gates(self) -> None:
        printed = self.query_one("#printed", Static)
        try:
            answer = await self._handle.ask("gates", workstream=self.workstream)
        except CockpitError as error:
            printed.update(Content(f"it cannot be had: {line(error.what)}"))
            return
        parts: list[Content] = []
        for gate in answer["gates"]:
            glyph, style = ("✓", "$success") if gate["ok"] else ("✗", "$error")
            head = f"{glyph} {name(str(gate['gate']))} {span(float(gate['seconds']))} {line(str(gate['reason']))}"
            parts.append(Content.styled(head, style))
            parts += [Content(f"  {code(text)}") for text in safe_text(str(gate["output"])).splitlines()]
        printed.update(Content("\n").join(parts) if parts else Content("no gate has judged it yet"))

    def keys(self) -> list[tuple[str, str, bool]]:
        """Return the footer's keys."""
        return [(BY_NAME["back"].shown, "back", True), *super().keys()]

    # --- keys -----------------------------------------------------------------------------------------------------

    def do_output(self) -> None:
        """Show the output alone, or all of the page again."""
        self.turn_to("page" if self.part == "output" else "output")

    def do_timeline(self) -> None:
        """Show what happened, or the page again."""
        self.turn_to("page" if self.part == "timeline" else "timeline")

    def do_previous(self) -> None:
        """Show the part before."""
        self.turn_to(PARTS[PARTS.index(self.part) - 1])

    def do_following(self) -> None:
        """Show the next part."""
        self.turn_to(PARTS[(PARTS.index(self.part) + 1) % len(PARTS)])

    def scrolled(self) -> Widget:
        """Return what the keys scroll: what is known first, where it is too long; the output has a part of its own."""
        if self.part in ("timeline", "gates"):
            return self.query_one(f"#{self.part}")
        if self.part in LISTED:
            return self.query_one("#listed")
        facts = self.query_one("#facts")
        return facts if self.part == "page" and facts.max_scroll_y else self.output
