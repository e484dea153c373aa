"""Every figure of an evaluation as one tree of JSON values: the content of metrics.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.baselines.signal import NULL_SCORES
from text_classifier.evaluation.metrics import Evaluation
from text_classifier.evaluation.subject import Subject
from text_classifier.records import MARKS, SPLITS, SignalTest
from text_classifier.training.model_folder import METRICS

Figures = Mapping[str, Any]

NOTE_ON_MADE_DATA = (
    "{mark} data: these texts were made by a program. No figure on this page says anything about real data."
)
NOTE_ON_NOTEBOOK_1 = (
    "Notebook 1, which this preset reproduces, reported an accuracy of 85.38 % on IMDB: a figure read on data used to "
    "watch training, so nothing independent confirms it. Here nothing was watched: the preset carves out no "
    "validation split, and the test split was read once, after the last epoch."
)
NOTE_ON_UNSUP = (
    "Beside the train split the model learned from {rows:,} of the {all_rows:,} texts of unsup ({copies:,} stand in "
    "val or test) without a label of theirs: its n-grams, fitted to train, labelled them for the LSTM, part of whose "
    "answers is therefore theirs. It read them {when}; the train loss there is of both."
)
NOTE_ON_ENCODER = "The weights started from an encoder that has read train and unsup without any label."
_CURVE_COLUMNS = ("epoch", "train_loss", "val_loss", "val_accuracy_rate", "learning_rate", "seconds")


def evaluation_figures(subject: Subject, evaluation: Evaluation, compared: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of an evaluation; `compared` are those beside others: signal, baselines, slices, leaks.

    The same subject and evaluation give the same figures.
    """
    model = subject.model
    return {
        "name": subject.name,
        "data_set": model.data_set,
        "origin": model.origin,
        "mark": MARKS[model.origin],
        "label": model.label,
        "preset": model.preset,
        "run": model.run,
        "notes": _notes(subject),
        "test": asdict(evaluation) | {"error_rows": evaluation.accuracy.rows - evaluation.accuracy.right_rows},
        **compared,
        "data": _data(subject),
        "curve": curve_of(subject.history),
        **_networks(subject),
        "made": _made(subject),
    }


def signal_figures(signal: SignalTest) -> dict[str, Any]:
    """A signal test as JSON values, with every score on shuffled labels.

    Raises:
        DamagedOutputError: these scores are missing or were changed.
    """
    names = ("learner", "score_name", "score_rate", "chance_rate", "chance_high_rate", "refits", "train_rows")
    figures = {name: getattr(signal, name) for name in (*names, "scored_rows", "p_value", "level", "fingerprint")}
    null_rates = pq.read_table(storage.checked_output(signal.folder, NULL_SCORES))["score_rate"].to_pylist()
    return figures | {"is_found": signal.is_found, "null_rates": null_rates}


def curve_of(history: Iterable[Mapping[str, Any]]) -> list[dict[str, float | None]]:
    """One row per epoch, the first first: the mean of all networks; one that had stopped before counts as it ended.

    None stands for what is missing or no finite number in one of them.
    """
    by_member: dict[int, list[Mapping[str, Any]]] = {}
    for row in history:
        by_member.setdefault(row.get("member", 1), []).append(row)
    epochs = range(max(map(len, by_member.values()), default=0))
    stood = ([rows[min(epoch, len(rows) - 1)] for rows in by_member.values()] for epoch in epochs)
    return [
        {name: _mean([row[name] for row in rows]) for name in _CURVE_COLUMNS} | {"epoch": epoch + 1}
        for epoch, rows in enumerate(stood)
    ]


def to_json(figures: Figures) -> str:
    """The figures as JSON text; refuses numbers that JSON does not know."""
    return json.dumps(figures, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def read_figures(folder: Path) -> dict[str, Any]:
    """The figures of the evaluation in a model folder.

    Raises:
        DamagedOutputError: there are none, or they cannot be read.
    """
    return storage.read_tree(folder, METRICS, "run the report of this model again")


def deciding_baseline(figures: Figures) -> Mapping[str, Any]:
    """The baseline that the model is said to be better than, worse than or not separable from."""
    return next(one for one in figures["baselines"] if one["name"] == figures["deciding_baseline"])


def minute(timestamp: str) -> str:
    """A UTC time in ISO 8601 as people read it, such as "2026-11-22 03:00 UTC"."""
    return timestamp[:16].replace("T", " ") + " UTC"


def _networks(subject: Subject) -> dict[str, int]:
    """How many, where it is more than one."""
    networks = subject.config.model.members
    return {"networks": networks} if networks > 1 else {}


def _mean(values: Sequence[Any]) -> float | None:
    return mean(values) if all(map(_is_number, values)) else None


def _notes(subject: Subject) -> list[str]:
    mark = MARKS[subject.model.origin]
    made = [NOTE_ON_MADE_DATA.format(mark=mark)] if mark else []
    unsup_rows = subject.manifest.facts.get("unsup_rows")
    unlabelled = [_note_on_unsup(subject, unsup_rows)] if unsup_rows else []
    unlabelled += [NOTE_ON_ENCODER] if "encoder" in subject.manifest.inputs else []
    return made + unlabelled + ([NOTE_ON_NOTEBOOK_1] if subject.model.preset == "keras-bilstm" else [])


def _note_on_unsup(subject: Subject, rows: int) -> str:
    all_rows = subject.data.facts["split_rows"]["unsup"]
    epochs = min(subject.config.training.unsup_epochs, subject.model.epochs)
    when = "in its first epoch" if epochs == 1 else f"in its first {epochs} epochs"
    return NOTE_ON_UNSUP.format(rows=rows, all_rows=all_rows, copies=all_rows - rows, when=when)


def _data(subject: Subject) -> dict[str, Any]:
    facts, source = subject.data.facts, subject.source.facts
    return {
        "address": facts["address"],
        "form": source["form"],
        "source_digest": source["source_digest"],
        "contract_version": facts["contract_version"],
        "split_seed": facts["split_seed"],
        "read_rows": facts["read_rows"],
        "rejected_rows": facts["rejected_rows"],
        "leaked_rows": facts["leaked_rows"],
        "split_rows": {split: facts["split_rows"][split] for split in SPLITS if split in facts["split_rows"]},
    }


def _made(subject: Subject) -> dict[str, Any]:
    model, manifest = subject.model, subject.manifest
    return {
        "trained_at": manifest.created_at,
        "epochs": model.epochs,
        "weights": model.weights,
        "seconds": model.seconds,
        "computed_with": manifest.facts["computed_with"],
        "package_version": manifest.package_version,
        "parameters": dict(_flat(manifest.parameters)),
        "fingerprints": {"model": manifest.fingerprint, **manifest.inputs},
    }


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
