"""Makes plans of any size for tests and benchmarks: always acyclic, always the same for the same seed."""

import random
from typing import Any

from hypothesis import strategies as st

AGENT = """agents:
  scripted:
    run: ["python3", "tools/scripted_agent.py"]
    slots: 8
"""


def generated(workstreams: int, issues: int = 3, seed: int = 0, density: float = 0.5, head: str = AGENT) -> str:
    """Return the YAML of a plan; `density` is the share of issues that need one of another workstream."""
    rng = random.Random(seed)
    # An issue may only need what stands before it in a shuffled order of all: hence no ring, but every direction.
    units = [(w, i) for w in range(workstreams) for i in range(max(issues, 1))]
    rank = {unit: place for place, unit in enumerate(rng.sample(units, len(units)))}
    by_rank = sorted(units, key=rank.__getitem__)
    lines = [head.rstrip("\n"), "workstreams:"] if head else ["workstreams:"]
    for w in range(workstreams):
        lines += [
            f"  - id: ws-{w}",
            f"    title: Workstream number {w}",
            f"    priority: P{rng.randrange(4)}",
            f'    files: ["src/ws-{w}/**"]',
        ]
        needs = [_need(rng, by_rank, rank, (w, i), density) for i in range(max(issues, 1))]
        if not issues:
            lines += [f"    depends_on: [ws-{needs[0][0]}]"] if needs[0] else []
            lines.append(f"    estimate: {rng.randrange(1, 9) * 15}m")
            continue
        lines.append("    issues:")
        for i, need in enumerate(needs):
            lines += [f"      - id: ws-{w}.{i}", f"        title: Issue {i} of workstream {w}"]
            lines.append(f"        estimate: {rng.randrange(1, 9) * 15}m")
            if need:
                lines.append(f"        depends_on: [ws-{need[0]}.{need[1]}]")
    return "\n".join(lines) + "\n"


def _need(
    rng: random.Random,
    by_rank: list[tuple[int, int]],
    rank: dict[tuple[int, int], int],
    unit: tuple[int, int],
    density: float,
) -> tuple[int, int] | None:
    if not rank[unit] or rng.random() >= density:
        return None
    other = by_rank[rng.randrange(rank[unit])]
    return None if other[0] == unit[0] and rng.random() < 0.5 else other


@st.composite
def plans(draw: st.DrawFn, most_workstreams: int = 6, most_issues: int = 5) -> dict[str, Any]:
    """Draw a small acyclic plan as plain data, with dependencies on issues and on whole workstreams."""
    sizes = draw(st.lists(st.integers(0, most_issues), min_size=1, max_size=most_workstreams))
    units = [(w, i) for w, size in enumerate(sizes) for i in (range(size) if size else (-1,))]
    order = draw(st.permutations(units))
    needs: dict[tuple[int, int], list[str]] = {unit: [] for unit in units}
    for place, unit in enumerate(order):
        earlier = order[:place]
        if earlier:
            needs[unit] = [_id(other) for other in draw(st.lists(st.sampled_from(earlier), max_size=3, unique=True))]
        # A whole workstream may be needed once the last of its issues has come.
        done = [w for w, size in enumerate(sizes) if size and all(u in earlier for u in units if u[0] == w)]
        if done and draw(st.integers(0, 3)) == 0:
            needs[unit].append(f"w{draw(st.sampled_from(done))}")
    rows: list[dict[str, Any]] = []
    for w, size in enumerate(sizes):
        row: dict[str, Any] = {"id": f"w{w}"}
        if size:
            row["issues"] = [{"id": _id((w, i)), "depends_on": needs[w, i]} for i in range(size)]
        else:
            row["depends_on"] = needs[w, -1]
        rows.append(row)
    return {"workstreams": rows}


def _id(unit: tuple[int, int]) -> str:
    w, i = unit
    return f"w{w}" if i < 0 else f"w{w}-{i}"
