import pickle

import pytest

from text_classifier.errors import (
    SourceFormatError,
    SourceUnavailableError,
    TextClassifierError,
    UnknownNameError,
    is_transient,
)


def test_a_message_says_what_where_seen_expected_and_what_to_do() -> None:
    error = SourceFormatError("cut short", where="a.csv", seen="3 bytes", expected="a header", to_do="send it again")
    assert str(error) == "cut short; where: a.csv; seen: 3 bytes; expected: a header; to do: send it again"


def test_parts_that_are_not_given_leave_no_trace() -> None:
    assert str(TextClassifierError("cut short", seen="3 bytes")) == "cut short; seen: 3 bytes"


def test_an_unknown_name_lists_the_known_ones_and_the_nearest() -> None:
    message = str(UnknownNameError.of("preset", "defualt", ["smoke", "default"]))
    assert "unknown preset" in message
    assert "default, smoke" in message
    assert "did you mean 'default'?" in message


def test_an_unknown_name_far_from_all_known_ones_suggests_none() -> None:
    assert "did you mean" not in str(UnknownNameError.of("preset", "zzzzz", ["default"]))


def test_every_part_survives_pickling() -> None:
    error = SourceFormatError("cut short", where="a.csv", seen="3 bytes", expected="a header", to_do="send it again")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_repr_tells_the_whole_message_because_logs_print_it() -> None:
    assert repr(SourceFormatError("cut short", where="a.csv")) == "SourceFormatError: cut short; where: a.csv"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SourceUnavailableError("refused"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (SourceFormatError("bad"), False),
        (ValueError("bad"), False),
    ],
)
def test_only_refusals_of_network_and_servers_are_transient(error: Exception, expected: bool) -> None:
    assert is_transient(error) is expected
