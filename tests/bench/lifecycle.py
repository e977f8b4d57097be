"""The life of 60 workstreams by `cockpit run`, over the same git work done by a plain shell loop."""

import os
import subprocess
import sys
import time
from pathlib import Path

WORKSTREAMS = 60
FILES = 200
AGENTS = 8

LOOP = """
set -e
for i in $(seq 1 {count}); do
  git worktree add -q -b "plain/w$i" "../plain/w$i" main
  (cd "../plain/w$i" && echo "work of w$i" > "w$i.txt" && git add -A && git commit -q -m "Work of w$i")
  git merge -q --no-ff -m "Merge w$i" "plain/w$i"
  git worktree remove "../plain/w$i"
  git branch -q -d "plain/w$i"
done
"""


def environment(folder: Path) -> dict[str, str]:
    """Return an environment with a home, an identity and a trust file of its own, so that no set-up leaks in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COCKPIT_", "XDG_"))}
    who = {f"GIT_{role}_{part}": "Bench" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return {**kept, **who, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}


def make_repository(folder: Path, files: int) -> None:
    """Make a repository of some small files in ten folders, with one commit on main."""
    for number in range(files):
        path = folder / f"part{number % 10}" / f"file{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}\n" * 20)
    for command in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Bench"],
        ["config", "user.email", "bench@example.org"],
        ["add", "-A"],
        ["commit", "-q", "-m", "Start"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


def plan(count: int, agents: int) -> str:
    """Return a plan of independent workstreams whose agents write one file and exit."""
    command = 'echo "work of $COCKPIT_WORKSTREAM" > $COCKPIT_WORKSTREAM.txt'
    lines = [
        "name: bench",
        f"agents: {{writer: {{run: '{command}', slots: {agents}}}}}",
        f"limits: {{agents: {agents}, min_free_disk: 1MB}}",
        "workstreams:",
        *(f"  - {{id: w{number}}}" for number in range(1, count + 1)),
    ]
    return "\n".join(lines) + "\n"


def measure(folder: Path) -> tuple[float, float]:
    """Return the seconds of the plain loop and of cockpit, each on a fresh repository of its own."""
    env = environment(folder)
    plain, driven = folder / "plain-repo", folder / "driven-repo"
    for repo in (plain, driven):
        repo.mkdir(parents=True)
        make_repository(repo, FILES)
    start = time.perf_counter()
    subprocess.run(["sh", "-c", LOOP.format(count=WORKSTREAMS)], cwd=plain, env=env, check=True)
    loop = time.perf_counter() - start
    path = folder / "plan.yaml"
    path.write_text(f"repo: {driven}\n" + plan(WORKSTREAMS, AGENTS))
    argv = [sys.executable, "-m", "cockpit", "run", str(path), "--approve", "all", "--trust"]
    without_identity = {name: value for name, value in env.items() if not name.startswith("GIT_")}
    start = time.perf_counter()
    done = subprocess.run(argv, env=without_identity, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"cockpit run ended with {done.returncode}:\n{done.stderr.decode()}\n{done.stdout.decode()}")
    prove(driven)
    return loop, seconds


def prove(repo: Path) -> None:
    """Prove that all work is on base and that no worktree and no branch is left."""

    def git(*args: str) -> list[str]:
        return subprocess.run(["git", *args], cwd=repo, check=True, capture_output=True, text=True).stdout.split("\n")

    names = set(git("ls-tree", "--name-only", "main"))
    missing = [number for number in range(1, WORKSTREAMS + 1) if f"w{number}.txt" not in names]
    worktrees = [line for line in git("worktree", "list", "--porcelain") if line.startswith("worktree ")]
    branches = [line for line in git("branch", "--format=%(refname:short)") if line]
    if missing or len(worktrees) != 1 or branches != ["main"]:
        raise SystemExit(f"not done: missing {missing}, worktrees {worktrees}, branches {branches}")
