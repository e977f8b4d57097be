"""What a ready leg is said to wait for is what decide looks at."""

from msgspec.structs import replace

from cockpit.schedule import facts as f
from cockpit.schedule.decide import decide
from cockpit.schedule.orders import TakeLeg
from cockpit.schedule.queueing import waits_in_line
from cockpit.schedule.readings import Readings
from cockpit.schedule.snapshot import Snapshot
from tests.unit.outlines import changed_workstream, loaded, outline, ran, told

PLAN = outline([("a", []), ("b", [])], slots=[("claude", 2)])


def said(snapshot: Snapshot) -> str:
    taken = [todo.leg for todo in decide(snapshot, Readings(), snapshot.at) if isinstance(todo, TakeLeg)]
    words = waits_in_line(snapshot, snapshot.legs["b"])
    assert (words == "is next" or words.startswith("lets others")) is ("b" in taken), (words, taken)
    return words


def test_what_nothing_holds_up_is_next() -> None:
    assert said(loaded(PLAN)) == "is next"
    assert said(told(loaded(PLAN), *ran("a"))) == "is next"


def test_the_limit_is_named_as_it_is_now() -> None:
    snapshot = told(loaded(replace(PLAN, max_agents=1)), *ran("a"))
    assert said(snapshot) == "waits for its turn: 1 of at most 1 agent is at work"
    assert said(told(snapshot, f.AgentLimitChanged(2))) == "is next"


def test_the_profile_whose_slots_are_busy_is_named() -> None:
    one = replace(PLAN, profiles=(replace(PLAN.profiles[0], slots=1),), max_agents=4)
    assert said(told(loaded(one), *ran("a"))) == "waits for a slot of claude (1 busy)"


def test_work_in_the_same_files_is_named() -> None:
    plan = changed_workstream(changed_workstream(PLAN, "a", files=("src/**",)), "b", files=("src/db.py",))
    assert said(told(loaded(plan), *ran("a"))) == "lets others begin first: it may write the files of a"
