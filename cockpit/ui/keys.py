"""The one registry of actions: bindings, help, palette and footer are made of it; what is not in it cannot be bound.

It is longer than other modules since it is one table: in two places it would be no registry.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from cockpit.ui import reasons
from cockpit.ui.reasons import WhyNot

if TYPE_CHECKING:
    from textual.binding import Binding

GRID, WORKSTREAM, COMMANDS, DIALOG = "grid", "workstream", "commands", "dialog"
QUARANTINE, DIFF, MERGES, ALERTS = "quarantine", "diff", "merges", "alerts"
AGENTS = "agents"
FORECAST, JOURNAL, LOG, PLAN = "forecast", "journal", "log", "plan"
PAST = frozenset({JOURNAL, LOG})
PAGES = frozenset({GRID, WORKSTREAM, COMMANDS, QUARANTINE, DIFF, MERGES, ALERTS, AGENTS, FORECAST, PLAN}) | PAST
BOTH = frozenset({GRID, WORKSTREAM})
ACTING = BOTH | {ALERTS, AGENTS}
LISTS = frozenset({GRID, QUARANTINE, MERGES, ALERTS, AGENTS, PLAN})
HELD = frozenset({QUARANTINE, WORKSTREAM, ALERTS, AGENTS})
MERGING = ACTING | {MERGES}
TABS = (GRID, AGENTS, ALERTS, QUARANTINE, MERGES, FORECAST, JOURNAL)


class Action(Struct, frozen=True):
    """One thing that a key does: `shown` is how the key is written, `short` its word in the footer (empty: not there).

    Without `keys` it is chosen in the palette, and in the dialog that the key which is `shown` opens.
    `where`: the pages it works on; `verb`: the order it gives; `hard`: hard to undo, so it asks first; `why_not`: the
    reason when it cannot be done; `palette`: whether the palette offers it; `typed`: it works while text is typed.
    """

    name: str
    keys: str
    shown: str
    where: frozenset[str]
    about: str
    short: str = ""
    verb: str = ""
    hard: bool = False
    why_not: WhyNot = reasons.never
    palette: bool = True
    typed: bool = False
    group: str = "the screen"

    @property
    def whole(self) -> bool:
        """Say whether it is for the plan, whatever is selected."""
        return self.group == "the plan" or self.name == "next"


ACTIONS: tuple[Action, ...] = (
    Action("up", "up,k", "↑ k", PAGES, "move up", palette=False, group="moving"),
    Action("down", "down,j", "↓ j", PAGES, "move down", palette=False, group="moving"),
    Action("first", "g,home", "g", PAGES, "go to the first", group="moving"),
    Action("last", "G,end", "G", PAGES, "go to the last; follow the output", group="moving"),
    Action("page_up", "pageup", "PgUp", PAGES, "move up a page", palette=False, group="moving"),
    Action("page_down", "pagedown", "PgDn", PAGES, "move down a page", palette=False, group="moving"),
    Action(
        "next",
        "n",
        "n",
        PAGES,
        "open the next thing that awaits you: a start, a review, a question, a conflict, a quarantine; "
        "in a search: its next place",
        short="next",
        why_not=reasons.next_awaiting,
        group="moving",
    ),
    Action(
        "open",
        "enter",
        "enter",
        LISTS | {FORECAST},
        "open the workstream's page",
        short="open",
        why_not=reasons.on_some,
        group="moving",
    ),
    Action("output", "l", "l", ACTING, "show the live output", short="output", why_not=reasons.on_some, group="moving"),
    Action("timeline", "t", "t", ACTING, "show what happened to it", why_not=reasons.on_some, group="moving"),
    Action(
        "diff",
        "d",
        "d",
        ACTING | HELD | {DIFF},
        "show its diff; there: the one file, or all of it",
        short="diff",
        why_not=reasons.diff,
        group="moving",
    ),
    Action(
        "edit",
        "e",
        "e",
        BOTH | {QUARANTINE, DIFF, PLAN},
        "open your editor: on a file of its worktree, on the violation, on the error in the plan file",
        why_not=reasons.edit,
        group="moving",
    ),
    Action(
        "previous",
        "left_square_bracket",
        "[",
        frozenset({DIFF, WORKSTREAM, QUARANTINE, MERGES, ALERTS, AGENTS, FORECAST, PLAN}) | PAST,
        "a diff's hunk before; a workstream's part before; a violation or a merge: scroll up",
        short="before",
        group="moving",
    ),
    Action(
        "following",
        "right_square_bracket",
        "]",
        frozenset({DIFF, WORKSTREAM, QUARANTINE, MERGES, ALERTS, AGENTS, FORECAST, PLAN}) | PAST,
        "a diff's next hunk; a workstream's next part (output, issues, prompt …); a violation or a merge: scroll down",
        short="after",
        group="moving",
    ),
    Action(
        "previous_file",
        "left_curly_bracket",
        "{",
        frozenset({DIFF}),
        "the file before",
        group="a diff",
    ),
    Action("next_file", "right_curly_bracket", "}", frozenset({DIFF}), "the next file", group="a diff"),
    Action(
        "files",
        "f",
        "f",
        frozenset({DIFF}),
        "choose a file of the list; again: back to the diff",
        short="files",
        group="a diff",
    ),
    Action("pick", "enter", "enter", frozenset({DIFF}), "in the list of files: go to that one", group="a diff"),
    Action(
        "comment",
        "c",
        "c",
        frozenset({DIFF}),
        "comment on the line, or change what was said of it; it is sent with a rejection",
        short="comment",
        group="a diff",
    ),
    Action(
        "since",
        "s",
        "s",
        frozenset({DIFF}),
        "only what changed since it was decided on; again: all of it",
        short="since",
        group="a diff",
    ),
    Action(
        "side",
        "v",
        "v",
        frozenset({DIFF}),
        "before and after side by side; again: one below the other",
        short="side",
        group="a diff",
    ),
    Action("back", "escape", "esc", PAGES, "back out: filter, marks, page; never quits", palette=False, group="moving"),
    Action(
        "filter",
        "slash",
        "/",
        LISTS | PAST,
        "show only what matches",
        short="filter",
        group="choosing",
    ),
    Action(
        "search",
        "slash",
        "/",
        frozenset({WORKSTREAM}),
        "seek a text in all that was printed: next and back lead from place to place",
        short="search",
        group="the output",
    ),
    Action("match_before", "N", "N", frozenset({WORKSTREAM}), "the place before of what is sought", group="the output"),
    Action(
        "unfold",
        "enter",
        "enter",
        frozenset({WORKSTREAM}),
        "unfold the call that is pointed at, else all of them; again: fold",
        group="the output",
    ),
    Action(
        "raw",
        "v",
        "v",
        frozenset({WORKSTREAM}),
        "the messages as they came; again: what they mean",
        group="the output",
    ),
    Action("logs", "w", "w", frozenset({WORKSTREAM}), "stdout alone, stderr alone, both", group="the output"),
    Action(
        "inspect",
        "enter",
        "enter",
        PAST,
        "show the fact or the command on the whole screen; again: the list",
        short="in full",
        group="moving",
    ),
    Action("mark", "space", "space", frozenset({GRID}), "mark, or unmark", why_not=reasons.on_some, group="choosing"),
    Action("range", "v", "v", frozenset({GRID}), "mark a range", why_not=reasons.on_some, group="choosing"),
    Action(
        "sort",
        "comma",
        ",",
        frozenset({GRID}),
        "choose the order of the rows, and by what they are grouped",
        group="choosing",
    ),
    Action(
        "columns",
        "f",
        "f",
        frozenset({GRID}),
        "choose which columns are shown at this width",
        group="choosing",
    ),
    Action(
        "map",
        "w",
        "w",
        frozenset({GRID}),
        "the wave map: rounds as columns, legs as cards; again: the list",
        short="map",
        group="choosing",
    ),
    Action("earlier", "left,h", "← h", frozenset({GRID}), "the wave map's round before", palette=False, group="moving"),
    Action("later", "right", "→", frozenset({GRID}), "the wave map's next round", palette=False, group="moving"),
    Action(
        "acknowledge",
        "K",
        "K",
        frozenset({ALERTS}),
        "acknowledge the alert: the first page leaves it out; again: take that back",
        short="seen",
        group="choosing",
    ),
    Action(
        "start",
        "s",
        "s",
        ACTING,
        "start: its legs run as soon as they can",
        short="start",
        verb="start",
        why_not=reasons.for_verb("start"),
        group="orders",
    ),
    Action(
        "pause",
        "p",
        "p",
        ACTING,
        "pause what runs, resume what is paused",
        short="pause",
        verb="pause",
        why_not=reasons.pause,
        group="orders",
    ),
    Action(
        "answer",
        "i",
        "i",
        ACTING,
        "answer what its agent asks: shows the question",
        short="answer",
        verb="answer",
        why_not=reasons.answer,
        group="orders",
    ),
    Action(
        "attach",
        "o",
        "o",
        ACTING | {QUARANTINE},
        "attach to its agent: talk to it, or take its worktree over; again: hand it back",
        short="attach",
        verb="takeover",
        why_not=reasons.attach,
        group="orders",
    ),
    Action(
        "conflict",
        "c",
        "c",
        ACTING,
        "resolve its conflict: shows the ways that there are",
        short="conflict",
        why_not=reasons.conflict,
        group="orders",
    ),
    Action(
        "retry",
        "r",
        "r",
        ACTING,
        "retry: a new run, told what went wrong",
        short="retry",
        verb="retry",
        why_not=reasons.for_verb("retry"),
        group="orders",
    ),
    Action(
        "stop",
        "x",
        "x",
        ACTING,
        "stop: end its run, start nothing new of it",
        short="stop",
        verb="stop",
        hard=True,
        why_not=reasons.for_verb("stop"),
        group="orders",
    ),
    Action(
        "approve",
        "a",
        "a",
        ACTING | {DIFF},
        "approve its start or its merge",
        short="approve",
        verb="approve",
        why_not=reasons.for_verb("approve"),
        group="orders",
    ),
    Action(
        "reject",
        "A",
        "A",
        ACTING | {DIFF},
        "reject, with a reason and the comments on lines, which the next run is told",
        short="reject",
        verb="reject",
        hard=True,
        why_not=reasons.for_verb("reject"),
        group="orders",
    ),
    Action(
        "merge",
        "m",
        "m",
        MERGING,
        "merge now, if it is approved",
        short="merge",
        verb="merge",
        why_not=reasons.for_verb("merge"),
        group="orders",
    ),
    Action(
        "release",
        "u",
        "u",
        HELD,
        "release from quarantine: shows the ways that there are",
        short="release",
        verb="release",
        hard=True,
        why_not=reasons.for_verb("release"),
        group="a quarantine",
    ),
    Action(
        "waive",
        "W",
        "W",
        HELD,
        "waive: let what was found stand, for a reason that the review shows",
        short="waive",
        verb="waive",
        hard=True,
        why_not=reasons.waive,
        group="a quarantine",
    ),
    Action(
        "discard",
        "X",
        "X",
        HELD,
        "discard: stop it for good and remove its worktree, rescue first",
        short="discard",
        verb="discard",
        hard=True,
        why_not=reasons.for_verb("discard"),
        group="a quarantine",
    ),
    Action(
        "cleanup",
        "C",
        "C",
        ACTING,
        "clean up: remove the worktree, rescue first",
        short="clean up",
        verb="cleanup",
        hard=True,
        why_not=reasons.for_verb("cleanup"),
        group="orders",
    ),
    Action(
        "rollback",
        "Z",
        "Z",
        MERGING,
        "roll back its last merge, by a commit that is checked like a merge",
        short="roll back",
        verb="rollback",
        hard=True,
        why_not=reasons.rollback,
        group="orders",
    ),
    Action(
        "rebase",
        "",
        "c",
        ACTING,
        "rebase: bring its work onto base; gates and review follow",
        verb="rebase",
        why_not=reasons.for_verb("rebase"),
        group="a conflict",
    ),
    Action(
        "rerun",
        "",
        "c",
        ACTING,
        "rerun: a new run is told of the conflict and resolves it",
        verb="rerun",
        why_not=reasons.for_verb("rerun"),
        group="a conflict",
    ),
    Action(
        "resolve",
        "",
        "c",
        ACTING,
        "resolve: open a worktree to resolve it by hand",
        verb="resolve",
        why_not=reasons.for_verb("resolve"),
        group="a conflict",
    ),
    Action(
        "resolved",
        "",
        "c",
        ACTING,
        "resolved: check what was done there, commit it and go on",
        verb="resolved",
        why_not=reasons.for_verb("resolved"),
        group="a conflict",
    ),
    Action(
        "abandon",
        "",
        "c",
        ACTING,
        "abandon: remove that worktree, rescue first",
        verb="abandon",
        hard=True,
        why_not=reasons.for_verb("abandon"),
        group="a conflict",
    ),
    Action(
        "merge_all",
        "M",
        "M",
        MERGING,
        "merge all that is approved, in round order",
        verb="merge",
        hard=True,
        why_not=reasons.merge_all,
        group="the plan",
    ),
    Action(
        "start_all",
        "S",
        "S",
        ACTING,
        "let the whole plan run",
        short="start all",
        verb="start",
        hard=True,
        why_not=reasons.start_all,
        group="the plan",
    ),
    Action(
        "drain",
        "P",
        "P",
        ACTING,
        "launch nothing new, on the page of agents of the profile there; again: go on",
        short="hold",
        verb="drain",
        why_not=reasons.drain,
        group="the plan",
    ),
    Action(
        "more",
        "plus",
        "+",
        ACTING,
        "one agent more at once; on the page of agents: one slot more of the profile there",
        verb="limits",
        why_not=reasons.more_agents,
        group="the plan",
    ),
    Action(
        "fewer",
        "minus",
        "−",
        ACTING,
        "one agent fewer at once; on the page of agents: one slot fewer of the profile there",
        verb="limits",
        why_not=reasons.fewer_agents,
        group="the plan",
    ),
    Action(
        "trust",
        "T",
        "T",
        PAGES,
        "see what an untrusted plan would run; there: trust it",
        verb="trust",
        hard=True,
        why_not=reasons.trust,
        group="the plan",
    ),
    Action(
        "what_if_more",
        "plus",
        "+",
        frozenset({FORECAST}),
        "what if there was one agent more? changes nothing",
        short="more",
        group="the forecast",
    ),
    Action(
        "what_if_fewer",
        "minus",
        "−",
        frozenset({FORECAST}),
        "what if there was one agent fewer? changes nothing",
        short="fewer",
        group="the forecast",
    ),
    Action(
        "window",
        "w",
        "w",
        frozenset({FORECAST}),
        "how far back to look: 1 h, 24 h, 7 d, all",
        short="window",
        group="the forecast",
    ),
    Action(
        "export",
        "E",
        "E",
        frozenset({FORECAST}),
        "write figures and legs as CSV files, and say where",
        short="export",
        group="the forecast",
    ),
    Action("grid", "1", "1", PAGES, "the page of all workstreams", group="pages"),
    Action("agents", "2", "2", PAGES, "the page of agents: profiles, slots and what they do", group="pages"),
    Action("alerts", "3", "3", PAGES, "the page of all alerts", group="pages"),
    Action("quarantine", "4", "4", PAGES, "the page of quarantines and violations", short="quarantine", group="pages"),
    Action("merges", "5", "5", PAGES, "the page of the merge queue and of all merges", group="pages"),
    Action("forecast", "6", "6", PAGES, "the page of the forecast: the schedule, the finish, figures", group="pages"),
    Action("journal", "7", "7", PAGES, "the page of the journal: all facts", group="pages"),
    Action("log", "at", "@", PAGES, "the log of what cockpit ran", group="pages"),
    Action("plan", "D", "D", PAGES, "the plan file: what is wrong in it, what its last change means", group="pages"),
    Action("tab", "tab", "tab", PAGES, "the next of these pages", palette=False, group="pages"),
    Action("dismiss", "H", "H", frozenset({GRID}), "dismiss the hint above the keys, for good"),
    Action("undo", "U", "U", PAGES, "undo this screen's last order, where another one exactly does"),
    Action("refresh", "R", "R", PAGES, "read everything again"),
    Action("palette", "colon", ":", PAGES, "find an action or a workstream by its words", short="find", palette=False),
    Action("help", "question_mark", "?", PAGES, "all keys", short="help"),
    Action("quit", "q", "q", PAGES, "quit the screen; asks when anything runs", short="quit"),
    Action(
        "interrupt", "ctrl+c", "ctrl+c", PAGES, "quit; again: at once, leaving all running", palette=False, typed=True
    ),
    Action("yes", "y", "y", frozenset({DIALOG}), "yes", palette=False, group="dialogs"),
    Action(
        "close",
        "escape",
        "esc",
        frozenset({DIALOG}),
        "close the dialog, changing nothing",
        palette=False,
        typed=True,
        group="dialogs",
    ),
    Action("left", "left,h", "←", frozenset({DIALOG}), "the button before", palette=False, group="dialogs"),
    Action("right", "right,l", "→", frozenset({DIALOG}), "the button after", palette=False, group="dialogs"),
)
BY_NAME = {action.name: action for action in ACTIONS}  # with the operator's own keys, once a screen was told of them


def bindings(*places: str) -> "list[Binding]":
    """Return the bindings of what works on any of these pages."""
    from textual.binding import Binding  # what only names keys, as a line for tmux does, loads no screen

    return [
        Binding(key, f"app.key('{action.name}')", action.about, show=False, priority=key == "ctrl+c")
        for action in BY_NAME.values()
        if action.where & set(places)
        for key in action.keys.split(",")
        if key
    ]


def on_page(page: str) -> Iterable[Action]:
    """Return the actions that work on a page."""
    return (action for action in BY_NAME.values() if page in action.where)
