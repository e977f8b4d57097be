"""An agent's question, with what it is about and the end of what the agent printed; a choice, or words, answers it."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar

from msgspec import convert
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, OptionList, Static
from textual.widgets.option_list import Option

from cockpit.engine.handle import View
from cockpit.errors import CockpitError
from cockpit.safetext import safe_text
from cockpit.schedule.orders import Order
from cockpit.schedule.printed import Printed
from cockpit.schedule.talk import ALWAYS, Question
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.looks import exact_clock, line, name, steady
from cockpit.ui.styling import stylesheet
from cockpit.ui.transcript import Transcript, in_words
from cockpit.ui.working import beside

LINES, TAIL = 20, 4
TAIL_BYTES = 4_096
LONGEST = 8_000
LONG = 400  # characters of a question, from which on it may have to be scrolled
Ask = Callable[..., Coroutine[Any, Any, Any]]


class Always(Checkbox):
    """A box that shows by a sign, not by colour alone, whether it is ticked."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Draw the sign."""
        self.BUTTON_INNER = "✓" if self.value else " "
        super().watch_value()


class AnswerScreen(ModalScreen[Order | None]):
    """Ends with the order that answers, or None; `now` gives the view at that moment, `ask` the driver's answers."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-high")]  # noqa: RUF012 - declared by Textual

    def __init__(self, now: Callable[[], View], asked: Question, who: str, ask: Ask) -> None:
        super().__init__()
        self._now, self._asked, self._who, self._ask = now, asked, who, ask

    def compose(self) -> ComposeResult:
        """Lay out the question above the choices, the line for an answer in words, and whether it is for always."""
        asked = self._asked
        with Vertical(id="asking") as box:
            box.border_title = Content(f"{name(asked.workstream)} asks")
            if long := len(asked.text) > LONG:
                box.border_subtitle = Content("all of the question: shift+tab, then ↑ ↓")
            with VerticalScroll(id="asked", can_focus=long):
                yield Static(Content("\n".join(question_lines(asked))), id="question")
            yield Static(Content("\n".join(context_lines(self._now(), asked))), id="context")
            if asked.choices:
                options = [Option(Content(f"{number}  {line(one)}")) for number, one in enumerate(asked.choices, 1)]
                yield OptionList(*options, id="ways", compact=True)
            hint = "another answer, in words" if asked.choices else "the answer"
            words = Input(placeholder=hint, id="reason", max_length=LONGEST, compact=True)
            words.cursor_blink = False
            yield words
            yield Always(Content("always answer this so"), id="always")
            yield Static("", id="refused")

    def on_mount(self) -> None:
        """Stand on the choices where there are any, else on the line for words; then fetch what its agent printed."""
        self.query_one("#ways" if self._asked.choices else "#reason").focus()
        beside(self, self._add, "asking what its agent printed", "printed")

    async def _add(self) -> None:
        try:
            answer = await self._ask("printed", workstream=self._asked.workstream, limit=TAIL_BYTES)
        except CockpitError:
            return  # the question can be answered without it
        if last := last_lines(convert(answer["lines"], list[Printed]), structured=bool(answer.get("structured"))):
            told = (*context_lines(self._now(), self._asked), "it printed last:", *last)
            self.query_one("#context", Static).update(Content("\n".join(told)))

    def on_key(self, event: events.Key) -> None:
        """Take a choice by its number, unless words are being typed; leave the words by the arrows."""
        typing = self.query_one("#reason").has_focus
        if not typing and event.key.isdecimal() and 1 <= int(event.key) <= len(self._asked.choices):
            event.stop()
            self._answer(number=int(event.key))
        elif event.key in ("up", "down") and (typing or self.query_one("#always").has_focus):
            event.stop()
            event.prevent_default()
            self.focus_previous() if event.key == "up" else self.focus_next()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._answer(number=event.option_index + 1)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self._answer(event.value.strip())
        else:
            self._refuse("the answer is empty; esc leaves it open")

    def do_close(self) -> None:
        """Leave it open."""
        self.dismiss(None)

    def do_yes(self) -> None:
        """Stay: a choice or words answer it."""
        self._refuse("choose a number, or type an answer")

    def do_left(self) -> None:
        """Stay: what can be chosen is one below the other."""

    def do_right(self) -> None:
        """Stay: what can be chosen is one below the other."""

    def _answer(self, text: str = "", number: int | None = None) -> None:
        now = self._now().snapshot.questions.get(self._asked.id)
        if now is None or not now.open:
            self._refuse("it is not open any more: it was answered, or its run has ended; esc closes this")
            return
        how = ALWAYS if self.query_one("#always", Checkbox).value else ""
        targets = (self._asked.workstream,)
        self.dismiss(Order("answer", targets, self._who, text, number, expected=self._asked.id, how=how))

    def _refuse(self, why: str) -> None:
        shown = self.query_one("#refused", Static)
        shown.update(Content(why))
        shown.add_class("-shown")


def question_lines(asked: Question) -> list[str]:
    """Return a question as safe lines; of a very long one the first."""
    found = [steady(one.rstrip()) for one in safe_text(asked.text).expandtabs(4).splitlines()]
    return (
        found if len(found) <= LINES else [*found[:LINES], f"… {len(found) - LINES} more lines (cockpit answer PLAN)"]
    )


def context_lines(view: View, asked: Question) -> list[str]:
    """Return who asks, since when, for which leg, and what its agent noted last."""
    leg = view.snapshot.legs.get(asked.leg)
    found = [f"{name(asked.by) or 'its agent'} on {name(asked.leg)}, since {exact_clock(asked.at)}"]
    others = [one for one in view.snapshot.open_questions(asked.workstream) if one.id != asked.id]
    found += [f"{len(others)} more of its questions wait"] if others else []
    return found + ([f"it noted: {line(leg.note)}"] if leg is not None and leg.note else [])


def last_lines(printed: Iterable[Printed], *, structured: bool = False) -> list[str]:
    """Return the last lines of what an agent printed that say anything."""
    transcript = Transcript()
    transcript.add(printed, structured=structured)
    entries = list(transcript.entries)[-2 * TAIL :]
    said = (in_words(one) for one in entries)
    return [line(one) for text in said for one in safe_text(text).splitlines() if one.strip()][-TAIL:]
