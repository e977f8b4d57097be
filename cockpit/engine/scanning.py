"""The process that scans for a driver: requests in, findings out, a JSON line each; it changes nothing anywhere.

A process of its own keeps parsing off the driver's processor lock, and can be ended when a file is too much for it.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cockpit.engine.findings import IMPORTS
from cockpit.errors import CockpitError
from cockpit.git import pairs
from cockpit.git.pairs import Touched
from cockpit.git.trees import CommitFiles, are_any_ignored
from cockpit.quality.files import Files
from cockpit.quality.imports import imports_rule, is_judged
from cockpit.quality.policy import Forbidden, Judged, Policy, policy_of
from cockpit.quality.scan import Scanned
from cockpit.quality.scope import Scope
from cockpit.quality.violation import Violation

FILE_SECONDS = 5.0
LEFT_OUT = "its scan never ended, or ended the scanning process"
_Signature = tuple[str, str, int, int, int]
_Seen = dict[str, tuple[_Signature, Scanned]]
Tell = Callable[[str], None]


class _TooLongError(BaseException):
    """One file took longer than FILE_SECONDS; no rule may take it for a fault of its own."""


def _to_nobody(_path: str) -> None: ...


class Scanning:
    """Scans on request; what did not change since the last request for a worktree is not judged again."""

    def __init__(self, tell: Tell = _to_nobody) -> None:
        self._tell = tell  # each file before it is judged, so that whoever asked knows at which one this process ended
        self._seen: dict[str, tuple[Policy, _Seen]] = {}
        self._policies: dict[str, Policy] = {}

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what is wrong with a change: from `base` to `commit` (empty: to the files on disk) in `checkout`.

        `exclude` are set-up files, `ignore`, `forbid` and `scope` (None: anywhere) what the plan says, `key` names who
        is asked about, `leave_out` are paths that no process may look at again.
        """
        top = Path(asked["checkout"])
        if asked.get("task") == IMPORTS:
            return self._imports(top, asked)
        policy = self._policy(asked)
        if asked["commit"]:
            touched = pairs.in_range(top, f"{asked['base']}..{asked['commit']}")
        else:
            touched = pairs.since(top, asked["base"], asked["exclude"])
        judged_by, known = self._seen.get(asked["key"], (policy, {}))
        if judged_by is not policy:
            known = {}
        left_out = frozenset(asked.get("leave_out", ()))
        fresh: _Seen = {}
        violations: list[Violation] = []
        skipped: dict[str, str] = {}
        allowed = []
        for one, scanned, signature in self._scanned(top, touched, known, policy, left_out):
            fresh[one.path] = (signature, scanned)
            violations += scanned.violations
            allowed += [[by.violation.rule, one.path, by.violation.line, by.reason] for by in scanned.allowed]
            if scanned.skipped:
                skipped[one.path] = scanned.skipped
        self._seen[asked["key"]] = (policy, fresh)
        names = [(one.path, one.kind) for one in touched if not policy.is_ignored(one.path)]
        violations += policy.judge_all(names, ((path, scanned.traces) for path, (_, scanned) in fresh.items()))
        return {
            "violations": [_shape(one) for one in violations],
            "allowed": allowed,
            "skipped": skipped,
        }

    def _scanned(
        self, top: Path, touched: tuple[Touched, ...], known: _Seen, policy: Policy, left_out: frozenset[str]
    ) -> Iterator[tuple[Touched, Scanned, _Signature]]:
        changed = []
        for one in touched:
            signature = _signature(top, one)
            before = known.get(one.path)
            if one.path in left_out:
                yield one, Scanned(skipped=LEFT_OUT), signature
            elif before is not None and before[0] == signature:
                yield one, before[1], signature
            else:
                changed.append((one, signature))
        for (one, signature), pair in zip(changed, pairs.read(top, [one for one, _ in changed]), strict=True):
            if one.kind != "file":
                continue
            self._tell(one.path)
            yield one, _judged(policy, Judged(one.path, pair.before, pair.after, one.kind, pair.skipped)), signature

    def _imports(self, top: Path, asked: dict[str, Any]) -> dict[str, Any]:
        """Return which imports of the modules that a range changes lead to nothing in its last commit."""
        trees = [CommitFiles(top, asked[name]) for name in ("base", "commit")]
        checkouts = [one for one in map(Path, (*filter(None, asked["worktrees"]), top)) if one.is_dir()]
        before, after = (Files(one.paths, one.text, partial(_may_come, checkouts)) for one in trees)
        policy = replace(policy_of(asked["ignore"], ()), rules=(imports_rule(before, after),))
        left_out = frozenset(asked.get("leave_out", ()))
        touched = pairs.in_range(top, f"{asked['base']}..{asked['commit']}")
        modules = tuple(one for one in touched if is_judged(one.path) and one.path in after.paths)
        violations: list[Violation] = []
        skipped = {}
        for one, scanned, _ in self._scanned(top, modules, {}, policy, left_out):
            violations += scanned.violations
            if scanned.skipped:
                skipped[one.path] = scanned.skipped
        return {"violations": [_shape(one) for one in violations], "skipped": skipped}

    def _policy(self, asked: dict[str, Any]) -> Policy:
        key = json.dumps([asked["ignore"], asked["forbid"], asked["scope"]], sort_keys=True)
        if key not in self._policies:
            wanted = asked["scope"]
            scope = Scope(tuple(wanted["files"]), tuple(wanted["shared"]), wanted["plan"]) if wanted else None
            forbid = [
                Forbidden(name, pattern, severity, tuple(paths)) for name, pattern, severity, paths in asked["forbid"]
            ]
            self._policies[key] = policy_of(asked["ignore"], forbid, scope)
        return self._policies[key]


def _may_come(checkouts: Sequence[Path], paths: Sequence[str]) -> bool:
    """Tell whether a build may make any of some files: git ignores them, by the rules of any of some checkouts."""
    return any(are_any_ignored(one, paths) for one in checkouts)


def _signature(top: Path, one: Touched) -> _Signature:
    """Return what tells that a file is as it was at the last look."""
    if not one.on_disk:
        return (one.before, one.after, 0, 0, 0)
    try:
        found = os.lstat(top / one.path)
    except OSError:
        return (one.before, "", 0, 0, 0)
    return (one.before, "", found.st_mtime_ns, found.st_size, found.st_ino)


def _judged(policy: Policy, one: Judged) -> Scanned:
    try:
        with _limit(FILE_SECONDS):
            return policy.judge(one)
    except _TooLongError:
        return Scanned(skipped=f"took longer than {FILE_SECONDS:g} s")
    except (RecursionError, MemoryError):
        return Scanned(skipped="nested too deeply")
    except Exception as error:  # noqa: BLE001  # a fault in one rule must not keep all else from being looked at
        print(f"{one.path}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return Scanned(skipped=f"a rule failed: {type(error).__name__}: {error}")


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def ring(_number: int, _frame: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _shape(one: Violation) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "severity": one.severity.value,
        "path": one.path,
        "line": one.line,
        "excerpt": one.excerpt,
        "message": one.message,
        "missing": list(one.missing),
        "fingerprint": one.fingerprint,
    }


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    """Answer requests until the input ends, or nobody is there any more to hear it."""
    os.nice(5)
    scanning = Scanning(lambda path: _say({"at": path}))
    with contextlib.suppress(BrokenPipeError):
        for line in sys.stdin:
            try:
                found = scanning.answer(json.loads(line))
            except CockpitError as error:
                found = {"error": str(error)}
            _say(found)
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer is for nobody


if __name__ == "__main__":
    main()
