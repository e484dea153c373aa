"""Accuracy against CPU-seconds: presets by several seeds and NB-SVM, as a table and as a picture.

`python -m benchmarks.accuracy DATA_ROOT` learns what `prepare-data imdb` left below the data root and reads val, on
which no preset is trained here. With `--read-test` every preset is trained as it stands and read on test: do that once
per finished recipe. CPU-seconds are those of all threads, from the texts to the weights, imports apart. Each training
is a process of its own in a data root of its own; `--picture` names the PNG that is drawn.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import mean, median, stdev
from typing import Literal

import numpy as np

from text_classifier.config import PRESETS
from text_classifier.report.plots import PAPER, drawing

NB_SVM = "NB-SVM"
RECIPES = tuple(name for name in PRESETS if name in ("fast", "default", "keras-bilstm"))
LABEL = "label"
_TICKS_SECONDS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)

ReadSplit = Literal["val", "test"]


@dataclass(frozen=True)
class Learned:
    """What one training took and how much of a split it got right."""

    recipe: str
    accuracy_pct: float
    cpu_seconds: float
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path)
    parser.add_argument("--data-set", default="imdb")
    parser.add_argument("--recipes", nargs="+", choices=[*PRESETS, NB_SVM], default=[*RECIPES, NB_SVM])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--read-test", action="store_true")
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    split: ReadSplit = "test" if asked.read_test else "val"
    print(f"| {asked.data_set}, {split} | seed | right, % | CPU-seconds | seconds |\n|---|---|---|---|---|", flush=True)
    learned = []
    for recipe in asked.recipes:
        for seed in range(1 if recipe == NB_SVM else asked.seeds):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                one = process.submit(learn, asked.data_root, asked.data_set, recipe, seed, split).result()
            told = f"{one.accuracy_pct:.2f} | {one.cpu_seconds:.1f} | {one.seconds:.1f}"
            print(f"| {recipe} | {seed} | {told} |", flush=True)
            learned.append(one)
    print(table(learned))
    if asked.picture:
        draw(learned, split, asked.picture)


def learn(data_root: Path, data_set: str, recipe: str, seed: int, split: ReadSplit) -> Learned:
    """One training, in a data root that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "datasets").symlink_to((data_root / "datasets").absolute())
        return (_nb_svm if recipe == NB_SVM else _preset)(Path(folder), data_set, recipe, seed, split)


def table(learned: Sequence[Learned]) -> str:
    """By recipe: mean and standard deviation over the seeds, median of the CPU-seconds."""
    lines = [
        "",
        "| recipe | seeds | right, %: mean | standard deviation | CPU-seconds, median |",
        "|---|---|---|---|---|",
    ]
    for recipe, of_it in _by_recipe(learned).items():
        right = [one.accuracy_pct for one in of_it]
        deviation = f"{stdev(right):.2f}" if len(right) > 1 else ""
        cpu_seconds = median(one.cpu_seconds for one in of_it)
        lines.append(f"| {recipe} | {len(right)} | {mean(right):.2f} | {deviation} | {cpu_seconds:.0f} |")
    return "\n".join(lines)


def draw(learned: Sequence[Learned], split: ReadSplit, path: Path) -> None:
    """Every training as a point; beside them the recipe and its mean."""
    with drawing(6.5, 3.6, PAPER) as (figure, axes):
        for place, (recipe, of_it) in enumerate(_by_recipe(learned).items()):
            colour = PAPER.muted if recipe == NB_SVM else (PAPER.first, PAPER.second)[place % 2]
            seconds, right = [one.cpu_seconds for one in of_it], [one.accuracy_pct for one in of_it]
            axes.plot(seconds, right, "o", color=colour, markersize=6, alpha=0.7)
            axes.annotate(
                f"{recipe} {mean(right):.1f}",
                (max(seconds), mean(right)),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                color=colour,
            )
        axes.set_xscale("log")
        axes.set_xticks(_TICKS_SECONDS, [str(tick) for tick in _TICKS_SECONDS])
        axes.minorticks_off()
        spent = [one.cpu_seconds for one in learned]
        axes.set_xlim(min(spent) / 1.3, 6 * max(spent))  # room for the names
        axes.set(xlabel="CPU-seconds from the texts to the weights", ylabel=f"right answers on {split}, %")
        axes.grid(visible=True, color=PAPER.muted, alpha=0.25, linewidth=0.8)
        figure.savefig(path, dpi=120, facecolor="white", metadata={"Software": None})


def _by_recipe(learned: Sequence[Learned]) -> dict[str, list[Learned]]:
    return {
        name: [one for one in learned if one.recipe == name] for name in dict.fromkeys(one.recipe for one in learned)
    }


def _preset(root: Path, data_set: str, recipe: str, seed: int, split: ReadSplit) -> Learned:
    from text_classifier.config import preset_named
    from text_classifier.contract import latest_data_set
    from text_classifier.records import TrainRun
    from text_classifier.store import Store
    from text_classifier.training import TrainingJob, predict_split, train
    from text_classifier.training.examples import load_labelled
    from text_classifier.training.process import wait_asleep
    from text_classifier.vocabulary import build

    wait_asleep()  # as `train` does before it imports torch
    _import_now("text_classifier.training.running")
    preset = preset_named(recipe)
    if split == "val":
        preset = preset.model_copy(update={"training": preset.training.model_copy(update={"hold_out_val": True})})
        PRESETS.update({name: preset for name in PRESETS if name == recipe})  # of this process
    data, store = latest_data_set(root, data_set, None), Store(root, "benchmark")
    watch = _Watch()
    corpus = build(data, preset, store)
    job = TrainingJob(data, corpus, LABEL, recipe, TrainRun(seed=seed))
    model = train(job, store)
    cpu_seconds, seconds = watch.spent()
    _, scored = predict_split(model, root, split)
    is_right = scored.probabilities.argmax(axis=1) == load_labelled(job, split).labels
    return Learned(recipe, float(100 * np.mean(is_right)), cpu_seconds, seconds)


def _nb_svm(root: Path, data_set: str, recipe: str, seed: int, split: ReadSplit) -> Learned:  # noqa: ARG001
    """As the baseline of a run with `default`."""
    from text_classifier.baselines.learners import LONGEST_NGRAM_TOKENS, nb_svm
    from text_classifier.baselines.ngrams import count_ngrams
    from text_classifier.baselines.texts import joined, read_texts
    from text_classifier.config import preset_named
    from text_classifier.contract import latest_data_set
    from text_classifier.vocabulary.building import counted_splits

    _import_now("pandas", "scipy.sparse", "sklearn.linear_model")
    watch = _Watch()
    texts = read_texts(latest_data_set(root, data_set, None), LABEL)
    train_splits = counted_splits(preset_named("default")) if split == "test" else ("train",)
    train = joined(*(texts[part] for part in train_splits))
    ngrams = count_ngrams(joined(train, texts[split]), len(train.labels), LONGEST_NGRAM_TOKENS)
    predictions = nb_svm(ngrams, train.labels).predictions
    cpu_seconds, seconds = watch.spent()
    return Learned(recipe, float(100 * np.mean(predictions == texts[split].labels)), cpu_seconds, seconds)


def _import_now(*modules: str) -> None:
    """What would else be imported while the clock runs."""
    for module in modules:
        import_module(module)


class _Watch:
    def __init__(self) -> None:
        self._cpu_started, self._started = time.process_time(), time.perf_counter()

    def spent(self) -> tuple[float, float]:
        """CPU-seconds of all threads and seconds by the clock since it was made."""
        return time.process_time() - self._cpu_started, time.perf_counter() - self._started


if __name__ == "__main__":
    main()
