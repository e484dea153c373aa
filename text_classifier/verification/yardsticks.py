"""The signal test and the baselines of a run, fitted anew beside the data root, or taken as they stand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.baselines import find_signal, fit_baselines
from text_classifier.config import SignalRule
from text_classifier.records import Baselines, DataSet, SignalTest
from text_classifier.store import Store
from text_classifier.verification.checks import Check, Demand, compare_tables, compare_text, compare_trees


@dataclass(frozen=True, slots=True)
class Published:
    """The folders of the signal test and the baselines that a model was judged beside, and the test's level."""

    signal: Path
    baselines: Path
    level: float

    @property
    def folders(self) -> dict[str, Path]:
        return {"signals": self.signal, "baselines": self.baselines}


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """What a model is judged beside, derived anew."""

    signal: SignalTest
    baselines: Baselines


def derive(published: Published, data: DataSet, label: str, root: Path, refit: bool) -> Yardsticks:
    """Both, below the data root `root`, which is empty and nobody else's.

    Without `refit` the published ones are lent to that root: there they are reused if they are undamaged and made by
    this code, and made anew if not. They keep the fingerprints under which they were published.
    """
    if not refit:
        for place, folder in published.folders.items():
            shutil.copytree(folder, root / place / data.data_set / folder.name)
    asked, fitted = storage.read_manifest(published.signal), storage.read_manifest(published.baselines)
    rule = SignalRule(refits=asked.parameters["refits"], seed=asked.parameters["seed"], level=published.level)
    store = Store(root, "verify")
    signal = find_signal(data, label, rule, store)
    baselines = fit_baselines(data, label, tuple(fitted.parameters["train_splits"]), store)
    return Yardsticks(
        replace(signal, fingerprint=asked.fingerprint), replace(baselines, fingerprint=fitted.fingerprint)
    )


def compare(published: Published, derived: Yardsticks) -> Iterator[Check]:
    """The facts and every file of both."""
    yield from _compare_folders("signal test", published.signal, derived.signal.folder)
    yield from _compare_folders("baselines", published.baselines, derived.baselines.folder)


def _compare_folders(name: str, published: Path, derived: Path) -> Iterator[Check]:
    before, anew = storage.read_manifest(published), storage.read_manifest(derived)
    demand = Demand.of(before.made_with)
    yield from compare_trees(name, before.facts, anew.facts, demand)
    for file in sorted(before.outputs.keys() | anew.outputs.keys()):
        if file not in before.outputs or file not in anew.outputs:
            told = ["a file" if file in one.outputs else "no such file" for one in (before, anew)]
            yield Check(f"{name}: {file}", told[0], told[1], False)
        elif file.endswith(".parquet"):
            tables = [pq.read_table(folder / file) for folder in (published, derived)]
            yield from compare_tables(f"{name}: {file}", tables[0], tables[1], demand)
        else:
            yield compare_text(f"{name}: {file}", published / file, (derived / file).read_text("utf-8"))
