"""The step that turns a data set into a vocabulary and its labelled splits into token ids."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from text_classifier import storage
from text_classifier.config.options import VocabularyOptions
from text_classifier.config.presets import Preset
from text_classifier.errors import TrainingError
from text_classifier.records import LABELLED_SPLITS, WORD_RANKS, DataSet, EncodedCorpus, Making, Split
from text_classifier.store import Store
from text_classifier.vocabulary.ranking import SPECIALS, Occurrences, count_tokens, rank_tokens
from text_classifier.vocabulary.tokenized import Int32s, TokenizedCorpus, TokenizedSplit, tokenize_splits
from text_classifier.vocabulary.tokenizers import tokenizer_named
from text_classifier.vocabulary.vocabulary import VOCABULARY_FILE, encoded_lists

logger = logging.getLogger(__name__)


def build(data_set: DataSet, preset: Preset, store: Store) -> EncodedCorpus:
    """The vocabulary of a data set under the preset's rules, and train, val and test as token ids.

    Tokens are counted and ordered in the train split only; in train and val where the preset trains on both.

    Raises:
        TrainingError: the counted splits hold no token that gets an id.
        OutputUnwritableError: the data root cannot be written.
    """
    counted = counted_splits(preset)
    planned = storage.plan(
        "vocabulary",
        inputs={"data_set": data_set.fingerprint},
        parameters={"vocabulary": preset.vocabulary.model_dump(), "counted_splits": list(counted)},
        modules=("text_classifier.vocabulary.building",),
    )
    folder = store.data_dir / "vocabularies" / planned.fingerprint[: storage.DIGEST_CHARACTERS]
    making = store.make(folder, planned, lambda partial: _fill(partial, data_set, preset.vocabulary, counted))
    return _record(folder, making)


def counted_splits(preset: Preset) -> tuple[Split, ...]:
    """The splits whose tokens count for the vocabulary of a preset."""
    return ("train",) if preset.training.hold_out_val else ("train", "val")


def _fill(folder: Path, data_set: DataSet, options: VocabularyOptions, counted: tuple[Split, ...]) -> dict[str, Any]:
    started = time.perf_counter()
    corpus = tokenize_splits(_example_files(data_set), tokenizer_named(options.tokenizer))
    occurrences = count_tokens(corpus, counted)
    ranks_path = data_set.folder / WORD_RANKS
    ranked = rank_tokens(corpus, occurrences, options, pq.read_table(ranks_path) if ranks_path.exists() else None)
    if not len(ranked):
        raise _nothing_to_learn(data_set, options, counted)
    vocabulary = _vocabulary_table(ranked, corpus, occurrences, options)
    pq.write_table(vocabulary, folder / VOCABULARY_FILE, compression="zstd")
    unknown_rates = _write_encoded(folder / "encoded", corpus, vocabulary["token"], options)
    tokens = {name: len(split.tokens) for name, split in corpus.splits.items()}
    logger.info(
        "vocabulary of %s: %d of %d distinct tokens got an id; %s tokens; unknown %s; %.1f seconds",
        data_set.data_set,
        len(ranked),
        len(corpus.dictionary),
        ", ".join(f"{name} {count:,}" for name, count in tokens.items()),
        ", ".join(f"{name} {100 * rate:.1f} %" for name, rate in unknown_rates.items()),
        time.perf_counter() - started,
    )
    return {
        "data_set": data_set.data_set,
        "vocabulary_size": vocabulary.num_rows,
        "distinct_tokens": len(corpus.dictionary),
        "split_tokens": tokens,
        "unknown_rates": unknown_rates,
    }


def _example_files(data_set: DataSet) -> dict[Split, Path]:
    files = {split: data_set.folder / "examples" / f"{split}.parquet" for split in LABELLED_SPLITS}
    existing = {split: path for split, path in files.items() if path.exists()}
    if "train" not in existing:
        raise TrainingError(
            "the train split has no example",
            where=str(files["train"]),
            seen=f"rows per split: {data_set.split_rows}",
            expected="examples to count tokens in",
            to_do="look at the rejected rows of the data set and at the split shares in its contract",
        )
    return existing


def _vocabulary_table(
    ranked: pa.StringArray, corpus: TokenizedCorpus, occurrences: Occurrences, options: VocabularyOptions
) -> pa.Table:
    special = SPECIALS[options.order].names
    places = pc.index_in(ranked, value_set=corpus.dictionary).fill_null(-1).to_numpy()
    none = np.zeros(len(special), np.int64)
    return pa.table(
        {
            "token": pa.concat_arrays([pa.array(special), ranked]),
            "token_id": np.arange(len(special) + len(ranked), dtype=np.int32),
            "count": np.concatenate([none, np.where(places < 0, 0, occurrences.counts[places])]),
            "document_count": np.concatenate([none, np.where(places < 0, 0, occurrences.document_counts[places])]),
        }
    )


def _write_encoded(
    folder: Path, corpus: TokenizedCorpus, tokens: pa.ChunkedArray, options: VocabularyOptions
) -> dict[str, float]:
    special = SPECIALS[options.order]
    ids_of_places = pc.index_in(corpus.dictionary, value_set=tokens).fill_null(special.unk).to_numpy()
    folder.mkdir()
    unknown_rates: dict[str, float] = {}
    for name, split in corpus.splits.items():
        ids = ids_of_places[split.tokens]
        pq.write_table(_encoded_table(split, ids, special.start), folder / f"{name}.parquet", compression="zstd")
        unknown_rates[name] = float(np.mean(ids == special.unk)) if len(ids) else 0.0
    return unknown_rates


def _encoded_table(split: TokenizedSplit, ids: Int32s, start_id: int | None) -> pa.Table:
    lists = encoded_lists(ids, split.offsets, start_id)
    keys = split.keys.select(["example_id", "text_digest"])
    return keys.append_column("token_ids", lists).append_column("length", lists.value_lengths())


def _nothing_to_learn(data_set: DataSet, options: VocabularyOptions, counted: tuple[Split, ...]) -> TrainingError:
    return TrainingError(
        "no token gets an id",
        where=str(data_set.folder),
        seen=f"no token {options.min_count} times or more in {', '.join(counted)}",
        expected="at least one token",
        to_do="look at the texts of the data set, or lower min_count in the preset",
    )


def _record(folder: Path, making: Making) -> EncodedCorpus:
    manifest = storage.read_manifest(folder)
    facts = manifest.facts
    return EncodedCorpus(folder, manifest.fingerprint, facts["vocabulary_size"], facts["split_tokens"]["train"], making)
