import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from made_models import judge, make_root
from two_models import FIRST_RUN, LABELS, ROWS, SECOND_RUN, rates, reported

from text_classifier import storage
from text_classifier.errors import ConfigError, DamagedOutputError
from text_classifier.report.side_by_side import write_side_by_side
from text_classifier.report.side_by_side.summary import comparison_markdown
from text_classifier.report.side_by_side.writing import read_comparison
from text_classifier.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "a test")


def test_three_files_stand_below_comparisons_and_are_made_once(tmp_path: Path, store: Store) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(20, ROWS))
    written = write_side_by_side(first, second, store)
    assert written.folder == tmp_path / "comparisons" / "films" / written.fingerprint[:16]
    assert {*storage.verify(written.folder).outputs} == {
        "comparison.html", "comparison.json", "disagreements.parquet",
    }  # fmt: skip
    again = write_side_by_side(first, second, store)
    assert (again, again.making.is_reused) == (written, True)
    assert write_side_by_side(second, first, store).fingerprint != written.fingerprint


def test_a_changed_report_is_compared_anew(tmp_path: Path, store: Store) -> None:
    second = reported(tmp_path, SECOND_RUN, range(20, ROWS))
    before = write_side_by_side(reported(tmp_path, FIRST_RUN, range(40)), second, store)
    assert write_side_by_side(reported(tmp_path, FIRST_RUN, range(39)), second, store).folder != before.folder


def test_the_sentence_says_who_is_better_on_how_many_rows_and_by_how_much(tmp_path: Path, store: Store) -> None:
    """20 rows won and 4 lost: exact McNemar p = 2 * sum(C(24, k), k <= 4) / 2 ** 24 = 0.0015."""
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(20, ROWS))
    told = write_side_by_side(first, second, store).sentence
    assert told.startswith(
        f"A ({FIRST_RUN}) is better than B ({SECOND_RUN}) on 44 common test examples of films, label"
    )
    assert "90.91 % against 54.55 % right, +36.36 points (95 % interval +18.18 to +54.55)" in told
    assert "exact McNemar test p = 0.0015; a true difference of 31.19 points" in told
    turned = write_side_by_side(second, first, store).sentence
    assert "is worse than B" in turned
    assert "-36.36 points" in turned


def test_what_chance_could_have_done_is_not_separable(tmp_path: Path, store: Store) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(30)), reported(tmp_path, SECOND_RUN, range(20, ROWS))
    written = write_side_by_side(first, second, store)
    assert "is not separable from B" in written.sentence
    paired = read_comparison(written.folder)["paired"]
    assert paired["right_rows"] == {"both": 10, "A only": 20, "B only": 14, "neither": 0}
    assert paired["differing_rows"] == 34


def test_what_is_said_of_one_of_them_names_it(tmp_path: Path, store: Store) -> None:
    made = {"origin": "sample"}
    first = reported(tmp_path, FIRST_RUN, range(40), **made)
    second = reported(tmp_path, SECOND_RUN, range(20, ROWS), unsup=[("one more", None)], **made)
    notes = read_comparison(write_side_by_side(first, second, store).folder)["notes"]
    assert [note.split()[0] for note in notes] == ["SAMPLE", "B:"]


def test_parts_are_flagged_in_both_directions(tmp_path: Path, store: Store) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(22)), reported(tmp_path, SECOND_RUN, range(22, ROWS))
    parts = read_comparison(write_side_by_side(first, second, store).folder)["paired"]["slices"]
    found = {(one["dimension"], one["name"]): one["separation"] for one in parts}
    assert found["source", "BBC"] == "better"
    assert found["source", "CNN"] == "worse"
    assert found["sentiment", "neg"] == "not separable"


def test_rows_of_another_version_of_the_data_are_paired_by_their_text(tmp_path: Path, store: Store) -> None:
    first = reported(tmp_path, FIRST_RUN, range(40))
    others = [f"text {row}" if row < 30 else f"new text {row}" for row in reversed(range(ROWS))]
    turned = {"texts": others, "labels": LABELS[::-1], "rates": rates(range(20, ROWS))[::-1]}
    written = write_side_by_side(first, reported(tmp_path, SECOND_RUN, (), **turned), store)
    assert "on 30 common test examples" in written.sentence
    assert read_comparison(written.folder)["paired"]["right_rows"] == {
        "both": 10, "A only": 20, "B only": 0, "neither": 0,
    }  # fmt: skip
    table = pq.read_table(written.folder / "disagreements.parquet")
    assert table["row"].to_pylist() == [row + 5 for row in reversed(range(20))]
    assert table["excerpt"].to_pylist() == [f"text {row}" for row in reversed(range(20))]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"label": "mood"}, "they answer different labels, sentiment and mood"),
        ({"texts": [f"new text {row}" for row in range(ROWS)]}, "no example stands in the test splits of both"),
    ],
)
def test_what_cannot_be_paired_stands_side_by_side_and_says_so(
    tmp_path: Path, store: Store, changed: dict[str, object], why: str
) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(33), **changed)
    written = write_side_by_side(first, second, store)
    tree = read_comparison(written.folder)
    assert f"cannot be compared example by example: {why}" in written.sentence
    assert "A gets 90.91 % of its 44 test examples right" in written.sentence
    assert "B gets 75.00 % of its 44 test examples right" in written.sentence
    assert tree["paired"] is None
    assert pq.read_table(written.folder / "disagreements.parquet").num_rows == 0
    page = (written.folder / "comparison.html").read_text("utf-8")
    assert why in page
    assert 'id="figures"' in page
    assert 'id="disagreements"' not in page
    assert why in comparison_markdown(tree, Path("page.html"))


def test_figures_of_different_labels_are_not_subtracted(tmp_path: Path, store: Store) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(33), label="mood")
    figures = read_comparison(write_side_by_side(first, second, store).folder)["figures"]
    assert {one["difference"] for one in figures} == {None}


def test_figures_of_both_and_their_difference(tmp_path: Path, store: Store) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(33))
    tree = read_comparison(write_side_by_side(first, second, store).folder)
    figures = {one["name"]: one for one in tree["figures"]}
    mine, theirs = (json.loads((folder / "metrics.json").read_text("utf-8"))["test"] for folder in (first, second))
    assert figures["accuracy"]["difference"] == pytest.approx(7 / 44)
    assert figures["log loss"]["difference"] == mine["log_loss"]["value"] - theirs["log_loss"]["value"] < 0
    assert figures["log loss"]["is_better_low"]
    assert figures["macro F1"]["second"] == theirs["macro_f1_rate"]
    assert figures["area under the ROC curve of 'pos'"]["first"] == mine["ranking"]["roc_area"]
    recall = {one["name"]: one["recall"] for one in tree["classes"]}
    assert recall["neg"]["first"] == 20 / 22


def test_only_what_differs_in_the_making_is_told(tmp_path: Path, store: Store) -> None:
    first = reported(tmp_path, FIRST_RUN, range(40))
    second = reported(tmp_path, SECOND_RUN, range(40), preset="keras-bilstm", address="https://example.org/films.csv")
    made = read_comparison(write_side_by_side(first, second, store).folder)["made"]
    assert made["parameters"] == [{"name": "preset", "first": "smoke", "second": "keras-bilstm"}]
    assert made["data"] == [{"name": "address", "first": "films.csv", "second": "https://example.org/films.csv"}]
    assert made["code"] == made["environment"] == made["training"] == []


def test_a_model_without_a_report_is_refused(tmp_path: Path, store: Store) -> None:
    first = reported(tmp_path, FIRST_RUN, range(40))
    second = judge(make_root(tmp_path, run=SECOND_RUN)).folder
    with pytest.raises(ConfigError, match=r"without a report.*verdict\.json.*run the flow report"):
        write_side_by_side(first, second, store)


@pytest.mark.parametrize("name", ["metrics.json", "verdict.json", "predictions.parquet", "errors.parquet"])
def test_a_changed_file_is_refused_by_name(tmp_path: Path, store: Store, name: str) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(33))
    (second / name).write_bytes(b"changed")
    with pytest.raises(DamagedOutputError, match=name):
        write_side_by_side(first, second, store)
    assert not (tmp_path / "comparisons").exists()


def test_the_document_opens_with_the_sentence_and_has_tables_pictures_and_the_place_of_the_page(
    tmp_path: Path, store: Store
) -> None:
    first, second = reported(tmp_path, FIRST_RUN, range(40)), reported(tmp_path, SECOND_RUN, range(20, ROWS))
    written = write_side_by_side(first, second, store)
    page = written.folder / "comparison.html"
    told = comparison_markdown(read_comparison(written.folder), page)
    assert told.startswith(f"**A \\({FIRST_RUN.replace('-', chr(92) + '-')}\\) is better than B")
    assert "| A only | 20 | 45.45 % |" in told
    assert "| source BBC | better | \\+90.91 |" in told
    assert told.count("](data:image/png;base64,") == 3
    assert told.endswith(f"Page: `{page}`\n")
