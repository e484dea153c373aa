from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from text_classifier.vocabulary.blocks import in_order, read_blocks, threads_within


def test_blocks_hold_every_row_in_order_within_one_row_group(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table({"row": range(5), "text": list("abcde")}), path, row_group_size=2)
    blocks = list(read_blocks({"train": path}, ["row"], "reading"))
    assert [block.rows["row"].to_pylist() for block in blocks] == [[0, 1], [2, 3], [4]]
    assert {block.split for block in blocks} == {"train"}


def test_a_row_group_of_much_text_makes_several_blocks(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    texts = [f"{number:07} " * 131_072 for number in range(20)]  # 1.1 MiB each
    pq.write_table(pa.table({"text": texts}), path, use_dictionary=False)
    blocks = list(read_blocks({"train": path}, [], "reading"))
    assert [len(block.rows) for block in blocks] == [10, 10]
    assert pa.concat_arrays([block.rows["text"] for block in blocks]).to_pylist() == texts


def test_results_come_in_order_and_few_items_are_in_hand() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    for done, result in enumerate(in_order(lambda number: number * 2, items(), 2)):
        assert result == done * 2
        assert len(taken) - done <= 3


def test_the_error_of_an_item_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // number, [1, 0], 2))


def test_some_thread_works_however_little_memory_there_is() -> None:
    assert threads_within(1) == 1
    assert threads_within(1 << 50) >= threads_within(1 << 28) >= 1
