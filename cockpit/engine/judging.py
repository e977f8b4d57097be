"""What git tells of a touched file, as the rules judge it; reads nothing itself."""

from cockpit.git.pairs import Pair
from cockpit.quality.policy import Judged


def judged(pair: Pair) -> Judged:
    """Return both sides of a file as rules judge them; that a link or a submodule was not read is no loss."""
    kind = pair.touched.kind
    return Judged(pair.touched.path, pair.before, pair.after, kind, pair.skipped if kind == "file" else "")
