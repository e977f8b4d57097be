"""The confirm: names its targets, says what will happen, stands on Cancel, and checks again when it is confirmed."""

from collections.abc import Callable, Coroutine
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from cockpit.ui.asking import Question
from cockpit.ui.keys import DIALOG, bindings
from cockpit.ui.styling import stylesheet
from cockpit.ui.working import beside

REASON_LIMIT = 1_000
More = Callable[[], Coroutine[None, None, str]]


class ConfirmScreen(ModalScreen[str | None]):
    """Ends with None for a cancel, `yes`, `other`, or the reason where one was asked for."""

    BINDINGS: ClassVar[list[Binding]] = bindings(DIALOG)  # type: ignore[assignment]  # a list is invariant
    CSS_PATH = stylesheet("dialogs")
    AUTO_FOCUS = "#cancel"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-normal")]  # noqa: RUF012 - declared by Textual

    def __init__(self, question: Question, check: Callable[[], str | None], more: More | None = None) -> None:
        super().__init__()
        self._more = more
        self._question = question
        self._check = check

    def compose(self) -> ComposeResult:
        """Lay out the question above its answers."""
        asked = self._question
        with Vertical(id="dialog", classes="-danger" if asked.danger else "") as box:
            box.border_title = Content(asked.title)
            yield Static(Content("\n".join(asked.lines)), id="question")
            if asked.reason:
                reason = Input(
                    asked.given, placeholder="the reason", id="reason", max_length=REASON_LIMIT, compact=True
                )
                reason.cursor_blink = False
                yield reason
            yield Static("", id="refused")
            with Horizontal(id="answers"):
                yield Button(Content("Cancel"), id="cancel", compact=True)
                if asked.other:
                    yield Button(Content(asked.other), id="other", compact=True)
                yield Button(Content(asked.yes), id="yes", compact=True)

    def on_mount(self) -> None:
        """Let a reason be typed at once; without one the answer stands on Cancel."""
        if self._question.reason:
            self.query_one("#reason", Input).focus()
        if self._more is not None:
            beside(self, self._add, "asking what else it means", "more")

    async def _add(self) -> None:
        """Add what only the driver knows to what will happen."""
        if self._more is not None and (told := await self._more()):
            self.query_one("#question", Static).update(Content("\n".join((*self._question.lines, told))))

    def do_yes(self) -> None:
        """Say yes."""
        self._answer("yes")

    def do_close(self) -> None:
        """Cancel."""
        self.dismiss(None)

    def do_left(self) -> None:
        """Go to the button before."""
        self.focus_previous("Button")

    def do_right(self) -> None:
        """Go to the button after."""
        self.focus_next("Button")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._answer("yes")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "cancel":
            self.dismiss(None)
        else:
            self._answer(event.button.id or "yes")

    def _answer(self, answer: str) -> None:
        if refused := self._check():
            self._refuse(f"no longer possible: {refused}")
            return
        if self._question.reason:
            reason = self.query_one("#reason", Input)
            answer = " ".join(reason.value.split())
            if not answer:
                self._refuse(f"it needs a reason: {self._question.told}")
                reason.focus()
                return
        self.dismiss(answer)

    def _refuse(self, why: str) -> None:
        line = self.query_one("#refused", Static)
        line.update(Content(why))
        line.add_class("-shown")
