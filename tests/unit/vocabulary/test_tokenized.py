from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_tokenizers import TOKENS_OF, texts

from text_classifier.vocabulary import TOKENIZERS
from text_classifier.vocabulary.tokenized import TokenizedTexts, tokenize_splits, tokenize_texts

# All that the cuts, the tags and the apostrophes of a tokenizer hang on, so that hardly a text misses their corners.
corners = st.text(alphabet="<br/> >'’!?aÉ-\n\t", max_size=30)


def lists(found: TokenizedTexts) -> list[list[str]]:
    tokens = np.array([*found.dictionary.to_pylist(), ""], dtype=object)[found.tokens]
    return [part.tolist() for part in np.split(tokens, found.offsets[1:-1])]


@pytest.mark.parametrize("name", TOKENS_OF)
@given(batch=st.lists(st.none() | texts | corners, min_size=1, max_size=6))
def test_texts_have_the_tokens_of_the_plain_reference(name: str, batch: list[str | None]) -> None:
    found = tokenize_texts(pa.array(batch, pa.string()), TOKENIZERS[name])
    assert lists(found) == [TOKENS_OF[name](text or "") for text in batch]


@pytest.mark.parametrize("name", TOKENS_OF)
@given(text=st.lists(corners | st.characters(exclude_categories=["Cs"])).map("".join))
def test_pieces_have_the_tokens_of_the_whole_text(name: str, text: str) -> None:
    array = pa.array([text])
    assert lists(tokenize_texts(array, TOKENIZERS[name])) == TOKENIZERS[name].tokenize(array).to_pylist()


@given(batch=st.lists(st.none() | texts, min_size=3, max_size=6))
def test_a_slice_is_tokenized_as_its_texts_alone(batch: list[str | None]) -> None:
    whole = pa.array(["before it", *batch, "behind"], pa.string())
    found = tokenize_texts(whole.slice(1, len(batch)), TOKENIZERS["words"])
    assert lists(found) == lists(tokenize_texts(pa.array(batch, pa.string()), TOKENIZERS["words"]))


def test_no_texts_have_no_tokens() -> None:
    found = tokenize_texts(pa.array([], pa.string()), TOKENIZERS["words"])
    assert (len(found.dictionary), len(found.tokens), found.offsets.tolist()) == (0, 0, [0])


def test_tokens_stand_in_the_dictionary_in_the_order_of_their_first_appearance() -> None:
    found = tokenize_texts(pa.array(["c b-c", "a b"]), TOKENIZERS["words"])
    assert found.dictionary.to_pylist() == ["c", "b", "a"]


def test_splits_share_one_dictionary(tmp_path: Path) -> None:
    splits = {"train": ["a b", "b c", "", "d a"], "test": ["c e", None]}
    files = {split: tmp_path / f"{split}.parquet" for split in splits}
    for split, path in files.items():
        pq.write_table(pa.table({"text": pa.array(splits[split], pa.string())}), path, row_group_size=1)
    found = tokenize_splits(files, TOKENIZERS["words"])
    assert found["train"].dictionary.equals(found["test"].dictionary)
    assert {split: lists(part) for split, part in found.items()} == {
        "train": [["a", "b"], ["b", "c"], [], ["d", "a"]],
        "test": [["c", "e"], []],
    }
