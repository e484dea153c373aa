"""Speed of training: notebook 1's network by this project, by Keras 3 on TensorFlow and on JAX and by plain PyTorch.

`python -m benchmarks.training [DATA_ROOT]` takes a quarter of an hour on two cores, with `--quick` three minutes. It
learns from IMDB's train split as `prepare-data imdb` left it below the data root, without one from random words of
IMDB's lengths. Every training is a process of its own on the same two cores, one after another; its first step (the
first epoch of this project) is not counted. Ratios are by the best batch size of each. Where there is a GPU, this
project trains on it as well. `pip install -c requirements.lock '.[peers]'` installs the peers.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.training_measured import (
    AROUND,
    CORES,
    ON_GPU,
    VOCABULARY,
    WITHOUT_KERNEL,
    Measured,
    Reviews,
    Run,
    TrainerName,
)

QUICK_REVIEWS, QUICK_SECONDS, SECONDS = 6_000, 6.0, 20.0
GENERATED_REVIEWS = 25_000
NOTEBOOK_BATCH_SIZE, LARGEST_BATCH_SIZE = 32, 512
GPU_BATCH_SIZES = (512, 1_024, 2_048, 4_096)
HEADER = (
    "| trained by | batch | ms per batch: median | least | ms per example | CPU-ms per example | examples per second "
    "| tokens per example | MB |\n|---|---|---|---|---|---|---|---|---|"
)
BACKENDS: dict[TrainerName, str] = {"Keras on TensorFlow": "tensorflow", "Keras on JAX": "jax"}
Result = TypeVar("Result")
_CPUINFO = Path("/proc/cpuinfo")
_SPECIAL_IDS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_root", type=Path, nargs="?")
    parser.add_argument("--quick", action="store_true", help="fewer reviews, batch sizes and variants")
    parser.add_argument("--reviews", type=int, help="learn from the first so many")
    asked = parser.parse_args()
    if asked.reviews and asked.reviews < LARGEST_BATCH_SIZE:
        parser.error(f"--reviews {asked.reviews}: fewer than the {LARGEST_BATCH_SIZE} of the largest batch")
    reviews = imdb_reviews(asked.data_root) if asked.data_root else random_reviews(GENERATED_REVIEWS)
    reviews = reviews.first(asked.reviews or (QUICK_REVIEWS if asked.quick else len(reviews.labels)))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # the processes started from here inherit it
    told = "IMDB's train split" if asked.data_root else "GENERATED reviews of IMDB's lengths"
    print(f"{len(reviews.labels):,} reviews, {told}; {_hardware()}\n\n{HEADER}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.npz"
        reviews.save(path)
        print(compared([(run, shown(run, path)) for run in [*runs(asked.quick), *gpu_runs()]]))


def runs(quick: bool) -> Iterator[Run]:
    """What is measured, in this order."""
    seconds = QUICK_SECONDS if quick else SECONDS
    for trainer, backend in BACKENDS.items():
        if not (find_spec("keras") and find_spec(backend)):
            print(f"| {trainer} | not installed: pip install -c requirements.lock '.[peers]' |", flush=True)
            continue
        for batch_size in (32, 128) if quick else (32, 64, 128, 256, LARGEST_BATCH_SIZE):
            yield Run(trainer, batch_size, seconds)
        for variant in () if quick else ("compiled", "not compiled", "bfloat16"):
            yield Run(trainer, 128, seconds, variant)
    for batch_size in (32, 128) if quick else (32, 64, 128, 256):
        yield Run("PyTorch's nn.LSTM", batch_size, seconds)
    for batch_size in (256,) if quick else (64, 128, 256, 512):
        yield Run("this project", batch_size, seconds, apart=batch_size == 256)
    yield Run("this project", 256, seconds, WITHOUT_KERNEL)


def gpu_runs() -> Iterator[Run]:
    """What is measured on a GPU; where there is none, nothing."""
    if _in_own_process(_has_gpu):
        for batch_size in GPU_BATCH_SIZES:
            yield Run("this project", batch_size, SECONDS, ON_GPU)
    else:
        print("no GPU here", file=sys.stderr)


def imdb_reviews(data_root: Path) -> Reviews:
    """The train split under notebook 1's vocabulary, which is built below the data root where it is not there yet."""
    from text_classifier.config import preset_named
    from text_classifier.contract import latest_data_set
    from text_classifier.records import TrainRun
    from text_classifier.store import Store
    from text_classifier.training import TrainingJob
    from text_classifier.training.examples import load_labelled
    from text_classifier.vocabulary import build

    data_set, preset = latest_data_set(data_root, "imdb", None), "keras-bilstm"
    corpus = build(data_set, preset_named(preset), Store(data_root, "benchmark"))
    split = load_labelled(TrainingJob(data_set, corpus, "label", preset, TrainRun(0)), "train")
    return Reviews(split.encoded.tokens, split.encoded.offsets, split.labels)


def random_reviews(rows: int, seed: int = 0) -> Reviews:
    """Words by Zipf's law; lengths as IMDB's are: median 173, one in ten above 451. Labels by lot."""
    rng = np.random.default_rng(seed)
    lengths = np.maximum(rng.lognormal(np.log(173), np.log(451 / 173) / 1.2816, rows), 10).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    tokens = np.minimum(rng.zipf(1.2, offsets[-1]) + _SPECIAL_IDS - 1, VOCABULARY - 1)
    return Reviews(tokens.astype(np.int32), offsets, rng.integers(0, 2, rows))


def shown(run: Run, path: Path) -> Measured:
    """Trains on the reviews of a file in a process of its own, and prints the row."""
    measured = _in_own_process(_measured, run, path)
    per_batch = [each * run.batch_size for each in (measured.ms_per_example, measured.least_ms_per_example)]
    print(
        f"| {run.name} | {run.batch_size} | {per_batch[0]:.1f} | {per_batch[1]:.1f} | {measured.ms_per_example:.3f} "
        f"| {measured.cpu_ms_per_example:.3f} | {1000 / measured.ms_per_example:,.0f} | {measured.tokens:.0f} "
        f"| {measured.peak_megabytes:,.0f} |",
        flush=True,
    )
    return measured


def compared(results: list[tuple[Run, Measured]]) -> str:
    """This project's best beside each trainer's best and its batches of 32; the parts of an epoch of this project."""
    chosen = {
        f"{run.trainer}, notebook 1's batches": (run, measured)
        for run, measured in results
        if run.batch_size == NOTEBOOK_BATCH_SIZE
    }
    for run, measured in results:
        name = run.name if run.variant in (WITHOUT_KERNEL, ON_GPU) else run.trainer
        if name not in chosen or measured.ms_per_example < chosen[name][1].ms_per_example:
            chosen[name] = run, measured
    ours = chosen["this project"][1].ms_per_example
    lines = [
        f"| {name} | {run.batch_size} | {run.variant} | {measured.ms_per_example:.3f} "
        f"| {measured.ms_per_example / ours:.2f} | {measured.made_with} |"
        for name, (run, measured) in chosen.items()
    ]
    head = f"\n| best of | batch | variant | ms per example | times this project's | made with |\n{'|---' * 6}|"
    return "\n".join([head, *lines, *(_parts(run, measured) for run, measured in results if run.apart)])


def _parts(run: Run, measured: Measured) -> str:
    epoch, parts = min(measured.spans_seconds), measured.parts_seconds
    steps = sum(seconds for part, seconds in parts.items() if part != AROUND)
    rows = {"epoch of `fit`": epoch, "its steps without Lightning": steps} | parts
    head = f"\n| {run.name}, batch {run.batch_size} | seconds | share |\n|---|---|---|"
    return "\n".join([head, *(f"| {name} | {seconds:.3f} | {seconds / epoch:.1%} |" for name, seconds in rows.items())])


def _in_own_process(work: Callable[..., Result], *arguments: object) -> Result:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _measured(run: Run, path: Path) -> Measured:
    os.environ |= {
        "KERAS_BACKEND": BACKENDS.get(run.trainer, ""),
        "OMP_NUM_THREADS": str(CORES),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if run.variant != ON_GPU:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    reviews = Reviews.load(path)
    if run.trainer == "this project":
        sys.modules["tensorflow"] = None  # type: ignore[assignment]  # TensorBoard loads it where it is installed
        from text_classifier.training.process import wait_asleep

        wait_asleep()  # as `train` does
        from benchmarks.training_ours import train_ours as train
    elif run.trainer in BACKENDS:
        from benchmarks.training_peers import train_keras as train
    else:
        from benchmarks.training_peers import train_plain_pytorch as train
    measured = train(reviews, run)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return replace(measured, peak_megabytes=peak)


def _hardware() -> str:
    lines = _CPUINFO.read_text("utf-8").splitlines() if _CPUINFO.exists() else []
    facts = {name.strip(): told.strip() for name, _, told in (line.partition(":") for line in lines)}
    bfloat16 = {"avx512_bf16", "amx_bf16"} & set(facts.get("flags", "").split())
    name = ", ".join([facts.get("model name", platform.processor()), *sorted(bfloat16), f"{CORES} cores"])
    return f"{name}; others at work before the start: {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
