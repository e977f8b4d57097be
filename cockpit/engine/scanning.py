"""The process that scans for a driver: requests in, findings out, a JSON line each; it changes nothing anywhere.

A process of its own keeps parsing off the driver's processor lock, and can be ended when a file is too much for it.
"""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from cockpit.engine.findings import IMPORTS
from cockpit.engine.judging import judged
from cockpit.errors import CockpitError
from cockpit.git import pairs
from cockpit.git.pairs import Touched
from cockpit.git.trees import CommitFiles, are_any_ignored
from cockpit.quality.apart import Apart
from cockpit.quality.files import Files
from cockpit.quality.imports import imports_rule, is_judged
from cockpit.quality.policy import Forbidden, Judged, Policy, policy_of
from cockpit.quality.scan import Scanned
from cockpit.quality.scope import Scope
from cockpit.quality.violation import Violation

POLICIES = 256  # that are kept compiled: one for each workstream with files of its own
LEFT_OUT = "its scan never ended, or ended the scanning process"
_Signature = tuple[str, str, int, int, int, int]
_Seen = dict[str, tuple[_Signature, Scanned]]
Tell = Callable[[str], None]
Judge = Callable[[Judged], Scanned]


def _to_nobody(_path: str) -> None: ...


class Scanning:
    """Scans on request; what did not change since the last request for a worktree is not judged again."""

    def __init__(self, tell: Tell = _to_nobody) -> None:
        self._tell = tell  # each file before it is judged, so that whoever asked knows at which one this process ended
        self._seen: dict[str, tuple[str, _Seen]] = {}
        self._apart = Apart(_judge)

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what is wrong with a change: from `base` to `commit` (empty: to the files on disk) in `checkout`.

        `exclude` are set-up files, `ignore`, `forbid` and `scope` (None: anywhere) what the plan says, `key` names who
        is asked about, `live` who may be asked about again (None: anybody), `leave_out` are paths that no process may
        look at again.
        """
        top = Path(asked["checkout"])
        if asked.get("task") == IMPORTS:
            return self._imports(top, asked)
        wanted = json.dumps([asked["ignore"], asked["forbid"], asked["scope"]], sort_keys=True)
        policy = _policy(wanted)
        if asked["commit"]:
            touched = pairs.in_range(top, f"{asked['base']}..{asked['commit']}")
        else:
            touched = pairs.since(top, asked["base"], asked["exclude"])
        judged_by, known = self._seen.get(asked["key"], (wanted, {}))
        if judged_by != wanted:
            known = {}
        left_out = frozenset(asked.get("leave_out", ()))
        fresh: _Seen = {}
        violations: list[Violation] = []
        skipped: dict[str, str] = {}
        allowed = []
        judge = partial(self._apart.judge, policy=wanted)
        for one, scanned, signature in self._scanned(top, touched, known, judge, left_out):
            fresh[one.path] = (signature, scanned)
            violations += scanned.violations
            allowed += [[by.violation.rule, one.path, by.violation.line, by.reason] for by in scanned.allowed]
            if scanned.skipped:
                skipped[one.path] = scanned.skipped
        self._forget(asked)
        self._seen[asked["key"]] = (wanted, fresh)
        names = [(one.path, one.kind) for one in touched if not policy.is_ignored(one.path)]
        violations += policy.judge_all(names, ((path, scanned.traces) for path, (_, scanned) in fresh.items()))
        return {
            "violations": [_shape(one) for one in violations],
            "allowed": allowed,
            "skipped": skipped,
        }

    def _scanned(
        self, top: Path, touched: tuple[Touched, ...], known: _Seen, judge: Judge, left_out: frozenset[str]
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
            yield one, judge(judged(pair)), signature

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
        with closing(Apart(lambda _, one: policy.judge(one))) as apart:
            for one, scanned, _ in self._scanned(top, modules, {}, apart.judge, left_out):
                violations += scanned.violations
                if scanned.skipped:
                    skipped[one.path] = scanned.skipped
        return {"violations": [_shape(one) for one in violations], "skipped": skipped}

    def _forget(self, asked: dict[str, Any]) -> None:
        live = asked.get("live")
        for key in self._seen.keys() - (self._seen.keys() if live is None else live):
            del self._seen[key]


@lru_cache(POLICIES)
def _policy(wanted: str) -> Policy:
    ignore, forbid, scope = json.loads(wanted)
    return policy_of(
        ignore,
        [Forbidden(name, pattern, severity, tuple(paths)) for name, pattern, severity, paths in forbid],
        Scope(tuple(scope["files"]), tuple(scope["shared"]), scope["plan"]) if scope else None,
    )


def _judge(wanted: str, one: Judged) -> Scanned:
    return _policy(wanted).judge(one)


def _may_come(checkouts: Sequence[Path], paths: Sequence[str]) -> bool:
    """Tell whether a build may make any of some files: git ignores them, by the rules of any of some checkouts."""
    return any(are_any_ignored(one, paths) for one in checkouts)


def _signature(top: Path, one: Touched) -> _Signature:
    """Return what tells that a file is as it was at the last look."""
    if not one.on_disk:
        return (one.before, one.after, 0, 0, 0, 0)
    try:
        found = os.lstat(top / one.path)
    except OSError:
        return (one.before, "", 0, 0, 0, 0)
    # Whoever writes a file can set its mtime back (`cp -p`, `touch -r`), but not its ctime.
    return (one.before, "", found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


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
            except Exception as error:  # noqa: BLE001  # one request that cannot be answered costs no other one
                traceback.print_exc()
                found = {"error": f"{type(error).__name__}: {error}"}
            _say(found)
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer is for nobody


if __name__ == "__main__":
    main()
