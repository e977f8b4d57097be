"""Labels as plain text."""

from parcel.orders import Order

WIDTH = 32


def framed(lines: list[str]) -> str:
    """Return lines in a frame."""
    edge = "+" + "-" * WIDTH + "+"
    body = [f"| {line[: WIDTH - 2].ljust(WIDTH - 2)} |" for line in lines]
    return "\n".join([edge, *body, edge])


def address(order: Order) -> list[str]:
    """Return the lines of an address."""
    return [order.name, order.street, order.city]


def label(order: Order) -> str:
    """Return the label that is stuck on a parcel."""
    lines = [f"No. {order.number:06d}", "", *address(order)]
    return framed(lines)


def customs_label(order: Order, content: str, value: float) -> str:
    """Return the label that a parcel to another country needs as well."""
    lines = ["CUSTOMS DECLARATION", f"Content: {content}", f"Value: {value:.2f} EUR"]
    return framed([*lines, "", *address(order)])


def return_label(order: Order) -> str:
    """Return the label for the way back."""
    return framed(["RETURN", f"No. {order.number:06d}", "Parcel Ltd", "1 Depot Road"])


def fragile_label(order: Order) -> str:
    """Return the label for what breaks."""
    return framed(["FRAGILE", f"No. {order.number:06d}", "This side up"])


def sheet(orders: list[Order]) -> str:
    """Return the labels of many orders, one below the other."""
    return "\n\n".join(label(order) for order in orders)
