import pytest
from pydantic import ValidationError

from cockpit.plan.duration import estimate, percent, seconds, size
from cockpit.plan.settings import Answer

HOUR = 3600.0


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("90s", 90.0),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        ("1.5 h", 5400.0),
        ("1d", 24 * HOUR),
        ("0s", 0.0),
        (30, 30.0),
        (0.5, 0.5),
    ],
)
def test_durations(written: object, value: float) -> None:
    assert seconds(written) == value


@pytest.mark.parametrize(
    "written",
    ["", "soon", "10", "10 minutes", "-5m", "m", "1h-2h", "1e3s", True, None, [1], -1, 1e300, "9" * 400 + "h"],
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(written)


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("2h", 2, 2),
        ("3-4h", 3, 4),
        ("3h-4h", 3, 4),
        ("3 – 4 h", 3, 4),
        ("30m-2h", 0.5, 2),
        ("0.5-1.5h", 0.5, 1.5),
        ("1d", 8, 8),
        ("1-2d", 8, 16),
        (1800, 0.5, 0.5),
        ([3600, 7200], 1, 2),
    ],
)
def test_estimates(written: object, low: float, high: float) -> None:
    assert estimate(written) == (low * HOUR, high * HOUR)


@pytest.mark.parametrize("written", ["", "-", "4-3h", "1-2-3h", "3-h", "-3h", "h", "3-4", None, True, [1], {}])
def test_what_is_no_estimate(written: object) -> None:
    with pytest.raises(ValueError, match=r"estimate|duration"):
        estimate(written)


@pytest.mark.parametrize(
    ("written", "value"),
    [("10GB", 10**10), ("1.5 kB", 1500), ("512MiB", 512 * 2**20), ("2T", 2 * 10**12), ("7", 7), ("7b", 7), (12, 12)],
)
def test_sizes(written: object, value: int) -> None:
    assert size(written) == value


@pytest.mark.parametrize("written", ["", "GB", "ten GB", "-1GB", "1 PB", None, False, -1, float("inf"), "9" * 400])
def test_what_is_no_size(written: object) -> None:
    with pytest.raises(ValueError, match="size"):
        size(written)


@pytest.mark.parametrize(("written", "value"), [("5%", 5.0), ("2.5 %", 2.5), (7, 7.0), ("100%", 100.0)])
def test_percentages(written: object, value: float) -> None:
    assert percent(written) == value


@pytest.mark.parametrize("written", ["", "%", "101%", "-1%", None, True, "half"])
def test_what_is_no_percentage(written: object) -> None:
    with pytest.raises(ValueError, match="percentage"):
        percent(written)


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "[b-a]"])
def test_a_reply_needs_a_pattern_that_can_be_read(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"not a regular expression: .* at position"):
        Answer(match=pattern, reply="yes")


def test_a_pattern_of_a_reply_may_be_too_deep_to_be_read() -> None:
    with pytest.raises(ValidationError, match="too many groups in groups"):
        Answer(match="(" * 5000 + "a" + ")" * 5000, reply="yes")


@pytest.mark.parametrize("pattern", ["(a+)+b", r"\w*\w*!", "(?i)may it: (run|start) x", r"\p{Lu}(?>a|b)"])
def test_a_pattern_that_is_slow_on_some_text_is_welcome(pattern: str) -> None:
    assert Answer(match=pattern, reply="yes").match == pattern
