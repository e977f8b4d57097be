"""Outlines for tests of the pure core: written by hand in a few words, and random acyclic ones."""

from collections.abc import Sequence

from hypothesis import strategies as st
from msgspec.structs import replace

from cockpit.plan.roundzero import ESTIMATE_S, PREPARE
from cockpit.schedule import facts as f
from cockpit.schedule.fold import fold
from cockpit.schedule.outline import LegOutline, Outline, Profile, WorkstreamOutline
from cockpit.schedule.snapshot import Snapshot

START = 1_000_000.0


def outline(
    legs: Sequence[tuple[str, Sequence[str]]],
    *,
    seconds: float = 60.0,
    agents: Sequence[str] = ("claude",),
    slots: Sequence[tuple[str, int]] = (("claude", 3),),
    max_agents: int = 3,
    approve_merge: bool = False,
    clean_merged: bool = True,
) -> Outline:
    """Return an outline of legs `(key, keys it depends on)`; a key is `workstream` or `workstream/issue`."""
    rounds: dict[str, int] = {}
    needs = dict(legs)

    def level(key: str) -> int:
        if key not in rounds:
            rounds[key] = 1 + max((level(one) for one in needs[key]), default=0)
        return rounds[key]

    made = tuple(
        LegOutline(key, key.partition("/")[0], 1, (), tuple(deps), level(key), seconds, seconds, seconds)
        for key, deps in legs
    )
    workstreams = tuple(
        WorkstreamOutline(
            name,
            agents=tuple(agents),
            legs=tuple(leg.key for leg in made if leg.workstream == name),
            approve_merge=approve_merge,
        )
        for name in dict.fromkeys(leg.workstream for leg in made)
    )
    profiles = tuple(Profile(name, number) for name, number in slots)
    return Outline(
        "plan",
        base="main",
        profiles=profiles,
        max_agents=max_agents,
        clean_merged=clean_merged,
        workstreams=workstreams,
        legs=made,
    )


OUT_OF_ORDER = outline(
    [
        ("A/0", ["B/1"]),
        ("A/1", []),
        ("A/2", ["B/0"]),
        ("B/0", []),
        ("B/1", ["A/2"]),
        ("B/2", []),
    ]
)
"""Two workstreams whose legs cannot run in their numbered order (the plan format's own example)."""


def prepared(plan: Outline, **changes: object) -> Outline:
    """Return the outline with a leg of round 0 that all others depend on; changes are of its workstream."""
    first = LegOutline(PREPARE, PREPARE, 1, (), (), 0, ESTIMATE_S, ESTIMATE_S, ESTIMATE_S)
    legs = tuple(replace(leg, depends_on=(PREPARE, *leg.depends_on)) for leg in plan.legs)
    own = replace(WorkstreamOutline(PREPARE, legs=(PREPARE,), approve_merge=False, expect_change=False), **changes)
    return replace(plan, legs=(first, *legs), workstreams=(own, *plan.workstreams))


def changed_workstream(plan: Outline, workstream: str, **changes: object) -> Outline:
    """Return the outline with fields of one workstream changed."""
    found = tuple(replace(one, **changes) if one.id == workstream else one for one in plan.workstreams)
    return replace(plan, workstreams=found)


def loaded(plan: Outline, *, want: Sequence[str] | None = None, at: float = START) -> Snapshot:
    """Return the snapshot of a plan that was just loaded, with some workstreams (None: all) wanted."""
    wanted = [one.id for one in plan.workstreams] if want is None else want
    return told(Snapshot(), f.PlanLoaded("/plan.yaml", "", plan), *map(f.WorkstreamWanted, wanted), at=at)


def told(snapshot: Snapshot, *facts: f.Fact, at: float | None = None) -> Snapshot:
    """Return the snapshot after facts that all fit, a second apart unless a time is given."""
    for fact in facts:
        when = snapshot.at + 1 if at is None else at
        snapshot = fold(snapshot, f.Recorded(snapshot.seq + 1, when, fact))
    return snapshot


def ran(key: str, slot: str = "claude#1", run: str = "") -> tuple[f.Fact, ...]:
    """Return the facts that bring a ready leg to running."""
    run = run or f"{key}@1"
    return f.LegTaken(key, run, slot), f.RunStarted(key, run, 7)


def merged(key: str, slot: str = "claude#1") -> tuple[f.Fact, ...]:
    """Return the facts that bring a ready leg to merged."""
    run = f"{key}@1"
    return (
        *ran(key, slot),
        f.RunEnded(key, run, "done", 0),
        f.ChecksStarted(key),
        f.MergeQueued(key),
        f.MergeStarted(key),
        f.LegMerged(key, f"commit-{key}"),
    )


@st.composite
def outlines(draw: st.DrawFn, *, most: int = 12, approvals: bool = True) -> Outline:
    """Draw an acyclic outline: several legs a workstream in any numbered order, profiles that may be too few."""
    count = draw(st.integers(1, most))
    names = [f"w{n}" for n in range(draw(st.integers(1, count)))]
    homes = [draw(st.sampled_from(names)) for _ in range(count)]
    keys = [f"{home}/{n}" for n, home in enumerate(homes)]
    # legs are drawn in an order that fits the dependencies, and numbered in another
    needs = [sorted(draw(st.sets(st.integers(0, n - 1), max_size=3))) if n else [] for n in range(count)]
    rounds: list[int] = []
    for before in needs:
        rounds.append(1 + max((rounds[one] for one in before), default=0))
    seconds = [float(draw(st.integers(0, 100))) for _ in range(count)]
    legs = [
        LegOutline(
            keys[n],
            homes[n],
            n,
            (),
            tuple(keys[one] for one in needs[n]),
            rounds[n],
            seconds[n],
            seconds[n] / 2,
            seconds[n] * 1.5,
        )
        for n in range(count)
    ]
    shuffled = draw(st.permutations(legs))
    profiles = (Profile("claude", draw(st.integers(1, 3))), Profile("codex", draw(st.integers(1, 2))))
    workstreams = tuple(
        WorkstreamOutline(
            name,
            priority=draw(st.integers(0, 4)),
            agents=draw(st.sampled_from([("claude",), ("codex",), ("codex", "claude"), ("claude", "codex")])),
            legs=tuple(leg.key for leg in shuffled if leg.workstream == name),
            approve_start=approvals and draw(st.booleans()),
            approve_merge=approvals and draw(st.booleans()),
        )
        for name in dict.fromkeys(homes)
    )
    return Outline(
        "plan",
        profiles=profiles,
        max_agents=draw(st.integers(1, 4)),
        workstreams=workstreams,
        legs=tuple(shuffled),
    )
