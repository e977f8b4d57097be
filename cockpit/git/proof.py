"""Proves that work is on base, whatever the strategy it was merged with; it reads only and guesses nothing."""

from cockpit.git import mergetree
from cockpit.git.builds import scratch_objects, writing_to
from cockpit.git.repo import Repo


def is_on_base(repo: Repo, base: str, commit: str) -> bool:
    """Tell whether base holds all of a commit's work: the commit itself, or (squashed, rebased) its whole effect.

    The effect is there when merging the commit into base would change nothing. Work that was taken back on base
    since, or changed again there, counts as missing. Raises GitError.
    """
    onto, work = repo.commit_id(base), repo.commit_id(commit)
    if repo.is_ancestor(work, onto):
        return True
    with scratch_objects() as folder:
        env, entries = writing_to(repo, folder), mergetree.specials(repo, onto)
        (merged,) = mergetree.merge_many(repo, [(onto, work)], entries=entries, env=env)
    return merged is not None and not merged.paths and merged.tree == repo.tree_of(onto)


def merged_work(repo: Repo, base: str, *commits: str) -> tuple[str, ...]:
    """Return those of these commits whose work is on base: what `rescue.remove` may take as `merged`."""
    return tuple(commit for commit in commits if repo.resolve(commit) and is_on_base(repo, base, commit))
