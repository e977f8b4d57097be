"""The command line."""

import argparse

from parcel.rates import quote


def main() -> None:
    """Print a quote."""
    parser = argparse.ArgumentParser(prog="parcel")
    commands = parser.add_subparsers(required=True)
    quoting = commands.add_parser("quote")
    quoting.add_argument("--weight", type=float, required=True)
    quoting.add_argument("--zone", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{quote(arguments.weight, arguments.zone):.2f} EUR")


if __name__ == "__main__":
    main()
