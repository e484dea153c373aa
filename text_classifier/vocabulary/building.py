"""The step that turns a data set into a vocabulary and its splits into token ids.

Twice over blocks of rows: tokens are counted in each block apart and written down as positions in a dictionary of the
block's own; when the counts of all blocks are merged and ranked, every block's positions become token ids.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.config.options import VOCABULARY_MEGABYTES, VocabularyOptions
from text_classifier.config.presets import Preset
from text_classifier.errors import TrainingError
from text_classifier.progress import MEGABYTE, ProgressLog
from text_classifier.records import (
    LABELLED_SPLITS,
    PARQUET_COMPRESSION,
    SPLITS,
    WORD_RANKS,
    DataSet,
    EncodedCorpus,
    Making,
    Split,
)
from text_classifier.store import Store
from text_classifier.vocabulary.blocks import Block, in_order, read_blocks, threads_within
from text_classifier.vocabulary.counting import KEY_COLUMNS, CountedBlock, count_block, merged_counts, read_arrow
from text_classifier.vocabulary.ranking import SPECIALS, SpecialIds, rank_tokens
from text_classifier.vocabulary.tokenizers import tokenizer_named
from text_classifier.vocabulary.vocabulary import VOCABULARY_FILE, encoded_lists

logger = logging.getLogger(__name__)

_IDS = "token_ids.list.element"  # split into bytes: a fifth smaller and a third faster than by a dictionary


def build(
    data_set: DataSet,
    preset: Preset,
    store: Store,
    *,
    memory_bytes: int = VOCABULARY_MEGABYTES * MEGABYTE,
) -> EncodedCorpus:
    """The vocabulary of a data set under the preset's rules, and the splits that the preset reads as token ids.

    Tokens are counted and ordered in the train split only; in train and val where the preset trains on both.

    Args:
        memory_bytes: what this may take beside the interpreter, however large the data set is. It decides how
            fast this is, not what comes of it.

    Raises:
        TrainingError: the counted splits hold no token that gets an id.
        OutputUnwritableError: the data root cannot be written.
    """
    counted, encoded = counted_splits(preset), encoded_splits(preset, data_set)
    planned = storage.plan(
        "vocabulary",
        inputs={"data_set": data_set.fingerprint},
        parameters={
            "vocabulary": preset.vocabulary.model_dump(),
            "counted_splits": list(counted),
            "encoded_splits": list(encoded),
        },
        modules=("text_classifier.vocabulary.building",),
    )
    folder = store.data_dir / "vocabularies" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    work = _Work(data_set, preset.vocabulary, counted, encoded, memory_bytes)
    making = store.make(folder, planned, lambda partial: _fill(partial, work))
    return _record(folder, making)


def counted_splits(preset: Preset) -> tuple[Split, ...]:
    """The splits whose tokens count for the vocabulary of a preset."""
    return ("train",) if preset.training.hold_out_val else ("train", "val")


def encoded_splits(preset: Preset, data_set: DataSet) -> tuple[Split, ...]:
    """The splits that a preset reads of a data set."""
    return SPLITS if preset.reads_unsup and data_set.split_rows.get("unsup") else LABELLED_SPLITS


@dataclass(frozen=True, slots=True)
class _Work:
    data_set: DataSet
    options: VocabularyOptions
    counted: tuple[Split, ...]
    encoded: tuple[Split, ...]
    memory_bytes: int


def _fill(folder: Path, work: _Work) -> dict[str, Any]:
    started = time.perf_counter()
    files, ranks_path = _example_files(work), work.data_set.folder / WORD_RANKS
    with TemporaryDirectory(dir=folder) as scratch:
        blocks = _count_blocks(Path(scratch), files, work)
        counted = [block for block in blocks if block.split in work.counted]
        word_ranks = pq.read_table(ranks_path) if ranks_path.exists() else None
        ranked = rank_tokens(merged_counts(counted, work.memory_bytes), work.options, word_ranks)
        if not ranked.counts.num_rows:
            raise _nothing_to_learn(work)
        vocabulary = _vocabulary_table(ranked.counts, SPECIALS[work.options.order].names)
        pq.write_table(vocabulary, folder / VOCABULARY_FILE, compression=PARQUET_COMPRESSION)
        unknown = _write_encoded(folder / "encoded", blocks, vocabulary["token"], work)
    tokens = {split: sum(block.tokens for block in blocks if block.split == split) for split in files}
    unknown_rates = {split: unknown[split] / max(1, tokens[split]) for split in files}
    logger.info(
        "vocabulary of %s: %d of %d distinct tokens got an id; %s tokens; unknown %s; %.1f seconds",
        work.data_set.data_set,
        ranked.counts.num_rows,
        ranked.distinct_tokens,
        ", ".join(f"{name} {count:,}" for name, count in tokens.items()),
        ", ".join(f"{name} {100 * rate:.1f} %" for name, rate in unknown_rates.items()),
        time.perf_counter() - started,
    )
    return {
        "data_set": work.data_set.data_set,
        "vocabulary_size": vocabulary.num_rows,
        "distinct_tokens": ranked.distinct_tokens,
        "split_tokens": tokens,
        "unknown_rates": unknown_rates,
    }


def _example_files(work: _Work) -> dict[Split, Path]:
    files = {split: work.data_set.folder / "examples" / f"{split}.parquet" for split in work.encoded}
    existing = {split: path for split, path in files.items() if path.exists()}
    if "train" not in existing:
        raise TrainingError(
            "the train split has no example",
            where=str(files["train"]),
            seen=f"rows per split: {work.data_set.split_rows}",
            expected="examples to count tokens in",
            to_do="look at the rejected rows of the data set and at the split shares in its contract",
        )
    return existing


def _count_blocks(folder: Path, files: dict[Split, Path], work: _Work) -> list[CountedBlock]:
    tokenizer = tokenizer_named(work.options.tokenizer)

    def count(numbered: tuple[int, Block]) -> CountedBlock:
        number, block = numbered
        return count_block(block, tokenizer, folder / str(number), is_counted=block.split in work.counted)

    blocks = read_blocks(files, [*KEY_COLUMNS, "row"], f"tokenizing {work.data_set.data_set}")
    return list(in_order(count, enumerate(blocks), threads_within(work.memory_bytes)))


def _vocabulary_table(ranked: pa.Table, special: tuple[str, ...]) -> pa.Table:
    none = pa.array([0] * len(special), pa.int64())
    counts = {
        name: pa.chunked_array([none, *ranked[name].chunks]).combine_chunks() for name in ("count", "document_count")
    }
    tokens = pa.chunked_array([pa.array(special), *ranked["token"].chunks]).combine_chunks()
    return pa.table({"token": tokens, "token_id": np.arange(len(tokens), dtype=np.int32)} | counts)


def _write_encoded(folder: Path, blocks: list[CountedBlock], tokens: pa.ChunkedArray, work: _Work) -> Counter[Split]:
    """Write `<split>.parquet` of every split, a row group for each block; how many of its tokens have no id."""
    encode = partial(_encoded, tokens, SPECIALS[work.options.order])
    progress = ProgressLog(f"encoding {work.data_set.data_set}", sum(block.rows for block in blocks), "rows")
    unknown, writers = Counter[Split](), dict[Split, pq.ParquetWriter]()
    folder.mkdir()
    with ExitStack() as stack:
        encoded = in_order(encode, blocks, threads_within(work.memory_bytes))
        for block, (table, unknown_tokens) in zip(blocks, encoded, strict=True):
            if block.split not in writers:
                writers[block.split] = stack.enter_context(_writer(folder / f"{block.split}.parquet", table.schema))
            writers[block.split].write_table(table)
            unknown[block.split] += unknown_tokens
            progress.update(block.rows)
    return unknown


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    encoding = {_IDS: "BYTE_STREAM_SPLIT"}
    return pq.ParquetWriter(
        path, schema, compression=PARQUET_COMPRESSION, use_dictionary=False, column_encoding=encoding
    )


def _encoded(tokens: pa.ChunkedArray, special: SpecialIds, block: CountedBlock) -> tuple[pa.Table, int]:
    """The rows of a block in token ids, and how many of its tokens have none."""
    rows = read_arrow(block.rows_path)
    known = pc.index_in(read_arrow(block.counts_path)["token"], value_set=tokens)
    lists = rows["tokens"].combine_chunks()
    ids = known.fill_null(special.unk).to_numpy()[lists.values.to_numpy()]
    encoded = encoded_lists(ids, lists.offsets.to_numpy(), special.start)
    keys = rows.select(KEY_COLUMNS)
    table = keys.append_column("token_ids", encoded).append_column("length", encoded.value_lengths())
    return table, int(np.count_nonzero(ids == special.unk))


def _nothing_to_learn(work: _Work) -> TrainingError:
    return TrainingError(
        "no token gets an id",
        where=str(work.data_set.folder),
        seen=f"no token {work.options.min_count} times or more in {', '.join(work.counted)}",
        expected="at least one token",
        to_do="look at the texts of the data set, or lower min_count in the preset",
    )


def _record(folder: Path, making: Making) -> EncodedCorpus:
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
    return EncodedCorpus(folder, manifest.fingerprint, facts["vocabulary_size"], facts["split_tokens"]["train"], making)
