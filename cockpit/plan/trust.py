"""Keeps which plans a user trusted, outside of any repository; a plan that changed is not trusted any more."""

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from cockpit.errors import CockpitError
from cockpit.filelock import FileLock
from cockpit.plan.covered import Change, commands, covered, digest, keep_in_force
from cockpit.plan.load import Loaded

__all__ = ["Change", "TrustError", "TrustStore", "commands", "covered", "default_path", "digest", "keep_in_force"]

_FORMAT = 1


class TrustError(CockpitError):
    """A trust file that cannot be read, or that others could have written."""


class TrustStore:
    """The plans that this user trusted, by the place of their files."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path if path is not None else default_path()

    def is_trusted(self, loaded: Loaded) -> bool:
        """Return whether the plan, as it is now, is trusted. Raises TrustError when the file cannot be believed."""
        return self._read().get(_key(loaded)) == digest(loaded)

    def trust(self, loaded: Loaded) -> None:
        """Trust the plan as it is now. Raises TrustError, LockHeldError, or OSError when nothing could be written."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(self.path.with_name(self.path.name + ".lock")).held(10.0):
            plans = self._read()
            plans[_key(loaded)] = digest(loaded)
            self._write(plans)

    def _read(self) -> dict[str, Any]:
        hint = f"look into {self.path}, or remove it and trust your plans again"
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise TrustError(f"cannot be read: {error.strerror}", where=str(self.path), hint=hint) from error
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise TrustError("others could have written it", where=str(self.path), hint=f"{hint} (chmod 600)")
        try:
            held = json.loads(content)
            plans = held["plans"] if held["format"] == _FORMAT else None
        except (ValueError, KeyError, TypeError) as error:
            raise TrustError("is damaged", where=str(self.path), hint=hint) from error
        if not isinstance(plans, dict):
            raise TrustError("is of another version of cockpit", where=str(self.path), hint=hint)
        return plans

    def _write(self, plans: dict[str, Any]) -> None:
        text = json.dumps({"format": _FORMAT, "plans": plans}, indent=1, sort_keys=True) + "\n"
        fd, name = tempfile.mkstemp(prefix=self.path.name, dir=self.path.parent)  # made with mode 0600
        fresh = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        finally:
            fresh.unlink(missing_ok=True)


def default_path() -> Path:
    """Return the place of the trust file: in `$XDG_CONFIG_HOME`, or in `~/.config`."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return folder / "cockpit" / "trust.json"


def _key(loaded: Loaded) -> str:
    return os.path.realpath(loaded.path)
