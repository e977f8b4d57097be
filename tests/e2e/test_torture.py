"""Ten kills of random processes at random moments, in a short plan; `make torture` does it for hours."""

import pytest

from tests.e2e import torture
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio


async def test_nothing_is_lost_whatever_is_killed(scene: Scene) -> None:
    act = await torture.act(scene, 11, torture.ACT_KILLS)
    assert sum(act.done.values()) >= torture.ACT_KILLS // 2
