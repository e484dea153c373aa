"""Drift between two deliveries under the shipped contract, against a champion that was really trained."""

import csv
import json
import random
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from tasks.build_vocabulary import build_vocabulary
from tasks.detect_drift import detect_drift
from tasks.ingest import ingest
from tasks.train import train
from tasks.validate import validate
from text_classifier.champion import champion_dir
from text_classifier.comparison import Comparison
from text_classifier.errors import DriftError
from text_classifier.records import Drift, TrainedModel, TrainRun

HEADER = ["title", "text", "date", "source", "author", "category", "label"]
CATEGORIES = ["Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology"]
Deliver = Callable[..., Path]

after_drift: list[Drift] = []
"""What the flow went on with."""


@flow(name="train-small")
def train_small(source: str) -> TrainedModel:
    prepared = validate(ingest("news", source, False).result(), False).result()
    corpus = build_vocabulary(prepared, "smoke").result()
    return train(prepared, corpus, "category", "smoke", TrainRun(seed=0, max_epochs=1)).result()


@flow(name="look-at-drift")
def look_at_drift(source: str, accept_drift: bool = False) -> Drift:
    prepared = validate(ingest("news", source, False).result(), False).result()
    drift = detect_drift(prepared, "category", accept_drift).result()
    after_drift.append(drift)
    return drift


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Write a delivery of articles; `of_business` is the share of them, 0 to 1, that are put into one category."""

    def write(name: str, seed: int, of_business: float = 0, words: str = "word") -> Path:
        draw = random.Random(seed)
        rows = []
        for number in range(420):
            category = "Business" if draw.random() < of_business else CATEGORIES[number % 7]
            text = " ".join(f"{words}{draw.randrange(200)}" for _ in range(draw.randrange(20, 40)))
            rows.append([f"Title {number}", text, "2024-05-17", draw.choice(["BBC", "CNN"]), "", category, "real"])
            rows[-1][6] = draw.choice(["real", "fake"])
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, delimiter=";").writerows([HEADER, *rows])
        return tmp_path / name

    return write


@pytest.fixture
def champion(deliver: Deliver, data_dir: Path) -> TrainedModel:
    model = train_small(str(deliver("old.csv", 0)))
    ledger = champion_dir(data_dir, "news", "category") / "ledger.jsonl"
    ledger.parent.mkdir(parents=True)
    ledger.write_text(
        json.dumps(asdict(Comparison(model.run, None, "promoted", "first model with a signal"))) + "\n", "utf-8"
    )
    after_drift.clear()
    return model


def published() -> tuple[str, dict[str, str]]:
    """The drift document of the newest run of the flow, and the states of its tasks by name."""
    with get_client(sync_client=True) as client:
        run = max((r for r in client.read_flow_runs() if r.flow_id and r.name), key=lambda run: run.created)
        one = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        found = {artifact.key: str(artifact.data) for artifact in client.read_artifacts(flow_run_filter=one)}
        states = {task.name: str(task.state_name) for task in client.read_task_runs(flow_run_filter=one)}
    return found["news-category-drift"], states


def test_without_a_champion_the_run_goes_on(deliver: Deliver, data_dir: Path) -> None:
    after_drift.clear()
    drift = look_at_drift(str(deliver("new.csv", 1)))
    assert after_drift == [drift]
    assert published()[0].startswith("**Nothing to compare with")


def test_deliveries_are_compared_with_the_champions_own(champion: TrainedModel, deliver: Deliver) -> None:
    unchanged = look_at_drift(str(deliver("old.csv", 0)))
    assert unchanged.sentence == f"Unchanged: these are the data that the champion {champion.run} was trained on."

    like_it = look_at_drift(str(deliver("new.csv", 1)))
    assert (like_it.champion, like_it.warned, like_it.failed) == (champion.run, (), ())
    document, states = published()
    assert document.startswith("**No drift. 420 labelled rows of news against the 420 ")
    assert states["detect drift in 420 rows of news for category"] == "Completed"
    assert look_at_drift(str(deliver("new.csv", 1))) == like_it
    assert published()[1]["detect drift in 420 rows of news for category"] == "Cached"


def test_gross_drift_is_published_and_stops_the_run_unless_a_person_accepts_it(
    champion: TrainedModel, deliver: Deliver
) -> None:
    source = str(deliver("other.csv", 2, of_business=0.8, words="mot"))
    with pytest.raises(DriftError, match=r"drift-labels-gross.*accept_drift=true"):
        look_at_drift(source)
    document, states = published()
    assert document.startswith("**The run stops before training.** **Gross drift.")
    assert "| shares of the label \\(category\\) | failed |" in document
    assert document.count("(data:image/png;base64,") >= 2
    assert states["detect drift in 420 rows of news for category"] == "Failed"
    assert after_drift == []

    accepted = look_at_drift(source, accept_drift=True)
    assert set(accepted.failed) == {"drift-labels-gross", "drift-texts-gross"}
    assert after_drift == [accepted]
    document, _ = published()
    assert document.startswith("**Accepted by who started this run: it goes on.** **Gross drift.")
    assert "| accepted |" in document


def test_a_warning_stops_nothing(champion: TrainedModel, deliver: Deliver) -> None:
    drift = look_at_drift(str(deliver("new.csv", 3, of_business=0.25)))
    assert (drift.warned, drift.failed) == (("drift-labels",), ())
    assert after_drift == [drift]
