"""What Prefect adds to a run: the flow `retrain` beside the same steps called without it, on unchanged data.

`python -m benchmarks.prefect_overhead imdb` needs a finished `retrain` of that data set below the data root.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from deployments.server import client_environment, serving
from text_classifier import training
from text_classifier.baselines import find_signal, fit_baselines
from text_classifier.champion import challenge
from text_classifier.config import PRESETS, PresetName, PromotionRule, Settings, SignalRule, preset_named
from text_classifier.contract import Surroundings, load_contract, validate
from text_classifier.corpus import SourceRequest, ingest, raw_rows
from text_classifier.drift import measure_drift
from text_classifier.evaluation.judging import evaluate_model
from text_classifier.records import Report, TrainRun
from text_classifier.report.contract_page import contract_page
from text_classifier.report.write import write_report
from text_classifier.store import Store
from text_classifier.training import TrainingJob, TrainingProgress
from text_classifier.vocabulary import build
from text_classifier.vocabulary.building import counted_splits

REPEATS = 5
BAR_UPDATES = 10


@dataclass(frozen=True)
class Costs:
    """Seconds: one unchanged run of each kind (medians), one move of the progress bar, and training in the real run."""

    plain: float
    flow: float
    bar: float
    training: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_set")
    parser.add_argument("--preset", choices=PRESETS, default="default")
    asked = parser.parse_args()
    with serving() as server:
        os.environ.update(client_environment(server))
        print(_shown(asked.data_set, _costs(asked.data_set, asked.preset)))
        from prefect.logging.handlers import APILogHandler

        APILogHandler().flush()  # before the server ends


def _costs(data_set: str, preset: PresetName) -> Costs:
    from flows.retrain import retrain  # Prefect reads its environment when it is imported

    report = _plain(data_set, preset)
    if not report.making.is_reused:
        raise SystemExit(f"no finished run of {data_set} with preset {preset} stood here; now one does: run this again")
    plain = [_seconds(lambda: _plain(data_set, preset)) for _ in range(REPEATS)]
    retrain(data_set, preset, skip_training_without_signal=False)
    flow = [_seconds(lambda: retrain(data_set, preset, skip_training_without_signal=False)) for _ in range(REPEATS)]
    print("unchanged run, plain calls:", *(f"{seconds:.2f}" for seconds in plain), "s")
    print("unchanged run, flow:       ", *(f"{seconds:.2f}" for seconds in flow), "s")
    model = training.latest_model(Settings().data_dir, report.data.data_set, report.folder.name)
    return Costs(statistics.median(plain), statistics.median(flow), _bar_seconds(), model.seconds)


def _plain(data_set: str, preset: PresetName) -> Report:
    settings = Settings()
    store = Store(settings.data_dir, "benchmark")
    request = SourceRequest(data_set, settings.source_of(data_set), settings.download_timeout_seconds)
    ingested = ingest(request, settings.contracts_dir, store)
    contract = load_contract(settings.contracts_dir, ingested.data_set)
    lent = Surroundings(lambda _: None, contract_page, raw_rows(ingested, contract, store.data_dir))
    prepared = validate(ingested, contract, store, lent)
    label, options = contract.label_columns[0], preset_named(preset)
    measure_drift(prepared, label, contract.drift_rules, store)
    signal = find_signal(prepared, label, SignalRule(), store)
    baselines = fit_baselines(prepared, label, counted_splits(options), store)
    corpus = build(prepared, options, store)
    model = training.train(TrainingJob(prepared, corpus, label, preset, TrainRun(seed=0)), store)
    evaluated = evaluate_model(model, signal, baselines, store)
    comparison, _ = challenge(evaluated, PromotionRule(), store)
    return write_report(evaluated, comparison, prepared, store)


def _bar_seconds() -> float:
    from prefect import flow, task

    from tasks.progress import ProgressArtifact

    @task
    def move() -> float:
        bar = ProgressArtifact("benchmark", "Benchmark")
        spent = []
        for step in range(1, BAR_UPDATES + 1):
            progress = TrainingProgress(
                1, 1, step, BAR_UPDATES, step / BAR_UPDATES, 0.5, 100, seconds=1, seconds_left=1
            )
            spent.append(_seconds(partial(bar.show, progress)))
            time.sleep(1.1)  # it moves once a second at most
        return statistics.median(spent)

    @flow(name="benchmark")
    def moves() -> float:
        return move()

    return moves()


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _shown(data_set: str, costs: Costs) -> str:
    per_run = costs.flow - costs.plain
    bars = costs.bar * costs.training  # one move a second
    real = costs.training + costs.flow + bars
    return "\n".join(
        [
            f"{data_set}: a run on unchanged data takes {costs.flow:.2f} s, {costs.plain:.2f} s of it without Prefect",
            f"Prefect per run, publishing included: {per_run:.2f} s; per second of training: {1000 * costs.bar:.1f} ms",
            f"of a run that trains for {costs.training:.0f} s: {per_run + bars:.1f} s, {(per_run + bars) / real:.1%}",
        ]
    )


if __name__ == "__main__":
    main()
