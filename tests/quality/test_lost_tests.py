"""Tests that went missing: told for a change as a whole, and only where what they tested stays."""

from cockpit.quality.policy import Judged, Policy
from cockpit.quality.scan import scan_change

A = "def test_a():\n    assert one() == 1\n"
B = "def test_b():\n    assert two() == 2\n    assert two() != 3\n"
BOTH = f"{A}\n\n{B}"
SHOP = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


def _judged(path: str, before: str | None, after: str | None) -> Judged:
    was, now = (None if one is None else one.encode() for one in (before, after))
    return Judged(path, was, now)


def _lost(*changes: tuple[str, str | None, str | None]) -> list[tuple[str, int, str]]:
    found = Policy().report(_judged(*one) for one in changes).violations
    assert {one.rule for one in found} <= {"LOGIC_ERROR"}
    return [(one.path, one.line, one.message) for one in found]


def test_a_test_that_is_gone_alone_is_told_where_it_stood() -> None:
    assert _lost(("tests/test_shop.py", BOTH, A)) == [
        ("tests/test_shop.py", 2, "the test test_b is gone, and no code that it tested")
    ]


def test_a_test_that_is_gone_beside_new_code_is_told() -> None:
    more = SHOP + "\n\ndef three():\n    return 3\n"
    assert [path for path, *_ in _lost(("shop.py", SHOP, more), ("tests/test_shop.py", BOTH, A))] == [
        "tests/test_shop.py"
    ]


def test_a_test_file_that_is_deleted_alone_is_told_once() -> None:
    assert _lost(("tests/test_shop.py", BOTH, None)) == [
        ("tests/test_shop.py", 0, "the test test_a and 1 more are gone, and no code that it tested")
    ]


def test_a_test_inside_of_a_source_file_is_told() -> None:
    code = "fn two() -> i32 {\n    2\n}\n"
    test = "\n#[test]\nfn doubles() {\n    assert_eq!(two(), 2);\n}\n"
    assert [line for _, line, _ in _lost(("src/shop.rs", code + test, code))] == [3]


def test_a_test_that_went_with_code_is_not_told() -> None:
    less = "def one():\n    return 1\n"
    assert _lost(("shop.py", SHOP, less), ("tests/test_shop.py", BOTH, A)) == []
    assert _lost(("shop.py", SHOP, None), ("tests/test_shop.py", BOTH, None)) == []


def test_a_test_that_moved_is_not_told() -> None:
    assert _lost(("tests/test_shop.py", BOTH, A), ("tests/test_two.py", None, B)) == []
    assert _lost(("tests/test_shop.py", BOTH, None), ("tests/test_all.py", None, BOTH)) == []
    assert _lost(("tests/test_shop.py", BOTH, A), ("tests/test_all.py", A, BOTH)) == []


def test_a_test_that_was_renamed_or_rewritten_is_not_told() -> None:
    assert _lost(("tests/test_shop.py", BOTH, BOTH.replace("test_b", "test_two"))) == []
    table = "CASES = [(one, 1), (two, 2)]\n\n\ndef test_a():\n    for what, value in CASES:\n"
    table += "        assert what() == value\n"
    assert _lost(("tests/test_shop.py", BOTH, table)) == []


def test_what_the_plan_ignores_leaves_no_traces() -> None:
    policy = Policy(is_ignored=lambda path: path.startswith("tests/"))
    assert policy.report([_judged("tests/test_shop.py", BOTH, A)]).violations == []


def test_one_file_alone_raises_nothing() -> None:
    assert scan_change("tests/test_shop.py", BOTH.encode(), A.encode()).violations == ()
    assert scan_change("tests/test_shop.py", BOTH.encode(), None).violations == ()


def test_a_lost_test_has_the_same_fingerprint_wherever_it_stood() -> None:
    first, second = (
        Policy().report([_judged("tests/test_shop.py", f"{top}{BOTH}", f"{top}{A}")]).violations[0]
        for top in ("", "import shop\n\n\n")
    )
    assert first.line != second.line
    assert first.fingerprint == second.fingerprint
