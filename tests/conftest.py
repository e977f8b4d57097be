import os
from collections.abc import Iterator

import pytest


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
