"""A fault in the screen: it ends, says which fault it was, and shows no values of the program's frames."""

import pytest

from cockpit.schedule.snapshot import Snapshot
from cockpit.ui.app import CockpitApp
from tests.ui.fakes import FakeHandle


class _Broken(CockpitApp):
    def on_mount(self) -> None:
        secret = "s3cret-value"
        raise LookupError(f"{len(secret)} is no row")


@pytest.mark.parametrize(("debug", "shown"), [("", False), ("1", True)])
def test_a_fault_ends_the_screen_without_a_traceback(
    debug: str, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COCKPIT_DEBUG", debug)
    handle = FakeHandle(Snapshot())
    app = _Broken(handle, handle.view())
    app.run(headless=True)
    assert app.return_code == 1
    assert repr(app.fault) == "LookupError('12 is no row')"
    printed = "".join(capsys.readouterr())
    assert ("s3cret-value" in printed) is shown
