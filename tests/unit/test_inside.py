"""What an agent says from inside its run, with a driver that answers as it is told to."""

from pathlib import Path
from typing import Any

import pytest

from cockpit.engine.inside import Inside, inside
from cockpit.errors import CockpitError, OrderRefusedError
from cockpit.store.paths import StateFolder

pytestmark = pytest.mark.anyio
MAIL = [{"id": "m1", "from": "b", "text": "the schema is new", "at": 1.0, "read": False}]


async def test_messages_are_shown_also_where_they_cannot_be_marked_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ordered: list[str] = []

    async def question(_: Inside, name: str, **arguments: Any) -> dict[str, Any]:
        assert (name, arguments["workstream"]) == ("inbox", "a")
        return {"messages": MAIL}

    async def order(_: Inside, verb: str, about: str = "") -> str:
        ordered.append(f"{verb} {about}")
        raise OrderRefusedError("run a@1 says too much")

    monkeypatch.setattr(Inside, "question", question)
    monkeypatch.setattr(Inside, "order", order)
    assert await Inside("a@1", "a", StateFolder(Path("/nowhere")), Path("/nowhere")).inbox() == MAIL
    assert ordered == ["inbox m1"]


def test_outside_of_a_run_it_says_for_whom_it_is() -> None:
    with pytest.raises(CockpitError, match="for agents inside a run: COCKPIT_WORKSTREAM, COCKPIT_STATE not set"):
        inside({"COCKPIT_RUN": "a@1"})
