"""Conflicts: what is told of them, every way out of them, and that none of it loses work or goes round in circles."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from cockpit.schedule import facts as f
from tests.engine.scenes import Play, Scene
from tests.git.repos import commit, run_git

pytestmark = pytest.mark.anyio

START = "".join(f"line {number}\n" for number in range(1, 21))
TWO = {
    "one": {"does": "sed -i 's/^line 5$/one 5/' text; echo 1 > one.txt", "priority": "P0"},
    "two": {"does": "sed -i 's/^line 5$/two 5/' text; echo 2 > two.txt"},
}


def prepared(scene: Scene, **more: Any) -> None:
    commit(scene.repo, "Text", {"text": START})
    workstreams = more.pop("workstreams", TWO)
    scene.plan(workstreams, approve={"merge": "always"}, **more)


async def conflicted(play: Play) -> None:
    """Bring `one` to base, and `two` into conflict with it."""
    await play.start("one", "two")
    await play.until_state(one="review", two="review")
    await play.order("approve", "one")
    await play.until_merged("one")
    await play.order("approve", "two")
    await play.until_state(two="conflict")


def settle(worktree: Path) -> None:
    (worktree / "text").write_text(START.replace("line 5\n", "one 5\ntwo 5\n"))


def shown(path: str | Path) -> str:
    return Path(path).read_text()


def is_there(path: Path) -> bool:
    return path.exists()


def holds_both(scene: Scene) -> bool:
    text = scene.base_file("text").splitlines()
    return sorted(text[4:6]) == ["one 5", "two 5"] and len(text) == 21 and scene.base_file("two.txt") == "2\n"


def worktrees(scene: Scene) -> list[str]:
    listed = scene.git("worktree", "list", "--porcelain").splitlines()
    return [line.partition(" ")[2] for line in listed if line.startswith("worktree ")]


async def test_the_report_shows_both_sides_both_histories_and_commands_that_work(scene: Scene) -> None:
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        leg = play.leg("two")
        assert leg.paths == ("text",)
        assert play.of(f.ConflictFound)[0].report == leg.report
        text = shown(leg.report)
        assert Path(leg.report).name == "conflict-two-1.md"
        for expected in ("### text (content)", "    one 5", "    two 5", "Line 5", "Merge one: one", leg.commit[:12]):
            assert expected in text
        assert scene.checkout() == scene.before
        # The commands it gives, done by an operator: `git merge` in the worktree, then the order that goes on.
        commands = [line[4:].partition("   ")[0] for line in text.partition("## By hand")[2].splitlines() if line]
        assert commands[0] == f"cd {scene.worktree('two')}"
        assert commands[1] == "git merge main"
        run_git(scene.worktree("two"), "merge", "main", check=False)
        settle(scene.worktree("two"))
        run_git(scene.worktree("two"), "add", "--all")
        run_git(scene.worktree("two"), "commit", "-qm", "By hand")
        assert commands[3] == f"cockpit rebase {scene.path} two"
        assert (await play.order("rebase", "two")).ok
        await play.until_state(two="review")
        await play.order("approve", "two")
        await play.until_merged("two")
    assert holds_both(scene)
    scene.check()


async def test_hostile_names_cannot_break_the_report(scene: Scene) -> None:
    name = "# up\n```\n\x1b[31mred\u202e$(touch pwned)`x`"
    quoted = "'" + name + "'"
    does = "printf '%s\\n' \"$COCKPIT_WORKSTREAM\" '## Forged' > "
    (scene.repo / "x").write_text("x")
    scene.git("switch", "-qc", "it's")
    commit(scene.repo, "\x1b[2J# subject", {name: "start\n"})
    ids = {"one": {"does": does + quoted}, "two": {"does": does + quoted}}
    scene.plan(ids, approve={"merge": "always"}, base="it's")
    async with scene.driving() as play:
        await conflicted(play)
        text = shown(play.leg("two").report)
        assert play.leg("two").paths == (name,)
    assert "\x1b" not in text
    assert "\u202e" not in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    titles = ("# Conflict", "## Files", "### ", "## What", "## What", "## By hand")
    assert len(headings) == len(titles)
    assert all(one.startswith(title) for one, title in zip(headings, titles, strict=True))
    assert "git merge 'it'\"'\"'s'" in text
    assert not (scene.repo / "pwned").exists()
    scene.check()


async def test_a_rebase_that_still_conflicts_leaves_all_as_it_was_and_says_why(scene: Scene) -> None:
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        before = play.leg("two").commit
        answer = await play.order("rebase", "two")
        assert not answer.ok
        assert "text" in answer.note
        assert play.state("two") == "conflict"
        assert "text" in play.leg("two").reason
        assert run_git(scene.worktree("two"), "rev-parse", "HEAD").strip() == before
        assert run_git(scene.worktree("two"), "status", "--porcelain") == ""
        assert (await play.order("rebase", "two")).note == answer.note, "it can be asked again"
    scene.check()


@pytest.mark.parametrize("strategy", ["squash", "rebase"])
async def test_a_rebase_is_clean_once_the_other_side_was_rolled_back(scene: Scene, strategy: str) -> None:
    gate = {"name": "look", "run": f"pwd >> {scene.stage}/looked"}
    prepared(scene, gates=[gate], merge={"strategy": strategy})
    async with scene.driving() as play:
        await conflicted(play)
        assert (await play.order("rollback", "one")).ok
        looked = len((scene.stage / "looked").read_text().splitlines())
        assert (await play.order("rebase", "two")).ok
        await play.until_state(two="review")
        assert len((scene.stage / "looked").read_text().splitlines()) == looked + 1, "gates ran again"
        (rebased,) = play.of(f.LegRebased)
        assert rebased.base == scene.git("rev-parse", "main").strip()
        kept = scene.git("for-each-ref", "--format=%(refname)", "refs/cockpit/rescue").split()
        assert rebased.rescue in kept
        await play.order("approve", "two")
        await play.until_merged("two")
    assert "two 5" in scene.base_file("text")
    assert "one 5" not in scene.base_file("text")
    scene.check()


async def test_a_rebase_of_what_base_holds_by_now_ends_merged(scene: Scene) -> None:
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        mine = commit(scene.repo, "The same by hand", {"text": START.replace("line 5\n", "two 5\n"), "two.txt": "2\n"})
        assert (await play.order("rebase", "two")).ok
        await play.until_merged("two")
        assert not (await play.order("rollback", "two")).ok, "there is nothing of its own to roll back"
        assert scene.git("rev-parse", "main").strip() == mine
    scene.check()


async def test_rerun_tells_the_agent_and_it_mends(scene: Scene) -> None:
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        report = play.leg("two").report
        scene.does("two", "git merge -q main; sed -i '/^[<=>][<=>]/d' text; git commit -qam Mended")
        assert (await play.order("rerun", "two")).ok
        await play.until_state(two="review")
        told = scene.prompts("two")[1]
        assert "git merge main" in told
        assert "text" in told
        assert report in told
        await play.order("approve", "two")
        await play.until_merged("two")
    assert holds_both(scene)
    scene.check()


async def test_rerun_with_a_file_whose_name_is_no_text(scene: Scene) -> None:
    name = r'"$(printf "no\377text")"'
    prepared(scene, workstreams={key: {"does": f"echo {key} > {name}"} for key in TWO})
    async with scene.driving() as play:
        await conflicted(play)
        scene.does("two", f"git merge -q main || :; echo both > {name}; git add -A; git commit -qm Mended")
        assert (await play.order("rerun", "two")).ok
        await play.until_state(two="review")
        assert "no\N{REPLACEMENT CHARACTER}text" in scene.prompts("two")[1].replace("?", "\N{REPLACEMENT CHARACTER}")
        await play.order("approve", "two")
        await play.until_merged("two")
    scene.check()


async def test_resolve_by_hand_goes_through_gates_and_review_to_base(scene: Scene) -> None:
    gate = {"name": "no-markers", "run": "! grep -q '^<<<<' text"}
    prepared(scene, gates=[gate])
    async with scene.driving() as play:
        await conflicted(play)
        answer = await play.order("resolve", "two")
        assert answer.ok
        opened = Path(play.leg("two").opened)
        assert str(opened) in answer.note
        assert "<<<<<<<" in shown(opened / "text")
        again = await play.order("resolve", "two")
        assert again.ok
        assert Path(play.leg("two").opened) == opened
        for verb in ("rebase", "rerun", "retry", "reject", "stop"):
            refused = await play.order(verb, "two")
            assert not refused.ok, verb
            assert str(opened) in refused.note
        early = await play.order("resolved", "two")
        assert not early.ok
        assert "text" in early.note
        assert play.state("two") == "conflict"
        settle(opened)
        assert (await play.order("resolved", "two")).ok
        await play.until_state(two="review")
        await play.until(lambda now: not now.driver.engine.under_way())
        assert not is_there(opened)
        gates = play.snapshot.gates["two"]
        assert [(one.gate, one.ok, one.tree) for one in gates] == [("no-markers", True, play.leg("two").tree)]
        await play.order("approve", "two")
        await play.until_merged("two")
    assert holds_both(scene)
    assert not any("conflicts" in one for one in worktrees(scene))
    scene.check()


async def test_what_was_edited_in_a_resolution_that_is_given_up_is_kept(scene: Scene) -> None:
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        await play.order("resolve", "two")
        opened = Path(play.leg("two").opened)
        settle(opened)
        (opened / "thought").write_text("half a thought\n")
        assert (await play.order("abandon", "two")).ok
        assert not is_there(opened)
        assert play.state("two") == "conflict"
        (rescued,) = play.of(f.WorkRescued)
        kept = scene.git("ls-tree", "-r", "--name-only", rescued.ref).split()
        assert "thought" in kept
        assert not (await play.order("abandon", "two")).ok
        assert (await play.order("resolve", "two")).ok, "it can be opened again"
        assert (await play.order("abandon", "two")).ok
        assert len(play.of(f.WorkRescued)) == 1, "nothing was edited this time"
    scene.check()


async def test_the_same_conflict_again_is_settled_by_memory(scene: Scene) -> None:
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        await play.order("resolve", "two")
        settle(Path(play.leg("two").opened))
        await play.order("resolved", "two")
        await play.until_state(two="review")
        await play.order("reject", "two", reason="again")
        # The agent begins anew from where it was: the same conflict comes back.
        first = next(one.commit for one in play.of(f.WorkCommitted) if one.leg == "two")
        scene.does("two", f"git reset -q --hard {first}; git commit -q --allow-empty -m x")
        await play.order("retry", "two")
        await play.until_state(two="review")
        await play.order("approve", "two")
        await play.until_state(two="conflict")
        await play.order("resolve", "two")
        opened = Path(play.leg("two").opened)
        assert "remembered resolutions settled text" in play.leg("two").reason
        assert (opened / "text").read_text() == START.replace("line 5\n", "one 5\ntwo 5\n")
        assert (await play.order("resolved", "two")).ok
        await play.until_state(two="review")
        await play.order("approve", "two")
        await play.until_merged("two")
    assert not (scene.repo / ".git" / "rr-cache").exists()
    assert holds_both(scene)
    scene.check()


async def test_on_conflict_rebase_is_picked_by_itself_once(scene: Scene) -> None:
    prepared(scene, merge={"on_conflict": "rebase"})
    async with scene.driving() as play:
        await conflicted(play)
        await play.until(lambda now: now.of(f.ResolutionEnded))
        assert play.state("two") == "conflict"
        assert len(play.of(f.ResolutionAsked)) == 1
        assert len(play.of(f.ConflictFound)) == 1
    scene.check()


@pytest.mark.parametrize("retries", [0, 2])
async def test_on_conflict_rerun_ends_when_the_agent_never_mends(scene: Scene, retries: int) -> None:
    prepared(scene, merge={"on_conflict": "rerun"}, limits={"retries": retries})
    scene.plan(
        {"one": TWO["one"], "two": {"does": f"{TWO['two']['does']}; echo $attempt > try"}},
        approve={"merge": "never"},
        merge={"on_conflict": "rerun"},
        limits={"retries": retries, "agents": 2},
    )
    scene.does("two", f"wait_for go; {TWO['two']['does']}; echo $attempt > try")
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("one")
        scene.go("go")
        wanted = max(retries, 1)
        await play.until(lambda now: len(now.of(f.ConflictFound)) == wanted + 1 and now.state("two") == "conflict")
        assert len(play.of(f.ResolutionAsked)) == wanted
        assert len(scene.begun("two")) == wanted + 1
        assert not play.leg("two").resolving
    scene.check()


async def test_on_conflict_rerun_mends_without_a_human(scene: Scene) -> None:
    prepared(scene)
    mends = "git merge -q main || { sed -i '/^[<=>][<=>]/d' text; git commit -qam Mended; }"
    does = f"if [ $attempt = 1 ]; then wait_for go; {TWO['two']['does']}; else {mends}; fi"
    scene.plan({"one": TWO["one"], "two": {"does": does}}, merge={"on_conflict": "rerun"})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("one")
        scene.go("go")
        await play.until_merged()
    assert holds_both(scene)
    scene.check()


@pytest.mark.parametrize("verb", ["rebase", "rerun", "resolve", "resolved", "abandon"])
async def test_a_driver_that_is_killed_at_a_step_of_a_resolution_goes_on_with_it(scene: Scene, verb: str) -> None:
    prepared(scene)
    mends = "git merge -q main || { sed -i '/^[<=>][<=>]/d' text; git commit -qam Mended; }"
    scene.does("two", f"if [ $attempt = 1 ]; then {TWO['two']['does']}; else {mends}; fi")
    async with scene.client() as play:
        await conflicted(play)
        if verb == "rebase":
            assert (await play.order("rollback", "one")).ok
        if verb in ("resolved", "abandon"):
            await play.order("resolve", "two")
            settle(Path(play.leg("two").opened))
        giving = asyncio.create_task(play.handle.order(_order(verb)))
        seen = len(play.of(f.ResolutionAsked))
        await play.until(lambda now: len(now.of(f.ResolutionAsked)) > seen or giving.done())
        scene.kill_driver()
        await asyncio.gather(giving, return_exceptions=True)
        await play.until(lambda now: not now.view.connected)
        await play.until(lambda now: now.view.connected and not now.leg("two").resolving)
        if verb == "abandon":
            await play.until_state(two="conflict")
            if play.leg("two").opened:
                assert (await play.order("abandon", "two")).ok
            listed = scene.git("for-each-ref", "--format=%(refname)", "refs/cockpit/rescue").split()
            texts = [scene.git("show", f"{ref}:text", check=False) for ref in listed]
            assert any("one 5\ntwo 5\n" in text for text in texts)
            assert (await play.order("resolve", "two")).ok
        if verb in ("resolve", "abandon"):
            await play.until(lambda now: now.leg("two").opened)
            settle(Path(play.leg("two").opened))
        if verb in ("resolve", "abandon", "resolved") and play.state("two") == "conflict":
            assert (await play.order("resolved", "two")).ok
        await play.until_state(two="review")
        await play.order("approve", "two")
        await play.until_merged("two")
        await play.order("stop-driver")
    assert "two 5" in scene.base_file("text")
    assert scene.merges_of("two") == 1
    assert not any("conflicts" in one for one in worktrees(scene))
    scene.check()


async def test_a_conflict_worktree_that_a_killed_driver_left_is_taken_away(scene: Scene) -> None:
    """The driver was killed after the resolution was recorded, and before its worktree was dropped."""
    prepared(scene)
    async with scene.driving() as play:
        await conflicted(play)
        await play.order("resolve", "two")
        opened = Path(play.leg("two").opened)
        play.driver.engine.record(f.ResolutionEnded("two", "as if"))
        await play.driver.engine.durable()
    assert is_there(opened)
    async with scene.driving() as play:
        await play.until(lambda now: not is_there(opened))
        assert play.state("two") == "conflict"
        assert (await play.order("resolve", "two")).ok
        settle(opened)
        assert (await play.order("resolved", "two")).ok
        await play.until_state(two="review")
    scene.check()


# --- rebase_others ------------------------------------------------------------------------------------------------


APART = {"one": {"priority": "P0"}, "two": {}}


async def test_what_awaits_its_review_is_brought_onto_base_after_a_merge(scene: Scene) -> None:
    gate = {"name": "look", "run": "true"}
    prepared(scene, workstreams={**APART, "three": {}}, gates=[gate])
    async with scene.driving() as play:
        await play.start()
        await play.until_state(one="review", two="review", three="review")
        old = play.leg("two")
        await play.order("approve", "one")
        await play.until_merged("one")
        await play.until(lambda now: len(now.of(f.LegRebased)) == 2)
        leg = play.leg("two")
        assert leg.state.value == "review"
        assert leg.base == scene.git("rev-parse", "main").strip()
        assert run_git(scene.worktree("two"), "rev-parse", "HEAD").strip() == leg.commit != old.commit
        assert (scene.worktree("two") / "one.txt").exists()
        assert [one.tree == leg.tree for one in play.snapshot.gates["two"]] == [False], "of an older tree"
        rescued = play.snapshot.workstreams["two"].rescues
        assert [scene.git("rev-parse", f"{ref}^{{commit}}").strip() for ref in rescued]
        assert all(not run_git(scene.repo, "merge-base", "--is-ancestor", old.commit, ref) for ref in rescued)
        gated = len(play.of(f.GateFinished))
        await play.order("approve", "two")
        await play.until_merged("two")
        assert len(play.of(f.GateFinished)) == gated + 1, "its new tree was gated before base moved"
    assert scene.base_file("two.txt") == "two 1\n"
    scene.check()


@pytest.mark.parametrize("way", ["off", "conflict", "dirty"])
async def test_what_is_not_rebased_stays_as_it_was(scene: Scene, way: str) -> None:
    settings = {"rebase_others": way != "off"}
    prepared(scene, workstreams=APART if way != "conflict" else TWO, merge=settings)
    async with scene.driving() as play:
        await play.start()
        await play.until_state(one="review", two="review")
        old = play.leg("two")
        if way == "dirty":
            (scene.worktree("two") / "thought").write_text("half a thought\n")
        await play.order("approve", "one")
        await play.until_merged("one")
        await play.until(lambda now: not now.driver.engine.under_way())
        assert not play.of(f.LegRebased)
        assert play.leg("two") == old
        assert run_git(scene.worktree("two"), "rev-parse", "HEAD").strip() == old.commit
        status = run_git(scene.worktree("two"), "status", "--porcelain")
        assert status == ("?? thought\n" if way == "dirty" else "")
        if way != "conflict":
            await play.order("approve", "two")
            await play.until_merged("two")
    shutil.rmtree(scene.stage)
    scene.check()


def _order(verb: str) -> Any:
    from cockpit.schedule.orders import Order

    return Order(verb, ("two",), "test")
