"""An agent without a model: reads cockpit's prompt on stdin, does what it asks in the worktree, prints its progress.

It needs nothing but Python, so that a plan can be tried anywhere. What the plan's author writes into a prompt as
lines `do: …` is done to the letter; an issue without such lines gets a plausible change inside the scope.

    do: write PATH TEXT               (\\n and \\t in TEXT are line ends and tabs)
    do: append PATH TEXT
    do: replace PATH "old" "new"
    do: fail once REASON              (ends with code 1 unless the prompt tells of an earlier run)
    do: drop PATH                     (puts a placeholder in the place of the second half of a file; puts the file
                                      right if the prompt tells of an earlier run)
    do: sleep SECONDS
    do: print N lines
    do: child-daemon                  (leaves a process behind, in a session of its own)

SCRIPTED_PACE in the environment is the time in seconds that an issue takes (default 1.5).
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
import zlib
from pathlib import Path

WILD = re.compile(r"[*?\[]")
COMMENTS = {
    "//": {".ts", ".tsx", ".js", ".jsx", ".go", ".rs", ".java", ".c", ".h", ".cpp", ".cs", ".kt", ".swift"},
    "--": {".sql", ".lua"},
}
DROPPED = "... rest of the code unchanged"
WRITING = {"write", "append", "replace", "drop"}


class FailedError(Exception):
    """The work cannot be done; the message says why."""


class Work:
    """What the prompt asks for: sections by heading, in order."""

    def __init__(self, prompt: str) -> None:
        self.title = ""
        self.sections: dict[str, list[str]] = {}
        heading, fence = "", ""
        for line in prompt.splitlines():
            mark = re.match(r"`{3,}", line)
            if mark and (not fence or line.strip() == fence):
                fence = "" if fence else mark.group()
            if not fence and line.startswith("# ") and not self.title:
                self.title = line[2:].strip()
            elif not fence and line.startswith("## "):
                heading = line[3:].strip()
                self.sections.setdefault(heading, [])
            elif heading:
                self.sections[heading].append(line)

    def issues(self) -> list[tuple[str, str, list[str]]]:
        """Each issue's id, title and text."""
        found = []
        for heading, lines in self.sections.items():
            if match := re.match(r"Issue ([^\s:]+): (.*)", heading):
                found.append((match[1], match[2], lines))
        return found

    def workstream(self) -> tuple[str, list[str]]:
        """The workstream's id and text."""
        for heading, lines in self.sections.items():
            if heading.startswith("Workstream "):
                return heading.removeprefix("Workstream ").strip(), lines
        return os.environ.get("COCKPIT_WORKSTREAM", "work"), []

    def scope(self) -> list[str]:
        """The paths and patterns that may be written."""
        return [
            line[2:].strip()
            for line in self.sections.get("Files", [])
            if line.startswith("- ") and "anywhere" not in line
        ]

    def retry(self) -> bool:
        """Whether the prompt tells of earlier runs."""
        return "Earlier runs" in self.sections


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    work = Work(sys.stdin.read())
    if not work.title:
        print("no prompt on stdin", file=sys.stderr)
        return 2
    pace = float(os.environ.get("SCRIPTED_PACE", "1.5"))
    say(f"reading the prompt: {work.title}")
    name, text = work.workstream()
    issues = work.issues()
    try:
        wrote = follow(text, work.retry())
        if not issues and not wrote and work.scope():
            issues = [(name, work.title, [])]
        for number, (issue, title, lines) in enumerate(issues, 1):
            say(f"[{number}/{len(issues)}] {issue}: {title}")
            time.sleep(pace / 3)
            if not follow(lines, work.retry()):
                write_plausibly(issue, title, work.scope())
            time.sleep(pace / 3)
            say(f"[{number}/{len(issues)}] {issue}: checking")
            time.sleep(pace / 3)
    except FailedError as reason:
        print(f"failed: {reason}", file=sys.stderr, flush=True)
        return 1
    say("done")
    return 0


def follow(lines: list[str], retry: bool) -> bool:
    """Do the directives in a text; return whether one of them wrote something."""
    wrote = False
    for line in lines:
        if not line.strip().startswith("do: "):
            continue
        verb, _, rest = line.strip().removeprefix("do: ").strip().partition(" ")
        act(verb, rest.strip(), retry)
        wrote = wrote or verb in WRITING
    return wrote


def act(verb: str, rest: str, retry: bool) -> None:
    if verb in {"write", "append"}:
        place, _, text = rest.partition(" ")
        put(place, text.replace("\\n", "\n").replace("\\t", "\t"), append=verb == "append")
    elif verb == "replace":
        replace(*shlex.split(rest))
    elif verb == "drop":
        mend(rest) if retry else drop(rest)
    elif verb == "fail":
        if not retry:
            raise FailedError(rest.removeprefix("once").strip() or "it did not work")
        say("an earlier run failed; this one goes on")
    elif verb == "sleep":
        time.sleep(float(rest))
    elif verb == "print":
        for number in range(int(rest.split(maxsplit=1)[0])):
            print(f"line {number + 1}")
    elif verb == "child-daemon":
        leave_daemon()
    else:
        raise FailedError(f"nobody knows how to do {verb!r}")


def inside(place: str) -> Path:
    """Return the path in the worktree. Raises FailedError when it leads out of it."""
    path = Path(place)
    if not place or path.is_absolute() or not path.resolve().is_relative_to(Path.cwd().resolve()):
        raise FailedError(f"{place!r} is not inside the worktree")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def put(place: str, text: str, *, append: bool) -> None:
    path = inside(place)
    old = path.read_text() if append and path.exists() else ""
    text = text if text.endswith("\n") else text + "\n"
    if old.endswith(text):
        say(f"{place} holds that already")
        return
    path.write_text(old + text)
    say(f"wrote {place}")


def replace(place: str, old: str, new: str) -> None:
    path = inside(place)
    text = path.read_text() if path.exists() else ""
    if old in text:
        path.write_text(text.replace(old, new, 1))
        say(f"edited {place}")
    elif new in text:
        say(f"{place} holds that already")
    else:
        raise FailedError(f"{place} does not hold {old!r}")


def drop(place: str) -> None:
    """Keep the first half of a file, up to the start of something at its left margin; the result still parses."""
    path = inside(place)
    lines = path.read_text().splitlines()
    starts = [
        i for i, line in enumerate(lines) if i and re.match(r"(def|class|async|@|export|function|if __name__)", line)
    ]
    starts = [i for i in starts if not lines[i - 1].startswith("@")]
    cut = next((i for i in starts if i >= len(lines) // 2), starts[-1] if starts else len(lines) // 2)
    mark = next((mark for mark, suffixes in COMMENTS.items() if path.suffix in suffixes), "#")
    path.write_text("\n".join([*lines[:cut], f"{mark} {DROPPED}"]) + "\n")
    say(f"edited {place}")


def mend(place: str) -> None:
    """Put a file back as it was before its half was dropped, and do what was to be done to it."""
    path = inside(place)
    found = subprocess.run(["git", "rev-list", "HEAD", "--", place], capture_output=True, text=True, check=True)
    for commit in found.stdout.split():
        whole = subprocess.run(["git", "show", f"{commit}:{place}"], capture_output=True, text=True, check=True).stdout
        if DROPPED not in whole:
            mark = next((mark for mark, suffixes in COMMENTS.items() if path.suffix in suffixes), "#")
            path.write_text(f"{whole.rstrip()}\n\n{mark} tidied up, with nothing left out\n")
            say(f"put {place} right")
            return
    raise FailedError(f"no whole {place} is known to git")


def leave_daemon() -> None:
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if (pid := os.fork()) == 0:
            os.close(read)
            os.close(write)
            time.sleep(600)
        else:
            os.write(write, str(pid).encode())
        os._exit(0)
    os.close(write)
    os.wait()
    say(f"left process {os.read(read, 32).decode()} behind")
    os.close(read)


def write_plausibly(issue: str, title: str, scope: list[str]) -> None:
    """Write a change for an issue into the scope: a path as it is, for a pattern a file named after the issue."""
    place = target(issue, scope)
    path = inside(place)
    old = path.read_text() if path.exists() else ""
    if issue in old:
        say(f"{place} holds {issue} already")
        return
    path.write_text(content(path, old, issue, title))
    say(f"{'edited' if old else 'wrote'} {place}")


def target(issue: str, scope: list[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", issue.lower()).strip("_")
    if not scope:
        return f"notes/{slug}.md"
    missing = [
        entry for entry in scope if not WILD.search(entry) and not entry.endswith("/") and not Path(entry).exists()
    ]
    entry = missing[0] if missing else scope[zlib.crc32(issue.encode()) % len(scope)]
    if not WILD.search(entry) and not entry.endswith("/"):
        return entry
    folder = WILD.split(entry, maxsplit=1)[0].rpartition("/")[0]
    suffixes = re.sub(r"^.*[*\]?]", "", entry.rpartition("/")[2])
    if not suffixes.startswith("."):
        kin = sorted(
            path.suffix for path in Path(folder or ".").rglob("*.*") if path.is_file() and ".git" not in path.parts
        )
        suffixes = max(set(kin), key=kin.count, default=".md") or ".md"
    return str(Path(folder) / f"{slug}{suffixes}")


def content(path: Path, old: str, issue: str, title: str) -> str:
    """Return the file with a change for the issue, valid for its type."""
    name = re.sub(r"[^a-z0-9]+", "_", issue.lower()).strip("_")
    name = name if name[:1].isalpha() else f"issue_{name}"
    camel = re.sub(r"_(\w)", lambda match: match[1].upper(), name)
    said = json.dumps(title)
    glue = "" if not old else ("" if old.endswith("\n") else "\n") + "\n"
    suffix = path.suffix
    if suffix == ".json":
        value = json.loads(old) if old.strip() else {}
        if not isinstance(value, dict):
            value = {"entries": value}
        return json.dumps({**value, issue: {"title": title}}, indent=2) + "\n"
    if suffix in {".py", ".pyi"}:
        head = old or f'"""{title}."""\n'
        return f'{head}\n\ndef {name}() -> str:\n    """{issue}: {title}."""\n    return {said}\n'
    blocks = {
        ".toml": f"[{name}]\nissue = {json.dumps(issue)}\ntitle = {said}\n",
        ".md": f"## {title}\n\n{issue} is done: what it changes for a reader is described here.\n",
        ".sql": f"-- {issue}: {title}\nCREATE TABLE IF NOT EXISTS {name} (id INTEGER PRIMARY KEY, note TEXT);\n",
        ".sh": f"# {issue}: {title}\n{name}() {{\n  echo {shlex.quote(title)}\n}}\n",
        ".css": f"/* {issue}: {title} */\n.{name} {{ display: block; }}\n",
        ".html": f"<!-- {issue}: {title} -->\n",
    }
    if suffix in {".yaml", ".yml"}:
        # A comment is the only thing that fits behind any YAML.
        block = f"# {issue}: {title}\n" + ("" if old.strip() else f"name: {name}\ntitle: {said}\n")
    elif suffix in COMMENTS["//"]:
        typed = ": string" if suffix in {".ts", ".tsx"} else ""
        block = f"/** {issue}: {title} */\nexport function {camel}(){typed} {{\n  return {said};\n}}\n"
        if suffix not in {".ts", ".tsx", ".js", ".jsx"}:
            block = f"// {issue}: {title}\n"
    else:
        block = blocks.get(suffix, f"# {issue}: {title}\n")
    return old + glue + block


if __name__ == "__main__":
    sys.exit(main())
