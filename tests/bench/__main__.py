"""`make bench`: the figures of the product as ratios against a base line that is measured in the same run."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from cockpit.engine.client import glimpse
from cockpit.engine.project import open_project
from tests.bench import flying, lifecycle, monitoring, paint, prediction, pressing, reloading, scale, terminal
from tests.plans import generated

ROUNDS = 3


def main() -> None:
    """Measure everything, or the parts that are named on the command line, and print a line for each figure."""
    parts = {
        "lifecycle": _lifecycle,
        "paint": _paint,
        "prediction": _prediction,
        "monitor": _monitor,
        "scale": _scale,
        "cockpit": _cockpit,
        "pressing": _pressing,
        "reloading": _reloading,
    }
    wanted = sys.argv[1:] or list(parts)
    with tempfile.TemporaryDirectory(prefix="cockpit-bench-") as folder:
        for name in wanted:
            place = Path(folder).resolve() / name
            place.mkdir()
            parts[name](place)


def _say(what: str, ratio: float, goal: str, detail: str) -> None:
    print(f"{what:<34} {ratio:7.2f}   goal {goal:<8} {detail}", flush=True)


def _lifecycle(folder: Path) -> None:
    pairs = [lifecycle.measure(folder / str(number)) for number in range(ROUNDS)]
    loop, ours = median(loop for loop, _ in pairs), median(ours for _, ours in pairs)
    ratio = median(ours / loop for loop, ours in pairs)
    _say("60 workstreams / plain shell loop", ratio, "<= 1.0", f"{ours:.2f} s over {loop:.2f} s, {ROUNDS} rounds")


def _paint(folder: Path) -> None:
    empty, version = paint.version_ratio()
    _say("cockpit --version / python -c pass", version / empty, "<= 3", f"{version * 1e3:.0f} ms, {empty * 1e3:.0f} ms")
    env = lifecycle.environment(folder)
    subprocess.run([sys.executable, "-m", "cockpit", "demo", str(folder / "demo"), "--headless"], env=env, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)  # fmt: skip
    row = b"Orders in SQL"  # the title in the grid is cut; whole it is in the output, which only a driver can give
    bare, ours = paint.paint_ratio(folder / "demo" / "demo.yaml", row, env)
    _say("first paint / bare Textual app", ours / bare, "<= 1.3", f"{ours * 1e3:.0f} ms over {bare * 1e3:.0f} ms")


def _prediction(folder: Path) -> None:
    looks, pairs, one, conflicts = prediction.measure(folder)
    count = prediction.WORKTREES * (prediction.WORKTREES - 1) // 2
    detail = f"{count:,} pairs, {conflicts} conflicts, {prediction.FILES:,} files"
    _say("50 worktrees predicted, s", pairs, "< 2", f"{detail}; the first look at all: {looks:.2f} s")
    _say("after one changed file, s", one, "< 0.2", "that worktree looked at, its pairs predicted again")


def _monitor(folder: Path) -> None:
    rate, size = monitoring.speed()
    _say("changed text judged, MB/s", rate, "none", f"{size:.1f} MB in many languages, all rules, one core")
    middle, worst = monitoring.latency(folder, lifecycle.environment(folder))
    detail = f"{monitoring.WORKTREES} live worktrees, the worst {worst:.2f} s"
    _say("a write to its finding, s", middle, "< 1", detail)


def _scale(folder: Path) -> None:
    repo = folder / "repo"
    repo.mkdir()
    lifecycle.make_repository(repo, 20)
    plan = repo / "plan.yaml"
    plan.write_text(generated(1000))
    env = lifecycle.environment(folder)
    os.environ.update(XDG_CONFIG_HOME=env["XDG_CONFIG_HOME"], HOME=env["HOME"])
    load = scale.load_time(plan)
    _say("1,000 workstreams loaded, s", load, "< 1", "plan read, checked and cut into legs")
    subprocess.run([sys.executable, "-m", "cockpit", "trust", "--yes", str(plan)], env=env, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)  # fmt: skip
    subprocess.run([sys.executable, "-m", "cockpit", "drain", str(plan)], env=env, check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)  # fmt: skip
    project = open_project(plan)
    snapshot = glimpse(project.state).snapshot
    marker = next(iter(snapshot.workstreams)).encode()
    bare, ours, memory, driver = scale.key_times(plan, marker, env, project.state)
    _say("j to painted / bare app, 1,000 rows", ours / bare, "<= 1.5", f"{ours * 1e3:.0f} ms over {bare * 1e3:.0f} ms")
    everything, one = scale.apply_times(snapshot)
    _say("a snapshot applied, ms", everything * 1e3, "< 50", f"all 1,000 rows different; one row: {one * 1e3:.1f} ms")
    _say("memory of the screen, MB", memory, "< 150", f"the driver: {driver:.0f} MB")


def _cockpit(folder: Path) -> None:
    env = lifecycle.environment(folder)
    load = f"{flying.ROWS:,} workstreams, {flying.RUNNING} print {flying.LINES_PER_S:,} lines/s"
    bare, ours, share, turn = flying.key_times(env, folder)
    detail = f"{flying.p95(ours) * 1e3:.0f} ms over {flying.p95(bare) * 1e3:.0f} ms (medians {median(ours) * 1e3:.0f}"
    _say("j to painted p95 / bare list", flying.p95(ours) / flying.p95(bare), "<= 1.5",
         f"{detail}, {median(bare) * 1e3:.0f}); {load}")  # fmt: skip
    _say("the longest turn of its loop, ms", turn * 1e3, "<= 10", "of processor time; for so long no key is heard")
    _say("CPU of the screen, % of a core", share * 100, "<= 25", load)
    _say("CPU of the idle screen, %", flying.idle_share(env) * 100, "<= 1", "nothing runs")
    _say("memory after an hour of output, MB", flying.hour_memory(env), "< 200", f"{load}, simulated fast")


def _pressing(folder: Path) -> None:
    times = pressing.key_times(lifecycle.environment(folder))
    slowest = max(times, key=times.__getitem__)
    detail = ", ".join(f"{name} {seconds * 1e3:.0f}" for name, seconds in times.items())
    _say("the slowest key to painted, ms", times[slowest] * 1e3, "<= 100", f"{slowest}; {detail}")


def _reloading(folder: Path) -> None:
    repo = folder / "repo"
    repo.mkdir()
    lifecycle.make_repository(repo, 20)
    env = lifecycle.environment(folder)
    os.environ.update(XDG_CONFIG_HOME=env["XDG_CONFIG_HOME"], HOME=env["HOME"])
    shown, key, forecast, journal, turn = reloading.reload_times(repo, env)
    _say("a changed plan to painted, ms", shown * 1e3, "< 500", "1,000 workstreams, from the write of the file")
    _say("the slowest key meanwhile, ms", key * 1e3, "< 50", f"a key every {terminal.BETWEEN_S * 1e3:.0f} ms")
    _say("the longest turn of the driver, ms", turn * 1e3, "<= 20", "of processor time; for so long it answers nobody")
    _say("the forecast's key to painted, ms", forecast * 1e3, "<= 100", "1,000 workstreams, a real driver")
    _say("the journal's key to painted, ms", journal * 1e3, "<= 100", f"{reloading.FACTS:,} facts, a real driver")


if __name__ == "__main__":
    main()
