from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save_file
from trained_films import Films, examples

from tasks.evaluate import evaluate
from text_classifier import storage
from text_classifier.baselines import find_signal, fit_baselines
from text_classifier.config import SignalRule
from text_classifier.errors import DamagedOutputError, MisalignedPredictionsError
from text_classifier.store import Store
from text_classifier.training import latest_model, load_model
from text_classifier.training.model_folder import EVALUATION_FILES


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in EVALUATION_FILES}


def data_dir(trained: Films) -> Path:
    return trained.model.folder.parents[2]


def test_the_task_ends_with_its_figures_and_the_next_one_reuses_them(trained: Films) -> None:
    first = evaluate.fn(trained.model, trained.signal, trained.baselines)
    evaluated = first.result()
    assert first.name == "Completed"
    assert first.message == (
        f"{evaluated.accuracy_rate:.2%} of 40 test examples right, {evaluated.against_baseline} beside the best "
        f"baseline, {evaluated.best_baseline}: 100.00%"
    )
    assert evaluated.signal == "found"
    second = evaluate.fn(trained.model, trained.signal, trained.baselines)
    assert (second.name, second.message, second.result()) == ("Cached", first.message, evaluated)
    assert evaluate.fn(trained.model, trained.signal, trained.baselines, refresh=True).name == "Completed"


def test_predictions_are_those_of_the_raw_texts(trained: Films) -> None:
    folder = evaluate.fn(trained.model, trained.signal, trained.baselines).result().folder
    predictions = pq.read_table(folder / "predictions.parquet")
    expected = load_model(folder).predict_probabilities(examples("test")["text"].to_pylist())
    np.testing.assert_allclose(predictions["p_pos"].to_numpy(), expected[:, 1], atol=1e-5)
    assert predictions["example_id"].to_pylist() == examples("test")["example_id"].to_pylist()


def test_a_judged_model_is_whole_and_stays_as_old_as_it_is(trained: Films) -> None:
    before = storage.read_manifest(trained.model.folder)
    evaluate.fn(trained.model, trained.signal, trained.baselines)
    evaluate.fn(trained.model, trained.signal, trained.baselines, refresh=True)
    after = storage.verify(trained.model.folder)
    assert after.created_at == before.created_at
    assert latest_model(data_dir(trained), "films") == trained.model


def another_signal(trained: Films) -> Films:
    rule = SignalRule(seed=1)
    return replace(trained, signal=find_signal(trained.data_set, "sentiment", rule, Store(data_dir(trained))))


def other_baselines(trained: Films) -> Films:
    splits = ("train", "val")
    return replace(trained, baselines=fit_baselines(trained.data_set, "sentiment", splits, Store(data_dir(trained))))


def other_weights(trained: Films) -> Films:
    path = trained.model.folder / "weights.safetensors"
    weights = {name: 0 * values for name, values in load_file(path).items()}
    save_file(weights, path)
    manifest = storage.read_manifest(trained.model.folder)
    storage.write_manifest(trained.model.folder, manifest, manifest.facts)
    return trained


@pytest.mark.parametrize("change", [another_signal, other_baselines, other_weights])
def test_the_evaluation_is_made_anew_when_what_it_rests_on_changed(
    trained: Films, change: Callable[[Films], Films]
) -> None:
    before = evaluate.fn(trained.model, trained.signal, trained.baselines).result()
    changed = change(trained)
    after = evaluate.fn(changed.model, changed.signal, changed.baselines)
    assert after.name == "Completed"
    assert after.result().fingerprint != before.fingerprint


@pytest.mark.parametrize("name", EVALUATION_FILES)
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_file_of_an_evaluation_is_made_anew(trained: Films, name: str, damage: str) -> None:
    folder = evaluate.fn(trained.model, trained.signal, trained.baselines).result().folder
    before = contents(folder)
    if damage == "changed":
        (folder / name).write_text("changed")
    else:
        (folder / name).unlink()
    assert evaluate.fn(trained.model, trained.signal, trained.baselines).name == "Completed"
    assert contents(folder) == before
    storage.verify(folder)


def test_predictions_of_a_corpus_in_another_order_are_refused(trained: Films) -> None:
    corpus = data_dir(trained) / storage.read_manifest(trained.model.folder).facts["corpus_folder"]
    path = corpus / "encoded" / "test.parquet"
    pq.write_table(pq.read_table(path).take([1, 0, *range(2, 40)]), path)
    with pytest.raises(DamagedOutputError):
        evaluate.fn(trained.model, trained.signal, trained.baselines)
    manifest = storage.read_manifest(corpus)
    storage.write_manifest(corpus, manifest, manifest.facts)
    with pytest.raises(MisalignedPredictionsError, match="position 0"):
        evaluate.fn(trained.model, trained.signal, trained.baselines)
    assert not [name for name in EVALUATION_FILES if (trained.model.folder / name).exists()]
