"""The terminal that was lent is read again, also where the program that had it was killed with others left in it."""

import os
import subprocess
import sys

LEADER = """
import fcntl, os, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from cockpit.ui.lending import take_back
left = subprocess.Popen(["cat"], process_group=0, stdin=subprocess.PIPE)
os.tcsetpgrp(0, left.pid)
before = os.tcgetpgrp(0) == left.pid
take_back(0)
print(before, os.tcgetpgrp(0) == os.getpgrp())
left.communicate()
take_back(-1)
"""


def test_the_terminal_is_taken_from_who_was_left_in_front() -> None:
    ours, its = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", LEADER],
            stdin=its,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
            timeout=20,
        )
    finally:
        os.close(ours)
        os.close(its)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")
