"""Promise 6: what the plan passes to an agent stands in nothing that cockpit keeps, shows or tells the next run."""

import pytest

from cockpit.engine.handle import View
from cockpit.redaction import KNOWN
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio

SECRET = "geheim-und-lang-4711"
TELLS = (
    'echo "it is $SERVICE_TOKEN" ; echo "and $SERVICE_TOKEN here" >&2\n'
    'echo "EVIL $SERVICE_TOKEN" > bad.txt; echo "$SERVICE_TOKEN" > key.txt; exit 1'
)


async def test_a_secret_stands_in_no_log_journal_prompt_or_view(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", SECRET)
    agent = {"run": ["sh", str(scene.stage / "agent.sh")], "env": {"STAGE": str(scene.stage)}, "slots": 8}
    scene.plan(
        {
            "a": {"does": TELLS},
            "b": {"does": "echo $SERVICE_TOKEN > b.txt", "env": {}},
            "c": {"does": "echo EVIL $SERVICE_TOKEN > bad.txt"},
        },
        agents={"sh": {**agent, "pass_env": ["SERVICE_TOKEN"]}},
        limits={"retries": 1},
        gates=[{"name": "tells", "run": "cat *.txt; exit 1"}],
        quality={"quarantine": ["no-evil"], "settle": "0s", "forbid": [{"name": "no-evil", "pattern": "EVIL"}]},
    )
    async with scene.driving() as play:
        await play.start()
        await play.until_state(b="failed", c="quarantined")
        await play.until(lambda play: play.state("a") in ("failed", "quarantined"))
        assert "*" * len(SECRET) in play.leg("b").reason
        (found,) = play.snapshot.open_violations("c")
        assert found.excerpt == f"EVIL {'*' * len(SECRET)}"
        shown = await play.printed("a")
        assert SECRET not in shown
        assert not shown or f"it is {'*' * len(SECRET)}\n" in shown
        assert SECRET not in repr(View(play.snapshot, play.view.readings))
        assert SECRET not in repr(await play.handle.ask("gates", workstream="b"))
        assert SECRET not in repr(await play.handle.ask("commands"))
        assert (await play.order("release", "c", how="restart", reason="again")).ok
        await play.until(lambda play: len([run for run in play.snapshot.runs.values() if run.leg == "c"]) == 2)
        await play.until_state(c="quarantined")
    told = [path for path in scene.state_dir.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert [str(path) for path in told] == []
    scene.check()


async def test_what_a_changed_plan_says_of_secrets_is_hidden_also_of_the_ones_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.plan({"a": {"env": {"DOOR_KEY": "alt-und-geheim-1"}}})
    async with scene.driving():
        pass
    monkeypatch.setattr(KNOWN, "_values", ())  # as in a driver that never saw them
    scene.plan({"a": {"env": {"DOOR_KEY": "lang-" * 100}}})
    async with scene.driving() as play:
        await play.driver.engine.durable()
        (change,) = (await play.handle.ask("changes"))["changes"]
    assert (change["workstream"], change["field"]) == ("a", "env.DOOR_KEY")
    assert set(change["old"]) == {"*"}
    assert set(change["new"]) == {"*", "…"}, "it is cut, and its begin is hidden too"
    scene.check()
