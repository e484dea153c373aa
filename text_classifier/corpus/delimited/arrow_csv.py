"""CSV that has one reading, to columns, by Arrow's reader."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as pa_csv

from text_classifier.corpus.delimited.header import Layout
from text_classifier.corpus.delimited.streams import UTF8_MARK


def string_columns(text: bytes, layout: Layout, delimiter: str) -> dict[str, pa.Array]:
    """The contract's columns of whole records: contract column -> (N,) strings without nulls.

    Args:
        text: UTF-8 without a header, its quotes regular (see `boundaries`); blank lines are no records.

    Raises:
        pyarrow.ArrowInvalid: a record has another width than the header.
    """
    names = [str(index) for index in range(layout.width)]
    wanted = {name: str(position) for name, position in layout.positions.items()}
    if not text:
        return {name: pa.array([], pa.string()) for name in wanted}
    is_quoted = b'"' in text
    if text.startswith(UTF8_MARK):
        text = b"\n" + text  # Arrow would drop a mark at the beginning
    table = pa_csv.read_csv(
        pa.BufferReader(text),
        pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(text) + 1),
        pa_csv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if is_quoted else False,
            double_quote=is_quoted,
            newlines_in_values=is_quoted,
            ignore_empty_lines=True,
        ),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=list(wanted.values()),
            strings_can_be_null=False,
        ),
    )
    return {name: table[index].combine_chunks() for name, index in wanted.items()}
