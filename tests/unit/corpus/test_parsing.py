import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from text_classifier.corpus import parsing
from text_classifier.corpus.parsing import Parsed, long_fields, parse

FIELDS = st.text(st.sampled_from(list('ab";\n\r é\u2028')), max_size=6)
LINES = st.lists(st.text(st.sampled_from(list('a";')), max_size=5).map(lambda text: text + "\n"), max_size=12)


def whole(lines: list[str]) -> Parsed:
    return parse(lines, ";", is_last=True)


@given(st.lists(st.lists(FIELDS, min_size=2, max_size=3), max_size=8))
def test_what_a_csv_writer_wrote_comes_back(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(rows)
    parsed = whole(io.StringIO(stream.getvalue(), newline="").readlines())
    assert parsed.rows == rows
    assert not parsed.broken


@given(LINES)
def test_every_line_is_in_one_record_or_broken(lines: list[str]) -> None:
    parsed = whole(lines)
    inside = [line for start, end in zip(parsed.starts, parsed.ends, strict=True) for line in range(start, end)]
    assert sorted([*inside, *parsed.broken]) == list(range(len(lines)))


@given(LINES, st.data())
def test_records_do_not_depend_on_where_blocks_end(lines: list[str], data: st.DataObject) -> None:
    pending, rows, broken, before = [], [], [], 0
    for line in lines:
        pending.append(line)
        if data.draw(st.booleans()):
            parsed = parse(pending, ";", is_last=False)
            rows += parsed.rows
            broken += [before + index for index in parsed.broken]
            before += parsed.consumed
            pending = pending[parsed.consumed :]
    parsed = parse(pending, ";", is_last=True)
    expected = whole(lines)
    assert rows + parsed.rows == expected.rows
    assert broken + [before + index for index in parsed.broken] == list(expected.broken)


def test_an_unclosed_quote_costs_its_line_only() -> None:
    parsed = whole(["a;b\n", 'c;"open\n', 'd;"e"\n', "f;g\n"])
    assert parsed.rows == [["a", "b"], ["d", "e"], ["f", "g"]]
    assert list(parsed.broken) == [1]


def test_an_unclosed_quote_before_quoteless_lines_costs_its_line_only() -> None:
    parsed = whole(['c;"open\n', *["d;e\n"] * (parsing.MAX_RECORD_LINES + 5)])
    assert list(parsed.broken) == [0]
    assert len(parsed.rows) == parsing.MAX_RECORD_LINES + 5


def test_a_record_may_take_as_many_lines_as_the_cap_and_no_more() -> None:
    just = ['"a\n', *["b\n"] * (parsing.MAX_RECORD_LINES - 2), 'c";d\n']
    assert whole(just).rows[0][1] == "d"
    more = ['"a\n', *["b\n"] * (parsing.MAX_RECORD_LINES - 1), 'c";d\n']
    assert list(whole(more).broken) == [0]


def test_a_record_may_take_as_many_characters_as_the_cap_and_no_more() -> None:
    half = "x" * (parsing.MAX_RECORD_CHARACTERS // 2)
    with long_fields():
        assert whole([f'a;"{half}\n', f'{half}"\n']).broken.keys() == {0}
        assert not whole([f'a;"{half}\n', f'{half[20:]}"\n']).broken


def test_the_field_limit_of_the_process_is_put_back() -> None:
    before = csv.field_size_limit()
    with long_fields():
        assert csv.field_size_limit() == parsing.MAX_RECORD_CHARACTERS
    assert csv.field_size_limit() == before
