"""When memory is looked through for what nobody holds any more: seldom, and never through what stays; frees nothing.

Looking through all that is loaded holds up a key for as long as 50 ms; so what is there after a start is left out.
"""

import gc

_OFTEN = (2_000, 10, 20)  # a view of a busy plan makes some thousands of objects, and nearly all go by themselves


def spare() -> None:
    """Leave out of every later look what is there now."""
    gc.set_threshold(*_OFTEN)
    gc.freeze()
