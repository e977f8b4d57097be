"""A plan from its start to its clean-up in a real terminal: each step is a key, each wait is for what is shown."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.desk import Desk
from tests.e2e.test_terminal import Tmux
from tests.git.repos import commit, run_git

pytestmark = [
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.usefixtures("alone"),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]
# Both change one file. The first run of `a` leaves a function that does nothing; the one after its release mends it.
AGENT = """
cat > /dev/null
echo "$COCKPIT_WORKSTREAM" > clash.txt
[ "$COCKPIT_WORKSTREAM" = a ] || exit 0
if [ -e total.py ]; then body='return sum(values)'; else body='raise NotImplementedError'; fi
printf 'def total(values):\\n    %s\\n' "$body" > total.py
"""
PLAN = """
cleanup: never
approve: {merge: always}
workstreams: [{id: a}, {id: b}]
"""


class Screen:
    """What an operator has: keys, and what the screen shows."""

    def __init__(self, tmux: Tmux, pane: str) -> None:
        self._tmux = tmux
        self.pane = pane

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", "-t", self.pane, *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-t", self.pane, "-l", text)

    def until(self, *patterns: str) -> None:
        """Wait until the screen shows all of these."""

        def shown() -> bool:
            seen = self._tmux.seen(self.pane)
            return all(re.search(pattern, seen, re.MULTILINE) for pattern in patterns)

        self._tmux.until(shown)


@pytest.fixture
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    one = Tmux(tmp_path_factory.mktemp("t") / "s")
    one("new-session", "-d", "-x", "120", "-y", "40", "cat")
    yield one
    one("kill-server")


def test_an_operator_flies_by_keys_alone(tmux: Tmux, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(PLAN)
    commit(desk.repo, "what both change", {"clash.txt": "base\n", "agent.sh": AGENT})
    desk.trust()
    program = f"'{sys.executable}' -m cockpit '{desk.plan}'; echo ended with $?; cat"
    screen = Screen(tmux, tmux.open("sh", "-c", program))
    screen.until(r"waiting +a\b", r"waiting +b\b")

    screen.press("S")
    screen.until("Starts 2 workstreams")
    screen.press("y")
    screen.until(r"quarantined +a\b", r"review +b\b")

    screen.press("4")
    screen.until("─quarantine 1 held", "▌.*quarantined .* a ")
    screen.press("u")
    screen.until("release a", "INCOMPLETE_CODE total.py", "resume: go on in its worktree")
    screen.press("Down", "Enter")
    screen.until("a reason, told to the next run")
    screen.type("sum them up")
    screen.until("sum them up")
    screen.press("Enter")
    screen.until("fixed .*total.py", "✓ release a")
    screen.press("1")
    screen.until(r"review +a\b", r"review +b\b")

    screen.press("G", "d")
    screen.until("diff of b", r"\+ b$")
    screen.press("Escape")
    screen.until(r"▌.*review +b\b")
    screen.press("a")
    screen.until(r"merged +b\b")
    assert run_git(desk.repo, "show", "main:clash.txt") == "b\n"

    screen.press("g", "a")
    screen.until(r"conflict +a\b")
    screen.press("c")
    screen.until("conflict of a", "in clash.txt", "open a worktree to resolve it by hand")
    screen.press("Down", "Down", "Enter")
    screen.until("conflict +a .*being resolved in")
    found = [one for one in (desk.repo / ".cockpit").rglob("clash.txt") if "<<<<<<<" in one.read_text()]
    assert len(found) == 1
    found[0].write_text("b, then a\n")
    screen.press("c")
    screen.until("conflict of a", "check what was done there, commit it")
    screen.press("Enter")
    screen.until(r"review +a\b")
    screen.press("a")
    screen.until(r"merged +a\b", r"merged +b\b")
    assert run_git(desk.repo, "show", "main:clash.txt") == "b, then a\n"
    assert "return sum(values)" in run_git(desk.repo, "show", "main:total.py")

    worktrees = desk.repo.parent / f"{desk.repo.name}.worktrees"
    assert (worktrees / "a").exists()
    screen.press("g", "C")
    screen.until("Clean up", "Cancel")
    screen.press("y")
    screen.until("✓ cleanup a")
    tmux.until(lambda: not (worktrees / "a").exists())
    assert (worktrees / "b").exists()
    screen.press("q")
    screen.until("ended with 0")
