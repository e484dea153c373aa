from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.errors import MisalignedPredictionsError, ReportError
from text_classifier.evaluation.predictions import check_alignment, class_indices, error_table, prediction_table
from text_classifier.storage import sha256_text

CLASSES = ("neg", "pos")
PROBABILITIES = np.array([[0.8, 0.2], [0.9, 0.1], [0.05, 0.95], [0.3, 0.7]], dtype=np.float32)


def examples(texts: Sequence[str] = ("one", "two", "three", "four")) -> pa.Table:
    return pa.table(
        {
            "example_id": [f"id-{n}" for n in range(len(texts))],
            "row": pa.array(range(2, 2 + len(texts)), pa.int64()),
            "text_digest": [sha256_text(text) for text in texts],
            "text": list(texts),
            "label": pa.array([CLASSES[n % 2] for n in range(len(texts))], pa.string()),
        }
    )


def keys(table: pa.Table) -> pa.Table:
    return table.select(["example_id", "text_digest"])


def with_column(table: pa.Table, name: str, values: Sequence[str]) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))


def test_predictions_of_the_same_rows_in_the_same_order_pass() -> None:
    check_alignment(examples(), keys(examples()))


def test_another_number_of_predictions_is_refused() -> None:
    with pytest.raises(MisalignedPredictionsError, match=r"number of predictions differs.*seen: 3; expected: 4"):
        check_alignment(examples(), keys(examples()).slice(0, 3))


@given(st.permutations(range(4)).filter(lambda order: order != [0, 1, 2, 3]))
def test_any_other_order_is_refused(order: list[int]) -> None:
    with pytest.raises(MisalignedPredictionsError, match="example_id"):
        check_alignment(examples(), keys(examples()).take(order))


def test_a_prediction_made_on_another_text_is_refused_with_its_place() -> None:
    digests = [sha256_text(text) for text in ("one", "two", "3", "four")]
    with pytest.raises(MisalignedPredictionsError, match=r"text_digest is not its row's; where: position 2"):
        check_alignment(examples(), with_column(keys(examples()), "text_digest", digests))


def test_a_text_that_changed_after_it_was_digested_is_refused() -> None:
    changed = with_column(examples(), "text", ["one", "two", "three", "FOUR"])
    with pytest.raises(MisalignedPredictionsError, match=r"digest of the text.*position 3"):
        check_alignment(changed, keys(examples()))


def test_labels_become_positions_among_the_classes() -> None:
    assert class_indices(examples()["label"], CLASSES).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("stranger", ["meh", None])
def test_a_label_that_the_model_does_not_know_is_refused(stranger: str | None) -> None:
    with pytest.raises(ReportError, match=rf"position 1 .*seen: {stranger!r}; expected: neg, pos"):
        class_indices(pa.chunked_array([["neg", stranger]]), CLASSES)


def test_every_row_gets_its_id_its_digest_and_all_its_probabilities() -> None:
    table = prediction_table(examples(), "label", PROBABILITIES, CLASSES)
    assert table.column_names == [
        "example_id", "row", "text_digest", "label", "prediction", "probability", "p_neg", "p_pos",
    ]  # fmt: skip
    assert table["example_id"].to_pylist() == examples()["example_id"].to_pylist()
    assert table["text_digest"].to_pylist() == examples()["text_digest"].to_pylist()
    assert table["prediction"].to_pylist() == ["neg", "neg", "pos", "pos"]
    assert table["probability"].to_pylist() == pytest.approx([0.8, 0.9, 0.95, 0.7])


def test_errors_come_most_confident_first_with_their_original_row_and_text() -> None:
    predictions = prediction_table(examples(), "label", PROBABILITIES, CLASSES)
    errors = error_table(predictions, examples(), None).to_pylist()
    assert [(error["row"], error["label"], error["prediction"]) for error in errors] == [
        (4, "neg", "pos"),
        (3, "pos", "neg"),
    ]
    assert [error["text"] for error in errors] == ["three", "two"]
    assert [error["likely_label_error"] for error in errors] == [None, None]


def test_a_doubted_label_is_marked_in_its_own_row() -> None:
    predictions = prediction_table(examples(), "label", PROBABILITIES, CLASSES)
    errors = error_table(predictions, examples(), np.array([False, True, False, False])).to_pylist()
    assert [(error["text"], error["likely_label_error"]) for error in errors] == [("three", False), ("two", True)]


def test_equally_confident_errors_come_in_the_order_of_the_rows() -> None:
    wrong = np.array([[0.1, 0.9], [0.9, 0.1]] * 2, dtype=np.float32)
    predictions = prediction_table(examples(), "label", wrong, CLASSES)
    assert error_table(predictions, examples(), None)["row"].to_pylist() == [2, 3, 4, 5]


def test_no_error_is_an_empty_table() -> None:
    right = np.array([[0.9, 0.1], [0.1, 0.9]] * 2, dtype=np.float32)
    table = error_table(prediction_table(examples(), "label", right, CLASSES), examples(), None)
    assert table.num_rows == 0
    assert "text" in table.column_names
