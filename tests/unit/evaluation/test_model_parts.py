"""What a model of several parts is worth beside each of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_models import FIRST, Made, write

from text_classifier.evaluation.figures import read_figures
from text_classifier.evaluation.parts import part_figures, read_part, with_parts

TRUTH = np.arange(40) % 2


def test_a_part_is_told_with_what_the_others_add_to_it() -> None:
    weak, strong = TRUTH.copy(), TRUTH.copy()
    weak[:12] = 1 - weak[:12]
    strong[-3:] = 1 - strong[-3:]
    first, second = part_figures(TRUTH, np.ones(40, bool), {"weak": weak, "strong": strong})
    assert [first.name, second.name] == ["strong", "weak"]
    assert (second.accuracy.right_rows, second.accuracy.rows) == (28, 40)
    assert (second.pairing.gained_rows, second.pairing.lost_rows) == (12, 0)
    assert (first.separation, second.separation) == ("not separable", "better")
    assert second.pairing.gain_rate == pytest.approx(0.3)
    assert 0 < second.pairing.low_rate < 0.3 < second.pairing.high_rate


def test_what_the_parts_predict_is_read_back_from_the_predictions() -> None:
    table = with_parts(pa.table({"row": TRUTH}), {"lstm": TRUTH, "ngrams": 1 - TRUTH}, ["neg", "pos"])
    assert np.array_equal(read_part(table, "lstm", ["neg", "pos"]), TRUTH)
    assert np.array_equal(read_part(table, "ngrams", ["neg", "pos"]), 1 - TRUTH)
    assert read_part(table, "another", ["neg", "pos"]) is None
    assert np.array_equal(read_part(table, "lstm", ["pos", "good"]), TRUTH - 1)


def test_the_parts_stand_in_figures_predictions_card_and_page(make: Callable[..., Made]) -> None:
    made = make()
    parts = {"lstm": np.array([1, 0, 0, 0]), "ngrams": np.array([0, 1, 0, 1])}
    report = write(replace(made, answers=replace(made.answers, parts=parts)), FIRST)
    told = {one["name"]: one["accuracy"]["right_rows"] for one in read_figures(report.folder)["parts"]}
    assert told == {"lstm": 3, "ngrams": 0}
    alone = pq.read_table(report.folder / "predictions.parquet")["alone_lstm"].to_pylist()
    assert alone == ["pos", "neg", "neg", "neg"]
    assert "| its part lstm alone | 75.00 %" in (report.folder / "model_card.md").read_text("utf-8")
    page = (report.folder / "report.html").read_text("utf-8")
    assert "The parts of the model, each alone" in page
    assert '<th scope="row">ngrams</th><td class="number" data-value="0.0">0.00</td>' in page


def test_a_model_of_one_part_is_not_taken_apart(make: Callable[..., Made]) -> None:
    report = write(make(), FIRST)
    assert read_figures(report.folder)["parts"] == []
    assert "each alone" not in (report.folder / "report.html").read_text("utf-8")
