"""What a change was when somebody last decided on it, as it would be on the base of now; moves no ref."""

from dataclasses import dataclass

from cockpit.errors import GitError
from cockpit.git.mergetree import merge_trees
from cockpit.git.repo import Repo


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A commit or tree to compare with; `paths` hold git's conflict marks there, since base changed the same lines."""

    tree: str
    paths: tuple[str, ...] = ()


def brought_on(repo: Repo, commit: str, base: str, now: str) -> Reviewed:
    """Return a commit that was made from `base` as it would be on the base of `now`. Raises GitError.

    Without this, what came to base since then would show as a part of the change.
    """
    try:
        repo.tree_of(commit)
    except GitError as error:
        raise GitError(
            f"{commit[:9]}, which was decided on last, is not in the repository any more",
            where=str(repo.root),
            hint="look at all of the change",
        ) from error
    if not base or base == now:
        return Reviewed(commit)
    merged = merge_trees(repo, base, now, commit)
    return Reviewed(merged.tree, merged.paths)
