"""What agents say from inside their runs: scripted agents that note, ask, send and look, with the real commands."""

import pytest

from cockpit.schedule import facts as f
from tests.engine.scenes import WRITES, Scene

INSIDE = """
cockpit note "reading the schema"
cockpit inbox > "$STAGE/mail"
cockpit send b "the schema is version 2"
cockpit done A-1
cockpit approve "$STAGE/../plan.yaml" a > "$STAGE/approved" 2>&1
cockpit ask "Which port?" --choice 80 --choice 8080 > answer.txt
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
        answer = await play.order("answer", "a", number=2)
        assert answer.ok, answer.note
        await play.until_merged("a", "b", seconds=20)
        hows = [one.how for one in play.of(f.QuestionAnswered)]
        assert hows == ["operator", "timeout"]
        assert [one.how for one in play.of(f.MessagesRead)] == ["inbox"]
    assert scene.base_file("answer.txt").strip() == "8080"
    assert "for humans" in (scene.stage / "approved").read_text()
    assert (scene.stage / "late").read_text().splitlines()[-1] == "1"
    assert (scene.stage / "mail.b").read_text() == "a: the schema is version 2\n"
    assert (scene.stage / "shared").read_text() == "nobody else is changing shared.txt\n"
    assert "no message" not in (scene.stage / "mail").read_text()
    assert "cockpit ask" in scene.prompts("a")[0]
    scene.check()
