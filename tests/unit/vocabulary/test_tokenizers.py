import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_tokenizers import TOKENS_OF, texts

from text_classifier.errors import UnknownNameError
from text_classifier.vocabulary import TOKENIZERS
from text_classifier.vocabulary.tokenizers import as_text_array, tokenizer_named


def tokens(name: str, *texts: str) -> list[list[str]]:
    return tokenizer_named(name).tokenize(as_text_array(texts)).to_pylist()


@pytest.mark.parametrize("name", TOKENS_OF)
@given(batch=st.lists(texts, max_size=4))
def test_a_tokenizer_equals_its_plain_reference(name: str, batch: list[str]) -> None:
    assert tokens(name, *batch) == [TOKENS_OF[name](text) for text in batch]


def test_words_keeps_inner_apostrophes_and_marks_of_feeling() -> None:
    assert tokens("words", "It's GREAT!!<br /><br />'Wow' — rock’n’roll, 10/10 (really?)") == [
        ["it's", "great", "!", "!", "wow", "rock'n'roll", "10", "10", "really", "?"]
    ]


def test_letters_es_keeps_spanish_letters_only() -> None:
    assert tokens("letters-es", "¡El Ñandú comió 3 años; it's Zoë!") == [
        ["el", "ñandú", "comió", "años", "it", "s", "zo"]
    ]


def test_keras_cuts_at_spaces_alone() -> None:
    assert tokens("keras", "It's a\xa0b (well\x85) done-ish") == [["it's", "a\xa0b", "well\x85", "done", "ish"]]


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_text_without_words_has_no_tokens_and_keeps_its_row(name: str) -> None:
    assert tokens(name, "a", "", " \n", "b") == [["a"], [], [], ["b"]]


def test_lone_surrogates_are_left_out() -> None:
    assert tokens("words", "a\ud800b c") == [["ab", "c"]]


def test_an_unknown_tokenizer_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnknownNameError, match="keras, letters-es, words"):
        tokenizer_named("sentencepiece")


@pytest.mark.skipif("TEXT_CLASSIFIER_TEST_IMDB" not in os.environ, reason="TEXT_CLASSIFIER_TEST_IMDB is not set")
def test_every_word_of_keras_imdb_index_survives_the_way_through_text() -> None:
    path = Path(os.environ["TEXT_CLASSIFIER_TEST_IMDB"]) / "imdb_word_index.json"
    words = list(json.loads(path.read_text("utf-8")))
    assert tokens("keras", " ".join(words)) == [words]
