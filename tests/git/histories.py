"""Histories made up from a seed, with all that makes merges hard; the same seed gives the same history."""

import random
import subprocess
from pathlib import Path

from tests.git.repos import run_git, write

_NAMES = ("plain.txt", "ünïcödé.txt", "new\nline.txt", "with space.txt", "-dash.txt", 'quo"te.txt', "tab\t.txt")


class History:
    """A repository in which branches are grown by random edits."""

    def __init__(self, top: Path, seed: int) -> None:
        self.top = top
        self.random = random.Random(seed)
        self.counter = 0

    def start(self) -> None:
        """Write the first files, in folders that can be renamed, and commit them."""
        lines = [f"line {number}\n" for number in range(40)]
        files: dict[str, str | bytes] = {}
        for folder in ("src", "src/deep", "docs", "lib"):
            for number, name in enumerate(_NAMES):
                files[f"{folder}/{number}-{name}"] = "".join([f"{folder} {name}\n", *lines])
        files["binary.bin"] = bytes(range(256)) * 4
        files["union.log"] = "".join(lines)
        files[".gitattributes"] = "union.log merge=union\n*.own -merge\n"
        write(self.top, files)
        (self.top / "link").symlink_to("src")
        self.add_submodule("module", "1" * 40)
        self.commit("Start")

    def add_submodule(self, path: str, commit: str) -> None:
        """Point a submodule at a commit, without any checkout of it."""
        run_git(self.top, "update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        (self.top / path).mkdir(exist_ok=True)

    def commit(self, message: str) -> None:
        """Commit all that is there, submodule pointers as the index has them."""
        run_git(self.top, "add", "--all", "--", ".", ":(exclude)module", ":(exclude)module2")
        run_git(self.top, "commit", "--quiet", "--allow-empty", "-m", message)

    def grow(self, commits: int) -> None:
        """Add commits of random edits to the branch that is checked out."""
        for _ in range(commits):
            for _ in range(self.random.randint(1, 3)):
                self.edit()
            self.commit(f"Change {self.counter}")

    def files(self) -> list[str]:
        """Return the files that are there, without links."""
        found = (path for path in self.top.rglob("*") if path.is_file() and not path.is_symlink())
        names = {path.relative_to(self.top).as_posix() for path in found}
        return sorted(name for name in names if not name.startswith(".git/") and name != ".gitattributes")

    def edit(self) -> None:
        """Make one random change to the working files or the index."""
        self.counter += 1
        kinds = (
            self._lines, self._lines, self._union, self._union, self._whitespace, self._rename, self._rename_folder,
            self._delete, self._mode, self._binary, self._submodule, self._new, self._link, self._swap,
            self._attributes,
        )  # fmt: skip
        self.random.choice(kinds)()

    def _some(self) -> Path | None:
        files = self.files()
        return self.top / self.random.choice(files) if files else None

    def _lines(self) -> None:
        path = self._some()
        if path is None:
            return
        lines = path.read_bytes().split(b"\n")
        at = self.random.randrange(len(lines))
        lines[at] = f"changed {self.random.randrange(3)}".encode()
        path.write_bytes(b"\n".join(lines))

    def _union(self) -> None:
        """Edit one of few lines of the file that a merge driver keeps from conflicts."""
        path = self.top / "union.log"
        if path.is_file() and not path.is_symlink():
            lines = path.read_text().split("\n")
            lines[self.random.randrange(3)] = f"changed {self.counter} {self.random.random()}"
            path.write_text("\n".join(lines))

    def _whitespace(self) -> None:
        path = self._some()
        if path is not None:
            path.write_bytes(path.read_bytes().replace(b"\n", self.random.choice([b"\r\n", b" \n"]), 5))

    def _rename(self) -> None:
        path = self._some()
        if path is not None:
            folder = self.random.choice(["src", "lib", "fresh", "docs/inner"])
            target = self.top / folder / f"moved-{self.random.randrange(4)}-{path.name}"
            self._move(path, target)

    def _rename_folder(self) -> None:
        folder = self.top / self.random.choice(["src", "docs", "lib", "src/deep"])
        target = self.top / self.random.choice(["renamed", "lib/renamed", f"other-{self.random.randrange(2)}"])
        if folder.is_dir() and not folder.is_symlink() and not target.is_relative_to(folder):
            self._move(folder, target)

    def _move(self, path: Path, target: Path) -> None:
        if not target.exists() and not target.is_symlink() and self._folder(target.parent):
            path.rename(target)

    def _folder(self, folder: Path) -> bool:
        """Make a folder; false where a file or link is on the way."""
        for part in [folder, *folder.parents]:
            if part == self.top:
                break
            if part.is_symlink() or (part.exists() and not part.is_dir()):
                return False
        folder.mkdir(parents=True, exist_ok=True)
        return True

    def _delete(self) -> None:
        path = self._some()
        if path is not None:
            path.unlink()

    def _mode(self) -> None:
        path = self._some()
        if path is not None:
            path.chmod(0o755 if path.stat().st_mode & 0o100 == 0 else 0o644)

    def _binary(self) -> None:
        (self.top / "binary.bin").write_bytes(self.random.randbytes(64) + b"\0")

    def _submodule(self) -> None:
        self.add_submodule(self.random.choice(["module", "module2"]), self.random.choice("234") * 40)

    def _new(self) -> None:
        folder = self.random.choice(["src", "docs", "lib", "new", "src/deep"])
        path = self.top / folder / self.random.choice(["a.txt", "b.own", *_NAMES])
        if self._folder(path.parent) and not path.exists():
            path.write_text("".join(f"new {self.random.randrange(2)} {line}\n" for line in range(5)))

    def _link(self) -> None:
        link = self.top / self.random.choice(["link", "link2"])
        if link.is_symlink() or not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(self.random.choice(["src", "docs", "nowhere"]))

    def _swap(self) -> None:
        """Put a folder where a file is, or a file where a folder is."""
        path = self.top / self.random.choice(["swap", "lib/swap"])
        if path.is_file() and not path.is_symlink():
            path.unlink()
        if not self._folder(path.parent):
            return
        if path.is_dir() or self.random.random() < 0.5:
            if path.is_dir():
                subprocess.run(["rm", "-r", str(path)], check=True)
            path.write_text(f"a file {self.random.randrange(2)}\n")
        else:
            write(path, {"inside.txt": f"in a folder {self.random.randrange(2)}\n"})

    def _attributes(self) -> None:
        more = self.random.choice(["*.txt -merge\n", "src/** merge=union\n", "*.txt text=auto\n"])
        (self.top / ".gitattributes").write_text(f"union.log merge=union\n*.own -merge\n{more}")


def make_history(top: Path, seed: int, branches: int = 4) -> list[str]:
    """Grow main and some branches from one start, two of them criss-cross where that is clean; return their names."""
    history = History(top, seed)
    history.start()
    names = [f"topic/{number}" for number in range(branches)]
    for name in names:
        run_git(top, "checkout", "--quiet", "-f", "-b", name, "main")
        history.grow(history.random.randint(1, 3))
    first = run_git(top, "rev-parse", names[0]).strip()
    for name, other in ((names[0], names[1]), (names[1], first)):  # then these two have two merge bases
        run_git(top, "checkout", "--quiet", "-f", name)
        run_git(top, "merge", "--quiet", "--no-ff", "-m", "Criss-cross", other, check=False)
        if run_git(top, "ls-files", "--unmerged", "-z"):
            run_git(top, "merge", "--abort")
            break
        history.grow(1)
    run_git(top, "checkout", "--quiet", "-f", "main")
    history.grow(2)
    return names
