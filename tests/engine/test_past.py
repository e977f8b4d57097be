"""What a driver answers about what was and what is to come: facts page by page, commands, figures, reports."""

import csv
import json
import stat
from pathlib import Path

import pytest

from cockpit.errors import CockpitError
from cockpit.schedule import facts as f
from cockpit.schedule.facts import to_json
from tests.engine.scenes import Play, Scene

pytestmark = pytest.mark.anyio


async def test_a_driver_tells_what_was_what_it_ran_and_what_is_to_come(scene: Scene) -> None:
    work = {"a": {"does": "wait_for told; echo 1 > a1"}, "b": {"does": "echo 1 > b1"}}
    scene.plan(work, gates=[{"name": "t", "run": "echo fine"}])
    async with scene.driving() as play:
        ahead = await play.handle.ask("outlook", agents=2)
        assert (ahead["agents"], ahead["all_wanted"], len(ahead["legs"])) == (2, True, 2)
        await play.start()
        await play.until(lambda play: (told := play.view.readings.forecast) and told.p50_s is not None)
        scene.go("told")
        await play.until_merged()
        await pages(play)
        await on_base(play)
        await commands(play)
        points = (await play.handle.ask("trends", window="1h"))["points"]
        assert sum(one["merged"] for one in points) == 2
        assert sum(one["gates"] for one in points) >= 2
        legs = (await play.handle.ask("stints"))["legs"]
        assert [one[0] for one in legs[play.leg("a").key]][-1] == "merged"
        await exported(play)
        for question, wrong in (("trends", {"window": "2h"}), ("outlook", {"agents": 0}), ("fact", {"seq": 9_999})):
            with pytest.raises(CockpitError):
                await play.handle.ask(question, **wrong)
    kept = json.loads(scene.project().state.estimates.read_text())
    assert kept
    assert all(one[0] <= one[1] <= one[2] for one in kept)


async def pages(play: Play) -> None:
    """Read the journal from its end, page by page, and what a filter leaves of it."""
    await play.driver.engine.durable()
    seen: list[int] = []
    before = None
    while before != 0:
        page = await play.handle.ask("facts", before=before, limit=7)
        seen += [one[0] for one in page["facts"]]
        before = page["next"]
    assert seen == list(range(seen[0], 0, -1))
    merged = await play.handle.ask("facts", text="kind:legmerged workstream:a")
    ((seq, _, kind, about, words),) = merged["facts"]
    assert (kind, about.partition("/")[0]) == ("LegMerged", "a")
    one = await play.handle.ask("fact", seq=seq)
    (fact,) = [fact for fact in play.of(f.LegMerged) if fact.leg == about]
    assert (one["kind"], one["words"], one["fields"]) == ("LegMerged", words, to_json(fact))


async def on_base(play: Play) -> None:
    """Look for the merges in the log of base."""
    told = (await play.handle.ask("base"))["commits"]
    assert {merge.commit for merge in play.driver.engine.snapshot.merges} <= {one[0] for one in told}
    assert (await play.handle.ask("base", limit=1))["commits"] == told[:1]


async def commands(play: Play) -> None:
    """Look for git's commands, the gate and the agent among what was run."""
    told = (await play.handle.ask("ran", limit=500))["commands"]
    numbers = [one[0] for one in told]
    assert numbers == sorted(numbers, reverse=True)
    assert any(one[4].startswith("git ") and one[3] == 0 for one in told)
    (gate, *_) = (await play.handle.ask("ran", text="echo fine"))["commands"]
    assert (gate[3], gate[6].strip()) == (0, "fine")
    changes = (await play.handle.ask("ran", limit=500, text="kind:change !commit-tree"))["commands"]
    assert any(one[4].startswith("git worktree add") for one in changes)
    assert not any(one[4].startswith(("git status", "git diff", "git commit-tree")) for one in changes)
    older = await play.handle.ask("ran", before=numbers[0], limit=1)
    assert older["commands"][0][0] == numbers[1]


async def exported(play: Play) -> None:
    """Read the reports that were written, and who may."""
    paths = [Path(one) for one in (await play.handle.ask("export", window="24h"))["paths"]]
    assert [path.name.partition("-")[2].partition("-")[2] for path in paths] == ["trends-24h.csv", "legs.csv"]
    trends, legs = ([*csv.DictReader(path.read_text().splitlines())] for path in paths)
    assert sum(int(row["merged"]) for row in trends) == 2
    assert {row["workstream"] for row in legs if row["kind"] == "merged"} == {"a", "b"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
