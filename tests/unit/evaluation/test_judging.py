"""An evaluation on disk and the figures in it: beside baselines, signal, slices, leaks."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_models import HISTORY, Made, judge, make_root, subject_of

from text_classifier import storage
from text_classifier.errors import DamagedOutputError, MisalignedPredictionsError, ReportError
from text_classifier.evaluation.figures import curve_of, read_figures
from text_classifier.evaluation.judging import write_evaluation
from text_classifier.records import Evaluated
from text_classifier.training.model_folder import EVALUATION_FILES

Make = Callable[..., Made]
LABELS = ("neg", "pos") * 60
SURE = tuple(0.9 if label == "pos" else 0.1 for label in LABELS)


def many(make: Make, **recipe: Any) -> Made:
    """120 test texts, every one answered right unless `rates` says otherwise."""
    texts = [f"a joy number {n}" for n in range(len(LABELS))]
    return make(**{"texts": texts, "labels": LABELS, "rates": SURE, **recipe})


def figures_of(made: Made) -> dict[str, Any]:
    return read_figures(judge(made).folder)


def doubts(folder: Path) -> list[bool | None]:
    return pq.read_table(folder / "errors.parquet")["likely_label_error"].to_pylist()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    return judge(make_root(tmp_path_factory.mktemp("root"), history=HISTORY))


def test_an_evaluation_is_three_files_that_the_manifest_names(judged: Evaluated) -> None:
    manifest = storage.verify(judged.folder)
    assert set(EVALUATION_FILES) < set(manifest.outputs)
    assert manifest.facts["data_set_folder"] == "datasets/films/1"
    assert manifest.facts["evaluation"]["fingerprint"] == judged.fingerprint


def test_the_record_repeats_the_figures(judged: Evaluated) -> None:
    figures = read_figures(judged.folder)
    assert (judged.test_rows, judged.accuracy_rate, judged.signal) == (4, 0.5, "found")
    assert judged.accuracy_high_rate == figures["test"]["accuracy"]["high_rate"]
    assert (judged.best_baseline, judged.best_baseline_rate) == ("majority class", 0.5)
    assert judged.against_baseline == figures["against_baseline"] == "not separable"


def test_every_test_row_has_its_prediction(judged: Evaluated) -> None:
    predictions = pq.read_table(judged.folder / "predictions.parquet")
    assert predictions["example_id"].to_pylist() == ["5", "6", "7", "8"]
    assert predictions["row"].to_pylist() == [5, 6, 7, 8]
    assert predictions["prediction"].to_pylist() == ["pos", "neg", "neg", "pos"]


def test_errors_name_the_original_row(judged: Evaluated) -> None:
    errors = pq.read_table(judged.folder / "errors.parquet").to_pylist()
    assert [(error["row"], error["excerpt"]) for error in errors] == [(7, "a joy"), (8, "a bore")]


def test_metrics_are_finite_json(judged: Evaluated) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    figures = json.loads((judged.folder / "metrics.json").read_text("utf-8"), parse_constant=refuse)
    assert [point["val_accuracy_rate"] for point in figures["curve"]] == [0.55, None, 0.75]


def test_the_same_inputs_give_the_same_bytes(make: Make) -> None:
    made = make()

    def contents() -> dict[str, bytes]:
        folder = judge(made).folder
        return {name: (folder / name).read_bytes() for name in EVALUATION_FILES}

    assert contents() == contents()


def test_the_slices_of_every_row_stand_beside_its_prediction(make: Make) -> None:
    made = many(make, columns={"source": ["BBC", "BBC", "AP", "AP"] * 30})
    predictions = pq.read_table(judge(made).folder / "predictions.parquet")
    assert {"slice_sentiment", "slice_source", "slice_text_length"} <= set(predictions.column_names)
    assert predictions["slice_source"].to_pylist()[:4] == ["BBC", "BBC", "AP", "AP"]


def test_words_that_the_model_does_not_know_are_a_share_of_each_text(make: Make) -> None:
    made = make(texts=("a joy", "a bore", "dull film", "..."))
    np.testing.assert_array_equal(subject_of(made).unknown_rates, [0, 0.5, 1, np.nan])


def test_a_slice_that_is_worse_than_the_rest_is_flagged(make: Make) -> None:
    sources = ["BBC" if n < 60 else "AP" for n in range(120)]
    rates = [1 - rate if n < 30 else rate for n, rate in enumerate(SURE)]
    slices = figures_of(many(make, columns={"source": sources}, rates=rates))["slices"]
    flagged = {(one["dimension"], one["name"]): one["accuracy"]["rate"] for one in slices if one["is_flagged"]}
    assert flagged[("source", "BBC")] == 0.5
    assert ("source", "AP") not in flagged


def test_baselines_stand_with_the_most_accurate_first_and_the_model_beside_each(make: Make) -> None:
    figures = figures_of(many(make, baselines={"weak": "neg", "equal": LABELS}))
    assert [(one["name"], one["accuracy"]["rate"]) for one in figures["baselines"]] == [("equal", 1.0), ("weak", 0.5)]
    assert [one["separation"] for one in figures["baselines"]] == ["not separable", "better"]
    assert [one["pairing"]["gain_rate"] for one in figures["baselines"]] == [0.0, 0.5]
    assert figures["against_baseline"] == "not separable"


@pytest.mark.parametrize(
    ("rates", "baselines", "told"),
    [
        (SURE, {"weak": "neg", "weaker": "pos"}, "better"),
        ((0.1,) * 120, {"weak": "neg", "strong": LABELS}, "worse"),
        ((0.1,) * 120, {"weak": "neg", "weaker": "pos"}, "not separable"),
    ],
)
def test_the_model_is_set_beside_the_best_baseline(
    make: Make, rates: tuple[float, ...], baselines: dict[str, Any], told: str
) -> None:
    assert judge(many(make, rates=rates, baselines=baselines)).against_baseline == told


@pytest.mark.parametrize(("p_value", "told"), [(0.01, "found"), (0.0101, "not found")])
def test_a_signal_is_found_up_to_its_level(make: Make, p_value: float, told: str) -> None:
    evaluated = judge(make(p_value=p_value))
    assert evaluated.signal == told
    assert len(read_figures(evaluated.folder)["signal"]["null_rates"]) == 200


def test_the_score_is_told_without_the_rows_that_the_model_learned_from(make: Make) -> None:
    leaks = figures_of(make(train=(("A  joy!", "pos"), ("b", "neg"))))["leaks"]
    assert (leaks["copied_rows"]["rows"], leaks["copied_rows"]["rate"]) == (1, 0)
    assert (leaks["new_rows"]["rows"], leaks["new_rows"]["rate"]) == (3, 2 / 3)
    assert figures_of(make(run="another"))["leaks"]["copied_rows"] is None


@pytest.mark.parametrize(
    ("preset", "copied_rows", "majority"),
    [("keras-bilstm", 2, "pos"), ("smoke", None, "neg")],
    ids=["learned from", "watched only"],
)
def test_the_val_split_counts_where_the_model_learned_from_it(
    make: Make, preset: str, copied_rows: int | None, majority: str
) -> None:
    figures = figures_of(make(preset=preset, val=[("A joy!", "pos"), ("dull", "pos"), ("else", "pos")]))
    assert (figures["leaks"]["copied_rows"] or {}).get("rows") == copied_rows
    assert figures["test"]["majority_class"] == majority


def test_unlabelled_texts_that_were_learned_from_are_said_and_count_as_learned(make: Make) -> None:
    figures = figures_of(make(unsup=[("A joy!", "pos"), ("else", "pos"), ("other", "pos"), ("a bore", None)]))
    assert figures["leaks"]["copied_rows"]["rows"] == 1  # "a bore" stands in test word for word: it was not read
    assert figures["test"]["majority_class"] == "neg"
    (note,) = figures["notes"]
    assert "from 3 of the 4 texts of unsup (1 stand in val or test) without a label of theirs" in note


def test_an_encoder_that_read_unlabelled_texts_is_said_and_what_it_read_counts_as_learned(make: Make) -> None:
    figures = figures_of(make(unsup=[("A joy!", None)], encoder="ab" * 32))
    assert figures["leaks"]["copied_rows"]["rows"] == 1
    assert (
        figures["notes"][-1] == "The weights started from an encoder that has read train and unsup without any label."
    )


def test_the_curve_is_the_mean_of_the_networks_and_one_that_had_stopped_counts_as_it_ended() -> None:
    row = {"train_loss": 0.5, "val_loss": None, "val_accuracy_rate": 0.5, "learning_rate": 1e-3}
    rows = [row | {"member": one, "epoch": two, "seconds": 3.0 * two} for one, two in ((1, 1), (1, 2), (2, 1))]
    rows[2] |= {"train_loss": 0.7, "val_accuracy_rate": float("nan")}
    first, second = curve_of(rows)
    assert (first["epoch"], first["train_loss"], first["seconds"]) == (1, pytest.approx(0.6), 3.0)
    assert (first["val_loss"], first["val_accuracy_rate"]) == (None, None)
    assert (second["epoch"], second["train_loss"], second["seconds"]) == (2, pytest.approx(0.6), 4.5)


def test_random_and_grouped_validation_stand_side_by_side_where_there_are_groups(make: Make) -> None:
    label = ["neg", "pos"] * 10
    columns = {"label": label, "random": label, "grouped": ["neg"] * 20}
    gap = figures_of(make(validation=columns))["validation"]
    assert (gap["random"]["rate"], gap["grouped"]["rate"], gap["gap_rate"]) == (1.0, 0.5, 0.5)
    assert figures_of(make(run="another", baselines={"majority class": "pos"}))["validation"] is None


ONE_WRONG = (0.9999, *SURE[1:])
OPINION = tuple((1 - rate, rate) for rate in ONE_WRONG)
MISLABELLED = ("neg", *LABELS[1:])


def test_a_label_is_doubted_by_a_model_and_a_second_opinion_that_both_know_something(make: Make) -> None:
    folder = judge(many(make, labels=MISLABELLED, rates=ONE_WRONG, opinion=OPINION)).folder
    assert doubts(folder) == [True]
    figures = read_figures(folder)
    assert (figures["doubted_rows"], figures["why_not_doubted"]) == (1, None)


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        ({"p_value": 0.5}, "no signal"),
        ({"opinion": None}, "no second opinion"),
        ({"rates": (0.9,) * 120}, "majority class"),
    ],
    ids=["no signal", "no second opinion", "no better than the majority class"],
)
def test_no_label_is_doubted_where_one_of_both_knows_nothing(make: Make, recipe: dict[str, Any], reason: str) -> None:
    made = many(make, **{"labels": MISLABELLED, "rates": ONE_WRONG, "opinion": OPINION, **recipe})
    folder = judge(made).folder
    assert set(doubts(folder)) == {None}
    figures = read_figures(folder)
    assert figures["doubted_rows"] is None
    assert reason in figures["why_not_doubted"]


def test_predictions_of_other_rows_leave_no_evaluation(make: Make) -> None:
    made = make()
    swapped = replace(made.answers, keys=made.answers.keys.take([1, 0, 2, 3]))
    with pytest.raises(MisalignedPredictionsError):
        judge(replace(made, answers=swapped))
    assert not [name for name in EVALUATION_FILES if (made.model.folder / name).exists()]


@pytest.mark.parametrize("changed", ["null_scores.parquet", "predictions.parquet"])
def test_a_changed_signal_test_or_baseline_is_refused(make: Make, changed: str) -> None:
    made = make()
    folder = made.signal.folder if changed == "null_scores.parquet" else made.baselines.folder
    pq.write_table(pq.read_table(folder / changed).slice(0, 3), folder / changed)
    with pytest.raises(DamagedOutputError, match=changed.replace(".", r"\.")):
        judge(made)


def test_a_changed_test_split_is_refused(make: Make) -> None:
    made = make()
    path = made.data.folder / "examples/test.parquet"
    pq.write_table(pq.read_table(path).slice(0, 3), path)
    with pytest.raises(DamagedOutputError, match=r"test\.parquet"):
        judge(made)


def test_a_changed_model_is_refused_but_an_earlier_evaluation_may_be_replaced(make: Make) -> None:
    made = make()
    (judge(made).folder / "metrics.json").write_text("changed")
    judge(made)
    (made.model.folder / "config.json").write_text("{}")
    with pytest.raises(DamagedOutputError, match=r"config\.json"):
        judge(made)


def test_a_data_set_of_another_fingerprint_is_refused(make: Make) -> None:
    made = make()
    manifest = storage.read_manifest(made.data.folder)
    storage.write_manifest(made.data.folder, replace(manifest, fingerprint="ef" * 32), manifest.facts)
    with pytest.raises(DamagedOutputError, match="not the one that the model was made of"):
        judge(made)


def test_a_data_set_without_test_split_is_an_error(make: Make) -> None:
    made = make()
    folder: Path = made.data.folder
    (folder / "examples/test.parquet").unlink()
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, manifest, manifest.facts)
    with pytest.raises(ReportError, match="no test split"):
        judge(made)


def test_an_empty_test_split_is_an_error(make: Make) -> None:
    with pytest.raises(ReportError, match="no example"):
        judge(make(texts=(), labels=(), rates=()))


def test_one_class_of_hostile_name_is_a_class_like_any_other(make: Make) -> None:
    names = ("a|b\n# c", "<script>", "\u202egnp", "p_neg")
    rates = np.full((4, 4), 0.1) + 0.6 * np.eye(4)
    made = make(class_names=names, labels=names, rates=rates, baselines={"majority class": names[0]})
    predictions = pq.read_table(judge(made).folder / "predictions.parquet")
    assert predictions["prediction"].to_pylist() == list(names)
    assert [name for name in predictions.column_names if name.startswith("p_")] == [f"p_{name}" for name in names]


def test_what_is_judged_is_not_changed_by_who_asks(make: Make) -> None:
    made = make()
    first = judge(made)
    planned = storage.plan("evaluation", inputs={}, parameters={}, modules=())
    again = write_evaluation(subject_of(made), made.answers, replace(planned, run="somebody else"))
    assert first == again
    assert again.making.run == "somebody else"
