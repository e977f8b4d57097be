"""When the operator is needed: the terminal's title, a bell, a notification; own words and safe names, nothing else."""

import os
from collections.abc import Callable, Mapping

from cockpit.safetext import safe_line
from cockpit.ui.looks import name
from cockpit.ui.present import Row
from cockpit.ui.settings import Settings

QUIET_S = 2.0
NAMED = 3
_KEEP_TITLE, _PUT_BACK_TITLE = "\x1b[22;0t", "\x1b[23;0t"
_END = "\x1b\\"


class Calling:
    """Says through `write` what awaits the operator, and when to ring."""

    def __init__(self, settings: Settings, write: Callable[[str], None]) -> None:
        self._settings = settings
        self._write = write
        self._awaiting: frozenset[str] | None = None
        self._alarms: frozenset[str] | None = None
        self._title = ""
        self._rang = float("-inf")

    def show(
        self,
        plan: str,
        rows: Mapping[str, Row],
        now: float,
        *,
        urgent: bool = False,
        alarms: Mapping[str, str] | None = None,
    ) -> bool:
        """Show what awaits the operator, call for what is new, and return whether to ring; `urgent` rings anyway.

        `alarms` are texts by names that stay the same for as long as it is the same alarm. What awaits or alarms
        already when the screen opens is shown in the title alone.
        """
        awaiting = frozenset(key for key, row in rows.items() if row.awaits)
        new = [key for key in rows if self._awaiting is not None and key in awaiting - self._awaiting]
        self._awaiting = awaiting
        alarms = alarms or {}
        sounded = [key for key in alarms if self._alarms is not None and key not in self._alarms]
        self._show_title(title(plan, len(awaiting)))
        if not (new or urgent or sounded) or now - self._rang < QUIET_S:
            self._alarms = frozenset(alarms).difference(sounded)
            return False
        self._alarms = frozenset(alarms)
        self._rang = now
        if sounded and self._settings.desktop != "off":
            self._write(notification(self._settings.desktop, f"{name(plan)}: {alarms[sounded[0]]}"))
        if new and self._settings.desktop != "off":
            who = ", ".join(map(name, new[:NAMED])) + (f" and {len(new) - NAMED} more" if len(new) > NAMED else "")
            verb = "awaits" if len(new) == 1 else "await"
            self._write(notification(self._settings.desktop, f"{name(plan)}: {who} {verb} you"))
        return self._settings.bell

    def end(self) -> None:
        """Give the terminal its own title back."""
        if self._title:
            self._title = ""
            self._write(_PUT_BACK_TITLE)

    def _show_title(self, text: str) -> None:
        if not self._settings.title or text == self._title:
            return
        keep = "" if self._title else _KEEP_TITLE
        self._title = text
        self._write(f"{keep}\x1b]0;{text}{_END}")


def title(plan: str, awaiting: int) -> str:
    """Return the terminal's title."""
    return f"{f'({awaiting}) ' if awaiting else ''}cockpit{f': {name(plan)}' if plan else ''}"


def notification(kind: str, text: str) -> str:
    """Return what makes a terminal show a desktop notification; in tmux it is passed through to the terminal."""
    body = safe_line(text, 200).replace(";", ",")
    sequence = f"\x1b]777;notify;cockpit;{body}{_END}" if kind == "osc777" else f"\x1b]9;cockpit: {body}{_END}"
    return _through_tmux(sequence) if os.environ.get("TMUX") else sequence


def _through_tmux(sequence: str) -> str:
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}{_END}"
