"""Builds the commit that undoes what a merged leg brought, and brings a reverted leg back; it moves no ref."""

import re

from cockpit.errors import GitError
from cockpit.git import mergetree, spawn
from cockpit.git.builds import Built, Conflict, Strategy, commit_tree, reading, scratch_objects, synthetic, writing_to
from cockpit.git.integrate import build, last_author
from cockpit.git.replay import replay
from cockpit.git.repo import Author, Repo

_TRAILER = "Cockpit-Reverts"
_AGAIN = "Cockpit-Reapplies"


def build_revert(
    repo: Repo, onto: str, merged_commit: str, message: str, *, author: Author | None = None, since: str | None = None
) -> Built | Conflict:
    """Make the one commit on `onto` that undoes what a merged leg brought, without a checkout or moving a ref.

    A merge or squash commit is undone against its first parent; a rebased leg against `since`, what base was before
    its first commit. What was undone is noted in a trailer of the message. Raises GitError.
    """
    ours, last = repo.commit_id(onto), repo.commit_id(merged_commit)
    before = repo.commit_id(since) if since is not None else _first_parent(repo, last)
    for commit in (before, last):
        if not repo.is_ancestor(commit, ours):
            raise GitError(f"{commit[:12]} is not in what it would be taken out of", where=str(repo.root))
    merged = mergetree.merge_trees(repo, last, ours, before)
    if merged.paths:
        return Conflict(merged.paths)
    if merged.tree == repo.tree_of(ours):
        return Built(ours, merged.tree, empty=True)
    text = f"{message.rstrip() or 'Revert'}\n\n{_TRAILER}: {before}..{last}"
    return Built(commit_tree(repo, merged.tree, (ours,), text, author), merged.tree)


def build_again(
    repo: Repo,
    onto: str,
    head: str,
    reverted: str,
    strategy: Strategy,
    message: str,
    *,
    author: Author | None = None,
) -> Built | Conflict:
    """Make the commit that brings `head` onto `onto` after its earlier work was merged and reverted.

    `reverted` is the revert commit. Where git takes the old work for merged already, it is brought back together with
    what is new on `head`: in one commit for merge and squash, for rebase in one commit before the replayed ones (as one
    range it can be reverted again). A trailer of the message says what was brought back.
    Raises GitError.
    """
    ours, theirs, undone = repo.commit_id(onto), repo.commit_id(head), repo.commit_id(reverted)
    message = f"{message.rstrip() or 'Reapply'}\n\n{_AGAIN}: {undone}"
    if not repo.is_ancestor(undone, ours) or not _is_hidden(repo, ours, theirs, undone):
        return build(repo, ours, theirs, strategy, message, author=author)
    back = mergetree.merge_trees(repo, undone, ours, _first_parent(repo, undone))
    if back.paths:
        return Conflict(back.paths)
    by = author or last_author(repo, _noted(repo, undone)[0], theirs)
    if strategy == "rebase":
        first = commit_tree(repo, back.tree, (ours,), message, by) if back.tree != repo.tree_of(ours) else ours
        replayed = replay(repo, first, theirs)
        if isinstance(replayed, Built):
            return Built(replayed.commit, replayed.tree, empty=replayed.commit == ours)
        if not replayed.has_merges:
            return Conflict(replayed.paths)
    with scratch_objects() as folder:
        with_work = synthetic(repo, back.tree, (ours,), writing_to(repo, folder))
        merged = mergetree.merge(repo, with_work, theirs, env=reading(folder))
    if merged.paths:
        return Conflict(merged.paths)
    if merged.tree == repo.tree_of(ours):
        return Built(ours, merged.tree, empty=True)
    parents = (ours, theirs) if strategy == "merge" else (ours,)
    return Built(commit_tree(repo, merged.tree, parents, message, author if strategy == "merge" else by), merged.tree)


def _is_hidden(repo: Repo, onto: str, head: str, undone: str) -> bool:
    """Tell whether git takes reverted work of `head` for merged, so that a plain merge would leave it out."""
    before, last = _noted(repo, undone)
    bases = _merge_bases(repo, onto, head)
    shared = [commit for base in bases for commit in _merge_bases(repo, base, last)]
    if not all(repo.is_ancestor(commit, before) for commit in shared):
        if not any(repo.is_ancestor(undone, base) for base in bases):
            return True
        # The branch went on from the revert. If somebody brought the work back there, doing it again changes nothing.
        again = mergetree.merge_trees(repo, undone, head, _first_parent(repo, undone))
        if not again.paths and again.tree != repo.tree_of(head):
            return True
    # What was reverted may itself have brought back what was reverted before: the branch may stand on that.
    return any(_is_hidden(repo, onto, head, earlier) for earlier in _reapplied(repo, before, last))


def _merge_bases(repo: Repo, one: str, other: str) -> list[str]:
    return spawn.git(["merge-base", "--all", one, other], cwd=repo.root, accept=(0, 1)).stdout.decode().split()


def _reapplied(repo: Repo, before: str, last: str) -> list[str]:
    """Return the reverts that commits of a merged range brought back again."""
    text = repo.git("log", "--first-parent", "--format=%B", last, f"^{before}", "--").decode("utf-8", "replace")
    found = re.findall(rf"^{_AGAIN}: ([0-9a-f]{{40,64}})$", text, re.MULTILINE)
    return [commit for commit in dict.fromkeys(found) if repo.resolve(commit)]


def _noted(repo: Repo, undone: str) -> tuple[str, str]:
    """Return what base was before the reverted work, and the last commit of it."""
    text = repo.git("log", "-1", "--format=%B", undone, "--").decode("utf-8", "replace")
    found = re.findall(rf"^{_TRAILER}: ([0-9a-f]{{40,64}})\.\.([0-9a-f]{{40,64}})$", text, re.MULTILINE)
    if found:
        return found[-1][0], found[-1][1]
    by_git = re.findall(r"This reverts commit ([0-9a-f]{40,64})", text)
    if by_git:
        return _first_parent(repo, by_git[-1]), by_git[-1]
    raise GitError(f"{undone[:12]} does not say what it reverts", where=str(repo.root))


def _first_parent(repo: Repo, commit: str) -> str:
    parent = repo.resolve(f"{commit}^1")
    if parent is None:
        raise GitError(f"{commit[:12]} has no parent", where=str(repo.root))
    return parent
