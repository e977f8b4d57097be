"""Finds the style sheets (in the package or at the repository's root) and names the theme; never invents a style."""

from functools import cache
from pathlib import Path

from textual.theme import Theme

from cockpit.errors import CockpitError

THEME = Theme(
    name="cockpit",
    primary="#7aa2c9",
    secondary="#8aa6c1",
    accent="#e0b060",
    foreground="#cdd3da",
    background="#14171b",
    surface="#1a1e23",
    panel="#232930",
    success="#86b57c",
    warning="#d9a05b",
    error="#dd7474",
    dark=True,
    variables={"text-muted": "#8c96a0", "border": "#2d343c", "scrollbar": "#2d343c", "scrollbar-background": "#14171b"},
)


@cache
def stylesheet(name: str) -> Path:
    """Return the path of a style sheet. Raises CockpitError when the installation lacks it."""
    package = Path(__file__).parent.parent
    for folder in (package / "styles", package.parent / "styles"):
        if (path := folder / f"{name}.tcss").is_file():
            return path
    raise CockpitError(f"the style sheet {name}.tcss is missing", hint="install cockpit again")
