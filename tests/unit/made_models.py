"""A data root with a data set, a signal test, baselines and a trained model in it, made by hand: nothing is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.comparison import Comparison
from text_classifier.config import ModelOptions, TrainingOptions, VocabularyOptions
from text_classifier.evaluation.judgement import Answers
from text_classifier.evaluation.judging import write_evaluation
from text_classifier.evaluation.subject import Subject, read_subject
from text_classifier.records import Baselines, DataSet, Evaluated, Origin, Report, SignalTest, TrainedModel
from text_classifier.report.write import write_report
from text_classifier.store import Store
from text_classifier.training import ModelConfig
from text_classifier.training.model_folder import HISTORY_SCHEMA

RUN = "20261122-200000-smoke-sentiment-0a0a0a0a"
HISTORY = (
    {"epoch": 1, "train_loss": 0.69, "val_loss": 0.68, "val_accuracy_rate": 0.55, "learning_rate": 1e-3},
    {"epoch": 2, "train_loss": 0.51, "val_loss": None, "val_accuracy_rate": float("nan"), "learning_rate": 1e-3},
    {"epoch": 3, "train_loss": 0.40, "val_loss": 0.49, "val_accuracy_rate": 0.75, "learning_rate": 1e-3},
)
INGESTED = storage.plan("ingested", inputs={"source": "ab" * 32}, parameters={}, modules=())
EVALUATION = storage.plan("evaluation", inputs={}, parameters={}, modules=())
NULL_RATES = [0.4 + n / 1_000 for n in range(200)]
FIRST = Comparison(
    run=RUN,
    champion=None,
    decision="not promoted",
    rule="a model of the preset smoke is never promoted",
    signal="found",
    against_baseline="not separable",
    against_champion="first",
    reason="no model is in service",
)


@dataclass(frozen=True)
class Recipe:
    """What to make.

    Attributes:
        rates: (N, C) or, of two classes, (N,) probabilities of the second: what the model answers to `texts`.
        baselines: what each answers to the test texts: one class for all, or one for each.
        val: without one there is no val split.
        unsup: that the model learned from, whatever label stands there; with an `encoder` (a fingerprint) that did.
        columns: of the contract, beside those that every example has; values of the test split.
        opinion: (N, C), of the linear classifier; None: it gives none.
        validation: label, random and grouped predictions of train and val.
    """

    texts: Sequence[str] = ("fine", "dull", "a joy", "a bore")
    labels: Sequence[str] = ("pos", "neg", "pos", "neg")
    rates: Any = (0.9, 0.2, 0.3, 0.6)
    train: Sequence[tuple[str, str]] = (("a", "neg"), ("b", "pos"), ("c", "neg"))
    val: Sequence[tuple[str, str]] = ()
    unsup: Sequence[tuple[str, str | None]] = ()
    encoder: str = ""
    class_names: tuple[str, ...] = ("neg", "pos")
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    baselines: Mapping[str, Any] = field(default_factory=lambda: {"majority class": "neg", "NB-SVM": "pos"})
    opinion: Any = None
    validation: Mapping[str, Sequence[str]] | None = None
    p_value: float = 1 / 201
    temperature: float = 1.0
    label: str = "sentiment"
    origin: Origin = "source"
    address: str = "films.csv"
    preset: str = "smoke"
    history: Sequence[dict[str, Any]] = ()
    run: str = RUN


@dataclass(frozen=True)
class Made:
    """All that the steps after training start from, and what the model would answer."""

    data_dir: Path
    data: DataSet
    signal: SignalTest
    baselines: Baselines
    model: TrainedModel
    answers: Answers


def make_root(data_dir: Path, **recipe: Any) -> Made:
    """A data root of the `Recipe`."""
    told = Recipe(**recipe)
    rates = np.asarray(told.rates, dtype=np.float32)
    data = _data_set(data_dir, told)
    examples = pq.read_table(data.folder / "examples" / "test.parquet", columns=["example_id", "text_digest"])
    return Made(
        data_dir,
        data,
        _signal(data_dir, told),
        _baselines(data_dir, told, examples),
        _model(data_dir, told, data),
        Answers(examples, np.stack([1 - rates, rates], axis=1) if rates.ndim == 1 else rates),
    )


def subject_of(made: Made) -> Subject:
    return read_subject(made.model, made.signal, made.baselines, made.data_dir)


def judge(made: Made) -> Evaluated:
    """The evaluation of what was made, in the model's folder."""
    return write_evaluation(subject_of(made), made.answers, EVALUATION)


def write(made: Made, comparison: Comparison = FIRST) -> Report:
    """The report on the evaluation of what was made."""
    return write_report(judge(made), comparison, made.data, Store(made.data_dir, "a test"))


def _examples(told: Recipe, texts: Sequence[str], labels: Sequence[str | None], first_row: int) -> pa.Table:
    rows = range(first_row, first_row + len(texts))
    return pa.table(
        {
            "example_id": pa.array(map(str, rows), pa.string()),
            "row": pa.array(rows, pa.int64()),
            "text_digest": pa.array([storage.sha256_text(text) for text in texts], pa.string()),
            "text": pa.array(texts, pa.string()),
            told.label: pa.array(labels, pa.string()),
        }
    )


def _data_set(data_dir: Path, told: Recipe) -> DataSet:
    ingested = data_dir / "ingested" / "films" / INGESTED.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(ingested, INGESTED, {"form": "delimited", "source_digest": "ab" * 32}):
        pass
    folder = data_dir / "datasets" / "films" / "1"
    planned = storage.plan("dataset", inputs={"ingested": INGESTED.fingerprint}, parameters={}, modules=())
    split_rows = {"train": len(told.train), "val": len(told.val), "test": len(told.texts)}
    split_rows |= {"unsup": len(told.unsup)} if told.unsup else {}
    rows = sum(split_rows.values()) + 1
    facts = {
        "data_set": "films",
        "origin": told.origin,
        "address": told.address,
        "contract_version": "1.0.0",
        "split_seed": 7,
        "read_rows": rows,
        "rejected_rows": 1,
        "leaked_rows": 0,
        "split_rows": split_rows,
    }
    test = _examples(told, told.texts, told.labels, 2 + len(told.train) + len(told.val))
    for name, values in told.columns.items():
        test = test.append_column(name, pa.array(values))
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "examples").mkdir()
        learnt = {"train": (told.train, 2), "val": (told.val, 2 + len(told.train)), "unsup": (told.unsup, 100)}
        for split, (pairs, first_row) in learnt.items():
            if pairs:
                table = _examples(told, *zip(*pairs, strict=True), first_row)
                pq.write_table(table, partial / "examples" / f"{split}.parquet")
        pq.write_table(test, partial / "examples" / "test.parquet")
    classes = {told.label: told.class_names}
    return DataSet(
        "films", told.origin, folder, planned.fingerprint, told.address, "1.0.0", 7, classes, rows, 1, 0, split_rows
    )


def _signal(data_dir: Path, told: Recipe) -> SignalTest:
    planned = storage.plan("signal", inputs={}, parameters={"p_value": told.p_value}, modules=())
    folder = data_dir / "signals" / "films" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(folder, planned, {}) as partial:
        pq.write_table(pa.table({"score_rate": NULL_RATES}), partial / "null_scores.parquet")
    return SignalTest(
        data_set="films",
        origin=told.origin,
        label=told.label,
        folder=folder,
        fingerprint=planned.fingerprint,
        learner="naive Bayes",
        score_name="balanced accuracy",
        score_rate=0.8,
        chance_rate=0.5,
        chance_high_rate=0.58,
        refits=200,
        train_rows=len(told.train),
        scored_rows=len(told.texts),
        p_value=told.p_value,
        level=0.01,
    )


def _baselines(data_dir: Path, told: Recipe, examples: pa.Table) -> Baselines:
    rows = len(told.texts)
    answers = {name: [said] * rows if isinstance(said, str) else said for name, said in told.baselines.items()}
    planned = storage.plan("baselines", inputs={}, parameters={"answers": repr(told.baselines)}, modules=())
    folder = data_dir / "baselines" / "films" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    with storage.output_folder(folder, planned, {"classes": list(told.class_names)}) as partial:
        said = {name: pa.array(column, pa.string()) for name, column in {"label": told.labels, **answers}.items()}
        keys = {name: examples[name] for name in examples.column_names}
        pq.write_table(pa.table(keys | said), partial / "predictions.parquet")
        if told.opinion is not None:
            columns = np.asarray(told.opinion, np.float64).T
            pq.write_table(pa.table(dict(zip(told.class_names, columns, strict=True))), partial / "opinion.parquet")
        if told.validation:
            pq.write_table(pa.table(dict(told.validation)), partial / "validation.parquet")
    return Baselines("films", told.label, folder, planned.fingerprint, tuple(told.baselines))


def _model(data_dir: Path, told: Recipe, data: DataSet) -> TrainedModel:
    training = TrainingOptions()
    config = ModelConfig(
        data_set="films",
        origin=told.origin,
        data_set_fingerprint="",
        corpus_fingerprint="",
        split_seed=7,
        label=told.label,
        class_names=told.class_names,
        preset=told.preset,
        seed=1,
        vocabulary=VocabularyOptions(),
        vocabulary_size=4,
        tokenizer_version=1,
        unk_id=1,
        model=ModelOptions(),
        training=training,
        temperature=told.temperature,
    )
    options = {"training": training.model_dump()}
    parameters = {"label": told.label, "preset": told.preset, "options": options, "seed": 1}
    inputs = {"data_set": data.fingerprint, "corpus": "cd" * 32} | ({"encoder": told.encoder} if told.encoder else {})
    planned = storage.plan("model", inputs=inputs, parameters=parameters, modules=())
    facts = {
        "data_set_folder": "datasets/films/1",
        "computed_with": "torch 2.13.0, float32 on 2 threads of the CPU",
        "unsup_rows": 0 if told.encoder else sum(text not in told.texts for text, _ in told.unsup),
    }
    folder = data_dir / "models" / "films" / told.run
    with storage.output_folder(folder, planned, facts) as partial:
        (partial / "config.json").write_text(config.model_dump_json(), "utf-8")
        (partial / "weights.safetensors").write_bytes(b"weights")
        vocabulary = {"token": ["", "", "a", "joy"], "token_id": pa.array(range(4), pa.int32())}
        pq.write_table(pa.table(vocabulary), partial / "vocabulary.parquet")
        pq.write_table(pa.Table.from_pylist(list(told.history), HISTORY_SCHEMA), partial / "history.parquet")
    return TrainedModel(
        "films",
        told.origin,
        told.label,
        told.preset,
        told.run,
        folder,
        planned.fingerprint,
        3,
        12_345,
        len(told.texts),
        83.4,
    )
