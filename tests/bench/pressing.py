"""What each key takes until its page or dialog is painted, over 1,000 workstreams of which 50 print."""

import re
from collections.abc import Mapping
from statistics import median

from tests.bench.flying import busy_screen

ROUNDS = 3
WARM_S, BETWEEN_S = 3.0, 0.5
DIALOG = "╭".encode()
KEYS: tuple[tuple[str, bytes, bytes, bytes], ...] = (  # what it is, its key, what only it paints, the key back
    ("the palette", b":", DIALOG, b"\x1b"),
    ("help", b"?", DIALOG, b"\x1b"),
    ("a confirm", b"x", DIALOG, b"\x1b"),
    ("sorting", b",", DIALOG, b"\x1b"),
    ("the wave map", b"w", b"critical path", b"w"),
    ("the filter", b"/", b"ords, or state", b""),
    ("a letter of it", b"9", rb"workstreams \d+/1000", b"\x1b"),
    ("agents", b"2", rb"agents \d+/", b"\x1b"),
    ("alerts", b"3", rb"alerts \d", b"\x1b"),
    ("quarantine", b"4", rb"quarantine \d+ held", b"\x1b"),
    ("merges", b"5", rb"merges \d+ in", b"\x1b"),
    ("a workstream", b"\r", rb"about 30m", b"\x1b"),
    ("its output", b"l", rb"what it printed|before", b"\x1b"),
    ("its diff", b"d", rb"diff of w", b"\x1b"),
    ("its timeline", b"t", b"what happened to", b"\x1b"),
    ("the last row", b"G", b"w1000", b"g"),
)


def key_times(env: Mapping[str, str]) -> dict[str, float]:
    """Return the median time of each key in seconds."""
    times: dict[str, list[float]] = {name: [] for name, *_ in KEYS}
    screen = busy_screen(env)
    try:
        screen.wait_for(b"w0005")
        screen.drain(WARM_S)
        for _ in range(ROUNDS):
            for name, key, painted, back in KEYS:
                times[name].append(screen.key_until(key, re.compile(painted)))
                screen.drain(BETWEEN_S)
                if back:
                    screen.press(back)
                    screen.drain(BETWEEN_S)
        return {name: median(found) for name, found in times.items()}
    finally:
        screen.close()
