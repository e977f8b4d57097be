"""Loads what pages and dialogs need while the first page is looked at, so that the first look at each is quick, too."""

import asyncio
from importlib import import_module

from textual.css.stylesheet import Stylesheet

from cockpit.ui.collecting import spare
from cockpit.ui.styling import stylesheet

LATER = (
    "cockpit.ui.ordering",
    *(
        f"cockpit.ui.screens.{name}"
        for name in (
            "workstream",
            "confirm",
            "palette",
            "help",
            "quarantine",
            "alerts",
            "merges",
            "agents",
            "diff",
            "answer",
            "release",
            "ways",
            "journal",
            "forecast",
            "sort",
            "log",
        )
    ),
    "cockpit.ui.widgets.wavemap",
    "cockpit.ui.widgets.filterline",
)


async def load(styles: Stylesheet) -> None:
    """Load the modules one after the other, beside the loop, then their styles."""
    for name in LATER:
        await asyncio.to_thread(import_module, name)
    for path in map(stylesheet, ("pages", "dialogs")):
        if not styles.has_source(str(path), ""):
            styles.read(path)
            styles.parse()
            await asyncio.sleep(0)
    spare()
