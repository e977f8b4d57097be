"""`cockpit simulate`: the plan on a virtual clock; touches nothing."""

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from cockpit.cli import shapes
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import Cell, emit, paint, plural, say, table
from cockpit.clock import span
from cockpit.errors import CockpitError
from cockpit.plan.roundzero import PREPARE

if TYPE_CHECKING:
    from cockpit.engine.project import Project
    from cockpit.schedule.outline import Outline

MOST = 1000


def simulate(
    plan: Plan,
    /,
    *,
    agents: Annotated[str, Parameter(help="Numbers of agents to compare, such as 4 or 1,2,4,8.")] = "",
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Print rounds, schedule, critical path, finish time and disk need by the plan's estimates."""
    from cockpit.cli.reach import as_written

    numbers = parse_numbers(agents)
    simulation = simulation_of(as_written(plan, state_dir), numbers)
    if json:
        emit(shapes.document(simulation))
        return 0
    for line in lines(simulation):
        say(line)
    return 0


def parse_numbers(written: str) -> tuple[int, ...]:
    """Return the numbers of `1,2,4`; none for an empty text. Raises CockpitError."""
    numbers: list[int] = []
    for part in written.split(",") if written else []:
        if not part.strip().isdecimal() or not 1 <= int(part) <= MOST:
            raise CockpitError(f"not a number of agents: {part!r}", hint=f"numbers from 1 to {MOST}, such as 1,2,4")
        numbers.append(int(part))
    return tuple(dict.fromkeys(numbers))


def simulation_of(project: "Project", agents: tuple[int, ...] = ()) -> shapes.Simulation:
    """Return the dry run of a plan as it prints; without numbers for the plan's own limit."""
    from cockpit.engine.preflight import worktree_sizes
    from cockpit.engine.project import outline_of
    from cockpit.forecast.eta import dry_run

    commit = project.repo.tip(project.base)
    sizes = worktree_sizes(project, commit) if commit else {}
    outline = outline_of(project)
    named = bool(outline.profiles)
    found = dry_run(outline if named else with_anyone(outline), agents, sizes=sizes)
    return shapes.Simulation(
        legs=[shapes.ScheduledLeg(**(leg if named else {**leg, "slot": None})) for leg in found["legs"]],
        rounds=found["rounds"],
        per_agents=[shapes.PerAgents(**row) for row in found["per_agents"]],
    )


def with_anyone(outline: "Outline") -> "Outline":
    """Return the outline of a plan without agents with one profile that takes everything: it can be simulated, too."""
    from msgspec.structs import replace

    from cockpit.schedule.outline import Profile

    workstreams = tuple(one if one.id == PREPARE else replace(one, agents=("any",)) for one in outline.workstreams)
    return replace(outline, profiles=(Profile("any", outline.max_agents),), workstreams=workstreams)


def lines(simulation: shapes.Simulation) -> list[str]:
    """Return what a human reads: the schedule round by round, the critical path, the finish per number of agents."""
    legs = sorted(simulation.legs, key=lambda leg: (leg.round, leg.start_s or 0.0, leg.leg))
    agents = simulation.per_agents[0].agents if simulation.per_agents else 0
    head = (
        f"{plural(len(legs), 'leg')} in {plural(simulation.rounds, 'round')}; schedule with {plural(agents, 'agent')}"
    )
    found = [paint(head, "bold"), ""]
    heads = ("ROUND", "LEG", "ISSUES", "START", "END", "ESTIMATE", "SLOT", "NEEDS")
    found += table(heads, [_cells(leg) for leg in legs], right=(0, 3, 4, 5))
    critical = sorted((leg for leg in legs if leg.critical), key=lambda leg: leg.start_s or 0.0)
    path = " → ".join(leg.leg for leg in critical)
    found += ["", paint(f"critical path: {path}", "plain"), ""]
    columns = ("AGENTS", "P50", "P90", "CRITICAL PATH", "WORK", "LOWER BOUND", "EFFICIENCY", "DISK")
    found += table(columns, [_row(row) for row in simulation.per_agents], right=tuple(range(8)))
    stuck = [leg.leg for leg in legs if leg.end_s is None]
    if stuck:
        found += ["", paint(f"no slot ever takes: {', '.join(stuck[:10])}", "yellow")]
    return found


def _cells(leg: shapes.ScheduledLeg) -> list[Cell]:
    name: Cell = (f"{leg.leg} *", "bold") if leg.critical else leg.leg
    return [
        str(leg.round),
        name,
        " ".join(leg.issues),
        span(leg.start_s),
        span(leg.end_s),
        span(leg.estimate_s),
        leg.slot or "",
        " ".join(leg.depends_on),
    ]


def _row(row: shapes.PerAgents) -> list[Cell]:
    from cockpit.plan.duration import amount

    return [
        str(row.agents),
        span(row.makespan_p50_s),
        span(row.makespan_p90_s),
        span(row.critical_path_s),
        span(row.work_s),
        span(row.lower_bound_s),
        f"{row.efficiency:.0%}",
        amount(row.disk_bytes),
    ]
