"""The step that trains a model and writes its folder."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from safetensors.torch import save
from torch import nn

from text_classifier import storage
from text_classifier.config.options import TrainingOptions
from text_classifier.config.presets import Preset
from text_classifier.errors import TrainingError
from text_classifier.records import shown_name
from text_classifier.store import Store
from text_classifier.training.batches import Readable, SplitBatches, read_windows
from text_classifier.training.ensemble_fitting import fit_all
from text_classifier.training.examples import Float32s, Int64s, LabelledSplit, check_classes, join_splits, load_labelled
from text_classifier.training.export import export
from text_classifier.training.fitting import TENSORBOARD, Fitted
from text_classifier.training.job import OnProgress, TrainingJob
from text_classifier.training.model_folder import (
    CONFIG_FILE,
    HISTORY_FILE,
    WEIGHTS_FILE,
    ModelConfig,
)
from text_classifier.training.networks import Sizes, network_of, trainable_weights
from text_classifier.training.planning import short, unfinished
from text_classifier.training.precision import described
from text_classifier.training.pretraining.starting import start_from
from text_classifier.training.process import keep_freed_memory
from text_classifier.training.pseudo_labels import labelled_unsup
from text_classifier.training.scoring import (
    fit_share,
    fit_temperature,
    logits_of,
    mixed,
    part_logits_of,
)
from text_classifier.training.wide import WideAndDeep, WideNgrams
from text_classifier.training.wide_fitting import fit_wide
from text_classifier.vocabulary import TOKENIZERS, VOCABULARY_FILE, Vocabulary
from text_classifier.vocabulary.ranking import SPECIALS

logger = logging.getLogger(__name__)

_ABANDONED_SECONDS = 14 * 24 * 3600.0


def train_anew(
    job: TrainingJob, preset: Preset, store: Store, planned: storage.Manifest, on_progress: OnProgress
) -> Path:
    """Train the model that `planned` describes, from its last checkpoint on; the folder it stands in."""
    started = time.perf_counter()
    data_dir = store.data_dir
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{job.preset}-{job.label}-{short(planned)}"
    folder = data_dir / "models" / job.data_set.data_set / run
    work = unfinished(data_dir, job.data_set.data_set, planned)
    _tidy(folder.parent, work, planned, store.refresh)
    facts: dict[str, Any] = {
        "data_set": job.data_set.data_set,
        "origin": job.data_set.origin,
        "label": job.label,
        "preset": job.preset,
        "data_set_folder": job.data_set.folder.relative_to(data_dir).as_posix(),
        "corpus_folder": job.corpus.folder.relative_to(data_dir).as_posix(),
    }
    keep_freed_memory()
    with storage.output_folder(folder, store.signed(planned), facts) as partial:
        facts |= _fill(
            partial, job, preset, planned.fingerprint, lambda network, data: fit_all(network, data, work, on_progress)
        )
        for board in work.rglob(TENSORBOARD):  # of each member of an ensemble
            shutil.copytree(board, partial / TENSORBOARD / board.parent.relative_to(work))
        facts["seconds"] += time.perf_counter() - started
    shutil.rmtree(work)
    logger.info("model %s: %d epochs, %.1f seconds", run, facts["epochs"], facts["seconds"])
    return folder


def _tidy(models: Path, work: Path, planned: storage.Manifest, refresh: bool) -> None:
    """Remove what killed processes left of this model, and what trainings left that nobody has taken up for long.

    Their data, options or code have changed since, or nobody wants them.
    """
    for half in models.glob(f".*-{short(planned)}.*"):
        shutil.rmtree(half)
    for place in work.parent.glob("*"):
        with suppress(FileNotFoundError):  # of another training, which ends meanwhile
            touched = max(one.stat().st_mtime for one in [place, *place.rglob("*")])
            if time.time() - touched > _ABANDONED_SECONDS or (refresh and place == work):
                shutil.rmtree(place)


def _fill(
    folder: Path,
    job: TrainingJob,
    preset: Preset,
    fingerprint: str,
    fit_here: Callable[[nn.Module, SplitBatches], Fitted],
) -> dict[str, Any]:
    train, val = _load_splits(job, preset.training)
    unk_id = SPECIALS[preset.vocabulary.order].unk
    torch.manual_seed(job.options.seed)
    sizes = Sizes(job.corpus.vocabulary_size, len(job.data_set.classes[job.label]), unk_id)
    network = network_of(preset.model, sizes)
    if job.encoder:
        tokens = pq.read_table(job.corpus.folder / VOCABULARY_FILE, columns=["token"])["token"]
        start_from(network, job.encoder.folder, tokens)
    weights = trainable_weights(network)
    logger.info(
        "training %s on %s, label %s: %d examples, %d held out, %d classes, %d weights",
        job.preset,
        shown_name(job.data_set.data_set, job.data_set.origin),
        job.label,
        len(train.labels),
        len(val.labels) if val else 0,
        sizes.classes,
        weights,
    )
    readable = _readable(train, preset.training, unk_id)
    held_out = _readable(val, preset.training, unk_id) if val else None
    longest = preset.model.wide_ngram_tokens
    wide = fit_wide(readable.windows, train.labels, longest, sizes) if longest else None
    unsup = labelled_unsup(job, preset, wide, held_out) if wide and held_out else None
    fitted = fit_here(network, SplitBatches(readable, held_out, preset.training, job.options.seed, unsup=unsup))
    network, temperature = _joined(network, wide, held_out, preset.training)
    config = _config(job, preset, wide, temperature)
    pq.write_table(fitted.history, folder / HISTORY_FILE)
    (folder / WEIGHTS_FILE).write_bytes(save(network.state_dict()))
    (folder / CONFIG_FILE).write_text(config.model_dump_json(indent=1) + "\n", "utf-8")
    shutil.copyfile(job.corpus.folder / VOCABULARY_FILE, folder / VOCABULARY_FILE)
    return {
        "epochs": pc.max(fitted.history["epoch"]).as_py(),
        "resumed_at_steps": fitted.resumed_at_steps,
        "seconds": fitted.earlier_seconds,
        "weights": weights + (wide.learned_weights if wide else 0),
        "train_rows": len(train.labels),
        "val_rows": len(val.labels) if val else 0,
        "unsup_rows": len(unsup.labels) if unsup else 0,
        "test_rows": job.data_set.split_rows.get("test", 0),
        "onnx_largest_difference": export(folder, network, config, fingerprint, (held_out or readable).windows),
        "computed_with": described(preset.training.precision),
    }


def _load_splits(job: TrainingJob, options: TrainingOptions) -> tuple[LabelledSplit, LabelledSplit | None]:
    """What is trained on, and what is held out to watch the training."""
    train, has_val = load_labelled(job, "train"), bool(job.data_set.split_rows.get("val"))
    if options.hold_out_val and not has_val:
        raise TrainingError(
            "nothing is held out to watch the training with",
            where=str(job.data_set.folder),
            seen="no example in the val split",
            expected="a val split, because the preset stops early on it",
            to_do="raise val_pct in the data contract, add examples, or use a preset that holds nothing out",
        )
    val = load_labelled(job, "val") if has_val else None
    if val and not options.hold_out_val:
        train, val = join_splits(train, val), None
    check_classes(job, train.labels)
    return train, val


def _readable(split: LabelledSplit, options: TrainingOptions, unk_id: int) -> Readable:
    return Readable(read_windows(split.encoded.tokens, split.encoded.offsets, options, unk_id), split.labels)


def _joined(
    deep: nn.Module, wide: WideNgrams | None, val: Readable | None, options: TrainingOptions
) -> tuple[nn.Module, float]:
    """The whole network and its temperature; both are made for val, if there is one."""
    network = WideAndDeep(deep, wide) if wide else deep
    if val is None:
        return network, 1.0
    if isinstance(network, WideAndDeep):
        parts = part_logits_of(network, val.windows, options)
        network.share.fill_(fit_share(parts, val.labels))
        logits = mixed(parts, float(network.share))
        told = ", ".join(f"{name} {_accuracy(one, val.labels):.4f}" for name, one in parts.items())
        logger.info("parts alone on val: accuracy %s; share of the n-grams %.3f", told, float(network.share))
    else:
        logits = logits_of(network, val.windows, options)
    temperature = fit_temperature(logits, val.labels)
    logger.info("best weights on val: accuracy %.4f, temperature %.3f", _accuracy(logits, val.labels), temperature)
    return network, temperature


def _accuracy(logits: Float32s, labels: Int64s) -> float:
    return float(np.mean(logits.argmax(axis=1) == labels))


def _config(job: TrainingJob, preset: Preset, wide: WideNgrams | None, temperature: float) -> ModelConfig:
    return ModelConfig(
        data_set=job.data_set.data_set,
        origin=job.data_set.origin,
        data_set_fingerprint=job.data_set.fingerprint,
        corpus_fingerprint=job.corpus.fingerprint,
        split_seed=job.data_set.split_seed,
        label=job.label,
        class_names=job.data_set.classes[job.label],
        preset=job.preset,
        seed=job.options.seed,
        vocabulary=preset.vocabulary,
        vocabulary_size=job.corpus.vocabulary_size,
        vocabulary_digest=Vocabulary.load(job.corpus.folder / VOCABULARY_FILE, preset.vocabulary).digest,
        tokenizer_version=TOKENIZERS[preset.vocabulary.tokenizer].version,
        unk_id=SPECIALS[preset.vocabulary.order].unk,
        model=preset.model,
        ngrams=wide.ngrams if wide else (),
        training=preset.training,
        temperature=temperature,
    )
