"""Where the state of a plan lies: one folder a plan, private to its user; never anywhere else."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from cockpit.errors import CockpitError

ENVIRONMENT = "COCKPIT_STATE_DIR"
EXCLUDED = "/.cockpit/"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The state folder of one plan and the names in it."""

    path: Path

    @property
    def journal(self) -> Path:
        """The SQLite file that holds the facts."""
        return self.path / "journal.db"

    @property
    def head(self) -> Path:
        """How far the journal reached when a driver last began or ended."""
        return self.path / "journal.head"

    @property
    def lock(self) -> Path:
        """The lock that the plan's driver holds."""
        return self.path / "driver.lock"

    @property
    def socket(self) -> Path:
        """The Unix socket that the plan's driver listens on."""
        return self.path / "driver.sock"

    @property
    def log(self) -> Path:
        """What a driver without a terminal prints."""
        return self.path / "driver.log"

    @property
    def integration(self) -> Path:
        """Cockpit's own detached worktree, for gates on integrated commits."""
        return self.path / "integration"

    @property
    def reports(self) -> Path:
        """The folder of the reports that the operator asked for."""
        return self.path / "reports"

    @property
    def estimates(self) -> Path:
        """How the estimate of the finish moved."""
        return self.path / "estimates.json"

    @property
    def told(self) -> Path:
        """The alarms that `notify` told of and that still stand."""
        return self.path / "told.json"

    @property
    def base(self) -> Path:
        """The branch that the plan's work is merged into, kept from its first start on."""
        return self.path / "base"

    def run(self, run: str) -> Path:
        """The folder of one run."""
        return self.path / "runs" / folder_name(run)

    def gates(self, run: str) -> Path:
        """The folder that keeps what the gates after a run printed."""
        return self.path / "gates" / folder_name(run)

    def make(self) -> None:
        """Make the folder, readable by its user alone. Raises CockpitError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.chmod(0o700)
        except OSError as error:
            raise CockpitError(
                f"the state folder cannot be made: {error.strerror or error}",
                where=str(self.path),
                hint=f"make it writable, or name another place with --state-dir or {ENVIRONMENT}",
            ) from error


def state_folder(repo: Path, plan: str, override: Path | None = None) -> StateFolder:
    """Return the state folder of a plan: under `override`, else the environment's, else `.cockpit` in the repository.

    Folders that are named outside the repository get one folder a repository, so that plans of the same name differ.
    """
    named = override or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if named is None:
        return StateFolder(repo / ".cockpit" / folder_name(plan))
    from hashlib import sha256

    digest = sha256(os.fsencode(repo.resolve())).hexdigest()[:8]
    return StateFolder(named.expanduser().resolve() / f"{folder_name(repo.name)}-{digest}" / folder_name(plan))


def folder_name(name: str) -> str:
    """Return a name as one safe path component; names that had to be changed stay distinct by a digest."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80]
    if safe and safe == name:
        return safe
    from hashlib import sha256

    return f"{safe or 'plan'}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
