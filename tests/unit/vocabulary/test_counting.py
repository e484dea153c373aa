from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_classifier.vocabulary import TOKENIZERS
from text_classifier.vocabulary.blocks import Block
from text_classifier.vocabulary.counting import CountedBlock, count_block, merged_counts

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=8)


def blocks_of(folder: Path, blocks: list[list[list[str]]]) -> list[CountedBlock]:
    """Each text is a row of the source: the first is row 5."""
    counted, row = [], 5
    for number, texts in enumerate(blocks):
        rows = range(row, row + len(texts))
        columns = {"example_id": [str(place) for place in rows], "text_digest": [""] * len(texts)}
        columns |= {"row": list(rows), "text": [" ".join(words) for words in texts]}
        block = Block("train", pa.RecordBatch.from_pydict(columns))
        counted.append(count_block(block, TOKENIZERS["words"], folder / str(number), is_counted=True))
        row += len(texts)
    return counted


@pytest.mark.parametrize("memory_bytes", [1, 300, 1 << 30])
@settings(deadline=None)
@given(blocks=st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_merged_counts_are_those_of_plain_python(memory_bytes: int, blocks: list[list[list[str]]]) -> None:
    texts = [words for block in blocks for words in block]
    counts, documents, places = Counter[str](), Counter[str](), dict[str, int]()
    for row, words in enumerate(texts, start=5):
        counts.update(words)
        documents.update(set(words))
        for position, word in enumerate(words):
            places.setdefault(word, (row << 24) + position)
    with TemporaryDirectory() as folder:
        parts = list(merged_counts(blocks_of(Path(folder), blocks), memory_bytes))
    rows = [tuple(row.values()) for part in parts for row in part.to_pylist()]
    assert sorted(rows) == sorted((word, counts[word], documents[word], places[word]) for word in counts)


def test_little_memory_means_many_parts(tmp_path: Path) -> None:
    counted = blocks_of(tmp_path, [[["a", "b", "c", "d"], ["e"]], [["f", "a"]]])
    assert len(list(merged_counts(counted, 1 << 30))) == 1
    assert [part["token"].to_pylist() for part in merged_counts(counted, 1)] == [["a"], ["b"], ["c"], ["d"], ["e", "f"]]
