"""Thirty kills of random processes at random moments, in short plans; `make torture` does it for hours."""

import pytest

from tests.e2e import torture
from tests.engine.scenes import Scene

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", [11, 12, 13])
async def test_nothing_is_lost_whatever_is_killed(scene: Scene, seed: int) -> None:
    act = await torture.act(scene, seed, torture.ACT_KILLS)
    assert sum(act.done.values()) >= torture.ACT_KILLS // 2
