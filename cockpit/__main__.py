"""Entry point of the `cockpit` command; answers `--version` without importing anything else."""

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from cockpit import __version__

        print(f"cockpit {__version__}")
        return
    from cockpit.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
