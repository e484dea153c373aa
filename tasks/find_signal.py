"""Task: find out whether the texts say anything of the label, before anything is trained."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import task_run

from tasks.outcome import ended, store
from text_classifier import baselines
from text_classifier.config import SignalRule
from text_classifier.records import DataSet, SignalTest


def _run_name() -> str:
    data_set = task_run.parameters["data_set"]
    rows = sum(data_set.split_rows.get(split, 0) for split in ("val", "test"))
    return f"find signal in {rows:,} examples of {data_set.data_set}, label {task_run.parameters['label']}"


@task(name="find-signal", task_run_name=_run_name, cache_policy=NO_CACHE)
def find_signal(data_set: DataSet, label: str, rule: SignalRule, refresh: bool = False) -> State[SignalTest]:
    """Compare a simple learner with itself on shuffled labels, or take the comparison that stands."""
    signal = baselines.find_signal(data_set, label, rule, store(refresh))
    return ended(signal, figures(signal), signal.making.is_reused)


def figures(signal: SignalTest) -> str:
    """Whether there is a signal, in words, with the figures."""
    return (
        f"signal {'found' if signal.is_found else 'not found'}: {signal.score_name} {signal.score_rate:.3f} on "
        f"{signal.scored_rows:,} examples, {signal.chance_rate:.3f} with shuffled labels (95 % of {signal.refits} "
        f"refits at or below {signal.chance_high_rate:.3f}), p = {signal.p_value:.3f}"
    )
