from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from interrupted_training import OPTIONS as OPTIONS_OF_TRAINING
from interrupted_training import batches, network
from torch import nn

from text_classifier import storage
from text_classifier.config import ModelOptions, preset_named
from text_classifier.store import Store
from text_classifier.training import explain, load_model, planning, train
from text_classifier.training.attribution import relevances_of
from text_classifier.training.batches import Batch
from text_classifier.training.ensemble import Ensemble
from text_classifier.training.ensemble_fitting import fit_all
from text_classifier.training.fitting import Fitted, fit
from text_classifier.training.job import OnProgress, TrainingProgress, ignore_progress
from text_classifier.training.networks import BiLSTM, Sizes, network_of, trainable_weights
from text_classifier.training.objectives import CLASS_OF_TEXT

OPTIONS = ModelOptions(embedding_size=6, hidden_size=5, members=3)
SIZES = Sizes(vocabulary=20, classes=2, unk_id=1)
LENGTHS = torch.tensor([7, 2, 4])
SOFT = torch.tensor([[0.9, 0.1], [0.5, 0.5], [0.0, 1.0]])


@pytest.fixture
def ensemble() -> Ensemble:
    torch.manual_seed(0)
    made = network_of(OPTIONS, SIZES)
    assert isinstance(made, Ensemble)
    return made


def batch(labels: torch.Tensor) -> Batch:
    torch.manual_seed(1)
    return Batch(torch.randint(2, 20, (3, 8)) * (torch.arange(8) < LENGTHS[:, None]), LENGTHS, labels)


def test_one_member_is_the_network_itself_and_more_begin_apart(ensemble: Ensemble) -> None:
    alone = network_of(OPTIONS.model_copy(update={"members": 1}), SIZES)
    assert isinstance(alone, BiLSTM)
    assert trainable_weights(ensemble) == 3 * trainable_weights(alone)
    first, second, third = (member.embedding.weight for member in ensemble.members)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


@torch.inference_mode()
def test_the_logits_are_the_mean_of_the_members(ensemble: Ensemble) -> None:
    read = batch(torch.tensor([0, 1, 1]))
    alone = [member(read.token_ids, read.lengths) for member in ensemble.members]
    torch.testing.assert_close(ensemble(read.token_ids, read.lengths), sum(alone) / 3)


def test_probabilities_as_labels_are_learned_as_such() -> None:
    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.logits = nn.Parameter(torch.zeros(3, 2))

        def forward(self, token_ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return self.logits

    logits = Logits()
    CLASS_OF_TEXT.loss_sum(logits, batch(SOFT)).backward()
    torch.testing.assert_close(logits.logits.grad, 0.5 - SOFT)


def test_the_relevances_are_the_mean_of_the_members(ensemble: Ensemble) -> None:
    ensemble.eval()
    token_ids, classes = batch(SOFT).token_ids, (np.array([0, 1, 0]), np.array([1, 0, 1]))
    alone = [relevances_of(member, token_ids, LENGTHS, classes) for member in ensemble.members]
    np.testing.assert_allclose(relevances_of(ensemble, token_ids, LENGTHS, classes), np.mean(alone, axis=0), rtol=1e-6)


def trained(folder: Path, tell: OnProgress = ignore_progress) -> tuple[Fitted, Ensemble]:
    torch.manual_seed(7)
    ensemble = Ensemble(network() for _ in range(2))
    for member in ensemble.members:
        for weight in member.parameters():
            nn.init.normal_(weight, std=0.1)
    return fit_all(ensemble, batches(), folder, tell), ensemble


def steps_of_members(fitted: Fitted) -> list[int]:
    history = fitted.history.group_by("member").aggregate([("step", "max")])
    return history["step_max"].to_pylist()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fitted, Ensemble]:
    return trained(tmp_path_factory.mktemp("undisturbed") / "work")


def test_every_member_is_trained_as_it_would_be_alone(whole: tuple[Fitted, Ensemble], tmp_path: Path) -> None:
    torch.manual_seed(7)
    begun = Ensemble(network() for _ in range(2))
    for member in begun.members:
        for weight in member.parameters():
            nn.init.normal_(weight, std=0.1)
    histories = []
    for place in (1, 0):  # in any order
        torch.manual_seed(16 * 3 + place)
        alone = begun.members[place]
        histories.append(fit(alone, replace(batches(), seed=16 * 3 + place), tmp_path / str(place), ignore_progress))
        learned = whole[1].members[place].state_dict()
        assert all(torch.equal(weight, learned[name]) for name, weight in alone.state_dict().items())
    rows = [fitted.history.drop_columns(["seconds"]).to_pylist() for fitted in reversed(histories)]
    history = whole[0].history
    assert history.drop_columns(["member", "seconds"]).to_pylist() == rows[0] + rows[1]
    assert history["member"].to_pylist() == [1] * len(rows[0]) + [2] * len(rows[1])


@pytest.mark.parametrize("step", [10, 200])
def test_an_ensemble_that_was_cut_off_goes_on_in_the_member_it_had_come_to(
    whole: tuple[Fitted, Ensemble], tmp_path: Path, step: int
) -> None:
    told: list[TrainingProgress] = []

    def interrupt(progress: TrainingProgress) -> None:
        told.append(progress)
        if len(told) == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "work", interrupt)
    torch.manual_seed(99)
    fitted, ensemble = trained(tmp_path / "work", told.append)
    expected = whole[1].state_dict()
    assert all(torch.equal(weight, expected[name]) for name, weight in ensemble.state_dict().items())
    assert fitted.resumed_at_steps == (step,)
    assert len(told) == sum(steps_of_members(whole[0]))


def test_a_member_that_was_whole_is_read_and_not_resumed(whole: tuple[Fitted, Ensemble], tmp_path: Path) -> None:
    trained(tmp_path / "work")
    told: list[TrainingProgress] = []
    fitted, _ = trained(tmp_path / "work", told.append)
    assert not told
    assert fitted.resumed_at_steps == (sum(steps_of_members(whole[0])),)
    assert fitted.history.drop_columns(["seconds"]) == whole[0].history.drop_columns(["seconds"])


def test_an_ensemble_beside_n_grams_is_a_model_like_any_other(films, job_of, tmp_path: Path, monkeypatch) -> None:
    smoke = preset_named("smoke")
    model = smoke.model.model_copy(update={"members": 2, "wide_ngram_tokens": 2})
    preset = smoke.model_copy(update={"model": model})
    monkeypatch.setattr(planning, "preset_named", lambda _: preset)
    trained_model = train(job_of(films, epochs=2), Store(tmp_path))
    facts = storage.verify(trained_model.folder).facts
    assert (facts["epochs"], facts["unsup_rows"]) == (2, 0)
    assert facts["onnx_largest_difference"] < 1e-5
    history = pq.read_table(trained_model.folder / "history.parquet", columns=["member", "epoch"]).to_pylist()
    assert [(row["member"], row["epoch"]) for row in history] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert {path.name for path in (trained_model.folder / "tensorboard").iterdir()} == {"member-1", "member-2"}
    classifier, texts = load_model(trained_model.folder), ["the film was dull", "joy and colour"]
    assert isinstance(classifier.network.deep, Ensemble)
    assert set(classifier.score(texts).parts) == {"lstm", "ngrams"}
    told = explain(trained_model, texts, np.array([0, 1]), np.array([1, 0]))
    assert [bool(words) for words in told] == [True, True]


def test_progress_is_of_the_whole_ensemble(tmp_path: Path) -> None:
    told: list[TrainingProgress] = []
    data = batches(OPTIONS_OF_TRAINING.model_copy(update={"patience_epochs": 0, "max_epochs": 2}))
    fit_all(Ensemble(network() for _ in range(2)), data, tmp_path / "work", told.append)
    rates = [one.done_rate for one in told]
    assert rates == sorted(rates)
    assert {(one.member, one.members) for one in told} == {(1, 2), (2, 2)}
    first = next(one for one in told if one.member == 2)
    assert first.done_rate == pytest.approx(0.5 + 0.5 / data.most_steps)
    assert all(one.seconds_left > 0 for one in told[:-1])
