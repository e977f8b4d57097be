"""The bounded worker pool: threads for git and checks, so that the loop never waits for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from cockpit.errors import GitError

P = ParamSpec("P")
T = TypeVar("T")

SHORT = 4
GIT = 4
ENDING = 16
SURVEYS = 2
KILLED = 2


class Pool:
    """Bounded sets of threads: each kind of work waits only for its own kind, so that a stop waits for no gate."""

    def __init__(self, agents: int) -> None:
        self._short = ThreadPoolExecutor(SHORT, "short")
        self._git = ThreadPoolExecutor(GIT, "git")
        self._ending = ThreadPoolExecutor(ENDING, "ending")
        self._long = ThreadPoolExecutor(max(4, min(agents + 2, 64)), "long")
        self._idle = ThreadPoolExecutor(SURVEYS, "idle")

    async def short(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that takes well under a second."""
        return await self._again(self._short, lambda: work(*args, **kwargs))

    async def git(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run git on a worktree, which takes as long as the repository is large."""
        return await self._again(self._git, lambda: work(*args, **kwargs))

    @staticmethod
    async def _again(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Run something, and again where a git command of it was killed: all of it may be done twice."""
        for _ in range(KILLED):
            try:
                return await asyncio.get_running_loop().run_in_executor(executor, work)
            except GitError as error:
                if error.code is None or error.code >= 0:
                    raise
        return await asyncio.get_running_loop().run_in_executor(executor, work)

    async def ending(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what ends a process tree, or judges one that has ended."""
        return await asyncio.get_running_loop().run_in_executor(self._ending, lambda: work(*args, **kwargs))

    async def long(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that may take minutes, such as a gate."""
        return await asyncio.get_running_loop().run_in_executor(self._long, lambda: work(*args, **kwargs))

    async def idle(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that may wait behind others of its kind, such as a survey of a worktree."""
        return await asyncio.get_running_loop().run_in_executor(self._idle, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Let go of the threads; work that has not begun is dropped."""
        for executor in (self._short, self._git, self._ending, self._long, self._idle):
            executor.shutdown(wait=False, cancel_futures=True)
