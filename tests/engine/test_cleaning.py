"""Clean-up knows what is on base in any form: it keeps what is not, and makes no rescue for what is."""

from typing import Any

import pytest

from cockpit.git.repo import Repo
from cockpit.git.rescue import listed
from cockpit.schedule import facts as f
from tests.engine.scenes import Scene
from tests.git.repos import commit

pytestmark = pytest.mark.anyio

TWICE = 'echo 1 > "a$attempt"; git add . && git commit -qm Own; echo 2 >> "a$attempt"\n'


@pytest.mark.parametrize("strategy", ["squash", "rebase"])
async def test_what_is_on_base_in_another_form_needs_no_rescue(scene: Scene, strategy: str) -> None:
    issues = [{"id": "A-1"}, {"id": "A-2", "depends_on": ["A-1", "B-1"]}]
    streams: dict[str, dict[str, Any]] = {
        "a": {"does": TWICE, "issues": issues},
        "b": {"issues": [{"id": "B-1", "depends_on": ["A-1"]}]},
    }
    scene.plan(streams, cleanup="merged", merge={"strategy": strategy})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        await play.until(lambda now: len(now.of(f.WorktreeRemoved)) == 2)
        assert len(play.snapshot.legs_of("a")) == 2
        removed = play.of(f.WorktreeRemoved)
    assert (scene.base_file("a1"), scene.base_file("a2")) == ("1\n2\n", "1\n2\n")
    assert [one.rescue for one in removed] == ["", ""]
    assert all(one.freed for one in removed)
    assert listed(Repo.open(scene.repo), "scene") == ()
    assert scene.git("branch", "--list", "--format=%(refname:short)").split() == ["main"]
    scene.check()


async def test_what_goes_unkept_is_counted_before_it_goes(scene: Scene) -> None:
    does = "printf '*.o\\nbuild/\\n' > .gitignore; mkdir build; echo 1 | tee build/x build/y a.o > .env"
    scene.plan({"a": {"does": does}}, setup={"copy": [".env*"]})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        counted = await play.handle.ask("ignored", workstreams=["a", "no-such"])
        assert counted["files"] == 3
        assert counted["bytes"] > 0
        assert (await play.order("cleanup", "a")).ok
        assert await play.handle.ask("ignored", workstreams=["a"]) == {"files": 0, "bytes": 0}
    scene.check()


async def test_what_a_plan_says_that_its_agent_leaves_is_kept_when_a_worktree_goes(scene: Scene) -> None:
    streams = {"a": {"does": "echo work > a.md; echo more > b.txt"}}
    scene.plan(streams, agents={"aider": {"preset": "aider"}})
    assert scene.project().worthless == (".aider*",)
    scene.plan(streams, agents={"aider": {"preset": "aider", "leaves": []}})
    assert scene.project().worthless == (), "what the plan calls work by leaving it out"
    own = {"run": ["sh", str(scene.stage / "agent.sh")], "env": {"STAGE": str(scene.stage)}, "leaves": ["*.txt"]}
    scene.plan(streams, agents={"own": own}, cleanup="merged")
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        await play.until(lambda now: now.of(f.WorktreeRemoved))
        (removed,) = play.of(f.WorktreeRemoved)
    assert "b.txt" not in scene.git("ls-tree", "--name-only", "main")
    assert scene.git("show", f"{removed.rescue}:b.txt").strip() == "more", "a pattern may match work"
    scene.check()


async def test_what_came_after_a_squash_is_kept_and_what_base_did_with_it_since_does_not_matter(scene: Scene) -> None:
    scene.plan({"a": {"does": "echo 1 > a1"}, "b": {"does": "echo 1 > b1"}}, merge={"strategy": "squash"})
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        commit(scene.repo, "Changed since", {"a1": "of base\n", "b1": "of base\n"})
        late = commit(scene.worktree("b"), "Too late", {"b1": "late\n"})
        assert (await play.order("cleanup", everything=True)).ok
        rescues = {key: one.rescues for key, one in play.snapshot.workstreams.items()}
    assert rescues["a"] == ()
    (ref,) = rescues["b"]
    assert late in scene.git("rev-list", ref).split()
    scene.check()
