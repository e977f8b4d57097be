"""Keeps orders in a JSON file."""

import json
from dataclasses import asdict
from pathlib import Path

from parcel.orders import Order


def load(path: Path) -> list[Order]:
    """Return the orders of a file; none when it does not exist."""
    if not path.exists():
        return []
    return [Order(**entry) for entry in json.loads(path.read_text())]


def save(path: Path, orders: list[Order]) -> None:
    """Write all orders to a file."""
    path.write_text(json.dumps([asdict(order) for order in orders], indent=2) + "\n")
