import tempfile
import unittest
from pathlib import Path

from parcel.labels import label
from parcel.orders import Order, total
from parcel.store import load, save

ORDER = Order(7, "Ada Lovelace", "12 St James's Square", "London", 2.0, 3)


class Orders(unittest.TestCase):
    def test_total(self) -> None:
        assert total([ORDER, ORDER]) == round(2 * ORDER.price, 2)

    def test_kept(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "orders.json"
            assert load(path) == []
            save(path, [ORDER])
            assert load(path) == [ORDER]

    def test_label_names_the_receiver(self) -> None:
        assert "Ada Lovelace" in label(ORDER)
