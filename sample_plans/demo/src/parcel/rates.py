"""Rates by weight and zone."""

DEFAULT_RATE = 4.90
PER_KILOGRAM = 0.80
ZONE_FACTORS = {1: 1.0, 2: 1.4, 3: 2.1, 4: 3.0}


def quote(weight: float, zone: int) -> float:
    """Return the price in euros for a weight in kilograms."""
    if weight <= 0:
        raise ValueError("a parcel weighs something")
    if zone not in ZONE_FACTORS:
        raise ValueError(f"there is no zone {zone}")
    return round((DEFAULT_RATE + PER_KILOGRAM * weight) * ZONE_FACTORS[zone], 2)
