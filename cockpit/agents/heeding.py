"""Learns what is secret in the output of a run that another process started, while that runs; hides nothing itself.

What a run was started with may stand in nobody else's environment: neither in that of a later driver nor in a shell's.
"""

from pathlib import Path

from cockpit import processtree
from cockpit.agents import supervisor
from cockpit.processtree import ProcessId
from cockpit.redaction import KNOWN

_heeded: set[Path] = set()


def heed(folder: Path) -> None:
    """Learn the secrets of the run in this folder, once; one that is over has hidden them in its logs by itself."""
    if folder in _heeded:
        return
    try:
        fields = supervisor.read_fields(str(folder / "supervisor"))
        watcher = ProcessId(int(fields["pid"][0]), fields["start"][0])
    except (OSError, LookupError, ValueError):
        return  # nothing of it runs yet
    KNOWN.learn(processtree.environment_of(watcher))
    _heeded.add(folder)  # only now: another thread that reads the same output is not to be ahead of it
