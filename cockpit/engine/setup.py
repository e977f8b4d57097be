"""Sets up a fresh worktree: copies, links and commands of the plan's `setup`; it overwrites nothing that is there."""

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Event

from cockpit.engine.project import Project
from cockpit.errors import CockpitError
from cockpit.quality.gates import run_gate


def set_up(
    project: Project,
    worktree: Path,
    output: Path,
    env: Mapping[str, str],
    cancelled: Event,
    tell: Callable[[str], None],
) -> None:
    """Copy, link and run what the plan asks for, until `cancelled` is set; `tell` hears of each step that is begun.

    Raises CockpitError naming the step that failed and its output.
    """
    setup = project.loaded.plan.setup
    if setup.copy_ or setup.link:
        tell("setting up: copies and links")
    try:
        for source, target in _matches(project.repo.root, setup.copy_, worktree):
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(source, target, output.parent)
        for source, target in _matches(project.repo.root, setup.link, worktree):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError as error:
        raise CockpitError(f"set-up failed: {error}", where=str(worktree), hint="see the plan's `setup`") from error
    output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number, command in enumerate(setup.run, 1):
        shown = command if isinstance(command, str) else " ".join(command)
        tell(f"setting up: {shown}")
        log = output.with_name(f"{output.stem}-{number}{output.suffix}")
        result = run_gate(
            f"setup-{number}",
            command,
            worktree=worktree,
            output=log,
            timeout_s=setup.timeout,
            env=env,
            cancelled=cancelled,
        )
        if not result.ok:
            raise CockpitError(f"set-up failed: `{shown}` {result.reason}\n{result.tail}", hint=f"see {log}")


def _copy(source: Path, target: Path, scratch: Path) -> None:
    """Copy a file or folder so that a kill in the middle leaves nothing half-copied under its own name."""
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="copy-") as folder:
        draft = Path(folder) / "draft"
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, draft, symlinks=True)
        else:
            shutil.copy2(source, draft, follow_symlinks=False)
        try:
            draft.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.move(draft, target)  # the state folder is on another file system: a kill can only leave a part


def _matches(root: Path, patterns: tuple[str, ...], worktree: Path) -> Iterator[tuple[Path, Path]]:
    for pattern in patterns:
        for source in sorted(root.glob(pattern)):
            relative = source.relative_to(root)
            if ".git" in relative.parts or ".cockpit" in relative.parts:
                continue
            target = worktree / relative
            if not target.exists() and not target.is_symlink():
                yield source, target
