"""Task: judge a trained model on the test split, beside the baselines."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.outcome import ended, store
from text_classifier.evaluation.judging import evaluate_model
from text_classifier.records import Baselines, Evaluated, SignalTest, TrainedModel

logger = logging.getLogger("text_classifier.tasks.evaluate")


@task(name="evaluate", task_run_name="evaluate {model.run} on {model.test_rows:,} test rows", cache_policy=NO_CACHE)
def evaluate(model: TrainedModel, signal: SignalTest, baselines: Baselines, refresh: bool = False) -> State[Evaluated]:
    """Score the test split and write predictions, errors and figures into the model's folder."""
    evaluated = evaluate_model(model, signal, baselines, store(refresh))
    logger.info("%s: %s", evaluated.run, figures(evaluated))
    return ended(evaluated, figures(evaluated), evaluated.making.is_reused)


def figures(evaluated: Evaluated) -> str:
    """What the model is worth, in words."""
    return (
        f"{evaluated.accuracy_rate:.2%} of {evaluated.test_rows:,} test examples right, {evaluated.against_baseline} "
        f"beside the best baseline, {evaluated.best_baseline}: {evaluated.best_baseline_rate:.2%}"
    )
