import pytest

from text_classifier.contract.declared.columns import Column
from text_classifier.contract.declared.odcs import Contract
from text_classifier.corpus.delimited.header import find_layout
from text_classifier.errors import SourceFormatError


def test_columns_are_found_in_any_order_case_and_space(contract: Contract) -> None:
    layout = find_layout([" Label ,DATE,extra,Text\n"], contract.delimiters, contract.columns)
    assert layout.delimiter == ","
    assert layout.positions == {"text": 3, "date": 1, "label": 0}
    assert layout.left_out == ("extra",)
    assert (layout.width, layout.header_lines) == (4, 1)


def test_an_alias_stands_for_its_column(contract: Contract) -> None:
    assert find_layout(["review;date;label\n"], contract.delimiters, contract.columns).positions["text"] == 0


@pytest.mark.parametrize("preamble", [["sep=;\n"], ["Exported, by hand\n", "\n"], ['a "quoted line\n'] * 19])
def test_a_preamble_falls_out(contract: Contract, preamble: list[str]) -> None:
    layout = find_layout([*preamble, "text;date;label\n"], contract.delimiters, contract.columns)
    assert layout.header_lines == len(preamble) + 1


def test_quoted_names_hold_the_delimiter(contract: Contract) -> None:
    assert find_layout(['"text";"a;b";"date";"label"\n'], contract.delimiters, contract.columns).width == 4


def test_a_missing_column_is_named_with_the_best_delimiter(contract: Contract) -> None:
    with pytest.raises(SourceFormatError, match=r"line 1, best candidate ','.*'text', 'date', 'x'.*also label"):
        find_layout(["text,date,x\n", "a,2024-01-01,c\n"], contract.delimiters, contract.columns)


def test_a_delimiter_that_nobody_tries_is_refused(contract: Contract) -> None:
    with pytest.raises(SourceFormatError, match=r"seen: columns 'text\^date\^label'; expected: also text, date, label"):
        find_layout(["text^date^label\n"], contract.delimiters, contract.columns)


@pytest.mark.parametrize("twice", ["text;date;label;Text\n", "text;review;date;label\n"])
def test_a_column_that_stands_twice_is_refused_by_name(contract: Contract, twice: str) -> None:
    with pytest.raises(SourceFormatError, match=r"the column 'text' stands more than once"):
        find_layout([twice], contract.delimiters, contract.columns)


@pytest.mark.parametrize("line", ["h" * 100_000, ";".join(["name"] * 1_000), "text;date;label;" + "text;" * 1_000])
def test_of_a_long_header_little_is_shown(contract: Contract, line: str) -> None:
    with pytest.raises(SourceFormatError, match=r" \.\.\.; expected") as refusal:
        find_layout([line], contract.delimiters, contract.columns)
    assert len(refusal.value.seen) == 200
    assert len(str(refusal.value)) < 600


def test_blank_lines_are_no_header(contract: Contract) -> None:
    with pytest.raises(SourceFormatError, match="no line that could be a header"):
        find_layout(["\n", " \n"], contract.delimiters, contract.columns)


def test_one_column_needs_no_delimiter() -> None:
    assert find_layout(["text\n"], (";",), [Column("text", "string")]).width == 1
