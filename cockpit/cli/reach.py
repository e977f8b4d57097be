"""How commands reach a plan: its project, how it stands, its driver; and the trust that they ask for first."""

import asyncio
import getpass
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.errors import CockpitError, DriverGoneError, PlanError

if TYPE_CHECKING:
    from cockpit.engine.handle import Answer, View
    from cockpit.engine.project import Project
    from cockpit.schedule.orders import Order

FIRST_VIEW_S = 10.0


def as_written(plan: Path, state_dir: Path | None) -> "Project":
    """Return the project of a plan file as the file is now. Raises PlanError, GitError, CockpitError."""
    from cockpit.engine.project import open_project

    if not plan.exists():
        raise CockpitError("no such plan file", where=str(plan), hint="give the path of a plan file")
    if plan.is_dir():
        raise CockpitError("a folder, not a plan file", where=str(plan), hint="give the path of the file in it")
    return open_project(plan, state_dir)


def opened(plan: Path, state_dir: Path | None) -> "Project":
    """Return the project of a plan file; of the version that its driver goes on with where the file has errors now.

    Nobody has to mend a plan before agents can be paused or asked after. Raises as `as_written`.
    """
    from dataclasses import replace

    from cockpit.cli.known import driven_state
    from cockpit.cli.output import tell
    from cockpit.engine.project import project_of
    from cockpit.plan.load import parse_plan

    try:
        return as_written(plan, state_dir)
    except CockpitError as error:
        driven = driven_state(plan, state_dir) if isinstance(error, PlanError) or not plan.exists() else None
        if driven is None:
            raise
        try:
            project = project_of(parse_plan(driven[1].snapshot.text, plan), state_dir)
        except PlanError:
            raise error from None  # a version that this cockpit does not take
        wrong = "has errors (`cockpit check` names them)" if plan.exists() else "is gone"
        tell(f"{plan} {wrong}; its driver goes on with the version from before that")
        return replace(project, state=driven[0])  # which has the name from the plan's opening


def present(plan: Path, state_dir: Path | None) -> "tuple[View, str | None]":
    """Return how a plan stands, by its driver where one runs and else by its journal, and the commit base is at."""
    project = opened(plan, state_dir)
    return view_of(project), project.repo.tip(project.base)


def view_of(project: "Project") -> "View":
    """Return how a project stands; a plan that was never opened stands as its file says. Starts no driver."""
    from cockpit.engine import client

    if client.driver_pid(project.state) is not None:
        view = asyncio.run(_first_view(project))
        if view is not None:
            return _with_plan(project, view)
    return glimpsed(project)


def glimpsed(project: "Project") -> "View":
    """Return how a project stands by its journal alone; a plan that was never opened stands as its file says."""
    from cockpit.engine.client import glimpse

    return _with_plan(project, glimpse(project.state))


def ordered(project: "Project", order: "Order", *, agents: int | None = None) -> "Answer":
    """Hand an order to the plan's driver, starting one (of `agents`) when none runs; return what became of it."""
    from cockpit.engine.client import ensure_driver

    async def hand_in() -> "Answer":
        handle = await ensure_driver(project.loaded.path, project.state, agents=agents)
        try:
            return await handle.order(order)
        finally:
            await handle.close()

    return asyncio.run(hand_in())


def who(where: str) -> str:
    """Return who gives an order, as the journal keeps it: `user@command`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return f"{user}@{where}"


def prepared(project: "Project") -> None:
    """Make the project's state folder, hidden from git. Raises CockpitError."""
    from cockpit.engine.project import prepare_state

    prepare_state(project)


async def _first_view(project: "Project") -> "View | None":
    """Return the driver's first view; None when there is no driver after all."""
    from cockpit.engine.client import connect

    try:
        handle = await connect(project.state)
        try:
            async with asyncio.timeout(FIRST_VIEW_S):
                async for view in handle.subscribe():
                    return view
        finally:
            await handle.close()
    except (DriverGoneError, TimeoutError):
        return None
    return None


def _with_plan(project: "Project", view: "View") -> "View":
    from msgspec.structs import replace

    from cockpit.engine.project import outline_of, require_own
    from cockpit.schedule.facts import PlanLoaded, Recorded
    from cockpit.schedule.fold import fold

    require_own(project, view.snapshot.path)
    if view.snapshot.legs:
        return view
    loaded = project.loaded
    fact = PlanLoaded(str(loaded.path), loaded.text, outline_of(project))
    return replace(view, snapshot=fold(view.snapshot, Recorded(view.snapshot.seq, time.time(), fact)))
