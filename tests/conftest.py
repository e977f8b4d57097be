"""The environment of all tests, how many of them run at once, and how seldom memory is looked through meanwhile."""

import gc
import os
from collections.abc import Generator, Iterator

import pytest
from _pytest.unraisableexception import gc_collect_iterations_key

SELDOM = (20_000, 20, 20)
LAST_LOOKS = 2  # for what fails as it goes: what the first one frees may hold something that the second one finds


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def own_records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the records of runs, and the environment, of these tests away from those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LINES", "COLUMNS", *(one for one in os.environ if one.startswith("GIT_"))):
            patch.delenv(name, raising=False)  # a size that is not the terminal's; a second program around each git
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("xdg-state")))
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: half of what the tests do is to wait for processes and files."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Look through memory neither while tests are imported nor, later on, through what that loaded: it stays."""
    session.config.stash[gc_collect_iterations_key] = LAST_LOOKS
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(*SELDOM)
        gc.enable()
