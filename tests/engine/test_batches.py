"""Batches and strategies: what is built as one chain and gated once, who goes back, and what commits look like."""

from pathlib import Path
from typing import Any

import pytest

from cockpit.schedule import facts as f
from tests.engine.scenes import Play, Scene

pytestmark = pytest.mark.anyio


def gate(scene: Scene, run: str = "true") -> dict[str, Any]:
    """Return a merge gate that notes each of its runs, with the files it saw."""
    return {
        "name": "whole",
        "when": "merge",
        "run": f"ls | tr '\\n' ' ' >> {scene.stage}/gated; echo >> {scene.stage}/gated; {run}",
    }


def gated(scene: Scene) -> list[set[str]]:
    file = Path(scene.stage / "gated")
    return [set(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


async def approved(play: Play, *workstreams: str) -> None:
    """Run workstreams up to their review, and approve all at once."""
    await play.start(*workstreams)
    await play.until(lambda now: all(now.state(one) == "review" for one in workstreams))
    await play.order("approve", *workstreams)


async def test_what_is_disjoint_is_one_chain_that_is_gated_once(scene: Scene) -> None:
    keys = ("a", "b", "c", "d")
    scene.plan({key: {} for key in keys}, gates=[gate(scene)], approve={"merge": "always"})
    async with scene.driving() as play:
        await approved(play, *keys)
        await play.until(lambda now: len(now.of(f.LegMerged)) == len(keys))
        assert len(play.of(f.GateFinished)) == 1
        built = play.of(f.MergeBuilt)
        assert [one.leg for one in built] == [one.leg for one in play.of(f.LegMerged)] == list(keys)
        assert [one.onto for one in built[1:]] == [one.commit for one in built[:-1]]
    assert len(gated(scene)) == 1
    assert {f"{key}.txt" for key in keys} <= gated(scene)[0]
    assert [scene.merges_of(key) for key in keys] == [1] * 4
    assert len(scene.git("reflog", "main").splitlines()) == 2, "base moved once"
    scene.check()


async def test_what_overlaps_is_gated_one_by_one(scene: Scene) -> None:
    does = "mkdir -p d; printf '%s\\n' 1 2 3 4 5 6 7 8 9 > d/shared; git add .; git commit -qm x"
    scene.plan(
        {
            "first": {"does": does},
            "a": {"depends_on": ["first"]},
            "b": {"depends_on": ["first"]},
            "c": {"depends_on": ["first"]},
        },
        gates=[gate(scene)],
        approve={"merge": "always"},
    )
    scene.does("a", "sed -i 's/^1$/a/' d/shared")
    scene.does("b", "sed -i 's/^9$/b/' d/shared")
    async with scene.driving() as play:
        await approved(play, "first")
        await play.until_merged("first")
        await approved(play, "a", "b", "c")
        await play.until_merged()
    assert scene.base_file("d/shared").splitlines() == ["a", *"2345678", "b"]
    runs = gated(scene)[1:]
    assert len(runs) == 2, "a alone; b and c, which are disjoint, together"
    assert [("c.txt" in one) for one in runs] == [False, True]
    scene.check()


async def test_legs_of_different_rounds_are_no_batch(scene: Scene) -> None:
    scene.plan(
        {"late": {"depends_on": ["early"]}, "early": {}, "other": {}}, gates=[gate(scene)], approve={"merge": "always"}
    )
    async with scene.driving() as play:
        await approved(play, "early")
        await play.until_merged("early")
        await approved(play, "late", "other")
        await play.until(lambda now: len(now.of(f.LegMerged)) == 3)
        assert [one.leg for one in play.of(f.LegMerged)] == ["early", "other", "late"]
    assert len(gated(scene)) == 3
    scene.check()


@pytest.mark.parametrize(("culprit", "strategy"), [("a", "merge"), ("d", "squash"), ("f", "rebase")])
async def test_a_batch_is_halved_until_the_culprit_alone_goes_back(scene: Scene, culprit: str, strategy: str) -> None:
    keys = ("a", "b", "c", "d", "e", "f")
    does: dict[str, dict[str, Any]] = {key: {} for key in keys}
    does[culprit] = {"does": "echo bad > bad"}
    scene.plan(
        does,
        gates=[gate(scene, "! test -e bad")],
        approve={"merge": "always"},
        merge={"strategy": strategy},
        limits={"agents": 6},
    )
    async with scene.driving() as play:
        await approved(play, *keys)
        await play.until(lambda now: now.state(culprit) == "failed" and not now.driver.engine.under_way())
        await play.until_merged(*(key for key in keys if key != culprit))
        assert "gate whole failed" in play.leg(culprit).reason
        assert [one.leg for one in play.of(f.LegFailed)] == [culprit]
    assert scene.base_file("bad") == ""
    assert len(gated(scene)) <= 7, "as many runs as halving needs, not one for each"
    if strategy != "rebase":
        assert [scene.merges_of(key) for key in keys] == [int(key != culprit) for key in keys]
    scene.check()


OWN = """
export GIT_AUTHOR_NAME='Agent Ada' GIT_AUTHOR_EMAIL=ada@example.org GIT_COMMITTER_NAME='Agent Ada'
for n in 1 2; do echo $n > "$COCKPIT_WORKSTREAM.$n"; git add .; git commit -qm "Step $n of $COCKPIT_WORKSTREAM"; done
"""


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
async def test_what_each_strategy_leaves_on_base(scene: Scene, strategy: str) -> None:
    message = "{title} ({workstream}, {leg}): {issues}\n\n{list}"
    issues = [{"id": "A-1", "title": "First"}, {"id": "A-2"}]
    scene.plan(
        {
            "a": {
                "does": OWN,
                "title": "Two steps",
                "issues": issues,
                "merge": {"strategy": strategy, "message": message},
            }
        },
        merge={"strategy": "merge"},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_merged()
    shown = scene.git("log", "--first-parent", "--format=%an|%cn|%s", "main").splitlines()[:-1]
    titled = "Two steps (a, a/A-1): A-1, A-2"
    expected = {
        "merge": [f"Olga Operator|Olga Operator|{titled}"],
        "squash": [f"Agent Ada|Olga Operator|{titled}"],
        "rebase": ["Agent Ada|Olga Operator|Step 2 of a", "Agent Ada|Olga Operator|Step 1 of a"],
    }
    assert shown == expected[strategy]
    if strategy != "rebase":
        body = scene.git("log", "-1", "--format=%b", "main")
        assert body.startswith("- A-1: First\n- A-2\n")
        assert "Cockpit-Leg: a/A-1" in body
        assert scene.merges_of("a/A-1") == 1
    assert len(scene.git("rev-list", "--parents", "-1", "main").split()) == (3 if strategy == "merge" else 2)
    assert scene.base_file("a.1") + scene.base_file("a.2") == "1\n2\n"
    scene.check()
