import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.evaluation.excerpts import EXCERPT_CHARACTERS, SHOWN_ERRORS, excerpt, pieces, with_excerpts
from text_classifier.showable import one_line, whole_line
from text_classifier.training import MovingWord

HOSTILE = (
    "<script>",
    "\u202e",
    "\u2066",
    "\ud800",
    "\x00",
    "\x85",
    "\u00a0",
    "\u200b",
    "e\u0301",
    "W" * 300,
    "W" * 100_000,
)
HOSTILE += ("  ", "\n", " ", "word", "don't", "&amp;", "…", "\u2028", "\x1c", "\u00a0word", "word\x0b")


@st.composite
def texts_with_words(draw: st.DrawFn) -> tuple[str, list[MovingWord]]:
    """A text of hostile and plain parts, some of which are words that moved the model."""
    parts = draw(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=12), min_size=1, max_size=80))
    text, words = "", []
    chosen = draw(st.sets(st.integers(0, len(parts) - 1), max_size=8))
    for at, part in enumerate(parts):
        if at in chosen and part:
            sign = draw(st.sampled_from([-1, 1]))
            words.append(MovingWord(len(text), len(text) + len(part), sign * (1 + at) / 80))  # each its own weight
        text += part
    return text, words


@given(texts_with_words())
def test_marks_lie_apart_and_in_order_within_the_line(given_text: tuple[str, list[MovingWord]]) -> None:
    text, words = given_text
    made = excerpt(text, words)
    assert len(made.text) <= EXCERPT_CHARACTERS
    assert made.text == whole_line(made.text)
    bounds = [bound for mark in made.marks for bound in (mark.start, mark.end)]
    assert bounds == sorted(bounds)
    assert all(0 <= mark.start < mark.end <= len(made.text) for mark in made.marks)


@given(texts_with_words())
def test_what_is_marked_is_the_word_itself(given_text: tuple[str, list[MovingWord]]) -> None:
    text, words = given_text
    shown_of = {word.weight: whole_line(text[word.start : word.end]) for word in words}
    for mark in excerpt(text, words).marks:
        assert excerpt(text, words).text[mark.start : mark.end] in shown_of[mark.weight]


@given(texts_with_words())
def test_the_strongest_word_is_always_shown(given_text: tuple[str, list[MovingWord]]) -> None:
    text, words = given_text
    visible = [word for word in words if whole_line(text[word.start : word.end])]
    if visible:
        assert max(abs(mark.weight) for mark in excerpt(text, words).marks) == max(abs(w.weight) for w in visible)


@given(st.text(max_size=1_000))
def test_a_text_without_such_words_shows_its_beginning(text: str) -> None:
    assert excerpt(text, []).text == one_line(text, EXCERPT_CHARACTERS)


def test_a_mark_follows_its_word_over_white_space_and_named_characters() -> None:
    text = "  a \u202e b\n\n<i>great</i> film"
    start = text.index("great")
    made = excerpt(text, [MovingWord(start, start + 5, 1.0)])
    assert made.text == "a [U+202E] b <i>great</i> film"
    assert made.text[made.marks[0].start : made.marks[0].end] == "great"


def test_a_long_text_shows_its_opening_and_whole_words_around_the_strongest() -> None:
    text = "opening " + "filler " * 300 + "so bad a film " + "filler " * 300
    start = text.index("bad")
    shown = excerpt(text, [MovingWord(start, start + 3, 1.0)]).text
    assert shown.startswith("opening filler ")
    assert shown.endswith(" … filler filler filler filler so bad a film filler filler filler filler…")
    assert len(shown) > EXCERPT_CHARACTERS - 10


def test_pieces_put_the_excerpt_together_again() -> None:
    marks = [{"start": 0, "end": 3, "weight": 1.0}, {"start": 3, "end": 5, "weight": -0.5}]
    assert pieces("badok film", marks) == [("bad", 1.0), ("ok", -0.5), (" film", None)]
    assert pieces("plain", None) == [("plain", None)]


def errors(rows: int) -> pa.Table:
    names, kinds = ("label", "prediction", "text"), (pa.string(),) * 3
    return pa.table([["pos"] * rows, ["neg"] * rows, ["bad film"] * rows], pa.schema(zip(names, kinds, strict=True)))


def test_only_the_errors_that_are_shown_are_explained() -> None:
    asked: list[int] = []

    def explain(texts, true, predicted):  # type: ignore[no-untyped-def]
        asked.append(len(texts))
        assert (set(true.tolist()), set(predicted.tolist())) == ({1}, {0})
        return [[MovingWord(0, 3, 1.0)]] * len(texts)

    table = with_excerpts(errors(SHOWN_ERRORS + 1), ("neg", "pos"), explain)
    assert asked == [SHOWN_ERRORS]
    assert "text" not in table.column_names
    assert table["marks"].to_pylist() == [[{"start": 0, "end": 3, "weight": 1.0}]] * SHOWN_ERRORS + [None]


@pytest.mark.parametrize("rows", [0, 3])
def test_errors_that_nobody_explains_have_no_marks(rows: int) -> None:
    table = with_excerpts(errors(rows), ("neg", "pos"), None)
    assert table["marks"].null_count == rows
    assert table["excerpt"].to_pylist() == ["bad film"] * rows
