"""What a page can do that shows what a run printed: search in it, fold and unfold it, talk to its agent."""

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.content import Content
from textual.widgets import Input

from cockpit.engine.handle import Handle, View
from cockpit.errors import CockpitError
from cockpit.schedule.orders import Order
from cockpit.schedule.talking import why_not_told
from cockpit.ui.feed import OutputFeed
from cockpit.ui.keys import BY_NAME
from cockpit.ui.looks import line, name
from cockpit.ui.screens.page import Page
from cockpit.ui.searching import Search
from cockpit.ui.transcript import BOTH, ERR, OUT
from cockpit.ui.widgets.output import Output
from cockpit.ui.widgets.typedline import TypedLine
from cockpit.ui.working import beside

CHAT = "chat"
"""The part of a page that is its output, with the line below it in which one talks to the agent."""
LOGS = (BOTH, OUT, ERR)
OF_OUTPUT = frozenset({"search", "match_before", "unfold", "raw", "logs"})


class PrintedPage(Page):
    """A page with an output; `part` says what of the page is shown, `workstream` whose it is."""

    AUTO_FOCUS = ""  # letters are orders until somebody begins to talk
    workstream: str
    part: str

    def __init__(self, handle: Handle) -> None:
        super().__init__()
        self._handle = handle
        self.output = Output()
        self.chat = TypedLine("chat", "")
        self._feed = OutputFeed(handle, self.output)
        self._search = Search(handle, self._feed, self.output)
        self._seeking: TypedLine | None = None
        self._about = ""
        self._printed = ("", 0)

    def turn_to(self, part: str) -> None:
        """Show another part of the page."""
        raise NotImplementedError

    @property
    def printed(self) -> bool:
        """Whether the output is what the keys are for."""
        return self.part == "output"

    def show_printed(self, view: View, output: tuple[str, int], about: str) -> None:
        """Bring what a run printed up to date: its id, how many bytes, and what is said of it."""
        self._about, self._printed = about, output
        self.output.transcript.me = self.cockpit.who
        if view.connected:
            self._bring_output()
        if self._search.wants(output[1]) and self._seeking is None:
            self._seek(lambda: self._search.again(self.workstream), "seeking in what came", "sought again")
        self._show_chat(view)
        self._entitle_output()

    def _bring_output(self) -> None:
        if self._feed.wants(self.workstream, *self._printed):
            beside(self, self._feed.run, "output of a workstream", "output")

    def _entitle_output(self) -> None:
        transcript = self.output.transcript
        how = " · as it came" if transcript.raw else ""
        how += f" · {transcript.logs} alone" if transcript.logs != BOTH else ""
        sought = self._search.title()
        self.output.border_title = Content(line(f"{sought}{' · ' if sought else ''}{self._about}{how}"))

    def why_not(self, action: str) -> str | None:
        """Return why an action of the output cannot be done now."""
        if action == "next" and self.printed and self._search.text:
            return ""
        if action not in OF_OUTPUT:
            return super().why_not(action)
        if not self.printed and action != "search":
            return f"it is for the output: {BY_NAME['output'].shown}"
        if action == "match_before" and not self._search.text:
            return f"nothing is sought: {BY_NAME['search'].shown} seeks"
        if action in ("unfold", "raw") and not self.output.transcript.structured:
            return "it is shown as it came: its agent prints no messages that could be folded"
        return None

    def keys(self) -> Sequence[tuple[str, str, bool]]:
        """Return the footer's keys: those of the output only where it is what the keys are for."""
        shown, search = super().keys(), BY_NAME["search"].short
        return [key for key in shown if self.printed or key[1] != search]

    # --- what is sought -------------------------------------------------------------------------------------------

    def do_search(self) -> None:
        """Open the line in which is typed what is sought in the output."""
        if not self.printed:
            self.turn_to("output")
        if self._seeking is None:
            self._seeking = TypedLine("sought", "what is sought in all that was printed")
            self._seeking.value = self._search.text
            self.mount(self._seeking, before="#status")
        self.set_focus(self._seeking)

    def line(self) -> TypedLine | None:
        """Return the line in which is typed what is sought."""
        return self._seeking

    @on(Input.Changed, "#sought")
    def _sought(self, event: Input.Changed) -> None:
        event.stop()
        if self._seeking is not None:
            self._seek(lambda: self._search.begin(self.workstream, event.value), "seeking in an output")
            self._entitle_output()

    @on(Input.Submitted, "#sought")
    def _seek_entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.keep_line()

    def keep_line(self) -> None:
        """Go on with what stands in the line: word of its last letters may not have come yet."""
        text = self._seeking.value.strip() if self._seeking is not None else self._search.text
        self._close_line()
        if not text:
            self._end_search()
        elif text != self._search.text:
            self._seek(lambda: self._search.begin(self.workstream, text), "seeking in an output")

    def _close_line(self) -> None:
        if self._seeking is not None:
            self._seeking.remove()
            self._seeking = None
            self.set_focus(None)

    def _end_search(self) -> None:
        self._search.end()
        self._entitle_output()

    def _seek(self, work: Callable[[], Awaitable[None]], name: str, group: str = "sought") -> None:
        async def done() -> None:
            try:
                await work()
            except CockpitError as error:
                self.say(line(error.what), "warn")
            self._entitle_output()

        beside(self, done, name, group, exclusive=True)

    def do_next(self) -> None:
        """Show the next place of what is sought; without a search go to what awaits the operator next."""
        if self.printed and self._search.text:
            self._seek(lambda: self._search.step(1), "seeking on")
        else:
            self.cockpit.do_next()

    def do_match_before(self) -> None:
        """Show the place before."""
        self._seek(lambda: self._search.step(-1), "seeking back")

    # --- how it is shown ------------------------------------------------------------------------------------------

    def do_unfold(self) -> None:
        """Unfold the call at the point, or all of them; again: fold."""
        self.output.unfold()

    def do_raw(self) -> None:
        """Show the messages as they came, or what they mean."""
        self.output.look(raw=not self.output.transcript.raw)
        self._shown_otherwise()

    def do_logs(self) -> None:
        """Show stdout alone, stderr alone, or both."""
        now = LOGS[(LOGS.index(self.output.transcript.logs) + 1) % len(LOGS)]
        self.output.look(logs=now)
        self.say(f"shown: {now if now != BOTH else 'stdout, and stderr marked by e│'}")
        self._shown_otherwise()

    def _shown_otherwise(self) -> None:
        if self._search.text:
            self._seek(lambda: self._search.begin(self.workstream, self._search.text), "seeking in an output")
        self._entitle_output()

    def do_up(self) -> None:
        """Move the point up where there are messages, else scroll."""
        self._move(-1)

    def do_down(self) -> None:
        """Move the point down, or scroll."""
        self._move(1)

    def _move(self, by: int) -> None:
        if self.printed and self.output.transcript.structured and not self.output.transcript.raw:
            self.output.move(by)
        elif by < 0:
            super().do_up()
        else:
            super().do_down()

    def do_page_up(self) -> None:
        """Scroll up a page; from the top on to what was printed before that."""
        if self.scrolled() is self.output and self.output.scroll_offset.y == 0:
            self._seek(lambda: self._turn(back=True), "reading back in an output")
        else:
            super().do_page_up()

    def do_page_down(self) -> None:
        """Scroll down a page; from the end of an older part on to what came after it."""
        if self._feed.away and self.scrolled() is self.output and self.output.following:
            self._seek(lambda: self._turn(back=False), "reading on in an output")
        else:
            super().do_page_down()

    async def _turn(self, *, back: bool) -> None:
        number = self._feed.number
        if not await self._feed.turn(back=back) and number == self._feed.number:
            self.say("that is the beginning of what it printed" if back else "that is the newest")

    def do_first(self) -> None:
        """Go to the beginning of all that was printed."""
        if self.printed and self.output.transcript.edge():
            self._seek(lambda: self._turn_to(0), "going to the beginning of an output")
        else:
            super().do_first()

    async def _turn_to(self, at: int) -> None:
        number = self._feed.number
        await self._feed.look_at(False, at)
        if number == self._feed.number:
            self.output.point = None
            self.output.scroll_home(animate=False, force=True)

    def do_last(self) -> None:
        """Go to the newest and follow it, whatever is still on its way from further up."""
        self._feed.give_up()
        if self._feed.away:
            self._feed.again()
            self._bring_output()
        if self.scrolled() is self.output:
            self.output.follow()
        else:
            super().do_last()

    def do_back(self) -> None:
        """Leave the line that is typed in, then end the search, then go back."""
        if self.chat.has_focus:
            self.set_focus(None)
        elif self._seeking is not None or (self.printed and self._search.text):
            self._close_line()
            self._end_search()
        else:
            super().do_back()

    # --- what is said to the agent --------------------------------------------------------------------------------

    def _show_chat(self, view: View) -> None:
        known = self.workstream in view.snapshot.workstreams
        there = known and not self.cockpit.read_only and not why_not_told(view.snapshot, self.workstream)
        if there != self.chat.has_class("-there"):
            self.chat.set_class(there, "-there")
            self.chat.placeholder = f"{BY_NAME['attach'].shown}: say something to its agent; it goes on meanwhile"
        if not there and self.chat.has_focus:
            self.set_focus(None)

    def talk(self) -> None:
        """Begin to say something to the agent."""
        if not self.printed:
            self.turn_to("output")
        if self.chat.has_class("-there"):
            self.call_after_refresh(self.chat.focus)
        else:
            self.say(f"{name(self.workstream)}: its agent cannot be talked to just now", "warn")

    @on(Input.Submitted, "#chat")
    def _said(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.cockpit.ordering.hand_in((Order("tell", (self.workstream,), self.cockpit.who, event.value.strip()),))
            self.chat.value = ""
