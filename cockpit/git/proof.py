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


def is_delivered(repo: Repo, base: str, merged: str, commit: str) -> bool:
    """Tell whether base holds the commit that a merge published, and that one all of a commit's work.

    What became of the work on base since then doesn't matter. Raises GitError.
    """
    published, work = repo.resolve(merged), repo.resolve(commit)
    if published is None or work is None or not repo.is_ancestor(published, repo.commit_id(base)):
        return False
    return is_on_base(repo, published, work)
