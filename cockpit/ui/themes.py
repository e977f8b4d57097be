"""The themes beside the dark one: light, high contrast, and the terminal's own sixteen colours; holds no style."""

from textual.theme import Theme

from cockpit.ui.styling import THEME

_ALL = (
    Theme(
        name="cockpit-light",
        primary="#2f5f8f",
        secondary="#3a607f",
        accent="#8a5a00",
        foreground="#22272d",
        background="#fbfbf9",
        surface="#f1f1ed",
        panel="#e4e4de",
        success="#2f6b2a",
        warning="#8a4b00",
        error="#b02a2a",
        dark=False,
        variables={
            "text-muted": "#5c646c",
            "border": "#c9ccc8",
            "scrollbar": "#c9ccc8",
            "scrollbar-background": "#fbfbf9",
        },
    ),
    Theme(
        name="cockpit-high-contrast",
        primary="#7fd4ff",
        secondary="#a8e0ff",
        accent="#ffe600",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#262626",
        success="#5dff5d",
        warning="#ffb000",
        error="#ff9c9c",
        dark=True,
        variables={
            "text-muted": "#d0d0d0",
            "border": "#ffffff",
            "scrollbar": "#ffffff",
            "scrollbar-background": "#000000",
        },
    ),
    Theme(
        name="cockpit-ansi",
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        accent="ansi_yellow",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        success="ansi_green",
        warning="ansi_yellow",
        error="ansi_red",
        dark=True,
        variables={
            "text-muted": "ansi_bright_black",
            "border": "ansi_bright_black",
            "scrollbar": "ansi_bright_black",
            "scrollbar-background": "ansi_default",
            "border-blurred": "ansi_bright_black",
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_white",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "input-cursor-text-style": "none",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": "ansi_black",
            "screen-selection-background": "ansi_bright_blue",
            "screen-selection-foreground": "ansi_black",
        },
    ),
)


def theme(name: str) -> Theme:
    """Return the theme that the settings call by this name."""
    return next((one for one in _ALL if one.name == f"cockpit-{name}"), THEME)
