import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier import storage
from text_classifier.champion import challenge, champion_dir, champion_run, read_ledger
from text_classifier.config import preset_named
from text_classifier.errors import DamagedOutputError
from text_classifier.records import Report
from text_classifier.store import Store
from text_classifier.training import ModelConfig

TEST_ROWS = 400


def a_config(split_seed: int) -> ModelConfig:
    preset = preset_named("default")
    return ModelConfig(
        data_set="news",
        origin="source",
        data_set_fingerprint="",
        corpus_fingerprint="",
        split_seed=split_seed,
        label="category",
        class_names=("no", "yes"),
        preset="default",
        seed=0,
        vocabulary=preset.vocabulary,
        vocabulary_size=10,
        tokenizer_version=1,
        unk_id=1,
        model=preset.model,
        training=preset.training,
        temperature=1.0,
    )


def a_report(data_dir: Path, run: str, correct_rows: int, *, split_seed: int = 1, first_row: int = 0) -> Report:
    """A model folder whose first `correct_rows` predictions are right, and its report."""
    folder = data_dir / "models" / "news" / run
    rows = range(first_row, first_row + TEST_ROWS)
    predictions = ["yes" if n < correct_rows else "no" for n in range(TEST_ROWS)]
    table = pa.table(
        {"text_digest": [f"{n:064x}" for n in rows], "label": ["yes"] * TEST_ROWS, "prediction": predictions}
    )
    planned = storage.plan("model", inputs={}, parameters={"run": run}, modules=())
    with storage.output_folder(folder, planned, {}) as partial:
        pq.write_table(table, partial / "predictions.parquet")
        (partial / "config.json").write_text(a_config(split_seed).model_dump_json(), "utf-8")
        (partial / "weights.safetensors").write_bytes(run.encode())
    rate = correct_rows / TEST_ROWS
    return Report(
        data_set="news",
        origin="source",
        label="category",
        preset="default",
        run=run,
        folder=folder,
        first_sentence="",
        read_rows=TEST_ROWS,
        rejected_rows=0,
        leaked_rows=0,
        split_rows={"test": TEST_ROWS},
        test_rows=TEST_ROWS,
        accuracy_rate=rate,
        accuracy_low_rate=rate - 0.03,
        accuracy_high_rate=rate + 0.03,
        majority_rate=0.5,
    )


def in_service(data_dir: Path) -> str | None:
    return champion_run(read_ledger(champion_dir(data_dir, "news", "category")))


def test_the_first_model_with_a_signal_becomes_champion(tmp_path: Path) -> None:
    assert challenge(a_report(tmp_path, "first", 300), Store(tmp_path))[0].outcome == "first"
    assert in_service(tmp_path) == "first"


def test_a_model_whose_interval_holds_the_majority_rate_does_not(tmp_path: Path) -> None:
    assert challenge(a_report(tmp_path, "first", 210), Store(tmp_path))[0].outcome == "no signal"
    assert in_service(tmp_path) is None


@pytest.mark.parametrize("change", [{"origin": "sample"}, {"origin": "generated"}, {"preset": "keras-bilstm"}])
def test_sample_and_generated_data_and_notebook_presets_are_never_promoted(
    tmp_path: Path, change: dict[str, str]
) -> None:
    report = replace(a_report(tmp_path, "first", 300), **change)  # type: ignore[arg-type]
    assert challenge(report, Store(tmp_path))[0].outcome == "not eligible"
    assert in_service(tmp_path) is None


@pytest.mark.parametrize(
    ("correct_rows", "outcome", "champion"),
    [
        (340, "better", "second"),
        (303, "not separable", "first"),
        (260, "worse", "first"),
        (300, "not separable", "first"),
    ],
)
def test_a_challenger_is_promoted_only_when_shown_to_be_better(
    tmp_path: Path, correct_rows: int, outcome: str, champion: str
) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    assert challenge(a_report(tmp_path, "second", correct_rows), Store(tmp_path))[0].outcome == outcome
    assert in_service(tmp_path) == champion


def test_the_gain_and_its_p_value_are_those_of_the_exact_mcnemar_test(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    comparison, _ = challenge(a_report(tmp_path, "second", 306), Store(tmp_path))
    assert comparison.gain_pct == pytest.approx(1.5)
    assert comparison.p_value == pytest.approx(2 * 0.5**6)


def test_only_rows_that_both_scored_are_compared(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    assert (
        challenge(a_report(tmp_path, "second", 300, first_row=100), Store(tmp_path))[0].common_rows == TEST_ROWS - 100
    )


def test_another_split_seed_makes_two_models_not_comparable(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    assert challenge(a_report(tmp_path, "second", 390, split_seed=2), Store(tmp_path))[0].outcome == "not comparable"
    assert in_service(tmp_path) == "first"


def test_a_model_is_compared_with_a_champion_once(tmp_path: Path) -> None:
    champion, challenger = a_report(tmp_path, "first", 300), a_report(tmp_path, "second", 303)
    made = [challenge(report, Store(tmp_path)) for report in (champion, challenger)]
    assert [is_repeated for _, is_repeated in made] == [False, False]
    again = [challenge(report, Store(tmp_path)) for report in (champion, challenger)]
    assert again == [(comparison, True) for comparison, _ in made]
    assert len(read_ledger(champion_dir(tmp_path, "news", "category"))) == 2
    assert in_service(tmp_path) == "first"


def test_a_model_is_compared_again_when_its_preset_may_be_promoted_by_now(tmp_path: Path) -> None:
    report = a_report(tmp_path, "first", 300)
    challenge(replace(report, preset="smoke"), Store(tmp_path))
    assert in_service(tmp_path) is None
    assert challenge(report, Store(tmp_path))[0].outcome == "first"


def test_a_model_is_compared_again_when_another_one_came_into_service(tmp_path: Path) -> None:
    old, better = a_report(tmp_path, "first", 300), a_report(tmp_path, "second", 390)
    challenge(old, Store(tmp_path))
    challenge(better, Store(tmp_path))
    comparison, is_repeated = challenge(old, Store(tmp_path))
    assert (comparison.outcome, is_repeated) == ("worse", False)
    assert in_service(tmp_path) == "second"


def test_the_ledger_keeps_every_comparison_in_order(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    challenge(a_report(tmp_path, "second", 303), Store(tmp_path))
    ledger = read_ledger(champion_dir(tmp_path, "news", "category"))
    assert [(line.run, line.champion, line.outcome) for line in ledger] == [
        ("first", None, "first"),
        ("second", "first", "not separable"),
    ]


def test_the_pointer_names_the_models_folder_and_its_weights(tmp_path: Path) -> None:
    report = a_report(tmp_path, "first", 300)
    challenge(report, Store(tmp_path))
    pointer = json.loads((champion_dir(tmp_path, "news", "category") / "champion.json").read_text("utf-8"))
    assert pointer == {
        "run": "first",
        "model": "models/news/first",
        "weights_sha256": storage.sha256_file(report.folder / "weights.safetensors"),
    }


@pytest.mark.parametrize("damage", ["predictions", "folder"])
def test_a_damaged_champion_stays_in_service_and_is_told_until_it_is_mended(tmp_path: Path, damage: str) -> None:
    first = a_report(tmp_path, "first", 300)
    challenge(first, Store(tmp_path))
    kept = tmp_path / "kept"
    shutil.copytree(first.folder, kept)
    if damage == "folder":
        shutil.rmtree(first.folder)
    else:
        (first.folder / "predictions.parquet").write_bytes(b"changed")
    better = a_report(tmp_path, "second", 390)
    comparison, is_repeated = challenge(better, Store(tmp_path))
    assert (comparison.outcome, is_repeated) == ("not comparable", False)
    assert str(first.folder) in comparison.reason
    assert in_service(tmp_path) == "first"
    shutil.rmtree(first.folder, ignore_errors=True)
    shutil.copytree(kept, first.folder)
    assert challenge(better, Store(tmp_path))[0].outcome == "better"


def test_new_predictions_of_the_same_model_are_compared_anew(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path, "Monday"))
    challenge(a_report(tmp_path, "second", 303), Store(tmp_path, "Tuesday"))
    comparison, is_repeated = challenge(a_report(tmp_path, "second", 390), Store(tmp_path, "Wednesday"))
    assert (comparison.outcome, comparison.compared_by, is_repeated) == ("better", "Wednesday", False)


def test_predictions_that_the_manifest_does_not_name_decide_nothing(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    second = a_report(tmp_path, "second", 390)
    manifest = storage.read_manifest(second.folder)
    storage.write_manifest(second.folder, manifest, manifest.facts, but=("predictions.parquet",))
    with pytest.raises(DamagedOutputError, match="differs from its manifest"):
        challenge(second, Store(tmp_path))


def test_a_ledger_cut_short_is_told_and_nothing_is_promoted_over_it(tmp_path: Path) -> None:
    challenge(a_report(tmp_path, "first", 300), Store(tmp_path))
    ledger = champion_dir(tmp_path, "news", "category") / "ledger.jsonl"
    ledger.write_text(ledger.read_text("utf-8")[:-20], "utf-8")
    with pytest.raises(DamagedOutputError, match="ledger"):
        challenge(a_report(tmp_path, "second", 340), Store(tmp_path))
