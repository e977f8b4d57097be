"""Finds the style sheets (in the package or at the repository's root) and names the theme; never invents a style."""

from functools import cache
from pathlib import Path

from rich.terminal_theme import TerminalTheme
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


def _palette(background: str, foreground: str, normal: str, bright: str) -> TerminalTheme:
    def rgb(colour: str) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(colour)
        return red, green, blue

    return TerminalTheme(rgb(background), rgb(foreground), [*map(rgb, normal.split())], [*map(rgb, bright.split())])


# The sixteen colours in which agents print, black to white, so that all of it can be read on the theme's background.
PRINTED_DARK = _palette(
    "14171b",
    "cdd3da",
    "3a4149 e5737b 86b57c e0b060 7aa2c9 c79bd0 6fb8bd cdd3da",
    "9aa4ae f08c8c a0cf96 f0c880 9cc0e4 dcb4e4 8fd3d8 ffffff",
)
PRINTED_LIGHT = _palette(
    "fbfbf9",
    "22272d",
    "22272d b02a2a 2f6b2a 7a5b00 2f5f8f 7d3f8c 1f6b70 5c646c",
    "5c646c c0302f 2d7a27 8a5a00 2a6cb0 93449f 1d757b 22272d",
)


@cache
def stylesheet(name: str) -> Path:
    """Return the path of a style sheet. Raises CockpitError when the installation lacks it."""
    package = Path(__file__).parent.parent
    for folder in (package / "styles", package.parent / "styles"):
        if (path := folder / f"{name}.tcss").is_file():
            return path
    raise CockpitError(f"the style sheet {name}.tcss is missing", hint="install cockpit again")
