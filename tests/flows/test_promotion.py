"""Promotion inside a transaction that ends with publication, and what a person decides by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from champion_house import House
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, TaskRunFilter, TaskRunFilterName
from prefect.client.schemas.objects import Artifact, TaskRun
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import ParameterBindError, ParameterTypeError
from prefect.transactions import transaction

from flows.promote import promote as promote_flow
from flows.roll_back import roll_back
from tasks.promote import promote
from text_classifier.comparison import Comparison
from text_classifier.config import PromotionRule
from text_classifier.errors import ConfigError, ReportError, UnknownNameError
from text_classifier.records import Evaluated


@task(name="publish", cache_policy=NO_CACHE)
def publish(comparison: Comparison, problem: str) -> str:
    if problem:
        raise ReportError(problem)
    return comparison.decision


@flow(name="promotion")
def promotion(evaluated: Evaluated, problem: str = "") -> Comparison:
    with transaction():
        comparison = promote(evaluated, PromotionRule()).result()
        publish(comparison, problem)
    return comparison


@pytest.fixture
def house(data_dir: Path) -> House:
    return House(data_dir)


def task_runs(words: str) -> list[TaskRun]:
    with get_client(sync_client=True) as client:
        return client.read_task_runs(task_run_filter=TaskRunFilter(name=TaskRunFilterName(like_=words)))


def state_of_comparing(run: str) -> str | None:
    """Name of the last state of the task that compared that run."""
    return max(task_runs(f"compare {run} "), key=lambda one: one.start_time or one.created).state_name  # type: ignore[arg-type, return-value]


def ledger_table() -> tuple[Artifact, list[dict[str, Any]]]:
    named = ArtifactFilter(key=ArtifactFilterKey(any_=["news-category-champion"]))
    with get_client(sync_client=True) as client:
        (newest,) = client.read_artifacts(artifact_filter=named, sort=ArtifactSort.CREATED_DESC, limit=1)
    return newest, json.loads(str(newest.data))


def test_a_promotion_that_is_published_stays(house: House) -> None:
    assert promotion(house.model("first", 700)).rule == "first model with a signal"
    assert promotion(house.model("second", 900)).is_promoted
    assert house.in_service == json.loads(house.pointer.read_text("utf-8"))["run"] == "second"
    assert [line.kind for line in house.ledger] == ["challenge", "challenge"]
    _, rows = ledger_table()
    assert [(row["run"], row["decision"]) for row in rows] == [("second", "promoted"), ("first", "promoted")]


def test_a_promotion_whose_publication_fails_is_undone_and_ledger_and_dashboard_say_so(house: House) -> None:
    promotion(house.model("tuesday-1", 700))
    pointer = house.pointer.read_bytes()
    second = house.model("tuesday-2", 900)
    with pytest.raises(ReportError, match="the disk is full"):
        promotion(second, "the disk is full")
    assert house.pointer.read_bytes() == pointer
    promoted, undone = house.ledger[1:]
    assert (promoted.run, promoted.decision, promoted.spent > 0) == ("tuesday-2", "promoted", True)
    assert (undone.kind, undone.rule, undone.spent) == ("undone", "rolled back because publication failed", 0)
    artifact, rows = ledger_table()
    assert rows[0]["kind"] == "undone"
    assert "undone, because publication failed" in f"{artifact.description}"
    assert promotion(second).is_promoted
    assert house.in_service == "tuesday-2"


def test_the_task_run_of_an_undone_promotion_is_called_rolled_back(house: House) -> None:
    with pytest.raises(ReportError):
        promotion(house.model("friday", 700), "the disk is full")
    assert not house.pointer.exists()
    assert state_of_comparing("friday") == "RolledBack"


def test_a_model_in_service_stays_there_when_a_later_publication_of_it_fails(house: House) -> None:
    first = house.model("first", 700)
    promotion(first)
    (first.folder / "verdict.json").write_text("{}", "utf-8")  # what its report has published
    with pytest.raises(ReportError):
        promotion(first, "the disk is full")
    assert house.in_service == "first"
    assert len(house.ledger) == 1


def test_a_promotion_by_a_killed_run_is_undone_when_the_next_cannot_publish_it_either(house: House) -> None:
    promotion(house.model("first", 700))
    second = house.model("second", 900)
    promote.fn(second, PromotionRule())  # and here the machine stopped
    with pytest.raises(ReportError):
        promotion(second, "the disk is full")
    assert (house.in_service, house.ledger[-1].kind) == ("first", "undone")


def test_a_run_killed_between_promotion_and_publication_is_published_by_the_next(house: House) -> None:
    second = house.model("second", 900)
    promotion(house.model("first", 700))
    promoted = promote.fn(second, PromotionRule()).result()  # and here the machine stopped
    assert promotion(second) == promoted
    assert house.in_service == json.loads(house.pointer.read_text("utf-8"))["run"] == "second"
    assert len(house.ledger) == 2


def test_a_model_that_was_not_promoted_leaves_nothing_to_undo(house: House) -> None:
    promotion(house.model("first", 700))
    with pytest.raises(ReportError):
        promotion(house.model("second", 700), "the disk is full")
    assert [line.kind for line in house.ledger] == ["challenge", "challenge"]


def give_manifests(house: House, *models: Evaluated) -> None:
    """What a trained model's manifest says of it."""
    from text_classifier import storage

    for model in models:
        manifest = storage.read_manifest(model.folder)
        facts = {
            "data_set": "news",
            "origin": model.origin,
            "label": model.label,
            "preset": model.preset,
            "epochs": 1,
            "weights": 10,
            "seconds": 1.0,
        }
        storage.write_manifest(model.folder, manifest, manifest.facts | facts)


def test_people_promote_and_roll_back_with_a_reason_that_ledger_and_dashboard_keep(house: House) -> None:
    first, second = house.model("first", 700), house.model("second", 600)
    give_manifests(house, first, second)
    promotion(first)
    state = promote_flow("news", "second", "its errors are the cheaper ones", "Ana", return_state=True)
    assert state.message == "second is in service; before it first (a person decided: its errors are the cheaper ones)"
    assert house.in_service == "second"
    assert house.ledger[-1].compared_by.startswith("Ana, promote news second ")
    assert "flow run " in house.ledger[-1].compared_by
    assert roll_back("news", "they are not") == "first"
    assert house.in_service == "first"
    _, rows = ledger_table()
    assert [(row["kind"], row["in words"]) for row in rows[:2]] == [
        ("roll back", "they are not"),
        ("by hand", "its errors are the cheaper ones"),
    ]
    with pytest.raises(ConfigError, match="no champion before this one"):
        roll_back("news", "again")


def test_what_may_not_be_promoted_by_hand_fails_the_run_by_name(house: House) -> None:
    sample = house.model("sample", 900, origin="sample")
    give_manifests(house, sample)
    with pytest.raises(ConfigError, match="SAMPLE data never puts a model in service"):
        promote_flow("news", "sample", "because")
    with pytest.raises(UnknownNameError, match="sample"):
        promote_flow("news", "smaple", "because")


@pytest.mark.parametrize("parameters", [{}, {"reason": ""}, {"reason": " \n"}, {"reason": "x" * 1_001}])
def test_without_a_reason_nothing_runs(data_dir: Path, parameters: dict[str, str]) -> None:
    error = ParameterTypeError if parameters else ParameterBindError
    with pytest.raises(error):
        promote_flow("news", "first", **parameters)
    with pytest.raises(error):
        roll_back("news", **parameters)
