"""What a person decides over the rule: a model put in service, or the one before put back, with a reason."""

from __future__ import annotations

from text_classifier import storage
from text_classifier.champion.conditions import barred
from text_classifier.champion.ledger import model_dir, now, opened, put_in_service
from text_classifier.comparison import Comparison
from text_classifier.errors import ConfigError, DamagedOutputError
from text_classifier.records import TrainedModel
from text_classifier.store import Store
from text_classifier.training.model_folder import PREDICTIONS, REPORT_FILES


def promote_by_hand(model: TrainedModel, reason: str, store: Store) -> Comparison:
    """Put a model in service whatever the rule says of it.

    Raises:
        ConfigError: it is in service already, or of SAMPLE or GENERATED data or of a notebook's preset.
        DamagedOutputError: a file of it is missing or differs from its manifest, or it was never scored on test.
    """
    if why := barred(model.origin, model.preset):
        raise ConfigError(
            "this model cannot be put in service, not even by hand",
            where=f"{model.data_set}, run {model.run}",
            seen=why,
            expected="a model of collected data and of a preset that may be promoted",
            to_do="train one, such as with preset default",
        )
    storage.checked_output(model.folder, PREDICTIONS, storage.verify(model.folder, but=REPORT_FILES))
    with opened(store.data_dir, model.data_set, model.label) as ledger:
        if ledger.champion == model.run:
            raise ConfigError(
                "this model is in service already",
                where=str(ledger.folder),
                seen=model.run,
                to_do="nothing, or name another run",
            )
        line = Comparison(
            run=model.run,
            champion=ledger.champion,
            decision="promoted",
            rule="a person decided",
            kind="by hand",
            reason=reason,
            compared_at=now(),
            compared_by=store.run,
        )
        ledger.add(line)
        return line


def roll_back(data_set: str, label: str, reason: str, store: Store) -> Comparison:
    """Put the champion of before back in service. Once more, and it is the one before that.

    The model that is taken out is never promoted again by the rule: only a person puts it back.

    Raises:
        ConfigError: there is no champion before this one.
        DamagedOutputError: a file of the champion before is missing or differs from its manifest.
    """
    with opened(store.data_dir, data_set, label) as ledger:
        runs = put_in_service(ledger.lines)
        if len(runs) < 2:
            raise ConfigError(
                "there is no champion before this one",
                where=f"{data_set}, label {label}",
                seen=f"in service: {runs[-1]}" if runs else "no model is in service",
                expected="a model that was in service before",
                to_do="name the model that you want in service to the flow promote",
            )
        _demand_undamaged(store, data_set, runs[-2])
        line = Comparison(
            run=runs[-2],
            champion=runs[-1],
            decision="promoted",
            rule="a person put it back",
            kind="roll back",
            reason=reason,
            compared_at=now(),
            compared_by=store.run,
        )
        ledger.add(line)
        return line


def _demand_undamaged(store: Store, data_set: str, run: str) -> None:
    folder = model_dir(store.data_dir, data_set, run)
    try:
        storage.verify(folder, but=REPORT_FILES)
    except DamagedOutputError as error:
        raise DamagedOutputError(
            f"the champion before this one, {run}, cannot be put back",
            where=str(folder),
            seen=str(error),
            expected="every file that its manifest names",
            to_do="restore the folder from a backup, or name another model to the flow promote",
        ) from error
