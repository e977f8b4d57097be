"""The quality monitor: how fast changed text is judged, and how soon what an agent writes is seen by a client."""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from cockpit.quality.scan import scan_change
from cockpit.schedule.orders import Order
from tests.engine.scenes import Scene

ROOT = Path(__file__).resolve().parents[2]
WORKTREES = 50
FILES = 1000
FUNCTIONS = 60
OWN = (".py", ".md", ".toml", ".yaml", ".tcss", ".yml")
SHAPES: Mapping[str, str] = {
    "part.ts": """export function step@(rows: Row[], limit = @): number {
  let sum = 0;
  for (const row of rows) {
    if (row.price > limit) {
      sum += row.price * row.count; // dear ones only
    }
  }
  return sum;
}
""",
    "part.go": """// Step@ sums up rows over a limit.
func Step@(rows []Row) (int, error) {
\tsum := 0
\tfor _, row := range rows {
\t\tif row.Price < 0 {
\t\t\treturn 0, fmt.Errorf("row %d", row.ID)
\t\t}
\t\tsum += row.Price * @
\t}
\treturn sum, nil
}
""",
    "part.rs": """/// Sums up rows over a limit.
pub fn step_@(rows: &[Row]) -> Result<u64, Error> {
    let mut sum = 0;
    for row in rows {
        sum += row.price.checked_mul(@).ok_or(Error::TooLarge)?;
    }
    Ok(sum)
}
""",
    "part.java": """    /** Sums up rows over a limit. */
    public int step@(List<Row> rows) {
        int sum = 0;
        for (Row row : rows) {
            sum += row.price() * @;
        }
        return sum;
    }
""",
    "part.c": """/* Sums up rows over a limit. */
int step_@(const struct row *rows, size_t count)
{
\tint sum = 0;
\tfor (size_t i = 0; i < count; i++)
\t\tsum += rows[i].price * @;
\treturn sum;
}
""",
    "part.rb": """  # Sums up rows over a limit.
  def step_@(rows)
    rows.select { |row| row.price > @ }.sum do |row|
      row.price * row.count
    end
  end
""",
    "part.php": """    public function step@(array $rows): int
    {
        $sum = 0;
        foreach ($rows as $row) {
            $sum += $row->price * @;
        }
        return $sum;
    }
""",
    "part.sql": """CREATE VIEW step_@ AS
SELECT id, SUM(price * @) AS total
FROM rows
WHERE price > @
GROUP BY id;
""",
}
_AROUND: Mapping[str, tuple[str, str]] = {
    "part.java": ("class Part {\n", "}\n"),
    "part.rb": ("class Part\n", "end\n"),
    "part.php": ("<?php\nclass Part\n{\n", "}\n"),
    "part.go": ('package part\n\nimport "fmt"\n\n', ""),
}


def texts() -> dict[str, str]:
    """Return files of many languages: the repository's own, and as many made ones."""
    found = {}
    for folder in ("cockpit", "docs", "styles"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in OWN and path.is_file():
                found[str(path.relative_to(ROOT))] = path.read_text("utf-8")
    for name, shape in SHAPES.items():
        top, bottom = _AROUND.get(name, ("", ""))
        for number in range(12):
            body = "\n".join(shape.replace("@", str(number * FUNCTIONS + n)) for n in range(FUNCTIONS))
            found[f"made{number}/{name}"] = f"{top}{body}{bottom}"
    return found


def changes() -> Iterator[tuple[str, bytes, bytes]]:
    """Yield each file before and after a change in which every tenth line was another one."""
    for path, text in texts().items():
        lines = text.splitlines(keepends=True)
        before = [line.replace("e", "a", 1) if n % 10 == 5 else line for n, line in enumerate(lines)]
        yield path, "".join(before).encode(), text.encode()


def speed() -> tuple[float, float]:
    """Return the MB of changed files that one core judges in a second, and the MB that were judged."""
    made = list(changes())
    scan_change(*made[0])
    for name in SHAPES:  # loading a grammar is not judging
        scan_change(name, None, b"x\n")
    begun = time.process_time()
    for path, before, after in made:
        scan_change(path, before, after)
    seconds = time.process_time() - begun
    size = sum(len(after) for _, _, after in made) / 1e6
    return size / seconds, size


def latency(folder: Path, env: Mapping[str, str], rounds: int = 15) -> tuple[float, float]:
    """Return the median and the worst seconds from a write in a worktree to the finding in a client's view."""
    os.environ.update(XDG_CONFIG_HOME=env["XDG_CONFIG_HOME"], XDG_STATE_HOME=str(folder / "xdg"), HOME=env["HOME"])
    scene = Scene(folder)
    for number in range(FILES):
        path = scene.repo / f"part{number % 20}" / f"file{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"def f{number}():\n    return {number}\n" * 10)
    scene.git("add", "-A")
    scene.git("commit", "-q", "-m", "Files")
    scene.plan(
        {f"w{number}": {"does": "exec sleep 600"} for number in range(WORKTREES)},
        limits={"agents": WORKTREES},
        agents={
            "sh": {
                "run": ["sh", str(scene.stage / "agent.sh")],
                "env": {"STAGE": str(scene.stage)},
                "slots": WORKTREES,
            }
        },
        quality={"settle": "1h", "forbid": [{"name": "no-evil", "pattern": "EVIL"}]},
    )
    try:
        times = asyncio.run(_timed(scene, rounds))
    finally:
        scene.end()
    return median(times), max(times)


async def _timed(scene: Scene, rounds: int) -> list[float]:
    times = []
    async with scene.client() as play:
        await play.start()
        everyone = {f"w{number}": "running" for number in range(WORKTREES)}
        await play.until(lambda play: all(play.state(one) == state for one, state in everyone.items()), 120)
        await asyncio.sleep(2)  # what making the worktrees set off is not what is measured
        for number in range(rounds):
            one = f"w{number * 7 % WORKTREES}"
            begun = time.perf_counter()
            (scene.worktree(one) / f"bad{number}.py").write_text("EVIL = 1\n")
            name = f"bad{number}.py"
            await play.until(
                lambda play, one=one, name=name: any(  # type: ignore[misc]  # mypy does not infer defaults of a lambda
                    seen.path == name for seen in play.view.readings.findings.get(one, ())
                ),
                30,
            )
            times.append(time.perf_counter() - begun)
        await play.handle.order(Order("stop-driver", by="bench"))
    return times
