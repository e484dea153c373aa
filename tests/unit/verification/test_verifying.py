"""A run that is as published verifies as equal; whatever was changed by hand is found and named."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file

from text_classifier import storage
from text_classifier.errors import ReportError
from text_classifier.training import latest_model, read_config
from text_classifier.training.export import onnx_bytes
from text_classifier.verification import Verification, verify_run

Damage = Callable[[Path], None]


def folder_of(data_dir: Path) -> Path:
    return latest_model(data_dir, "films").folder


def verified(data_dir: Path, quick: bool = True) -> Verification:
    return verify_run(latest_model(data_dir, "films"), data_dir, quick)


def names(verification: Verification) -> list[str]:
    return [check.name for check in verification.differing]


def ledger_of(data_dir: Path) -> Path:
    return data_dir / "champions" / "films" / "mood" / "ledger.jsonl"


def mend_manifest(folder: Path, **facts: Any) -> None:
    """As somebody would who wants a change to pass unseen."""
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, manifest, {**manifest.facts, **facts})


def change_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    tree = json.loads(path.read_text("utf-8"))
    change(tree)
    path.write_text(json.dumps(tree, indent=1) + "\n", "utf-8")


def beautify(data_dir: Path) -> None:
    def change(figures: dict[str, Any]) -> None:
        figures["test"]["accuracy"]["rate"] = 0.99

    change_json(folder_of(data_dir) / "metrics.json", change)


def change_prediction(data_dir: Path) -> None:
    path = folder_of(data_dir) / "predictions.parquet"
    table = pq.read_table(path)
    rates = table["p_pos"].to_numpy().copy()
    rates[3] += 0.25
    at = table.column_names.index("p_pos")
    pq.write_table(table.set_column(at, "p_pos", pa.array(rates)), path)


def change_weights(data_dir: Path) -> None:
    path = folder_of(data_dir) / "weights.safetensors"
    weights = load_file(path)
    name = max(weights, key=lambda one: weights[one].size)
    save_file({**weights, name: weights[name] * 1.5}, path)


def change_onnx(data_dir: Path) -> None:
    """The file of a model with other weights and another order of its classes."""
    folder = folder_of(data_dir)
    config = read_config(folder)
    weights = {name: weight * 1.01 for name, weight in load_file(folder / "weights.safetensors").items()}
    other = config.model_copy(update={"class_names": config.class_names[::-1]})
    (folder / "model.onnx").write_bytes(onnx_bytes(other, weights, storage.read_manifest(folder).fingerprint))


def change_page(data_dir: Path) -> None:
    path = folder_of(data_dir) / "report.html"
    path.write_text(path.read_text("utf-8").replace("not promoted", "promoted", 1), "utf-8")


def change_verdict(data_dir: Path) -> None:
    change_json(folder_of(data_dir) / "verdict.json", lambda verdict: verdict.update(decision="promoted"))


def change_errors(data_dir: Path) -> None:
    path = folder_of(data_dir) / "errors.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)


def test_an_untouched_run_is_equal_bit_for_bit_wherever_its_data_root_stands(data_dir: Path) -> None:
    verification = verified(data_dir, quick=False)
    assert names(verification) == []
    assert verification.sentence.startswith("equal: ")
    assert "bit for bit" in verification.sentence
    assert sum(check.figures for check in verification.checks) > 1_000


def test_verifying_changes_nothing_that_is_published(data_dir: Path) -> None:
    def content() -> dict[Path, bytes]:
        files = (path for path in data_dir.rglob("*") if path.is_file() and ".locks" not in path.parts)
        return {path: path.read_bytes() for path in files}

    before = content()
    verified(data_dir, quick=False)
    assert content() == before


@pytest.mark.parametrize(
    ("damage", "file"),
    [
        (beautify, "metrics.json"),
        (change_prediction, "predictions.parquet"),
        (change_weights, "weights.safetensors"),
        (change_page, "report.html"),
        (change_verdict, "verdict.json"),
        (change_errors, "errors.parquet"),
    ],
)
def test_a_changed_file_is_named(data_dir: Path, damage: Damage, file: str) -> None:
    damage(data_dir)
    verification = verified(data_dir)
    assert verification.differing[0].name == f"models/{file}"
    assert verification.sentence.startswith(f"differs: models/{file}")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (beautify, {"metrics.json: test.accuracy.rate"}),
        (change_prediction, {"probabilities from the weights", "predictions.parquet: p_pos"}),
        (change_page, {"report.html"}),
        (change_verdict, {"verdict.json: decision"}),
    ],
)
def test_a_change_is_named_also_where_the_manifest_was_mended(data_dir: Path, damage: Damage, named: set[str]) -> None:
    damage(data_dir)
    mend_manifest(folder_of(data_dir))
    assert set(names(verified(data_dir))) == named


def test_an_onnx_file_of_another_model_is_named_where_the_manifest_was_mended(data_dir: Path) -> None:
    change_onnx(data_dir)
    mend_manifest(folder_of(data_dir))
    metadata = {f"model.onnx: metadata: class_names[{at}]" for at in (0, 1)}
    shown = {"model_card.md", "report.html", "report digest"}
    assert set(names(verified(data_dir))) == {*metadata, "model.onnx: answers", *shown}


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_what_is_no_onnx_file_is_named_where_the_manifest_was_mended(data_dir: Path, content: bytes) -> None:
    folder = folder_of(data_dir)
    (folder / "model.onnx").write_bytes(content)
    mend_manifest(folder)
    assert "model.onnx: answers" in names(verified(data_dir))


def test_a_model_from_before_onnx_files_verifies_without_one(data_dir: Path) -> None:
    folder = folder_of(data_dir)
    (folder / "model.onnx").unlink()
    mend_manifest(folder)
    assert not [name for name in names(verified(data_dir)) if "onnx" in name]


def test_other_weights_give_other_figures_where_the_manifest_was_mended(data_dir: Path) -> None:
    change_weights(data_dir)
    mend_manifest(folder_of(data_dir))
    found = names(verified(data_dir))
    assert found[0] == "probabilities from the weights"
    assert {"metrics.json: test.log_loss.value", "model_card.md", "report digest"} <= set(found)


def test_a_published_figure_that_differs_stands_beside_the_derived_one(data_dir: Path) -> None:
    figures = json.loads((folder_of(data_dir) / "metrics.json").read_text("utf-8"))
    beautify(data_dir)
    mend_manifest(folder_of(data_dir))
    (check,) = verified(data_dir).differing
    assert (check.published, check.derived) == ("0.99", repr(figures["test"]["accuracy"]["rate"]))


def test_a_ledger_without_the_line_of_the_run_is_named(data_dir: Path) -> None:
    ledger_of(data_dir).write_text("", "utf-8")
    assert names(verified(data_dir)) == ["ledger"]


def test_a_changed_signal_test_is_named_unless_quick(data_dir: Path) -> None:
    (folder,) = (data_dir / "signals" / "films").glob("[!.]*")
    mend_manifest(folder, p_value=0.9)
    assert "signal test: p_value" in names(verified(data_dir, quick=False))


def test_changed_answers_of_a_baseline_are_named_unless_quick(data_dir: Path) -> None:
    (folder,) = (data_dir / "baselines" / "films").glob("[!.]*")
    table = pq.read_table(folder / "predictions.parquet")
    at = table.column_names.index("NB-SVM")
    pq.write_table(table.set_column(at, "NB-SVM", table["label"]), folder / "predictions.parquet")
    mend_manifest(folder)
    assert "baselines: predictions.parquet: NB-SVM" in names(verified(data_dir, quick=False))


def test_a_changed_seed_in_a_manifest_does_not_pass(data_dir: Path) -> None:
    folder = folder_of(data_dir)
    manifest = storage.read_manifest(folder)
    other = replace(manifest, parameters={**manifest.parameters, "seed": 2})
    storage.write_manifest(folder, other, manifest.facts)
    assert names(verified(data_dir))[0] == "models: fingerprint"


@pytest.mark.parametrize(("added", "is_equal"), [(5e-4, True), (5e-3, False)])
def test_on_other_hardware_probabilities_may_differ_a_little(data_dir: Path, added: float, is_equal: bool) -> None:
    folder = folder_of(data_dir)
    path = folder / "predictions.parquet"
    table = pq.read_table(path)
    rates = table["p_pos"].to_numpy().copy()
    at = int(abs(rates - 0.5).argmax())
    rates[at] -= added if rates[at] > 0.5 else -added
    pq.write_table(table.set_column(table.column_names.index("p_pos"), "p_pos", pa.array(rates)), path)
    evaluation = storage.read_manifest(folder).facts["evaluation"]
    elsewhere = {**evaluation["made_with"], "hardware": "an abacus"}
    mend_manifest(folder, evaluation={**evaluation, "made_with": elsewhere})
    verification = verified(data_dir)
    assert "hardware is another" in verification.demanded
    assert ("probabilities from the weights" not in names(verification)) == is_equal


def test_two_trainings_on_the_same_inputs_have_the_same_report_digest(
    data_dir: Path, publish_anew: Callable[..., None]
) -> None:
    before = storage.read_manifest(folder_of(data_dir))
    (films,) = (data_dir / "datasets" / "films").glob("[!.]*")
    mend_manifest(films, address=str(data_dir / "the same films, elsewhere.csv"))
    publish_anew("second run")
    after = storage.read_manifest(folder_of(data_dir))
    assert before.facts["report"]["run"] != after.facts["report"]["run"]
    digest = before.facts["report"]["digest"]
    assert after.facts["report"]["digest"] == digest
    assert digest in (folder_of(data_dir) / "report.html").read_text("utf-8")
    assert digest in (folder_of(data_dir) / "model_card.md").read_text("utf-8")


def test_the_figures_beside_a_champion_are_paired_anew(data_dir: Path, publish_anew: Callable[..., None]) -> None:
    ledger = ledger_of(data_dir)
    ledger.write_text(ledger.read_text("utf-8").replace('"not promoted"', '"promoted"'), "utf-8")
    publish_anew("second run", seed=2)
    assert names(verified(data_dir)) == []
    first, second = ledger.read_text("utf-8").splitlines()
    assert json.loads(second)["rows"] == 60
    better = {**json.loads(second), "gain_rate": 0.5}
    ledger.write_text(f"{first}\n{json.dumps(better)}\n", "utf-8")
    found = names(verified(data_dir))
    assert {"verdict.json: comparison.gain_rate", "ledger: beside the champion: gain_rate"} <= set(found)


def test_a_run_of_a_version_that_noted_less_is_refused_with_what_to_do(data_dir: Path) -> None:
    folder = folder_of(data_dir)
    evaluation = storage.read_manifest(folder).facts["evaluation"]
    mend_manifest(folder, evaluation={name: evaluation[name] for name in ("fingerprint", "run", "at")})
    with pytest.raises(ReportError, match="run the flow report with run="):
        verified(data_dir)


@pytest.mark.parametrize("step", ["evaluation", "report"])
def test_where_the_code_has_changed_since_the_sentence_says_so(data_dir: Path, step: str) -> None:
    assert "code has changed" not in verified(data_dir).sentence
    folder = folder_of(data_dir)
    made = storage.read_manifest(folder).facts[step]
    mend_manifest(folder, **{step: {**made, "code": "ab" * 32}})
    assert "the code has changed since" in verified(data_dir).sentence
    beautify(data_dir)
    mend_manifest(folder)
    assert "the code has changed since" in verified(data_dir).sentence
