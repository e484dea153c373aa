"""The fast path of delimited text: blocks in which every line is a row, split by Arrow's CSV reader.

Without a quote, a CR, a blank line or an undecodable byte, and with the right number of delimiters in every
line, there is one way to read a block, so the careful reader need not see it. Whatever is not of this kind is
left to that one; a test holds the two against each other.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.csv as pa_csv

from text_classifier.corpus.header import Layout
from text_classifier.corpus.lines import UTF8_MARK

_ENCODINGS = ("utf-8", "utf8", "ascii")


def plain_columns(block: bytes, layout: Layout, encoding: str) -> dict[str, pa.Array] | None:
    """The contract's columns of a block of whole lines, as (N,) strings for N lines; None where it is not plain."""
    if encoding.lower() not in _ENCODINGS or layout.width < 2 or not _is_plain(block):
        return None
    names = [str(index) for index in range(layout.width)]
    wanted = {name: str(position) for name, position in layout.positions.items()}
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(block),
            pa_csv.ReadOptions(column_names=names),
            pa_csv.ParseOptions(
                delimiter=layout.delimiter, quote_char=False, double_quote=False, ignore_empty_lines=False
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(wanted.values()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None  # a line of another width: the careful reader will name it
    return {name: table[index].combine_chunks() for name, index in wanted.items()}


def _is_plain(block: bytes) -> bool:
    if b'"' in block or b"\r" in block or b"\n\n" in block or block.startswith((b"\n", UTF8_MARK)):
        return False  # Arrow makes a row of a blank line, and drops a mark
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
