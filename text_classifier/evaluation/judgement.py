"""All that is known of a model once its test split is scored: every prediction, every error, every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from text_classifier.baselines import baseline_figures, read_opinion, read_right, validation_gap
from text_classifier.evaluation.excerpts import Explain, with_excerpts
from text_classifier.evaluation.figures import evaluation_figures, signal_figures
from text_classifier.evaluation.label_errors import LikelyErrors, likely_label_errors
from text_classifier.evaluation.leaks import leak_figures
from text_classifier.evaluation.metrics import ClassIndices, Evaluation, Probabilities, evaluate
from text_classifier.evaluation.pairs import Right, against_best, compare
from text_classifier.evaluation.parts import part_figures, with_parts
from text_classifier.evaluation.predictions import check_alignment, class_indices, error_table, prediction_table
from text_classifier.evaluation.slice_columns import slice_columns
from text_classifier.evaluation.slices import slice_figures
from text_classifier.evaluation.subject import Subject
from text_classifier.records import Baselines


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of the test examples.

    Attributes:
        keys: example_id and text_digest as the model saw them, in order.
        probabilities: (N, C), row by row those of `keys`.
        explain: says which words moved it; None: nobody does.
        parts: by name of a part of the model, (N,) the class ids that it predicts alone.
    """

    keys: pa.Table
    probabilities: Probabilities
    explain: Explain | None = None
    parts: Mapping[str, ClassIndices] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`predictions` (N rows, in the order of the test split), the wrong ones among them, and the tree of figures."""

    predictions: pa.Table
    errors: pa.Table
    figures: dict[str, Any]


def judged(subject: Subject, answers: Answers) -> Judgement:
    """Judge what a model answered.

    Raises:
        MisalignedPredictionsError: a prediction is not its row's.
        ReportError: the test split cannot be judged.
    """
    examples, label, config = subject.examples, subject.model.label, subject.config
    check_alignment(examples, answers.keys)
    truth = class_indices(examples[label], config.class_names)
    evaluation = evaluate(
        truth, answers.probabilities, config.class_names, subject.learned_class_rows, config.temperature
    )
    right: Right = np.asarray(truth == answers.probabilities.argmax(axis=1))
    slices = slice_columns(examples, label, subject.unknown_rates)
    predictions = prediction_table(examples, label, answers.probabilities, config.class_names)
    predictions = with_parts(predictions, answers.parts, config.class_names)
    doubted, why_not = _doubted(subject, evaluation, truth, answers.probabilities)
    compared = {
        "signal": signal_figures(subject.signal),
        **_beside_baselines(right, subject.baselines),
        "parts": [asdict(one) for one in part_figures(truth, right, answers.parts)],
        "over_majority": asdict(compare(right, truth == config.class_names.index(evaluation.majority_class))),
        "slices": [asdict(one) for one in slice_figures(slices, right, label)],
        "leaks": asdict(leak_figures(subject.learned_texts, examples["text"], right)),
        "validation": _optional(validation_gap(subject.baselines)),
        "doubted_rows": None if doubted is None else int(doubted.sum()),
        "why_not_doubted": why_not,
    }
    for name in slices.column_names:
        predictions = predictions.append_column(name, slices[name])
    return Judgement(
        predictions=predictions,
        errors=with_excerpts(error_table(predictions, examples, doubted), config.class_names, answers.explain),
        figures=evaluation_figures(subject, evaluation, compared),
    )


def _doubted(
    subject: Subject, evaluation: Evaluation, truth: ClassIndices, probabilities: Probabilities
) -> tuple[LikelyErrors | None, str | None]:
    """Labels are doubted by two only, both of which know something; where they do not, None and the reason."""
    opinion = read_opinion(subject.baselines)
    if not subject.signal.is_found:
        return None, "no signal was found in the data"
    if opinion is None:
        return None, "there is no second opinion, as the simple classifiers had but one class to learn"
    if evaluation.accuracy.low_rate <= evaluation.majority.rate:
        return None, "the model does not answer clearly better than the majority class"
    return likely_label_errors(truth, [probabilities, opinion]), None


def _beside_baselines(right: Right, baselines: Baselines) -> dict[str, Any]:
    """The baselines, the most accurate first, each with the model beside it; and what these come to."""
    theirs = read_right(baselines)
    pairings = {name: compare(right, theirs[name]) for name in baselines.names}
    against = against_best(pairings)
    figures = sorted(baseline_figures(baselines), key=lambda one: -one.accuracy.rate)
    told = [
        {**asdict(one), "pairing": asdict(pairings[one.name]), "separation": against.separations[one.name]}
        for one in figures
    ]
    return {"baselines": told, "against_baseline": against.verdict, "deciding_baseline": against.deciding}


def _optional(record: Any) -> dict[str, Any] | None:
    return None if record is None else asdict(record)
