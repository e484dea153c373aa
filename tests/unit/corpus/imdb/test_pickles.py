import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus_sources import npy_of, pickled_call, saved
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.corpus.imdb.pickles import integer_lists, integers
from text_classifier.errors import SourceFormatError

NUMBERS = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(st.lists(NUMBERS)))
def test_what_numpy_saved_comes_back(rows: list[list[int]]) -> None:
    assert integer_lists(saved(rows, object), "x").to_pylist() == rows


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_of_numpys_pickles_is_read(protocol: int) -> None:
    array = np.empty(2, dtype=object)
    array[:] = [[1, 2], [70_000]]
    assert integer_lists(npy_of(pickle.dumps(array, protocol), 2), "x").to_pylist() == [[1, 2], [70_000]]


def test_a_pickle_of_older_numpys_is_read() -> None:
    array = np.empty(1, dtype=object)
    array[0] = [5]
    data = pickle.dumps(array, 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert integer_lists(npy_of(data, 1), "x").to_pylist() == [[5]]


def test_nothing_of_a_hostile_pickle_is_executed(tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    with pytest.raises(SourceFormatError, match=r"nothing of it was executed.*system"):
        integer_lists(npy_of(pickled_call(os.system, f"touch {harm}"), 1), "x_train.npy")
    assert not harm.exists()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ((eval, "1+1"), "eval"),
        ((getattr, "a", "upper"), "getattr"),
        ((__import__, "os"), "__import__"),
        ((np.load, "x"), "load"),
        ((np.frombuffer, b"12345678"), "frombuffer"),
    ],
)
def test_no_other_name_is_looked_up(call: tuple[Any, ...], name: str) -> None:
    with pytest.raises(SourceFormatError, match=name):
        integer_lists(npy_of(pickled_call(*call), 1), "x")


@pytest.mark.parametrize(
    "rows",
    [[[1.5]], [[True]], [["1"]], [[None]], [[[1]]], [{"a": 1}], [(1, 2)], [7], [[1], [2, "x"]], [[np.int64(1)]]],
    ids=repr,
)
def test_anything_but_lists_of_integers_is_refused(rows: list[Any]) -> None:
    with pytest.raises(SourceFormatError):
        integer_lists(saved(rows, object), "x")


@pytest.mark.parametrize("number", [2**40, -(2**40), 2**31, 2**70])
def test_a_number_beyond_32_bits_is_refused(number: int) -> None:
    with pytest.raises(SourceFormatError):
        integer_lists(saved([[number], [1]], object), "x")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04" * 10,
        npy_of(b"", 3),
        npy_of(b"\x80\x04garbage", 3),
        npy_of(pickle.dumps([[1]]), 1),
        npy_of(pickle.dumps(None), 0),
        saved([[1], [2]], object)[:-5],
        saved([[1]], object).replace(b"(1,)", b"(9,)", 1),
        b"\x93NUMPY\x01\x00\x10\x00" + b"__import__('os')",
        b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 60_000,
    ],
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(SourceFormatError):
        integer_lists(data, "x")


def state_of(rows: bytes) -> bytes:
    """The pickle of an object array, as NumPy writes it, with these operations as its rows."""
    begin = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x01\x85cnumpy\ndtype\n)R\x89"
    return begin + rows + b"tb."


def test_one_list_in_many_rows_does_not_exhaust_the_memory() -> None:
    rows = b"](" + b"]q\x05(" + b"K\x01" * 1_000 + b"e" + b"h\x05" * 100_000 + b"e"
    with pytest.raises(SourceFormatError, match="100,001,000 values in all lists; expected: at most 100,000,000"):
        integer_lists(npy_of(state_of(rows), 100_001), "x")


@pytest.mark.parametrize("memo", [b"r\xff\xff\xff\xff", b"r\x00\x00\x00\x01", b"p4294967295\n"])
def test_a_great_memo_index_claims_no_memory(memo: bytes) -> None:
    with pytest.raises(SourceFormatError, match=r"the operation b'[rp]"):
        integer_lists(npy_of(state_of(b"](]" + memo + b"e"), 1), "x")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(SourceFormatError):
        integer_lists(npy_of(body, 1), "x")


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.bool_])
def test_integers_come_back(dtype: type[np.generic]) -> None:
    assert integers(saved([0, 1, 1], dtype), "y").tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "data", [saved([0.5], np.float64), saved([[1]], object), saved([1, 2], np.int64)[:-3], saved(["a"], None)]
)
def test_other_labels_are_refused(data: bytes) -> None:
    with pytest.raises(SourceFormatError):
        integers(data, "y")
