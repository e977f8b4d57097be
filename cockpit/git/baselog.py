"""The last commits of a branch, along its first parents: what came to it step by step; reads only."""

from dataclasses import dataclass

from cockpit.git.repo import Repo

_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Logged:
    """A commit: its id, when it was made (seconds since the epoch), by whom, and its subject."""

    commit: str
    at: float
    author: str
    subject: str


def last(repo: Repo, branch: str, most: int) -> tuple[Logged, ...]:
    """Return the last commits of a branch, the newest first; none where there is no such branch. Raises GitError."""
    tip = repo.tip(branch)
    if tip is None:
        return ()
    told = repo.git("log", "-z", f"--max-count={most}", "--first-parent", "--format=%H%x00%ct%x00%aN%x00%s", tip, "--")
    fields = [one.decode("utf-8", "replace") for one in told.split(b"\0")]
    rows = (fields[at : at + _FIELDS] for at in range(0, len(fields) - _FIELDS + 1, _FIELDS))
    return tuple(Logged(commit, float(at), author, subject) for commit, at, author, subject in rows)
