"""What reaches base and what does not: gates, batches, conflicts, and an operator who works in the checkout."""

import pytest

from cockpit.engine.project import base_origin
from cockpit.schedule import facts as f
from cockpit.store.journal import Journal
from tests.engine.scenes import WRITES, Scene
from tests.git.repos import commit, run_git

pytestmark = pytest.mark.anyio


async def test_a_gate_that_fails_tells_the_next_run_what_it_printed(scene: Scene) -> None:
    gate = {"name": "lint", "run": "grep -q 'a 2' a.txt || { echo 'line 7 is ugly'; exit 1; }"}
    scene.plan({"a": {}}, gates=[gate], limits={"retries": 1})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert [one.ok for one in play.of(f.GateFinished)] == [False, True]
    assert "line 7 is ugly" in scene.prompts("a")[1]
    assert "gate lint failed" in scene.prompts("a")[1]
    assert scene.base_file("a.txt") == "a 1\na 2\n"
    scene.check()


async def test_a_started_plan_keeps_its_base_when_the_operator_switches_branches(scene: Scene) -> None:
    scene.plan({"a": {}}, approve={"merge": "always"})
    assert base_origin(scene.project()) == "checked out in the repository; the plan's first start keeps it"
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
    assert base_origin(scene.project()) == "kept since the plan's first start"
    scene.git("switch", "--quiet", "--create", "other")
    before = scene.git("rev-parse", "other")
    async with scene.driving() as play:
        await play.order("approve", "a")
        await play.until_merged()
    assert scene.git("rev-parse", "other") == before
    assert scene.base_file("a.txt")
    scene.git("switch", "--quiet", "--detach")
    assert scene.project().base == "main"
    scene.git("switch", "--quiet", "main")
    scene.check()


async def test_code_that_does_not_parse_never_reaches_base(scene: Scene) -> None:
    scene.plan(
        {"a": {"does": "echo 'def broken(:' > a.py"}},
        gates=[{"name": "syntax", "builtin": "syntax"}],
        quality={"quarantine": []},  # the gate alone must stop it
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        assert "a.py:1" in play.leg("a").reason
    assert scene.base_file("a.py") == ""
    scene.check()


async def test_two_good_legs_that_fail_together_never_both_reach_base(scene: Scene) -> None:
    gate = {"name": "both", "run": "! { [ -e one ] && [ -e two ]; }"}
    scene.plan(
        {"one": {"does": "echo 1 > one"}, "two": {"does": "echo 2 > two"}},
        gates=[gate],
        approve={"merge": "always"},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(one="review", two="review")
        await play.order("approve", "one", "two")
        await play.until_state(one="merged", two="failed")
        assert "gate both failed" in play.leg("two").reason
    assert scene.base_file("one")
    assert not scene.base_file("two")
    scene.check()


async def test_a_merge_whose_gate_hangs_can_be_stopped_and_nothing_is_published(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {"depends_on": ["a"]}}, gates=[hanging(scene)])
    before = scene.git("rev-parse", "main")
    async with scene.driving() as play:
        await play.start()
        await play.until_there("gating")
        await play.until_state(a="merging")
        assert (await play.order("stop", "a")).ok
        assert play.state("a") == "stopped"
        assert not scene.ours()
        assert scene.git("rev-parse", "main") == before
        assert not play.of(f.GateFinished), "a gate that was cut off says nothing about the work"
        scene.go("free")
        assert (await play.order("start", "a")).ok
        await play.until_merged()
    assert scene.merges_of("a") == 1
    scene.check()


async def test_stopping_one_of_a_batch_lets_the_others_be_merged(scene: Scene) -> None:
    scene.plan({"a": {}, "b": {}, "c": {}}, gates=[hanging(scene)], approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review", b="review", c="review")
        await play.order("approve", "a", "b", "c")
        await play.until_there("gating")
        scene.go("free")
        assert (await play.order("stop", "a")).ok
        await play.until_merged("b", "c")
        assert play.state("a") == "stopped"
    assert not scene.base_file("a.txt")
    scene.check()


async def test_a_stop_of_a_merge_outlives_its_driver(scene: Scene) -> None:
    scene.plan({"a": {}}, gates=[hanging(scene)])
    async with scene.client() as play:
        await play.start()
        await play.until_there("gating")
        scene.kill_driver()
    journal = Journal(scene.state.journal)
    journal.append(journal.snapshot(), [f.EndAsked("a", "stop")], play.snapshot.at)
    journal.close()
    async with scene.driving() as play:
        await play.until_state(a="stopped")
    assert not scene.base_file("a.txt")
    scene.check()


def hanging(scene: Scene) -> dict[str, str]:
    """Return a merge gate that ends only once it is free to."""
    run = f"touch {scene.stage}/gating; [ -e {scene.stage}/free ] || sleep 1000"
    return {"name": "hangs", "when": "merge", "run": run}


async def test_a_merge_gate_runs_on_the_integrated_commit_alone(scene: Scene) -> None:
    gate = {"name": "whole", "when": "merge", "run": f"pwd >> {scene.stage}/where; test -e one.txt && ls"}
    scene.plan({"one": {}, "two": {"depends_on": ["one"]}}, gates=[gate])
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert [one.leg for one in play.of(f.GateFinished)] == ["one", "two"]
    assert set((scene.stage / "where").read_text().split()) == {str(scene.state.integration)}
    scene.check()


async def test_of_a_batch_only_the_culprit_is_left_out(scene: Scene) -> None:
    gate = {"name": "no-bad", "when": "merge", "run": "! test -e bad"}
    does = {key: {"does": f"echo x > {key}"} for key in ("a", "bad", "c")}
    scene.plan(does, gates=[gate], approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review", bad="review", c="review")
        await play.order("approve", "a", "bad", "c")
        await play.until_state(a="merged", bad="failed", c="merged")
    assert [scene.merges_of(one) for one in ("a", "bad", "c")] == [1, 0, 1]
    scene.check()


async def test_a_culprit_in_a_batch_does_not_blame_those_who_conflict_with_it(scene: Scene) -> None:
    gate = {"name": "no-bad", "when": "merge", "run": "! grep -q bad shared"}
    scene.plan(
        {
            "bad": {"does": "echo bad > shared", "priority": "P0"},
            "good": {"does": "echo good > shared"},
            "other": {"does": "echo x > other"},
        },
        gates=[gate],
        approve={"merge": "always"},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(bad="review", good="review", other="review")
        await play.order("approve", "bad", "good", "other")
        await play.until_state(bad="failed", other="merged", good="merged")
        assert not play.of(f.ConflictFound)
    assert scene.base_file("shared") == "good\n"
    scene.check()


async def test_what_is_merged_already_waits_for_base_to_hold_it(scene: Scene) -> None:
    """Two legs did the same: the second has nothing to add, but is not done before the first is on base."""
    scene.plan(
        {"one": {"does": "echo same > same; git add same; git commit -qm same"}, "two": {}},
        approve={"merge": "always"},
    )
    scene.does("two", f"wait_for one.is; git merge -q --ff-only {'scene/one'}")
    scene.before = "?? same\n"
    (scene.repo / "same").write_text("the operator's own\n")
    async with scene.driving() as play:
        await play.start()
        await play.until_state(one="review")
        scene.go("one.is")
        await play.until_state(two="review")
        await play.order("approve", "one", "two")
        await play.until(lambda now: now.leg("one").paths == now.leg("two").paths == ("same",))
        assert play.state("two") != "merged", "base does not hold it"
        (scene.repo / "same").unlink()
        await play.order("merge", "one", "two")
        await play.until_merged()
    scene.before = ""
    scene.check()


async def test_a_conflict_names_its_paths_and_touches_nothing(scene: Scene) -> None:
    scene.plan(
        {
            "one": {"does": "echo one > README.md"},
            "two": {"does": "echo two > README.md"},
            "after": {"depends_on": ["two"]},
        },
        approve={"merge": "always"},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(one="review", two="review")
        await play.order("approve", "one")
        await play.until_merged("one")
        tip = scene.git("rev-parse", "main")
        await play.order("approve", "two")
        await play.until_state(two="conflict")
        assert play.leg("two").paths == ("README.md",)
        assert play.state("after") == "waiting"
        assert scene.git("rev-parse", "main") == tip
        assert scene.checkout() == scene.before
        scene.does("two", "git merge -q main || { echo both > README.md; git commit -qam both; }")
        assert (await play.order("retry", "two")).ok
        await play.until_state(two="review")
        assert "README.md" in scene.prompts("two")[1]
        assert "git merge main" in scene.prompts("two")[1]
        await play.order("approve", "two")
        await play.until_merged("two")
        await play.until_state(after="review")
    assert scene.base_file("README.md") == "both\n"
    scene.check()


@pytest.mark.parametrize("way", ["edited", "staged", "untracked"])
async def test_a_merge_waits_for_what_the_operator_has_in_the_way(scene: Scene, way: str) -> None:
    name = "new.txt" if way == "untracked" else "README.md"
    scene.plan({"a": {"does": f"echo agent >> {name}"}, "b": {}})
    (scene.repo / name).write_text("the operator's own\n")
    if way == "staged":
        scene.git("add", name)
    scene.before = scene.checkout()
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: now.leg("a").state.value == "queued" and now.leg("a").paths)
        assert play.leg("a").paths == (name,)
        await play.until_merged("b")
        assert (scene.repo / name).read_text() == "the operator's own\n"
        assert scene.checkout() == scene.before
        if way == "untracked":
            (scene.repo / name).unlink()
            scene.git("status")
            scene.git("commit", "--allow-empty", "-qm", "something else")
        else:
            scene.git("commit", "-qam", "mine")
            scene.git("revert", "--no-edit", "HEAD")
        await play.until_merged()
    scene.before = ""
    assert "agent" in scene.base_file(name)
    scene.check()


async def test_an_edit_elsewhere_in_the_checkout_hinders_no_merge_and_stays(scene: Scene) -> None:
    (scene.repo / "README.md").write_text("half a thought\n")
    (scene.repo / "notes").write_text("mine\n")
    scene.before = scene.checkout()
    scene.plan({"a": {}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert (scene.repo / "a.txt").exists()
    assert (scene.repo / "README.md").read_text() == "half a thought\n"
    scene.check()


async def test_the_operator_commits_to_base_meanwhile(scene: Scene) -> None:
    gate = {"name": "look", "run": f"[ -e late.txt ] && echo integrated >> {scene.stage}/looked; true"}
    scene.plan({"a": {}}, gates=[gate], approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
        mine = commit(scene.repo, "Mine", {"late.txt": "late\n"})
        await play.order("approve", "a")
        await play.until_merged()
    assert scene.git("log", "--format=%H", "main").count(mine) == 1
    assert scene.base_file("late.txt") == "late\n"
    assert (scene.stage / "looked").read_text() == "integrated\n", "gates ran on what base became"
    scene.check()


async def test_base_that_is_checked_out_nowhere_moves_all_the_same(scene: Scene) -> None:
    scene.git("switch", "-qc", "other")
    scene.plan({"a": {}}, base="main")
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert scene.base_file("a.txt") == "a 1\n"
    assert not (scene.repo / "a.txt").exists()
    scene.check()


async def test_work_that_no_change_is_expected_of(scene: Scene) -> None:
    scene.plan({"look": {"does": "echo all is well", "expect": "none"}, "idle": {"does": "true"}})
    tip = scene.git("rev-parse", "main")
    async with scene.driving() as play:
        await play.start()
        await play.until_state(look="merged", idle="failed")
        assert "changed nothing" in play.leg("idle").reason
    assert scene.git("rev-parse", "main") == tip
    scene.check()


async def test_an_agent_that_commits_by_itself(scene: Scene) -> None:
    does = "echo 1 > one; git add one; git commit -qm 'My own'; echo 2 > two"
    scene.plan({"a": {"does": does}, "b": {"does": "echo 3 > three; git add three; git commit -qm Third"}})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    assert [scene.base_file(one) for one in ("one", "two", "three")] == ["1\n", "2\n", "3\n"]
    assert "My own" in scene.git("log", "--format=%s", "main")
    scene.check()


async def test_hostile_titles_and_file_names_go_through_unchanged(scene: Scene) -> None:
    names = ["-rf", "new\nline", "ünï cödé", "a\"b'c", "--", "$(touch pwned)"]
    program = "\n".join(
        f"printf '%s' x > ./'{name.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'" for name in names
    )
    title = "-m --amend\n\nCockpit-Leg: forged\x1b[31m $(touch pwned) é\u202e"
    scene.plan({"a": {"does": program, "title": title}, "b": {"title": "--"}}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review", b="review")
        await play.order("approve", "a", "b")
        await play.until_merged()
    listed = run_git(scene.repo, "ls-tree", "-r", "-z", "--name-only", "main").split("\0")
    assert set(names) <= set(listed)
    assert not (scene.repo / "pwned").exists()
    assert scene.merges_of("a") == 1
    scene.check()


async def test_a_merge_that_waits_for_the_operators_own_git_goes_on_when_that_has_ended(scene: Scene) -> None:
    scene.plan({"a": {}}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review")
        (scene.repo / ".git" / "MERGE_HEAD").write_text(scene.git("rev-parse", "HEAD"))
        await play.order("approve", "a")
        await play.until(lambda now: now.leg("a").retry_at)
        assert "the checkout is in the middle of a merge" in play.leg("a").reason
        assert not play.leg("a").paths
        (scene.repo / ".git" / "MERGE_HEAD").unlink()
        await play.until_merged()
    scene.check()


async def test_a_workstream_that_left_the_plan_can_still_be_merged(scene: Scene) -> None:
    scene.plan({"a": {"issues": [{"id": "A-1", "title": "First"}]}, "b": {}}, approve={"merge": "always"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="review", b="review")
        scene.plan({"b": {"does": WRITES}}, approve={"merge": "always"})
        await play.until(lambda now: now.snapshot.workstreams["a"].gone)
        await play.order("approve", "a")
        await play.until_merged("a")
    assert scene.base_file("a.txt") == "a 1\n"
    scene.check()


async def test_a_merge_that_failed_by_chance_is_tried_again_soon(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.engine.effects.SPIN_GUARD_S", 0.2)
    scene.plan({"a": {}}, gates=[{"name": "whole", "when": "merge", "run": "true"}])
    in_the_way = scene.state.integration
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.symlink_to("nowhere")
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: now.leg("a").state.value == "queued" and now.leg("a").reason)
        in_the_way.unlink()
        await play.until_merged()
    scene.check()


@pytest.mark.parametrize("alive", [True, False])
async def test_a_merge_that_base_lost_is_told_and_its_work_kept(scene: Scene, alive: bool) -> None:
    scene.plan({"a": {}, "b": {"does": "wait_for go; echo b > b.txt"}}, cleanup="merged")
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: now.snapshot.is_merged("a") and not now.snapshot.workstreams["a"].worktree)
        commit = scene.git("rev-parse", "main").strip()
        if alive:
            scene.git("reset", "--keep", "HEAD~1")
            await play.until(lambda now: "base:a" in now.view.readings.notes)
    if not alive:
        scene.git("reset", "--keep", "HEAD~1")
    async with scene.driving() as play:
        await play.until(lambda now: "base:a" in now.view.readings.notes)
        assert "main no longer holds the merge of a" in play.view.readings.notes["base:a"]
        (ref,) = scene.git("for-each-ref", "--format=%(refname)", "--contains", commit).split()
        assert ref.startswith("refs/cockpit/rescue/")
        scene.go("go")
        await play.until_merged()
        assert "base:a" in play.view.readings.notes, "a later merge brings back nothing"
        scene.git("merge", "-q", "--no-edit", ref)
        await play.until(lambda now: "base:a" not in now.view.readings.notes)
    scene.check()
