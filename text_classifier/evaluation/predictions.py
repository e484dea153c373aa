"""Predictions that line up with their rows, and the wrong ones among them. Legend: N examples, C classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.errors import MisalignedPredictionsError, ReportError
from text_classifier.evaluation.label_errors import LikelyErrors
from text_classifier.evaluation.metrics import ClassIndices, Probabilities, check_probabilities
from text_classifier.storage import sha256_text


def check_alignment(examples: pa.Table, scored: pa.Table) -> None:
    """Hold every scored row to the example at its position.

    Args:
        examples: example_id, text_digest and text of a split, in its order.
        scored: example_id and text_digest as the model saw them.

    Raises:
        MisalignedPredictionsError: another number of rows, another id or text at one position, or a text
            that does not have the digest that stands beside it.
    """
    if examples.num_rows != scored.num_rows:
        raise _misaligned("the number of predictions differs", str(scored.num_rows), str(examples.num_rows))
    for column in ("example_id", "text_digest"):
        _check_equal(column, _strings(examples, column), _strings(scored, column))
    digests = [sha256_text(text) for text in _strings(examples, "text")]
    _check_equal("digest of the text", digests, _strings(scored, "text_digest"))


def class_indices(labels: pa.ChunkedArray[pa.StringScalar], class_names: Sequence[str]) -> ClassIndices:
    """The position of every label in `class_names`.

    Raises:
        ReportError: a label is missing or is not among them.
    """
    indices = pc.index_in(labels, value_set=pa.array(class_names, pa.string()))
    if indices.null_count:
        position = pc.index(pc.is_null(indices), True).as_py()
        raise ReportError(
            "an example has a label that the model does not know",
            where=f"position {position} of the split",
            seen=repr(labels[position].as_py()),
            expected=", ".join(class_names),
            to_do="train anew on this data set",
        )
    return np.asarray(indices.to_numpy(), dtype=np.int64)


def prediction_table(examples: pa.Table, label: str, probabilities: Probabilities, classes: Sequence[str]) -> pa.Table:
    """One row per example, in order: its id, original row, text digest, label, prediction, every probability.

    `probability` is that of the prediction; `p_<class>` are all of them.
    """
    check_probabilities(probabilities, examples.num_rows, len(classes))
    best = probabilities.argmax(axis=1)
    columns = {
        "example_id": examples["example_id"],
        "row": examples["row"],
        "text_digest": examples["text_digest"],
        "label": examples[label],
        "prediction": pa.array(classes, pa.string()).take(pa.array(best)),
        "probability": pa.array(probabilities.max(axis=1)),
    }
    return pa.table(columns | {f"p_{name}": pa.array(probabilities[:, at]) for at, name in enumerate(classes)})


def error_table(predictions: pa.Table, examples: pa.Table, label_errors: LikelyErrors | None) -> pa.Table:
    """The wrong predictions with their whole text, the most confident first, equals by row.

    Args:
        predictions: a `prediction_table` of N rows.
        examples: the N examples, with their text.
        label_errors: (N,), see `likely_label_errors`; None: nobody asked, and the column `likely_label_error` is null.
    """
    doubted = pa.nulls(examples.num_rows, pa.bool_()) if label_errors is None else pa.array(label_errors, pa.bool_())
    columns = ["row", "example_id", "label", "prediction", "probability"]
    table = predictions.select(columns).append_column("likely_label_error", doubted)
    wrong = pc.not_equal(predictions["label"], predictions["prediction"])
    errors = table.append_column("text", examples["text"]).filter(wrong)
    return errors.sort_by([("probability", "descending"), ("row", "ascending")])


def _strings(table: pa.Table, column: str) -> list[str]:
    return [str(value) for value in table[column].to_pylist()]


def _check_equal(column: str, expected: Sequence[str], seen: Sequence[str]) -> None:
    for position, (wanted, had) in enumerate(zip(expected, seen, strict=True)):
        if wanted != had:
            raise _misaligned(f"a prediction's {column} is not its row's", repr(had), repr(wanted), position)


def _misaligned(what: str, seen: str, expected: str, position: int | None = None) -> MisalignedPredictionsError:
    return MisalignedPredictionsError(
        what,
        where="the whole split" if position is None else f"position {position} of the split (from 0)",
        seen=seen,
        expected=expected,
        to_do="build the vocabulary anew from this data set (refresh=true) and train again; no report was written",
    )
