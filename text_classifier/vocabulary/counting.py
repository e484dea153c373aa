"""How often every token occurs: counted in each block apart, kept on disk, merged a part of the tokens at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from text_classifier.records import Split
from text_classifier.vocabulary.blocks import Block
from text_classifier.vocabulary.tokenized import Int64s, TokenizedTexts, tokenize_texts
from text_classifier.vocabulary.tokenizers import Tokenizer

KEY_COLUMNS = ["example_id", "text_digest"]
_PLACE_BITS = 24  # of a token's place in the source: row << 24 + position, so texts of up to 16 million tokens
_BYTES_IN_MERGE = 8  # in memory for each byte of counts that are merged, measured


@dataclass(frozen=True, slots=True)
class CountedBlock:
    """A block that was tokenized, as it lies on disk until its tokens have ids.

    Attributes:
        counts_path: the tokens of the block's dictionary (`token`) and, where its split is counted, their `count`,
            `document_count` and first `place` in the source.
        rows_path: `KEY_COLUMNS` and `tokens`, a list of positions in that dictionary, of each row.
        counts_bytes: of `counts_path` in memory.
    """

    split: Split
    rows: int
    tokens: int
    counts_path: Path
    rows_path: Path
    counts_bytes: int


def count_block(block: Block, tokenizer: Tokenizer, path: Path, *, is_counted: bool) -> CountedBlock:
    """Tokenize a block (`KEY_COLUMNS`, row, text); what comes of it goes into files whose names begin with `path`."""
    texts = tokenize_texts(block.rows["text"], tokenizer)
    counts = _counts(texts, block.rows["row"].to_numpy()) if is_counted else pa.table({"token": texts.dictionary})
    lists = pa.ListArray.from_arrays(pa.array(texts.offsets, pa.int32()), texts.tokens)
    rows = pa.Table.from_batches([block.rows.select(KEY_COLUMNS)]).append_column("tokens", lists)
    counts_path, rows_path = path.with_suffix(".counts"), path.with_suffix(".rows")
    _write(counts, counts_path)
    _write(rows, rows_path)
    return CountedBlock(block.split, rows.num_rows, len(texts.tokens), counts_path, rows_path, counts.nbytes)


def merged_counts(blocks: Sequence[CountedBlock], memory_bytes: int) -> Iterator[pa.Table]:
    """Every token of all blocks once (token, count, document_count, place), in as many tables as the memory asks for.

    A token stands in one of the tables only, whatever their number, and no order is promised.
    """
    parts = 1 + _BYTES_IN_MERGE * sum(block.counts_bytes for block in blocks) // memory_bytes
    bounds = _bounds(read_arrow(max(blocks, key=lambda block: block.counts_bytes).counts_path)["token"], parts)
    for first, behind in zip([None, *bounds], [*bounds, None], strict=True):
        counts = pa.concat_tables(_between(read_arrow(block.counts_path), first, behind) for block in blocks)
        sums = [("count", "sum"), ("document_count", "sum"), ("place", "min")]
        merged = counts.group_by("token", use_threads=False).aggregate(sums)
        yield merged.rename_columns(["token", *(name for name, _ in sums)])


def read_arrow(path: Path) -> pa.Table:
    """The table that lies in a file of a `CountedBlock`."""
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


def _write(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _counts(texts: TokenizedTexts, rows: Int64s) -> pa.Table:
    """One row for each token of the dictionary.

    Args:
        rows: (N,) the texts' rows in the source, ascending.
    """
    size, tokens = len(texts.dictionary), texts.tokens
    pairs = np.repeat(np.arange(len(rows)) * size, np.diff(texts.offsets)) + tokens
    pairs.sort()
    is_new = np.diff(pairs, prepend=-1) != 0
    first = np.empty(size, np.int64)
    first[tokens[::-1]] = np.arange(len(tokens))[::-1]  # of several, the last that is assigned stays
    texts_of_first = np.searchsorted(texts.offsets, first, side="right") - 1
    return pa.table(
        {
            "token": texts.dictionary,
            "count": np.bincount(tokens, minlength=size),
            "document_count": np.bincount(pairs[is_new] % size, minlength=size),
            "place": (rows[texts_of_first] << _PLACE_BITS) + first - texts.offsets[texts_of_first],
        }
    )


def _bounds(tokens: pa.ChunkedArray, parts: int) -> list[str]:
    """Tokens that divide those of a block, and so about those of all, into parts of like size; `parts` - 1 at most."""
    if parts == 1:
        return []
    ordered = tokens.take(pc.sort_indices(tokens))
    places = np.unique(np.linspace(0, len(ordered), parts, endpoint=False, dtype=np.int64))[1:]
    return list(ordered.take(places).to_pylist())


def _between(counts: pa.Table, first: str | None, behind: str | None) -> pa.Table:
    if first is not None:
        counts = counts.filter(pc.greater_equal(counts["token"], first))
    return counts if behind is None else counts.filter(pc.less(counts["token"], behind))
