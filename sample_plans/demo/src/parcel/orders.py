"""Orders: what is sent to whom."""

from dataclasses import dataclass

from parcel.rates import quote


@dataclass(frozen=True)
class Order:
    """One parcel to send; the weight is in kilograms."""

    number: int
    name: str
    street: str
    city: str
    weight: float
    zone: int = 1

    @property
    def price(self) -> float:
        """The price in euros."""
        return quote(self.weight, self.zone)


def total(orders: list[Order]) -> float:
    """Return the price of all orders together."""
    return round(sum(order.price for order in orders), 2)
