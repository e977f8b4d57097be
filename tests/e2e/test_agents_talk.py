"""What agents say from inside their runs: scripted agents that note, ask, send and look, with the real commands."""

import asyncio
import sys

import pytest

from cockpit.engine.driver import drive
from cockpit.schedule import facts as f
from cockpit.schedule.wording import words
from tests.engine.scenes import WRITES, Scene

INSIDE = """
cockpit note "reading the schema"
cockpit inbox > "$STAGE/mail"
cockpit send b "the schema is version 2"
cockpit done A-1
cockpit approve "$STAGE/../plan.yaml" a > "$STAGE/approved" 2>&1
timeout 1.5 cockpit ask "Which port?" --choice 80 --choice 8080 > /dev/null 2>&1
tell cut
cockpit ask "Which  port?" --choice 80 > answer.txt
cockpit ask "Nobody is there?" --timeout 0.05s > "$STAGE/late" 2>&1
echo "$?" >> "$STAGE/late"
tell asked
"""
OTHER = """
wait_for asked
echo b > shared.txt
cockpit shared shared.txt > "$STAGE/shared"
cockpit inbox > "$STAGE/mail.b"
"""


@pytest.mark.anyio
async def test_agents_note_ask_send_and_are_answered(scene: Scene) -> None:
    issues = [{"id": "A-1"}, {"id": "A-2"}]
    scene.plan({"a": {"does": INSIDE + WRITES, "issues": issues}, "b": {"does": OTHER + WRITES}})
    async with scene.driving() as play:
        await play.start("a", "b")
        await play.until(lambda one: one.snapshot.open_questions("a"), 20)
        assert (play.state("a"), play.snapshot.state()) == ("running", "attention")
        assert (play.leg("a").note, play.leg("a").claimed) == ("reading the schema", ("A-1",))
        await play.until_there("cut")
        answer = await play.order("answer", "a", number=2)
        assert answer.ok, answer.note
        await play.until_merged("a", "b", seconds=20)
        hows = [one.how for one in play.of(f.QuestionAnswered)]
        assert hows == ["operator", "timeout"]
        assert [one.how for one in play.of(f.MessagesRead)] == ["inbox"]
        given = [one for one in play.of(f.OrderGiven) if one.how]
        assert [one.verb for one in given if one.targets == ("b",)] == ["shared", "inbox"]
        looked = [(one.verb, one.reason) for one in given if one.targets == ("a",)]
        assert looked[1] == ("inbox", ""), "nothing was there"
        again = next(one for one in given if one.verb == "ask" and one.expected)
        assert (again.reason, words(again)) == ("", f"order ask a by {again.by}: waits on for {again.expected}")
    assert scene.base_file("answer.txt").strip() == "8080"
    assert "for humans" in (scene.stage / "approved").read_text()
    assert (scene.stage / "late").read_text().splitlines()[-1] == "1"
    assert (scene.stage / "mail.b").read_text() == "a: the schema is version 2\n"
    assert (scene.stage / "shared").read_text() == "nobody else is changing shared.txt\n"
    assert "no message" not in (scene.stage / "mail").read_text()
    assert "cockpit ask" in scene.prompts("a")[0]
    scene.check()


@pytest.mark.anyio
async def test_the_same_by_an_mcp_server_on_stdio(scene: Scene) -> None:
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    scene.plan(
        {"a": {"does": 'env > "$STAGE/env.new"; mv "$STAGE/env.new" "$STAGE/env"; wait_for go\n' + WRITES}, "b": {}}
    )
    async with scene.driving() as play:
        await play.start("a")
        await play.until_there("env")
        env = dict(line.split("=", 1) for line in (scene.stage / "env").read_text().splitlines() if "=" in line)
        server = StdioServerParameters(command=sys.executable, args=["-m", "cockpit", "mcp"], env=env, cwd=env["PWD"])
        async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
            await client.initialize()
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert names == {"note", "ask", "answer", "send", "inbox", "shared", "done"}
            assert not (await client.call_tool("note", {"text": "begun"})).isError
            assert play.driver.engine.snapshot.leg_under_way("a").note == "begun"
            refused = await client.call_tool("send", {"workstream": "nobody", "text": "hi"})
            assert refused.isError
            assert "there is no workstream nobody" in str(refused.content)
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(client.call_tool("ask", {"question": "Which?", "choices": ["x", "y"]}))
                await play.until(lambda one: one.snapshot.open_questions("a"))
                assert (await play.order("answer", "a", number=2)).ok
            assert "text='y'" in str(asking.result().content)
            (asked,) = play.snapshot.questions
            for _ in "12":
                again = await client.call_tool("answer", {"question": asked})
                assert "text='y'" in str(again.content)
            await play.until(lambda one: any(given.expected == asked for given in one.of(f.OrderGiven)))
            assert sum(given.expected == asked for given in play.of(f.OrderGiven)) == 1
        scene.go("go")
        await play.until_merged("a")


@pytest.mark.anyio
async def test_a_run_in_the_foreground_ends_where_only_an_answer_can_go_on(scene: Scene) -> None:
    scene.plan({"a": {"does": "cockpit ask Really? > answer.txt\n"}, "b": {"depends_on": ["a"]}})
    async with asyncio.timeout(20):
        assert await drive(scene.project()) == 1
    async with scene.driving() as play:  # its agent goes on, and is taken over
        await play.until(lambda one: one.snapshot.open_questions("a"))
        assert (await play.order("answer", "a", reason="yes")).ok
        await play.until_merged("a", "b", seconds=20)
    assert scene.base_file("answer.txt") == "yes\n"
    scene.check()
