"""Which two models are compared: the named ones, or a named one and the model in service."""

from __future__ import annotations

from pathlib import Path

from text_classifier.champion import champion_dir, champion_run, read_ledger
from text_classifier.errors import ConfigError
from text_classifier.records import TrainedModel
from text_classifier.training import latest_model


def chosen_models(data_dir: Path, data_set: str, first: str, second: str | None) -> tuple[TrainedModel, TrainedModel]:
    """The models of two runs; without a `second` the one in service for the label of the first.

    Raises:
        UnknownNameError: there is no such run; the message lists those that there are.
        ConfigError: no model is in service, or both are the same.
    """
    chosen = latest_model(data_dir, data_set, first)
    other = second or _champion(data_dir, chosen)
    if other == first:
        raise ConfigError(
            "a run cannot be compared with itself",
            where=f"{data_set}, label {chosen.label}",
            seen=first if second else f"{first}, which is the model in service",
            expected="two different runs",
            to_do="name another run as second",
        )
    return chosen, latest_model(data_dir, data_set, other)


def _champion(data_dir: Path, model: TrainedModel) -> str:
    champion = champion_run(read_ledger(champion_dir(data_dir, model.data_set, model.label)))
    if champion is None:
        raise ConfigError(
            "there is no model in service to compare with",
            where=f"{model.data_set}, label {model.label}",
            seen="no second run was named",
            expected="a champion, or the name of a second run",
            to_do="name another run as second",
        )
    return champion
