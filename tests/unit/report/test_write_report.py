import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.errors import DamagedOutputError, MisalignedPredictionsError, ReportError
from text_classifier.evaluation.figures import read_figures
from text_classifier.records import Report
from text_classifier.training.model_folder import REPORT_FILES

Make = Callable[..., Any]
Write = Callable[[Any], Report]


def test_a_report_is_four_files_that_the_manifest_names(written: Report) -> None:
    manifest = storage.verify(written.folder)
    assert set(REPORT_FILES) < set(manifest.outputs)
    assert manifest.facts["data_set_folder"] == "datasets/films/1"


def test_the_record_repeats_the_figures(written: Report) -> None:
    figures = read_figures(written.folder)
    assert (written.test_rows, written.accuracy_rate, written.majority_rate) == (4, 0.5, 0.5)
    assert written.accuracy_high_rate == figures["test"]["accuracy"]["high_rate"]
    assert written.first_sentence == figures["sentence"]
    assert (written.read_rows, written.rejected_rows) == (8, 1)
    assert written.split_rows == {"train": 3, "val": 0, "test": 4}


def test_every_test_row_has_its_prediction(written: Report) -> None:
    predictions = pq.read_table(written.folder / "predictions.parquet")
    assert predictions["example_id"].to_pylist() == ["5", "6", "7", "8"]
    assert predictions["row"].to_pylist() == [5, 6, 7, 8]
    assert predictions["prediction"].to_pylist() == ["pos", "neg", "neg", "pos"]


def test_errors_name_the_original_row(written: Report) -> None:
    errors = pq.read_table(written.folder / "errors.parquet").to_pylist()
    assert [(error["row"], error["excerpt"]) for error in errors] == [(7, "a joy"), (8, "a bore")]


def test_metrics_are_finite_json(written: Report) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    figures = json.loads((written.folder / "metrics.json").read_text("utf-8"), parse_constant=refuse)
    assert [point["val_accuracy_rate"] for point in figures["curve"]] == [0.55, None, 0.75]


def test_the_same_inputs_give_the_same_bytes_but_for_the_time(make: Make, write: Write) -> None:
    def contents() -> dict[str, bytes]:
        time = rb'(?<="reported_at": ")[^"]*|(?<=written )[^<]*'
        folder = write(made).folder
        return {name: re.sub(time, b"", (folder / name).read_bytes()) for name in REPORT_FILES}

    made = make()
    assert contents() == contents()


def test_predictions_of_other_rows_leave_no_report(make: Make, write: Write) -> None:
    made = make()
    swapped = dataclasses.replace(made, scored=made.scored.take([1, 0, 2, 3]))
    with pytest.raises(MisalignedPredictionsError):
        write(swapped)
    assert not [name for name in REPORT_FILES if (made.model.folder / name).exists()]


def test_a_changed_test_split_is_refused(make: Make, write: Write) -> None:
    made = make()
    path = made.data_dir / "datasets/films/1/examples/test.parquet"
    pq.write_table(pq.read_table(path).slice(0, 3), path)
    with pytest.raises(DamagedOutputError, match=r"test\.parquet"):
        write(made)


def test_a_changed_model_is_refused_but_an_earlier_report_may_be_replaced(make: Make, write: Write) -> None:
    made = make()
    (write(made).folder / "report.html").write_text("changed")
    write(made)
    (made.model.folder / "config.json").write_text("{}")
    with pytest.raises(DamagedOutputError, match=r"config\.json"):
        write(made)


def test_a_data_set_of_another_fingerprint_is_refused(make: Make, write: Write) -> None:
    made = make()
    folder = made.data_dir / "datasets/films/1"
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, dataclasses.replace(manifest, fingerprint="ef" * 32), manifest.facts)
    with pytest.raises(DamagedOutputError, match="not the one that the model was made of"):
        write(made)


def test_a_data_set_without_test_split_is_an_error(make: Make, write: Write) -> None:
    made = make()
    folder: Path = made.data_dir / "datasets/films/1"
    (folder / "examples/test.parquet").unlink()
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, manifest, manifest.facts)
    with pytest.raises(ReportError, match="no test split"):
        write(made)


def test_an_empty_test_split_is_an_error(make: Make, write: Write) -> None:
    with pytest.raises(ReportError, match="no example"):
        write(make((), (), ()))
