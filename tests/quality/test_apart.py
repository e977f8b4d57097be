"""The process that judges apart: what a file does to it costs that file, whether Python or native code is at it."""

import hashlib
import os
import re
import signal
import time
from collections.abc import Iterator

import pytest

from cockpit import processtree
from cockpit.quality import apart
from cockpit.quality.apart import DEEP, ENDED, Apart
from cockpit.quality.policy import Judged
from cockpit.quality.scan import Scanned

FINE = Judged("a.txt", None, b"fine\n")


def _judge(policy: str, one: Judged) -> Scanned:
    if one.path == "regex":
        re.search("(a+)+$", "a" * 64 + "!")
    elif one.path == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    elif one.path == "wrong":
        raise ZeroDivisionError("half a rule")
    elif one.path == "deep":
        raise RecursionError
    elif one.path == "exits":
        raise SystemExit(0)
    elif one.path == "native":
        hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)  # minutes, in which no handler of a signal runs
    return Scanned(skipped=f"{policy} {os.getpid()}".strip())


@pytest.fixture
def judging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Apart]:
    monkeypatch.setattr(apart, "FILE_SECONDS", 0.2)
    monkeypatch.setattr(apart, "GRACE_SECONDS", 0.2)
    one = Apart(_judge)
    yield one
    one.close()


def _pid(judging: Apart) -> int:
    return int(judging.judge(FINE).skipped)


def test_a_rule_that_hangs_fails_or_goes_too_deep_costs_its_file_alone(judging: Apart) -> None:
    before = _pid(judging)
    assert judging.judge(Judged("regex", None, b"")).skipped == "took longer than 0.2 s"
    assert judging.judge(Judged("wrong", None, b"")).skipped == "a rule failed: ZeroDivisionError: half a rule"
    assert judging.judge(Judged("deep", None, b"")).skipped == DEEP
    assert _pid(judging) == before != os.getpid()


def test_native_code_that_does_not_return_is_ended_with_its_process(judging: Apart) -> None:
    before = processtree.identity(_pid(judging))
    begun = time.monotonic()
    assert judging.judge(Judged("native", None, b"")).skipped == "took longer than 0.2 s"
    assert time.monotonic() - begun < 60
    assert before is not None
    assert not processtree.alive(before)
    assert _pid(judging) != before.pid


@pytest.mark.parametrize("how", ["dies", "exits"])
def test_a_file_that_ends_its_process_twice_is_told_and_the_next_one_is_judged(judging: Apart, how: str) -> None:
    assert judging.judge(Judged(how, None, b"")).skipped == ENDED
    assert _pid(judging)


def test_a_process_that_somebody_killed_is_no_fault_of_the_next_file(judging: Apart) -> None:
    os.kill(_pid(judging), signal.SIGKILL)
    assert _pid(judging)


def test_it_is_told_the_name_of_the_policy_and_ends_when_it_is_let_go(judging: Apart) -> None:
    name, pid = judging.judge(FINE, "strict").skipped.split()
    process = processtree.identity(int(pid))
    judging.close()
    assert name == "strict"
    assert process is not None
    assert not processtree.alive(process)
