import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from text_classifier.corpus.delimited.raw_rows import rows_of

ENCODINGS = ["utf-8", "cp1252", "utf-16-le"]
LINES = st.lists(st.sampled_from(["a\n", "\n", "longer line\r\n", "b\r", "é\n", "\r"]), min_size=1, max_size=20)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, data=st.data(), block_bytes=st.integers(1, 30), encoding=st.sampled_from(ENCODINGS))
def test_rows_are_found_by_their_lines(
    tmp_path: Path, lines: list[str], data: st.DataObject, block_bytes: int, encoding: str
) -> None:
    text = "first\n" + "".join(lines)
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    whole = io.StringIO(text, newline="").readlines()
    starts = sorted(data.draw(st.sets(st.integers(1, len(whole)), max_size=6)))
    ends = [*starts[1:], len(whole) + 1]
    places = [(start, data.draw(st.integers(1, end - start))) for start, end in zip(starts, ends, strict=False)]
    found = list(rows_of(tmp_path / "a.csv", encoding, places, block_bytes))
    assert found == ["".join(whole[row - 1 : row - 1 + count]).encode(encoding) for row, count in places]


@pytest.mark.parametrize("places", [[], [(1, 1)]])
def test_no_more_is_read_than_is_asked_for(tmp_path: Path, places: list[tuple[int, int]]) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\nb\n")
    assert list(rows_of(tmp_path / "a.csv", "utf-8", places)) == [b"a\n"] * len(places)
