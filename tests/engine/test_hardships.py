"""What agents, set-ups, plan files and disks do to an engine, and what it makes of it."""

import asyncio
import contextlib
import io
import shutil
import sqlite3
from typing import Any

import pytest
import yaml
from msgspec import convert

from cockpit.cli.telling import Teller
from cockpit.engine.client import connect, glimpse
from cockpit.engine.heads import kept_head
from cockpit.schedule import facts as f
from cockpit.schedule.changed import PlanChange
from cockpit.schedule.orders import Order
from cockpit.store.journal import Journal
from tests.engine.scenes import WRITES, Scene

pytestmark = pytest.mark.anyio

WAITS = 'tell "$COCKPIT_WORKSTREAM.on"; wait_for "$COCKPIT_WORKSTREAM.go"\n' + WRITES


async def test_an_agent_that_leaves_a_daemon_behind(scene: Scene) -> None:
    scene.plan({"a": {"does": "setsid sh -c 'sleep 1000 & sleep 1000' > /dev/null 2>&1 &\n" + WRITES}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert not scene.ours()
    scene.check()


async def test_an_agent_that_leaves_its_branch(scene: Scene) -> None:
    scene.plan(
        {"a": {"does": "git checkout -q --detach; echo 1 > own; git add own; git commit -qm Own; echo 2 > rest"}}
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert (scene.base_file("own"), scene.base_file("rest")) == ("1\n", "2\n")
    scene.check()


async def test_an_agent_that_prints_fifty_megabytes_without_a_newline(scene: Scene) -> None:
    scene.plan({"a": {"does": "head -c 50000000 /dev/zero | tr '\\0' x; printf end; tell on; wait_for go\n" + WRITES}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("on")
        await play.until_state(a="running")
        said = await play.printed("a")
        assert said.endswith("xend\n")
        assert len(said) <= 262_144
        scene.go("go")
        await play.until_merged()
        sizes = [file.stat().st_size for file in scene.state.run(scene.begun("a")[0][0]).iterdir()]
    assert sum(sizes) < 40_000_000
    scene.check()


async def test_an_agent_that_cannot_be_started(scene: Scene) -> None:
    scene.plan({"a": {}}, agents={"ghost": {"run": ["sh", str(scene.stage / "ghost.sh")]}})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        assert "code" in play.leg("a").reason
    scene.check()


async def test_set_up_copies_links_and_runs_and_none_of_it_is_committed(scene: Scene) -> None:
    (scene.repo / ".env").write_text("SECRET=1\n")
    (scene.repo / "deps").mkdir()
    (scene.repo / "deps" / "big").write_text("big\n")
    scene.before = scene.checkout()
    does = "cat .env deps/big made > a.txt; echo more >> .env"
    setup = {"copy": [".env*"], "link": ["deps"], "run": ["echo made > made; echo .env >> .git-is-a-file || true"]}
    scene.plan({"a": {"does": does}}, setup=setup)
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert scene.base_file("a.txt") == "SECRET=1\nbig\nmade\n"
    tracked = scene.git("ls-tree", "-r", "--name-only", "main").split()
    assert ".env" not in tracked
    assert not [name for name in tracked if name.startswith("deps")]
    assert (scene.repo / ".env").read_text() == "SECRET=1\n", "it is a copy"
    assert (scene.worktree("a") / "deps").is_symlink()
    scene.check()


async def test_a_set_up_that_fails_is_shown_and_tried_again(scene: Scene) -> None:
    once = f"[ -e {scene.stage}/twice ] || {{ touch {scene.stage}/twice; echo no network >&2; exit 7; }}"
    scene.plan({"a": {}}, setup={"run": [once]}, limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        (first, _) = play.of(f.RunEnded)
        assert "no network" in first.reason
    assert len(scene.begun("a")) == 1
    scene.check()


async def test_a_worktree_that_somebody_deleted_is_made_again(scene: Scene) -> None:

    scene.plan({"a": {"does": "exit 1"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        shutil.rmtree(scene.worktree("a"))
        scene.does("a", WRITES)
        assert (await play.order("retry", "a")).ok
        await play.until_merged()
    scene.check()


# --- the plan file ----------------------------------------------------------------------------------------------------


async def test_a_plan_without_trust_runs_nothing(scene: Scene) -> None:
    scene.plan({"a": {}}, trusted=False)
    async with scene.driving() as play:
        assert any("agent.sh" in line for line in play.view.readings.plan.untrusted)
        answer = await play.order("start", everything=True)
        assert not answer.ok
        assert "trust" in answer.note
        assert not scene.begun("a")
        assert not (await play.order("trust", expected="another version")).ok, "what was not shown is not trusted"
        shown = await play.handle.ask("commands")
        assert (await play.order("trust", expected=shown["digest"])).ok
        await play.start()
        await play.until_merged()
    scene.check()


async def test_a_workstream_that_left_the_plan_keeps_the_settings_that_were_trusted(scene: Scene) -> None:
    def having(value: str) -> dict[str, dict[str, object]]:
        return {"a": {"env": {"X": value}}, "b": {}}

    scene.plan(having("trusted"), approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review", b="review")
        scene.plan(having("evil"), approve={"merge": "always"}, trusted=False)
        await play.until(lambda now: now.view.readings.plan.asks)
        (held,) = play.view.readings.plan.held
        assert (held.place, held.old, held.new) == ("a env.X", "trusted", "evil")
        assert held.means == "set-up, gates and its next run get this"
        scene.plan({"b": {}}, approve={"merge": "always"}, trusted=False)
        await play.until(lambda now: now.snapshot.workstreams["a"].gone)
        assert play.driver.effects.workstream("a").env == {"X": "trusted"}
    scene.plan(having("evil again"), approve={"merge": "always"}, trusted=False)
    async with scene.driving() as play:
        assert play.view.readings.plan.untrusted
        scene.plan({"b": {}}, approve={"merge": "always"})
        await play.driver.plans.reload()
        await play.until(lambda now: now.snapshot.workstreams["a"].gone)
        assert play.driver.effects.workstream("a").env == {"X": "trusted"}
    scene.check()


async def test_an_added_workstream_joins_and_a_removed_one_that_began_is_kept(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"depends_on": ["a"]}})
    async with scene.driving() as play:
        assert (await play.handle.ask("changes"))["seq"] == 0
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        scene.plan({"c": {"does": WRITES, "depends_on": ["d"]}, "d": {"title": "New"}}, trusted=False)
        await play.until(lambda now: "c" in now.snapshot.workstreams)
        assert play.snapshot.workstreams["a"].gone
        assert "b" not in play.snapshot.workstreams
        (changed,) = play.of(f.PlanChanged)
        assert [(one.place, one.what, one.touches) for one in changed.changes] == [
            ("a", "removed", True),
            ("b", "removed", True),
            ("c", "added", False),
            ("d", "added", False),
        ]
        await play.driver.engine.durable()
        asked = await play.handle.ask("changes")
        assert convert(asked["changes"], tuple[PlanChange, ...]) == changed.changes
        assert (await play.handle.ask("fact", seq=asked["seq"]))["kind"] == "PlanChanged"
        assert play.state("c") == "waiting", "what is new is not wanted yet"
        assert (await play.order("start", "c", also_needed=True)).ok
        scene.go("a.go")
        await play.until_merged("a", "c", "d")
    assert scene.base_file("a.txt") == "a 1\n"
    scene.check()


async def test_a_changed_prompt_is_told_to_the_next_run(scene: Scene) -> None:
    issues = [{"id": "a1", "prompt": "First"}, {"id": "a2", "prompt": "Second"}]
    scene.plan({"a": {"prompt": "Old words", "issues": issues, "does": "tell a.on; wait_for a.go; exit 1"}, "b": {}})
    async with scene.driving() as play:
        await play.start("a")
        await play.until_there("a.on")
        scene.plan({"a": {"prompt": "New words", "issues": issues[:1]}, "b": {}}, trusted=False)
        await play.until(lambda now: "New words" in now.snapshot.text)
        scene.does("a", WRITES)
        scene.go("a.go")
        await play.until_state(a="failed")
        scene.plan({"b": {}}, trusted=False)
        await play.until(lambda now: now.snapshot.workstreams["a"].gone)
        assert (await play.order("retry", "a")).ok
        await play.until_merged("a")
        prompt, issue, removed = [one for fact in play.of(f.PlanChanged) for one in fact.changes]
        assert prompt.means == "its run goes on with what it was told, the next one is told this"
        assert issue.means == "a/a1 has begun with it and keeps it; a next run of it is not told of it"
        assert removed.means == "it has begun, and is kept as it was with its worktree: a/a1 is failed"
    old, new = scene.prompts("a")
    assert "Old words" in old
    assert "Second" in old
    assert "New words" in new
    assert "First" in new
    assert "Second" not in new
    scene.check()


async def test_an_agent_that_leaves_the_plan_during_a_set_up_is_replaced(scene: Scene) -> None:
    agent = {"run": ["sh", str(scene.stage / "agent.sh")], "env": {"STAGE": str(scene.stage)}}
    waits = f"touch {scene.stage}/set-up.on; while [ ! -e {scene.stage}/set-up.go ]; do sleep 0.02; done"
    more: dict[str, Any] = {"setup": {"run": [waits]}, "limits": {"retries": 1}}
    scene.plan({"a": {"agent": "x"}}, agents={"x": agent, "sh": agent}, **more)
    async with scene.driving() as play:
        await play.start()
        await play.until_there("set-up.on")
        scene.plan({"a": {}}, agents={"sh": agent}, **more)
        await play.until(lambda now: now.of(f.PlanChanged))
        changed = {one.place: one.means for one in play.of(f.PlanChanged)[0].changes}
        assert changed["a agent"] == "its run goes on in x#1; its next run is for these"
        scene.go("set-up.go")
        await play.until_merged()
        assert [one.reason for one in play.of(f.RunEnded)] == ["the plan has no agent x any more", ""]
    scene.check()


async def test_what_has_begun_and_needs_more_by_a_changed_plan_merges_after_that(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"does": WAITS}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on", "b.on")
        scene.plan({"a": {"does": WAITS, "depends_on": ["b"]}, "b": {"does": WAITS}}, trusted=False)
        await play.until(lambda now: now.of(f.PlanChanged))
        (change,) = play.of(f.PlanChanged)[0].changes
        assert change.means == "a is running and goes on, and merges only after b"
        scene.go("a.go")
        await play.until_state(a="queued")
        scene.go("b.go")
        await play.until_merged()
        assert [one.workstream for one in play.snapshot.merges] == ["b", "a"]
    scene.check()


async def test_a_plan_that_breaks_keeps_the_last_good_one_in_force(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}})
    good = scene.path.read_text()
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        scene.write(good + "- id: z\n  colour: red\n")
        await play.until(lambda now: now.view.readings.plan.errors)
        assert any("colour" in one for one in play.view.readings.plan.errors)
        assert list(play.snapshot.workstreams) == ["a"]
        scene.path.unlink()
        await play.until(lambda now: any("read" in one for one in now.view.readings.plan.errors))
        scene.write(good)
        await play.until(lambda now: not now.view.readings.plan.errors)
        scene.go("a.go")
        await play.until_merged()
    scene.check()


async def test_a_changed_command_waits_for_trust_and_the_old_one_stays_in_force(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"depends_on": ["a"]}, "c": {"depends_on": ["b"]}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        plan = yaml.safe_load(scene.path.read_text())
        plan["agents"]["sh"]["run"] = ["sh", "-c", f"touch {scene.stage}/evil; echo x > evil"]
        plan["workstreams"][1]["title"] = "A new title"
        scene.write(yaml.safe_dump(plan))
        await play.until(lambda now: now.view.readings.plan.asks)
        assert any("evil" in one for one in play.view.readings.plan.asks)
        await play.until(lambda now: now.snapshot.workstreams["b"].outline.title == "A new title")
        scene.go("a.go")
        await play.until_merged("a", "b", "c")
        assert not (scene.stage / "evil").exists()
        assert not (await play.order("trust", expected="another version")).ok, "what was not shown is not trusted"
        shown = await play.handle.ask("commands")
        assert (await play.order("trust", expected=shown["digest"])).ok
        await play.until(lambda now: not now.view.readings.plan.asks)
    scene.check()


async def test_a_new_driver_runs_nothing_of_a_plan_that_changed_without_trust(scene: Scene) -> None:
    scene.plan({"a": {"does": WAITS}, "b": {"depends_on": ["a"]}})
    good = scene.path.read_text()
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
    plan = yaml.safe_load(good)
    evil = f"touch {scene.stage}/evil"
    plan["agents"]["sh"]["run"] = ["sh", "-c", evil]
    plan["gates"] = [{"name": "evil", "run": evil}]
    plan["notify"] = [{"on": ["merged", "failed"], "run": evil}]
    scene.write(yaml.safe_dump(plan))
    async with scene.driving() as play:
        assert play.view.readings.plan.untrusted
        scene.go("a.go")
        await play.until_state(a="checking")
        assert not (await play.order("cleanup", "a")).ok
        scene.write(good)
        await play.until_merged()
    assert not (scene.stage / "evil").exists()
    scene.check()


# --- the disk ---------------------------------------------------------------------------------------------------------


async def test_a_full_disk_holds_everything_back_and_nothing_is_lost(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.engine.loop.REWRITE_AFTER_S", 0.1)
    scene.plan({"a": {"does": WAITS}, "b": {"depends_on": ["a"]}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        journal = play.driver.journal
        with journal._lock:
            journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
            journal._db.execute(f"PRAGMA max_page_count = {pages}")
        fill = "x" * 60_000
        refused = await play.handle.order(_reject(fill))
        assert not refused.ok
        await play.until(lambda now: "full" in now.view.readings.hold)
        late = await connect(scene.state)
        assert "full" in (await anext(late.subscribe())).problem, "who comes now is told at once"
        await late.close()
        printed = io.StringIO()
        teller = Teller(printed)
        for _ in range(2):
            teller.show(play.driver.engine.view())
        assert printed.getvalue().count("full") == 1
        scene.go("a.go")
        await play.until(lambda now: now.driver.engine.snapshot.state_of("a").value != "running")
        answer = await play.handle.order(_reject("small"))
        assert not answer.ok
        assert "full" in answer.note
        assert not scene.begun("b")
        with journal._lock:
            journal._db.execute("PRAGMA max_page_count = 1000000")
        await play.until(lambda now: not now.view.readings.hold)
        await play.until_merged()
        last = play.driver.engine.snapshot
    told = Journal(scene.state.journal, read_only=True)
    assert told.verify() is None
    assert [one.fact.leg for one in told.read() if isinstance(one.fact, f.LegMerged)] == ["a", "b"]
    told.close()
    now = glimpse(scene.state).snapshot
    assert now.legs == last.legs
    scene.check()


async def test_a_driver_that_ends_while_it_writes_loses_no_fact(scene: Scene) -> None:
    scene.plan({"a": {}})
    async with scene.driving() as play:
        engine, journal = play.driver.engine, play.driver.journal
        journal._lock.acquire()
        asked = asyncio.create_task(play.handle.order(Order("drain", by="test")))
        while not (engine.snapshot.held and engine._writing.locked()):  # noqa: ASYNC110  # no event tells of this moment
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.3, journal._lock.release)
    assert (await asked).ok
    told = Journal(scene.state.journal, read_only=True)
    kinds = [type(one.fact) for one in told.read()]
    assert kinds[-4:] == [f.OrderGiven, f.LaunchingHeld, f.OrderDone, f.DriverEnded]
    assert told.verify() is None
    told.close()
    scene.check()


async def test_a_journal_that_was_cut_at_its_end_is_told_until_it_is_put_back(scene: Scene) -> None:
    scene.plan({"a": {}})
    async with scene.driving():
        pass
    whole, head = scene.state.journal.read_bytes(), kept_head(scene.state.head)
    with contextlib.closing(sqlite3.connect(scene.state.journal)) as db, db:
        assert db.execute("SELECT max(seq), hash FROM facts").fetchone() == head
        db.execute("DELETE FROM facts WHERE seq > ?", (head.facts - 2,))
        db.execute("DELETE FROM checkpoint")
    for _ in range(2):
        async with scene.driving() as play:
            assert "journal" in play.view.readings.notes
        assert kept_head(scene.state.head) == head
    scene.state.journal.write_bytes(whole)
    async with scene.driving() as play:
        assert "journal" not in play.view.readings.notes
    assert kept_head(scene.state.head).facts > head.facts


def _reject(reason: str) -> Order:
    return Order("reject", ("a",), "test", reason)


async def test_gates_see_nothing_of_the_operators_secrets(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET_TOKEN", "hunter2")
    scene.plan({"a": {}}, gates=[{"name": "look", "run": "env; ! env | grep -q hunter2"}])
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    scene.check()


async def test_the_last_notifications_come_before_the_driver_ends(scene: Scene) -> None:
    told = scene.stage / "told"
    scene.plan(
        {"a": {}, "b": {}},
        notify=[{"on": ["merged", "finished"], "run": f"sleep 0.1; echo $COCKPIT_EVENT >> {told}"}],
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert sorted(told.read_text().split()) == ["finished", "merged", "merged"]


async def test_a_plan_that_drops_what_an_order_waits_for_holds_nothing_up(scene: Scene) -> None:
    scene.plan({"a": {"does": "trap '' TERM; tell on; wait_for go"}, "b": {}}, limits={"agents": 1})
    async with scene.driving() as play:
        await play.start("a")
        await play.until_there("on")
        stopping = asyncio.create_task(play.order("stop", "a", "b"))
        await play.until(lambda play: play.snapshot.orders)
        text = scene.path.read_text()
        plan = yaml.safe_load(text)
        plan["workstreams"] = [one for one in plan["workstreams"] if one["id"] != "b"]
        scene.write(yaml.safe_dump(plan))
        await play.until(lambda play: "b" not in play.snapshot.workstreams)
        assert (await stopping).ok
