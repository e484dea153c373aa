"""What is published where nothing was trained."""

from collections.abc import Callable

import pyarrow.parquet as pq
import pytest
from made_models import Made

from text_classifier.errors import DamagedOutputError
from text_classifier.records import Report
from text_classifier.report.history import history_rows
from text_classifier.report.no_model import overview_without_model, write_without_model
from text_classifier.store import Store


def written(made: Made) -> Report:
    return write_without_model(made.signal, made.data, "default", Store(made.data_dir, "tonight"))


def overview_of(made: Made) -> str:
    return overview_without_model(made.signal, written(made))


def test_the_verdict_is_kept_for_the_history_and_the_next_run_finds_it(make: Callable[..., Made]) -> None:
    made = make(p_value=0.5)
    first, second = written(made), written(made)
    assert (first.making.is_reused, second.making.is_reused) == (False, True)
    assert second.headline == f"Unchanged since {first.making.at[:16].replace('T', ' ')} UTC. {first.verdict.sentence}"
    (row,) = history_rows(made.data_dir, made.data.data_set, made.signal.label)
    assert (row["run"], row["signal"], row["decision"]) == ("nothing was trained", "not found", "not promoted")
    assert row["sentence"] == first.verdict.sentence
    assert history_rows(made.data_dir, made.data.data_set, "another label") == []


def test_the_overview_opens_with_the_sentence_and_shows_the_scores(make: Callable[..., Made]) -> None:
    overview = overview_of(make(p_value=0.5, origin="generated"))
    assert overview.startswith(
        "**No signal found in the sentiment of films \\(GENERATED\\)\\: of 200 classifiers fitted to shuffled labels "
    )
    assert overview.split("**")[1].endswith("not promoted\\: no signal, so no model was trained.")
    assert "reaches a balanced accuracy of 80.00 % on 4 others. With shuffled labels it is 50.00 %" in overview
    assert overview.count("](data:image/png;base64,") == 1
    assert "skip_training_without_signal = false" in overview
    assert len(overview) < 100_000


def test_hostile_names_stay_text(make: Callable[..., Made]) -> None:
    overview = overview_of(make(p_value=0.5, label="<b>|*x*\u202e"))
    assert "in the &lt;b&gt;\\|\\*x\\*\\[U\\+202E\\] of films" in overview
    assert "<b>" not in overview


def test_scores_that_were_changed_are_not_shown(make: Callable[..., Made]) -> None:
    made = make(p_value=0.5)
    path = made.signal.folder / "null_scores.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(DamagedOutputError, match=r"null_scores\.parquet"):
        overview_of(made)
