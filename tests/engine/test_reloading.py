"""A plan that changes while the driver makes the new version ready: orders, saves, trust and an end come in between."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cockpit.cli.giving import project_for
from cockpit.engine import plans, versions
from cockpit.engine.driver import Driver
from cockpit.errors import CockpitError
from cockpit.schedule import facts as f
from tests.engine.scenes import DEADLINE_S, Play, Scene

pytestmark = pytest.mark.anyio

WAITS = "tell $COCKPIT_WORKSTREAM.on; wait_for $COCKPIT_WORKSTREAM.go\n"
TWO = [{"id": "a1"}, {"id": "a2"}]


class Held:
    """Holds up the making of a version, in its thread, until it is let go."""

    def __init__(self) -> None:
        self.made = 0
        self.go = threading.Event()
        self._begun = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def hold(self) -> None:
        """Hold up what is made next."""
        self._loop = asyncio.get_running_loop()

    def let_go(self) -> None:
        """Let it go on."""
        self.go.set()

    async def until_begun(self, play: Play) -> None:
        """Have the changed plan read, and wait until a version of it is being made."""
        self.reading = asyncio.create_task(play.driver.plans.reload())  # a file event may come before any watcher
        async with asyncio.timeout(DEADLINE_S):
            await self._begun.wait()

    def pass_through(self) -> None:
        """Wait, in the thread that makes a version, until it is let go."""
        self.made += 1
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(self._begun.set)
            assert self.go.wait(DEADLINE_S)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    found, make = Held(), versions.version_of

    def made(*given: Any) -> Any:
        assert threading.current_thread() is not threading.main_thread(), "the loop would stand still"
        version = make(*given)
        found.pass_through()
        return version

    monkeypatch.setattr(plans, "version_of", made)
    yield found
    found.let_go()


def titled(scene: Scene, title: str, **agent: Any) -> str:
    """Write the plan with a title and other settings of its agent; return its text."""
    plan = yaml.safe_load(scene.path.read_text())
    plan["workstreams"][0]["title"] = title
    plan["agents"]["sh"].update(agent)
    text: str = yaml.safe_dump(plan, sort_keys=False)
    scene.write(text)
    return text


async def test_a_leg_that_starts_while_the_plan_is_cut_anew_keeps_its_issues(scene: Scene, held: Held) -> None:
    scene.plan({"a": {"does": WAITS, "issues": TWO}, "b": {}})
    async with scene.driving() as play:
        held.hold()
        before = held.made
        scene.plan({"a": {"does": WAITS, "issues": TWO}, "b": {"depends_on": ["a1"]}})
        await held.until_begun(play)
        await play.start("a")  # the version that is being made would cut it in two
        await play.until_there("a.on")
        await play.until_state(a="running")
        assert list(play.snapshot.legs) == ["a/a1", "b"]
        held.let_go()
        await play.until(lambda now: now.of(f.PlanChanged))
        assert list(play.snapshot.legs) == ["a/a1", "b"]
        assert play.snapshot.legs["a/a1"].outline.issues == ("a1", "a2")
        assert play.snapshot.legs["b"].outline.depends_on == ("a/a1",)
        assert held.made == before + 2
        scene.go("a.go")
        await play.until_state(a="failed")
    scene.check()


async def test_an_order_is_from_before_a_version_or_from_after_it(scene: Scene, held: Held) -> None:
    scene.plan({"a": {}, "b": {"does": WAITS}})
    async with scene.driving() as play:
        held.hold()
        scene.plan({"a": {}})
        await held.until_begun(play)
        assert (await play.order("drain")).ok
        assert (await play.order("start", "b")).ok, "what is still in the plan can be started"
        held.let_go()
        await play.until(lambda now: now.of(f.PlanChanged))
        assert list(play.snapshot.workstreams) == ["a"]
        assert not (await play.order("start", "b")).ok
        kinds = [type(one) for one in play.facts]
        assert kinds.index(f.WorkstreamWanted) < len(kinds) - kinds[::-1].index(f.PlanLoaded)


async def test_of_two_saves_in_a_row_the_last_one_is_in_force(scene: Scene, held: Held) -> None:
    scene.plan({"a": {}})
    async with scene.driving() as play:
        held.hold()
        first = titled(scene, "First")
        await held.until_begun(play)
        second = titled(scene, "Second")
        again = asyncio.create_task(play.driver.plans.reload())
        await asyncio.wait({again}, timeout=0.1)  # it has the time to overtake the first one, and must not
        held.let_go()
        await again
        await play.until(lambda now: now.snapshot.text == second)
        assert [one.text for one in play.of(f.PlanLoaded)][-2:] == [first, second]
        assert [(one.old, one.new) for fact in play.of(f.PlanChanged) for one in fact.changes] == [
            ("", "First"),
            ("First", "Second"),
        ]
        assert play.driver.effects.project.loaded.text == play.driver.plans.on_disk.text == second


async def test_trust_in_what_is_being_replaced_is_refused(scene: Scene, held: Held) -> None:
    scene.plan({"a": {}})
    async with scene.driving() as play:
        titled(scene, "Second", args=["--second"])
        await play.driver.plans.reload()
        await play.until(lambda now: now.view.readings.plan.asks)
        shown = await play.handle.ask("commands")
        held.hold()
        titled(scene, "Third", args=["--third"])
        await held.until_begun(play)
        trusting = asyncio.create_task(play.order("trust", expected=shown["digest"]))
        held.let_go()
        answer = await trusting
        assert not answer.ok
        assert "changed since" in answer.note
        assert any("--third" in one for one in play.driver.engine.readings.plan.asks)
        assert not play.driver.effects.project.loaded.plan.agents["sh"].args
        shown = await play.handle.ask("commands")
        assert (await play.order("trust", expected=shown["digest"])).ok
        assert play.driver.effects.project.loaded.plan.agents["sh"].args == ("--third",)


async def test_a_driver_that_ends_before_a_version_is_in_force_leaves_it_to_the_next(scene: Scene, held: Held) -> None:
    scene.plan({"a": {}})
    before = scene.path.read_text()
    async with scene.driving() as play:
        held.hold()
        text = titled(scene, "Another")
        await held.until_begun(play)
        held.reading.cancel()
    held.let_go()
    assert play.snapshot.text == before
    async with scene.driving() as play:
        assert play.driver.engine.snapshot.text == text
        await play.driver.engine.durable()
        told = play.driver.journal.newest(f.PlanChanged.__name__)
        assert told is not None
        assert isinstance(told.fact, f.PlanChanged)
        assert [one.new for one in told.fact.changes] == ["Another"]


async def test_a_plan_is_not_driven_by_another_file_of_its_name_unless_it_was_moved_there(scene: Scene) -> None:
    scene.plan({"a": {}})
    async with scene.driving():
        pass
    was, scene.path = scene.path, scene.top / "other.yaml"
    shutil.copy(was, scene.path)
    with pytest.raises(CockpitError, match="another plan of the name scene"):
        await Driver(scene.project()).start()
    with pytest.raises(CockpitError, match="another plan of the name scene"):
        await asyncio.to_thread(project_for, scene.path, scene.state_dir, "stop")
    was.unlink()
    async with scene.driving() as play:
        assert play.snapshot.path == str(scene.path)
    scene.path.rename(was)
    scene.path.symlink_to(was)
    async with scene.driving() as play:
        assert set(play.snapshot.workstreams) == {"a"}
