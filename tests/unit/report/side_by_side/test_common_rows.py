import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from text_classifier.report.side_by_side.common_rows import common_rows, disagreements


def predictions(rows: list[tuple[str, str, str]], probability: float = 0.9) -> pa.Table:
    """Of (digest, label, prediction)."""
    digests, labels, said = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "row": pa.array(range(len(rows)), pa.int64()),
            "example_id": pa.array([f"{probability} {row}" for row in range(len(rows))], pa.string()),
            "text_digest": pa.array(digests, pa.string()),
            "label": pa.array(labels, pa.string()),
            "prediction": pa.array(said, pa.string()),
            "probability": pa.array([probability - row / 100 for row in range(len(rows))], pa.float32()),
            "slice_source": pa.array(digests, pa.string()),
        }
    )


def errors(*pairs: tuple[str, str]) -> pa.Table:
    return pa.table({"example_id": pa.array([a for a, _ in pairs]), "excerpt": pa.array([b for _, b in pairs])})


def test_rows_are_found_by_text_and_label_wherever_they_stand() -> None:
    first = predictions([("a", "x", "x"), ("b", "x", "y"), ("c", "y", "y"), ("d", "x", "x")])
    second = predictions([("c", "y", "x"), ("new", "x", "x"), ("a", "x", "x"), ("d", "y", "y")], 0.8)
    rows = common_rows(first, second)
    assert rows.answers["text_digest"].to_pylist() == ["a", "c"]
    assert rows.answers["second_id"].to_pylist() == ["0.8 2", "0.8 0"]
    assert rows.slices.to_pydict() == {"slice_source": ["a", "c"]}
    assert rows.who_was_right.to_pylist() == ["both", "A only"]


def test_who_was_right_has_four_answers() -> None:
    first = predictions([(name, "x", said) for name, said in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "y"))])
    second = predictions([(name, "x", said) for name, said in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "z"))])
    assert common_rows(first, second).who_was_right.to_pylist() == ["both", "A only", "B only", "neither"]


def test_without_a_common_row_nothing_is_left() -> None:
    assert common_rows(predictions([("a", "x", "x")]), predictions([("b", "x", "x")])).answers.num_rows == 0
    assert common_rows(predictions([("a", "x", "x")]), predictions([])).answers.num_rows == 0


def test_disagreements_stand_by_the_surest_answer_with_the_text_of_whoever_was_wrong() -> None:
    first = predictions([("a", "x", "x"), ("b", "x", "y"), ("c", "x", "z"), ("d", "x", "x")], 0.7)
    second = predictions([("d", "x", "y"), ("c", "x", "y"), ("b", "x", "x"), ("a", "x", "x")], 0.95)
    found = disagreements(
        common_rows(first, second),
        errors(("0.7 1", "text b"), ("0.7 2", "text c by A")),
        errors(("0.95 0", "text d"), ("0.95 1", "text c by B")),
    )
    assert found["excerpt"].to_pylist() == ["text d", "text c by A", "text b"]
    assert found["right"].to_pylist() == ["A only", "neither", "B only"]
    assert found["second_probability"].to_pylist()[0] > found["first_probability"].to_pylist()[0]


ANSWERS = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy"), st.sampled_from("xyz")), max_size=8)


@given(ANSWERS, ANSWERS)
def test_every_common_row_keeps_the_answers_of_its_own_text_and_label(
    first: list[tuple[str, str, str]], second: list[tuple[str, str, str]]
) -> None:
    rows = common_rows(predictions(first), predictions(second)).answers.to_pylist()
    theirs = {(digest, label): said for digest, label, said in second}
    expected = [(*row, theirs[row[:2]]) for row in first if row[:2] in theirs]
    columns = ("text_digest", "label", "first_prediction", "second_prediction")
    assert [tuple(row[name] for name in columns) for row in rows] == expected
