"""Rows a part at a time."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier.contract.parts import PART_BYTES, PART_ROWS, parts


@pytest.mark.parametrize(("size", "rows", "groups"), [(10, 50_000, 7_000), (1_000_000, 90, 9), (10, 3, 1), (0, 0, 1)])
def test_rows_come_in_order_and_a_part_is_bounded_in_rows_and_bytes(
    tmp_path: Path, size: int, rows: int, groups: int
) -> None:
    table = pa.table({"row": pa.array(range(rows), pa.int64()), "text": pa.array(["x" * size] * rows, pa.string())})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=groups)
    found = list(parts(tmp_path / "a.parquet"))
    assert [row for _, part in found for row in part["row"].to_pylist()] == list(range(rows))
    assert [(places.start, places.stop) for places, _ in found] == [
        (part["row"][0].as_py(), part["row"][-1].as_py() + 1) for _, part in found
    ]
    assert all(len(part) <= PART_ROWS and part.nbytes <= PART_BYTES for _, part in found)
    assert len(found) <= 1 + 2 * table.nbytes // PART_BYTES + 2 * rows // PART_ROWS
