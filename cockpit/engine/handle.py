"""The one way in to a driver, for screens and commands alike: subscribe, order, ask. Says what, never how."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

from msgspec import Struct, field

from cockpit.schedule.facts import Recorded
from cockpit.schedule.orders import Order
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Snapshot


class View(Struct, frozen=True):
    """How things stand, and what is new since the view before: facts, and the workstreams that look different.

    `changed` None means that everything may have. `connected` is False once the driver is gone: the snapshot is then
    the last known one. `problem` says what is wrong in words, empty where all is well.
    """

    snapshot: Snapshot
    readings: Readings = field(default_factory=Readings)
    facts: tuple[Recorded, ...] = ()
    changed: frozenset[str] | None = None
    connected: bool = True
    problem: str = ""


class Answer(Struct, frozen=True):
    """What became of an order: `ok`, and a note or the reason of the refusal in words."""

    order: str
    ok: bool
    note: str = ""


class Handle(Protocol):
    """A client's end of the line to the driver of one plan."""

    def subscribe(self) -> AsyncIterator[View]:
        """Yield the present view at once, then a new one whenever something changed; ends when the handle closes."""
        ...

    async def order(self, order: Order) -> Answer:
        """Hand in an order and return when it was carried out or refused. Raises DriverGoneError."""
        ...

    async def ask(self, question: str, **arguments: Any) -> Any:
        """Return the answer to a question as JSON values. Raises DriverGoneError, or CockpitError for a bad question.

        `printed` (workstream, places=None, limit=65536, align=False) → {run, lines, start, next, lost, more,
        structured}: what its newest run printed, line by line (`outputs.printed`); `sought` (workstream, text,
        raw=False, err=None) → {run, matches, whole}: where a text stands in that.
        `commands` () → {commands: [[where, command]…], digest}: what the plan as it is on disk would run; an order to
        trust it names the digest as `expected`.
        `diff` (workstream, path="", since="") → {leg, base, text, files, left_out, cut, lines_left, listed: [[path,
        was, letter, added, removed, note]…], marked: [path…]}: the unified diff of its leg's change, or of one file of
        it; since="review": only of what changed since somebody decided on it, where `marked` files hold conflict marks.
        Of `files` files `left_out` are not in the text, `cut` says that more is missing: `lines_left` lines or more.
        `gates` (workstream) → {gates: [{gate, ok, seconds, reason, output}…]}: each with the end of what it printed.
        `processes` (workstream) → {run, at, processes: [[pid, depth, name, cpu_s, memory]…]}: those of its run just
        now, each below its parent, with seconds of processor time and bytes (null: not told), `at` by the driver's own
        clock.
        `records` () → {profiles, roles, everywhere: {name: {runs, judged, clean_rate…}}}: what runs came to,
        by profile and by role in this plan, and of its profiles over all plans.
        `ignored` (workstreams) → {files, bytes}: what goes with their worktrees at a clean-up without being kept.
        `prompt` (workstream, upcoming=False) → {run, text, left_out}: what its last run was told, or its next one is.
        `workplace` (workstream) → {argv, pass, agent, why_not}: how a human gets to where its agent works.
        `answer` (key, wait_s=0) → {id, open, answer, by, how}, at once where it is closed; `asked` (run,
        text) → {id}: the same question, put before. `inbox` (workstream,
        everything=False) → {messages: [{id, from, text, at, read}…]}; `hear` (run, known, wait_s=0) → {messages: [{id,
        text, by}…], over}: what the operator said to its agent. `shared` (path, workstream="") → {path, shared,
        edited_by: [{workstream, state, agent}…]}: who else has changed a file, `shared` whether it is one of all's.
        `facts` (before=None, limit=200, text="") → {facts: [Told…], next}: the newest facts before a number that a
        filter lets through (`seeking`), and where to go on (0: there is nothing more). `fact` (seq) → {seq, at, kind,
        words, fields}. `changes` () → {seq, at, changes: [PlanChange…], left_out}: the plan's last change, 0: none.
        `base` (limit=50) → {branch, commits: [[id, at, author, subject]…]}: the last ones of base.
        `ran` (before=None, since=0, limit=200, text="") → {commands: [[number, at, seconds, code, command, cwd,
        output]…]}: what this driver ran, the newest first, of each the end of what it printed.
        `outlook` (agents=None) → an `Outlook`; `stints` () → {legs: {key: [Stint…]}}; `trends` (window="24h") →
        {window, width_s, points: [Bucket…], estimates: [Estimate…]}; `export` (window) → {paths}: both as CSV files.
        """
        ...

    async def close(self) -> None:
        """Let go of the driver; it goes on."""
        ...
