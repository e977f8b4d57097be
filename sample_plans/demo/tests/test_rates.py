import unittest

from parcel.rates import DEFAULT_RATE, PER_KILOGRAM, quote


class Rates(unittest.TestCase):
    def test_near(self) -> None:
        assert quote(1.0, 1) == round(DEFAULT_RATE + PER_KILOGRAM, 2)

    def test_far_costs_more(self) -> None:
        assert quote(1.0, 4) > quote(1.0, 1)

    def test_nothing_cannot_be_sent(self) -> None:
        with self.assertRaises(ValueError):  # noqa: PT027  # a project without pytest
            quote(0.0, 1)
