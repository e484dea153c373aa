import json
import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.showable import (
    TABLE_ROWS,
    artifact_key,
    cut_table,
    markdown_text,
    one_line,
    showable,
    table_cell,
    table_rows,
)

ANY_TEXT = st.text(st.characters())  # surrogates included


@given(ANY_TEXT)
def test_showable_text_can_always_be_written_as_utf8(text: str) -> None:
    showable(text).encode("utf-8")


@given(ANY_TEXT, st.integers(1, 50))
def test_one_line_is_one_line_of_bounded_length(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


@given(ANY_TEXT)
def test_a_cell_is_json_without_tags_or_long_words(text: str) -> None:
    cell = table_cell(text)
    assert isinstance(cell, str)
    json.dumps(cell, allow_nan=False).encode("utf-8")
    assert not re.search(r"[<>`|\[\]]", cell)
    assert max(map(len, cell.split()), default=0) <= 40


def test_characters_that_turn_the_text_around_are_named() -> None:
    assert showable("\u202egnp.exe\u2066") == "[U+202E]gnp.exe[U+2066]"


def test_lone_surrogates_and_control_characters_are_replaced() -> None:
    assert showable("a\ud800b\x00c\x1b[31m") == "a\ufffdb\ufffdc\ufffd[31m"


def test_ordinary_text_of_any_script_stays_as_it_is() -> None:
    text = "Ça va? 你好 مرحبا 👍🏽 a < b & c"
    assert showable(text) == text


def test_a_cut_is_visible() -> None:
    assert one_line("W" * 100_000, 10) == "W" * 9 + "…"


def test_tags_are_taken_out_and_a_lone_sign_stays_readable() -> None:
    assert table_cell("fine<br /><script>alert(1)</script> 1 < 2") == "fine alert(1) 1 ‹ 2"


def test_a_markdown_link_loses_its_meaning() -> None:
    assert table_cell("[here](http://example.org)") == "(here)(http://example.org)"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, None),
        (True, True),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (2**60, str(2**60)),
        (date(2026, 11, 22), "2026-11-22"),
    ],
)
def test_values_become_what_the_dashboard_can_show(value: object, cell: object) -> None:
    assert table_cell(value) == cell
    assert type(table_cell(value)) is type(cell)


def test_all_rows_have_all_columns() -> None:
    assert table_rows([{"a": 1}, {"b": 2}]) == [{"a": 1, "b": None}, {"a": None, "b": 2}]


@pytest.mark.parametrize("count", [0, TABLE_ROWS, TABLE_ROWS + 1, 12_345])
def test_a_long_table_is_cut_and_says_so(count: int) -> None:
    rows, description = cut_table([{"n": n} for n in range(count)], "All of them.")
    assert rows == [{"n": n} for n in range(min(count, TABLE_ROWS))]
    said = f"All of them. Only the first {TABLE_ROWS:,} of {count:,} rows are shown."
    assert description == (said if count > TABLE_ROWS else "All of them.")


def test_markdown_shows_the_text_letter_by_letter() -> None:
    assert markdown_text("a|b <i> *x* [y](z)\n# h") == r"a\|b &lt;i&gt; \*x\* \[y\]\(z\) \# h"


def test_a_key_has_lower_case_letters_digits_and_single_dashes() -> None:
    assert artifact_key("imdb_sample", "Größe (label)", "accuracy") == "imdb-sample-große-label-accuracy".replace(
        "ß", ""
    )


def test_a_key_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a letter"):
        artifact_key("---", "ß")
