"""The step that pre-trains an encoder and fills its folder."""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from safetensors.torch import save

from text_classifier.config.presets import Preset
from text_classifier.records import PARQUET_COMPRESSION, shown_name
from text_classifier.training.batches import Readable, SplitBatches, Windows
from text_classifier.training.fitting import fit
from text_classifier.training.job import OnProgress
from text_classifier.training.model_folder import HISTORY_FILE, WEIGHTS_FILE
from text_classifier.training.networks import ENCODER, Sizes, trainable_weights
from text_classifier.training.precision import described
from text_classifier.training.pretraining.encoders import TEXTS_FILE
from text_classifier.training.pretraining.job import PretrainingJob
from text_classifier.training.pretraining.language_model import LanguageModel, NextToken
from text_classifier.training.pretraining.texts import read_texts
from text_classifier.vocabulary import VOCABULARY_FILE
from text_classifier.vocabulary.ranking import SPECIALS

logger = logging.getLogger(__name__)


def pretrain_anew(
    folder: Path, work: Path, job: PretrainingJob, preset: Preset, on_progress: OnProgress
) -> dict[str, Any]:
    """Pre-train from the last checkpoint in `work` on, and fill `folder`; the facts for its manifest."""
    started, options = time.perf_counter(), preset.pretraining
    assert options is not None
    # Not keep_freed_memory() as in training: with pieces of changing size the heap grew to 17 GB.
    texts = read_texts(job, options.max_length_tokens)
    torch.manual_seed(job.options.seed)
    sizes = Sizes(job.corpus.vocabulary_size, 0, SPECIALS[preset.vocabulary.order].unk)
    network = LanguageModel(preset.model, sizes)
    logger.info(
        "pre-training for %s on %s: %d texts, %d left out as copies of val or test, %d weights",
        job.preset,
        shown_name(job.data_set.data_set, job.data_set.origin),
        len(texts.digests),
        texts.left_out_rows,
        trainable_weights(network),
    )
    data = SplitBatches(_readable(texts.train), _readable(texts.val), options, job.options.seed, NextToken())
    fitted = fit(network, data, work, on_progress)
    perplexities = pc.exp(fitted.history["val_loss"])
    history = fitted.history.drop_columns(["val_accuracy_rate"]).append_column("val_perplexity", perplexities)
    pq.write_table(history, folder / HISTORY_FILE)
    learned = {name: weights for name, weights in network.state_dict().items() if name.startswith(ENCODER)}
    (folder / WEIGHTS_FILE).write_bytes(save(learned))
    pq.write_table(pa.table({"text_digest": texts.digests}), folder / TEXTS_FILE, compression=PARQUET_COMPRESSION)
    shutil.copyfile(job.corpus.folder / VOCABULARY_FILE, folder / VOCABULARY_FILE)
    return {
        "data_set": job.data_set.data_set,
        "origin": job.data_set.origin,
        "preset": job.preset,
        "read_texts": len(texts.digests),
        "left_out_rows": texts.left_out_rows,
        "epochs": history.num_rows,
        "perplexity": pc.min(perplexities).as_py(),
        "resumed_at_steps": fitted.resumed_at_steps,
        "seconds": fitted.earlier_seconds + time.perf_counter() - started,
        "computed_with": described(options.precision),
    }


def _readable(windows: Windows) -> Readable:
    return Readable(windows, np.zeros(len(windows.lengths), np.int64))
