"""Trees, tables and files side by side: what differs is found, by name and place."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.circumstances import circumstances
from text_classifier.verification.checks import Demand, compare_tables, compare_text, compare_trees

EXACT, NEAR = Demand(True, ""), Demand(False, "")
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner))


@given(tree=TREES)
def test_a_tree_is_equal_to_itself_leaf_by_leaf(tree: object) -> None:
    (check,) = compare_trees("figures", tree, tree, EXACT)
    assert check.is_equal
    assert check.figures >= 1


@pytest.mark.parametrize(
    ("published", "derived", "named"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["figures: a.b[1]"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["figures: b"]),
        ({"a": 1}, {"a": 1, "b": None}, ["figures: b"]),
        ({"a": []}, {"a": [1]}, ["figures: a", "figures: a[0]"]),
        ({"a": True}, {"a": 1}, ["figures: a"]),
        ({"a": None}, {"a": 0.0}, ["figures: a"]),
    ],
)
def test_every_leaf_that_differs_is_named_by_its_path(published: object, derived: object, named: list[str]) -> None:
    checks = compare_trees("figures", published, derived, EXACT)
    assert [check.name for check in checks if not check.is_equal] == named


def test_only_elsewhere_may_the_last_digits_of_a_figure_differ() -> None:
    pair = ({"a": 0.1 + 0.2}, {"a": 0.3})
    assert not compare_trees("figures", *pair, EXACT)[0].is_equal
    assert compare_trees("figures", *pair, NEAR)[0].is_equal


def test_a_column_that_differs_is_told_by_its_first_row() -> None:
    left = pa.table({"a": ["x", "y", "z"], "b": [1.0, float("nan"), 3.0], "gone": [1, 2, 3]})
    right = pa.table({"a": ["x", "Y", "Z"], "b": [1.0, float("nan"), 3.0]})
    checks = {check.name: check for check in compare_tables("table", left, right, EXACT)}
    assert (checks["table: a"].published, checks["table: a"].derived) == ("row 2: y", "Y; 2 rows differ")
    assert checks["table: b"].is_equal
    assert checks["table: gone"].derived == "nothing"


def test_a_text_that_differs_is_told_by_line_and_surroundings(tmp_path: Path) -> None:
    path = tmp_path / "card.md"
    path.write_text("one\ntwo\nthree\n", "utf-8")
    assert compare_text("card", path, "one\ntwo\nthree\n").is_equal
    check = compare_text("card", path, "one\n2\nthree\n")
    assert not check.is_equal
    assert "line 2" in check.derived
    assert not compare_text("card", path, "one\ntwo\nthree\nfour\n").is_equal
    assert not compare_text("card", tmp_path / "none.md", "one\n").is_equal


@pytest.mark.parametrize("changed", ["environment", "hardware"])
def test_bitwise_equality_is_demanded_under_the_same_circumstances_only(changed: str) -> None:
    here = circumstances()
    assert Demand.of(here).is_exact
    assert Demand.of({**here, "lock": "another"}).is_exact
    assert Demand.of({**here, changed: "another"}) == Demand(
        False, f"probabilities within 0.001, as {changed} is another"
    )
    assert "was not noted" in Demand.of({}).why
