import json
import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.errors import UnknownNameError
from text_classifier.vocabulary import TOKENIZERS
from text_classifier.vocabulary.tokenizers import as_text_array, tokenizer_named

KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def tokens(name: str, *texts: str) -> list[list[str]]:
    return tokenizer_named(name).tokenize(as_text_array(texts)).to_pylist()


def lower(text: str) -> str:
    """Character by character: no final sigma, and the dotted capital I loses its dot."""
    return "".join("i" if character == "İ" else character.lower() for character in text)


def words_reference(text: str) -> list[str]:
    text = re.sub(r"<br */?>", " ", lower(text).replace("’", "'"))
    kinds = "".join("w" if unicodedata.category(c)[0] in "LMN" else c if c in "'!?" else " " for c in text)
    return [text[match.start() : match.end()] for match in re.finditer(r"w+(?:'w+)*|[!?]", kinds)]


def letters_es_reference(text: str) -> list[str]:
    return re.sub("[^a-záéíóúüñ]+", " ", lower(text)).split()


def keras_reference(text: str) -> list[str]:
    spaced = lower(text).translate(str.maketrans(dict.fromkeys(KERAS_FILTERS, " ")))
    return [piece for piece in spaced.split(" ") if piece]


REFERENCES = {"words": words_reference, "letters-es": letters_es_reference, "keras": keras_reference}
# Characters that Python's Unicode tables know: Arrow's are newer and know letters that Python takes for unassigned.
known_characters = st.characters(exclude_categories=["Cs", "Cn"])
telling = st.sampled_from(["<br />", "<BR/>", "'", "’", "!", "?", " ", "don't", "Ñandú", "İ", "ΑΣ"])
texts = st.lists(telling | known_characters).map("".join)


@pytest.mark.parametrize("name", REFERENCES)
@given(batch=st.lists(texts, max_size=4))
def test_a_tokenizer_equals_its_plain_reference(name: str, batch: list[str]) -> None:
    assert tokens(name, *batch) == [REFERENCES[name](text) for text in batch]


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
