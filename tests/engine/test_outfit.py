"""The worktrees that runs find: as wide as they must be, filled, set up, and told how they stand to base."""

from typing import Any

import pytest

from cockpit.cli.simulate import simulation_of
from cockpit.engine.preflight import preflight
from cockpit.git import sparse
from cockpit.schedule import facts as f
from tests.engine.scenes import WRITES, Scene
from tests.git.repos import commit, make_repo, run_git

pytestmark = pytest.mark.anyio

PARTS = {"src/api/a": "1\n", "src/web/w": "1\n", "docs/d.md": "1\n", "lib/l.md": "1\n"}
SPARSE: dict[str, Any] = {"files": ["src/api/**"], "sparse": True}


async def test_a_sparse_workstream_sees_its_scope_and_what_it_writes_elsewhere_is_merged(scene: Scene) -> None:
    commit(scene.repo, "Parts", PARTS)
    does = "ls src docs > src/api/seen 2>&1; mkdir -p lib; echo unseen > lib/l.md; echo n > fresh"
    scene.plan({"a": {"does": does, **SPARSE}, "b": {}}, shared_files=["docs/d.md"])
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
        assert sparse.is_sparse(scene.worktree("a"))
        assert not sparse.is_sparse(scene.worktree("b"))
    assert scene.base_file("src/api/seen") == "docs:\nd.md\n\nsrc:\napi\napp.py\n"
    assert (scene.base_file("lib/l.md"), scene.base_file("fresh")) == ("unseen\n", "n\n")
    assert (scene.base_file("src/web/w"), scene.base_file("docs/d.md")) == ("1\n", "1\n")
    assert "sparse-checkout add" in scene.prompts("a")[0]
    assert "sparse-checkout add" not in scene.prompts("b")[0]
    scene.check()


async def test_a_next_run_finds_what_an_earlier_one_touched_and_what_conflicts(scene: Scene) -> None:
    commit(scene.repo, "Parts", PARTS)
    scene.plan({"a": {"does": "mkdir -p lib; echo x > lib/new; tell a.on; wait_for never", **SPARSE}})
    async with scene.driving() as play:
        await play.start()
        await play.until_there("a.on")
        await play.until_state(a="running")
        assert not (scene.worktree("a") / "lib" / "l.md").exists()
        assert (await play.order("stop", "a")).ok
        scene.does("a", "cp lib/l.md src/api/copied; ls src > src/api/seen")
        assert (await play.order("retry", "a")).ok
        await play.until_merged()
    assert scene.base_file("src/api/copied") == "1\n"
    assert scene.base_file("src/api/seen") == "api\napp.py\n"
    assert scene.base_file("lib/new") == "x\n"
    scene.check()


@pytest.mark.parametrize("retries", [1, 0])
async def test_what_commands_name_is_there_and_a_run_that_failed_is_tried_again_with_everything(
    scene: Scene, retries: int
) -> None:
    commit(scene.repo, "Parts", {**PARTS, "tools/deep/check.sh": "exit 0\n", "tools/other": "o\n"})
    does = "ls tools/deep > src/api/seen; cat lib/l.md >> src/api/seen || exit 1"
    scene.plan(
        {"a": {"does": does, **SPARSE}}, setup={"run": ["sh ./tools/deep/check.sh"]}, limits={"retries": retries}
    )
    async with scene.driving() as play:
        await play.start()
        if not retries:
            await play.until_state(a="failed")
            assert (await play.order("retry", "a")).ok
        await play.until_merged()
        assert [one.outcome for one in play.of(f.RunEnded)] == ["failed", "done"]
    assert scene.base_file("src/api/seen") == "check.sh\n1\n"
    first, second = scene.prompts("a")
    assert "sparse-checkout" in first
    assert "sparse-checkout" not in second
    scene.check()


def test_the_disk_that_is_needed_counts_a_sparse_worktree_as_the_part_that_it_holds(scene: Scene) -> None:
    commit(scene.repo, "Parts", {**PARTS, "lib/large": "x" * 900_000, "src/api/b": "x" * 100_000})
    scene.plan({"a": SPARSE, "b": {}}, limits={"min_free_disk": "1MB"})
    (disk,) = [one for one in preflight(scene.project()) if one.name == "disk"]
    assert disk.detail.startswith("2 worktrees of 100 KB to 1.0 MB + ")
    assert 1_100_000 < simulation_of(scene.project()).per_agents[0].disk_bytes < 1_200_000
    scene.plan({"a": {}, "b": SPARSE}, limits={"min_free_disk": "1MB"}, setup={"run": ["sh lib/../../outside"]})
    (disk,) = [one for one in preflight(scene.project()) if one.name == "disk"]
    assert disk.detail.startswith("2 worktrees of 100 KB to 1.0 MB + "), "a command may name what is outside"
    scene.plan({"a": {}, "b": {}}, limits={"min_free_disk": "1MB"})
    (disk,) = [one for one in preflight(scene.project()) if one.name == "disk"]
    assert disk.detail.startswith("2 worktrees × 1.0 MB + ")


async def test_a_gate_that_fails_on_a_part_is_run_on_the_whole_before_it_counts(scene: Scene) -> None:
    commit(scene.repo, "Parts", PARTS)
    gate = {"name": "needs-web", "run": f'part=web; pwd >> {scene.stage}/gated; test -e "src/$part/w"'}
    bad = {"name": "bad", "run": "test ! -e src/api/bad"}
    streams = {"a": {**SPARSE, "does": "echo 2 > src/api/a"}, "b": {**SPARSE, "does": "echo > src/api/bad"}}
    scene.plan(streams, gates=[gate, bad])
    async with scene.driving() as play:
        await play.start()
        await play.until_merged("a")
        await play.until_state(b="failed")
        assert "bad" in play.leg("b").reason
        assert not sparse.is_sparse(scene.worktree("a"))
    assert (scene.stage / "gated").read_text().split().count(str(scene.worktree("a"))) == 2
    scene.check()


async def test_what_passed_on_a_part_is_gated_on_the_whole_before_base_moves(scene: Scene) -> None:
    commit(scene.repo, "Parts", PARTS)
    gate = {"name": "no-web", "run": f'part=web; pwd >> {scene.stage}/gated; test ! -e "src/$part/w"'}
    scene.plan({"a": {**SPARSE, "does": "echo 2 > src/api/a"}}, gates=[gate])
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
    assert (scene.stage / "gated").read_text().split() == [str(scene.worktree("a")), str(scene.state.integration)]
    assert scene.base_file("src/api/a") == "1\n"
    scene.check()


async def test_submodules_are_filled_and_what_stays_empty_is_told(scene: Scene) -> None:
    for name in ("one", "two"):
        library = make_repo(scene.top, {"lib.py": "x = 1\n"}, name)
        args = ("submodule", "--quiet", "add", str(library), f"vendor/{name}")
        run_git(scene.repo, "-c", "protocol.file.allow=always", *args)
    commit(scene.repo, "Libraries")
    run_git(scene.repo, "submodule", "--quiet", "deinit", "vendor/two")
    (scene.repo / ".git" / "modules" / "vendor" / "two").rename(scene.top / "away")
    scene.plan({"a": {"does": "cp vendor/one/lib.py copied; wait_for a.go"}}, cleanup="merged")
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="running")
        await play.until(lambda now: now.view.readings.notes.get("a: worktree"))
        note = play.view.readings.notes["a: worktree"]
        assert "vendor/two" in note
        assert "vendor/one" not in note
        scene.go("a.go")
        await play.until_merged()
        await play.until(lambda now: now.of(f.WorktreeRemoved))
        await play.until(lambda now: "a: worktree" not in now.view.readings.notes)
    assert note in scene.prompts("a")[0]
    assert scene.base_file("copied") == "x = 1\n"
    assert run_git(scene.repo / "vendor/one", "worktree", "list").count("\n") == 1
    scene.check()


async def test_a_next_run_is_told_what_came_to_base_meanwhile(scene: Scene) -> None:
    waits = "tell a.on; wait_for a.go; echo 1 >> README.md; exit 1"
    scene.plan({"a": {"does": waits}, "b": {"does": WRITES + "echo x > other", "title": "B"}})
    async with scene.driving() as play:
        await play.start("a")
        await play.until_there("a.on")
        await play.start("b")
        await play.until_merged("b")
        commit(scene.repo, "By hand", {"by-hand": "1\n"})
        scene.go("a.go")
        await play.until_state(a="failed")
        scene.does("a", WRITES)
        assert (await play.order("retry", "a")).ok
        await play.until_merged()
    first, second = scene.prompts("a")
    assert "moved on" not in first
    assert "`main` moved on by 3 commits that this branch lacks; merged were b." in second
    assert "Changed there: `b.txt`, `by-hand`, `other`." in second
    scene.check()


async def test_a_retry_begins_on_base_as_it_is_now_where_that_takes_nothing_away(scene: Scene) -> None:
    commits = 'git add -A && git commit -qm "Part" && exit 1'
    left = {
        "none": "exit 1",
        "own": f"echo 1 > own; {commits}",
        "foe": f"echo mine > hand; {commits}",
        "loose": "echo 1 > loose; git add loose; echo 2 > loose; exit 1",
        "alone": f"echo 1 > alone; {commits}",
    }
    rows: dict[str, Any] = {key: {"does": does} for key, does in left.items()}
    rows["alone"]["merge"] = {"rebase_others": False}
    scene.plan(rows, limits={"agents": 5})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: all(now.state(key) == "failed" for key in left))
        tip = commit(scene.repo, "By hand", {"hand": "1\n"})
        for key in left:
            scene.does(key, f"cat hand > seen.{key}; tell {key}.on; exit 1")
            assert (await play.order("retry", key)).ok
        await play.until_there(*(f"{key}.on" for key in left))
        await play.until(lambda now: all(now.state(key) == "failed" for key in left))
        seen = {key: (scene.worktree(key) / f"seen.{key}").read_text() for key in left}
        assert seen == {"none": "1\n", "own": "1\n", "foe": "mine\n", "loose": "", "alone": ""}
        assert {key for key in left if play.leg(key).base == tip} == {"none", "own"}
        assert run_git(scene.worktree("own"), "log", "-1", "--format=%s %P").strip() == f"Part {tip}"
        assert run_git(scene.worktree("loose"), "show", ":loose") == "1\n"
        assert (scene.worktree("loose") / "loose").read_text() == "2\n"
        assert len(play.snapshot.workstreams["own"].rescues) == 1
    told = {key: scene.prompts(key)[1] for key in left}
    assert all("`main` moved on by 1 commit that this branch" in one for one in told.values())
    assert {key for key, one in told.items() if "now holds. Changed there: `hand`" in one} == {"none", "own"}


async def test_a_set_up_tells_its_progress_and_one_that_failed_is_no_broken_worktree(scene: Scene) -> None:
    once = f"echo begun; [ -e {scene.stage}/go ] || {{ echo no network >&2; exit 7; }}"
    waits = f"while [ ! -e {scene.stage}/on ]; do sleep 0.02; done"
    scene.plan({"a": {}}, setup={"run": [waits, 'test "$COCKPIT_PORT" -gt 1024', once], "timeout": "5s"})
    async with scene.driving() as play:
        await play.start()
        await play.until(lambda now: _activity(now).startswith(f"setting up: {waits}"))
        await play.until(lambda now: _activity(now).endswith(", 1 s"))
        scene.go("on")
        await play.until_state(a="failed")
        assert "no network" in play.leg("a").reason
        assert not play.view.readings.runs
        assert play.snapshot.workstreams["a"].worktree, "it is known, so it can be cleaned up"
        logs = sorted(one.name for one in scene.state.path.rglob("setup-*.log"))
        assert logs == ["setup-1.log", "setup-2.log", "setup-3.log"]
        scene.go("go")
        assert (await play.order("retry", "a")).ok
        await play.until_merged()
        assert len(scene.begun("a")) == 1
        assert sum(isinstance(one, f.WorktreeMade) for one in play.facts) == 1
        assert (await play.order("cleanup", "a")).ok
    scene.check()


async def test_a_set_up_that_takes_too_long_is_ended(scene: Scene) -> None:
    scene.plan({"a": {}}, setup={"run": ["while :; do sleep 0.1; done"], "timeout": "0.3s"})
    async with scene.driving() as play:
        await play.start()
        await play.until_state(a="failed")
        assert "time limit" in play.leg("a").reason
        await play.order("stop", "a")
        assert (await play.order("cleanup", "a")).ok
    scene.check()


def _activity(play: Any) -> str:
    run = play.view.readings.runs.get(play.leg("a").run)
    return run.activity if run else ""
