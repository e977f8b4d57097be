"""From an action to an answer: asks where that is due, checks again, hands the order in, says what became of it."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.schedule.carry import ENDABLE
from cockpit.schedule.orders import Order
from cockpit.schedule.shown import DECIDING
from cockpit.schedule.snapshot import OPEN
from cockpit.ui.asking import Question, named, orders_for, question, quit_question, waiving, with_comments
from cockpit.ui.keys import BY_NAME, Action
from cockpit.ui.looks import count, line
from cockpit.ui.present import going_on
from cockpit.ui.undoing import KEPT, Given, inverse
from cockpit.ui.working import beside

if TYPE_CHECKING:
    from cockpit.ui.app import CockpitApp
    from cockpit.ui.screens.confirm import More


REMOVING = frozenset({"cleanup", "discard"})


class Ordering:
    """Gives the operator's orders for the app."""

    def __init__(self, app: "CockpitApp") -> None:
        self._app = app
        self._limits: dict[str, int] = {}
        self._given: deque[Given] = deque(maxlen=KEPT)

    def undo(self) -> None:
        """Give the order that exactly undoes the last one of this screen; else say why there is none."""
        app = self._app
        if not self._given:
            app.say("nothing to undo: this screen gave no order yet", "warn")
            return
        last = self._given[-1]
        keys = {name: action.shown for name, action in BY_NAME.items()}
        found = inverse(last, app.view.snapshot, app.who, keys)
        if isinstance(found, str):
            app.say(f"{_told(last.order)}: {found}", "warn")
        else:
            self._given.pop()
            beside(app, partial(self._hand_in, (found,), undoing=True), "undoing an order", "orders")

    def give(self, action: Action, targets: tuple[str, ...], hidden: int) -> None:
        """Give the orders of an action for these targets; ask first where that is due."""
        asked = self._question(action, targets, hidden)
        if asked is None:
            self.hand_in(orders_for(action, self._app.view, targets, self._app.who))
            return

        seen = orders_for(action, self._app.view, targets, self._app.who)

        def answered(answer: str | None) -> None:
            if answer is None:
                self._app.say("nothing was done")
                return
            orders = orders_for(action, self._app.view, targets, self._app.who)
            if action.verb in DECIDING or action.name == "discard":
                orders = seen  # the yes is to what was there when it was asked for
            if asked.reason:
                orders = tuple(replace(order, reason=answer) for order in orders)
                orders = self._app.drafts.with_comments(orders) if action.name == "reject" else orders
            elif answer == "yes" and (asked.other or asked.despite):
                orders = tuple(replace(order, also_needed=True) for order in orders)
            self.hand_in(orders)

        def check() -> str | None:
            again = self._question(action, targets, hidden)
            if reason := action.why_not(self._app.view, targets):
                return reason
            if again is not None and again.despite != asked.despite:
                return "what depends on it is not what it was; esc, and look again"
            if action.name in DECIDING and orders_for(action, self._app.view, targets, self._app.who) != seen:
                return "its work is not what it was; esc, and look again"
            if action.name == "approve" and again != asked:
                return "its violations are not what they were; esc, and look again"
            return None

        self.ask(asked, check, answered, partial(self._ignored, targets) if action.name in REMOVING else None)

    def _question(self, action: Action, targets: tuple[str, ...], hidden: int) -> Question | None:
        """Return what is to be asked before an action, with the comments that go with it."""
        asked = question(action, self._app.view, targets, hidden)
        return with_comments(asked, action, targets, self._app.drafts.told(targets))

    def answer(self, targets: tuple[str, ...]) -> None:
        """Show the oldest open question of a workstream."""
        from cockpit.ui.screens.answer import AnswerScreen

        app = self._app
        asked = [one for target in targets for one in app.view.snapshot.open_questions(target)]
        if asked:
            app.push_screen(AnswerScreen(lambda: app.view, asked[0], app.who, app.handle.ask), self._decided)

    def release(self, targets: tuple[str, ...]) -> None:
        """Ask by which way a quarantine is to be left."""
        from cockpit.ui.releasing import held
        from cockpit.ui.screens.release import ReleaseScreen

        app = self._app
        found = held(app.view, targets[0]) if targets else None
        if found is not None:
            app.push_screen(ReleaseScreen(lambda: app.view, targets[0], found, app.who), self._decided)

    def _decided(self, order: Order | None) -> None:
        if order is None:
            self._app.say("nothing was done")
        else:
            self.hand_in((order,))

    def waive(self, targets: tuple[str, ...], chosen: tuple[str, ...]) -> None:
        """Ask for the reason for which violations of a workstream are let stand: those chosen, else all open ones."""
        from cockpit.ui.releasing import changed, held, waiver

        found = held(self._app.view, targets[0]) if targets else None
        if found is None:
            return
        workstream, shown = targets[0], chosen or found.violations

        def answered(reason: str | None) -> None:
            self._decided(None if reason is None else waiver(workstream, reason, shown, self._app.who))

        def check() -> str | None:
            snapshot = self._app.view.snapshot
            still = all(key in snapshot.violations and snapshot.violations[key].state == OPEN for key in shown)
            return None if still else changed(self._app.view, workstream, found) or "they are not open any more"

        self.ask(waiving(self._app.view, workstream, shown), check, answered)

    def start_all(self) -> None:
        """Let the whole plan run, unless all of it does already."""
        action = BY_NAME["start_all"]
        if action.why_not(self._app.view, ()) is None:
            self.hand_in(orders_for(action, self._app.view, (), self._app.who))

    def give_trust(self, digest: str) -> None:
        """Trust the plan; what it would run has been shown."""
        self.hand_in((Order("trust", by=self._app.who, expected=digest),))

    async def _ignored(self, targets: tuple[str, ...]) -> str:
        """Say what goes with worktrees and is not kept; nothing where the driver cannot tell."""
        from cockpit.plan.duration import amount

        try:
            found = await self._app.handle.ask("ignored", workstreams=list(targets))
        except CockpitError:
            return ""
        if not found["files"]:
            return "No ignored file goes with it."
        return f"{count(found['files'], 'ignored file')} of {amount(found['bytes'])} go with it, and are not kept."

    def ask(
        self,
        asked: Question,
        check: Callable[[], str | None],
        answered: Callable[[str | None], None],
        more: "More | None" = None,
    ) -> None:
        """Show a confirm; `check` is asked again at the moment of the yes, `more` tells the rest later."""
        from cockpit.ui.screens.confirm import ConfirmScreen

        self._app.push_screen(ConfirmScreen(asked, check, more), answered)

    def limit(self, by: int, profile: str = "") -> None:
        """Change the number of agents at once, or of the slots of one profile; quick presses add up."""
        snapshot = self._app.view.snapshot
        now = snapshot.sizes().get(profile, 1) if profile else snapshot.max_agents()
        self._limits[profile] = number = max(1, self._limits.get(profile, now) + by)
        words = (profile,) if profile else ()
        self.hand_in((Order("limits", by=self._app.who, number=number, words=words),))

    def ask_about_quitting(self, answered: Callable[[str | None], None]) -> bool:
        """Ask what is to become of what runs; return False where nothing has to be asked.

        Before the driver was reached that is what the journal says: the driver that is being started goes on with it.
        """
        app = self._app
        running = len(going_on(app.view.snapshot))
        gone = app.reached and not app.view.connected
        if app.read_only or gone or not running:
            return False
        self.ask(quit_question(running), lambda: None, answered)
        return True

    def hand_in(self, orders: tuple[Order, ...]) -> None:
        """Hand in orders, one after the other, without stopping the screen."""
        if orders:
            beside(self._app, partial(self._hand_in, orders), "giving an order", "orders")

    async def stop_all(self) -> None:
        """Launch nothing more, pause what runs, and end the driver. Raises CockpitError where one of it is refused."""
        app = self._app
        if not app.view.snapshot.held:
            await app.handle.order(Order("drain", by=app.who))
        snapshot = app.view.snapshot
        running = tuple(key for key in snapshot.workstreams if snapshot.leg_under_way(key).state in ENDABLE)
        if running:
            app.say(f"pausing {named(running)} …")
            answer = await app.handle.order(Order("pause", running, app.who))
            if not answer.ok:
                raise OrderRefusedError(answer.note)
        await app.handle.order(Order("stop-driver", by=app.who))

    async def _hand_in(self, orders: tuple[Order, ...], *, undoing: bool = False) -> None:
        for order in orders:
            what = _told(order)
            self._app.say(f"{what} …")
            before = self._app.view.snapshot
            try:
                answer = await self._app.handle.order(order)
            except CockpitError as error:
                self._app.fail(f"{what}: {line(error.what)}")
                continue
            finally:
                if order.verb == "limits":
                    self._limits.pop(next(iter(order.words), ""), None)
            note = line(answer.note)
            if answer.ok and not undoing:
                self._given.append(Given(order, before))
            if answer.ok:
                self._app.drafts.settled(order)
                self._app.say(f"✓ {what}{f' · {note}' if note else ''}", "good")
                if not undoing and self._app.page is not None:
                    self._app.page.ordered(order)
            else:
                self._app.fail(f"{what}: {note or 'refused'}")


def _told(order: Order) -> str:
    about = (named(order.targets or order.words), "all" if order.everything else str(order.number or ""))
    return " ".join((order.verb, *filter(None, about)))
