import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.vocabulary.places import token_places
from text_classifier.vocabulary.tokenizers import TOKENIZERS, Tokenizer, as_text_array

PIECES = (
    "br",
    "<br />",
    "<BR>",
    "don't",
    "'",
    "’",
    "!",
    "?",
    " ",
    "\t",
    "\n",
    "İ",
    "ΑΣ",
    "ß",
    "é",
    "e\u0301",
    "12",
    "-",
)
PIECES += ("\ud800", "\udfff", "\u202e", "\u200b", "\x00", "\U000f0000", "\U000f0001", "\U0001f600", "\u00a0", "<b>")
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=25).map("".join)


def places_of(tokenizer: Tokenizer, text: str) -> list[tuple[int, int]]:
    (places,) = token_places(tokenizer, [text])
    return [(int(start), int(end)) for start, end in places]


def tokens_of(tokenizer: Tokenizer, text: str) -> list[str]:
    return list(tokenizer.tokenize(as_text_array([text]))[0].as_py())


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=lambda tokenizer: tokenizer.name)
@given(text=TEXTS)
def test_every_token_has_a_place_whose_characters_give_that_token(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokens_of(tokenizer, text)
    places = places_of(tokenizer, text)
    assert len(places) == len(tokens)
    for (start, end), token in zip(places, tokens, strict=True):
        assert tokens_of(tokenizer, text[start:end]) == [token]


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=lambda tokenizer: tokenizer.name)
@given(text=TEXTS)
def test_places_come_in_order_and_share_no_character(tokenizer: Tokenizer, text: str) -> None:
    bounds = [bound for place in places_of(tokenizer, text) for bound in place]
    assert bounds == sorted(bounds)
    assert all(end > start for start, end in zip(bounds[::2], bounds[1::2], strict=True))


def test_a_word_is_not_taken_for_the_same_letters_in_a_tag_or_in_another_word() -> None:
    text = "abroad<br />Br, road 'br'"
    assert [text[start:end] for start, end in places_of(TOKENIZERS["words"], text)] == ["abroad", "Br", "road", "br"]
    assert places_of(TOKENIZERS["words"], text)[1] == (text.index("Br"), text.index("Br") + 2)


def test_lower_case_keeps_the_number_of_characters_of_any_text() -> None:
    every = pa.array([chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF])
    assert pc.all(pc.equal(pc.utf8_length(pc.utf8_lower(every)), 1)).as_py()


def test_a_long_text_is_placed_in_no_time() -> None:
    text = "It's <br /> a 'fine' film! " * 20_000
    words = [text[start:end] for start, end in places_of(TOKENIZERS["words"], text)]
    assert words == re.findall(r"It's|a|fine|film|!", text)


@given(st.lists(TEXTS, max_size=5))
def test_texts_placed_together_are_placed_as_each_alone(texts: list[str]) -> None:
    tokenizer = TOKENIZERS["words"]
    together = [[tuple(place) for place in places.tolist()] for places in token_places(tokenizer, texts)]
    assert together == [places_of(tokenizer, text) for text in texts]
