"""The screen, a client of the driver."""

import os

# What a key changed waits for the next beat of the screen: at Textual's own 60 beats a second, 8 ms on average. Beats
# are counted only while there is something to paint, and views come ten times a second at most.
os.environ.setdefault("TEXTUAL_FPS", "240")
