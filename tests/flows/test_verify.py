"""verify as people meet it: a flow with its table, and a command with its exit status."""

import csv
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from deployments.verify import main
from flows.retrain import retrain
from flows.verify import verify
from text_classifier import storage
from text_classifier.errors import UnequalReportError, UnknownNameError
from text_classifier.training import latest_model

HEADER = ["title", "text", "date", "source", "author", "category", "label"]
CATEGORIES = ["Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology"]


def write_news(path: Path) -> Path:
    """Rows whose category can be told from their words, most of the time."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as stream:
        sheet = csv.writer(stream, delimiter=";")
        sheet.writerow(HEADER)
        for number in range(700):
            category = CATEGORIES[number % len(CATEGORIES)]
            words = [f"{draw.choice([category, 'any'])}{draw.choice('abcdefgh')}" for _ in range(20)]
            text = " ".join([*words, str(number)])
            sheet.writerow([f"Title {number}", text, "2024-05-17", "BBC", "", category, draw.choice(["real", "fake"])])
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(root / "data"))
        retrain(data_set="news", preset="smoke", source=str(write_news(root / "news.csv")))
        yield root / "data"


@pytest.fixture
def root(published: Path, data_dir: Path) -> Path:
    """A data root of the test's own, in another place than the one in which it was made."""
    return Path(shutil.copytree(published, data_dir))


def beautify(data_dir: Path) -> str:
    """Give the latest run a better accuracy, and its manifest the digest of it; the run."""
    folder = latest_model(data_dir, "news").folder
    figures = json.loads((folder / "metrics.json").read_text("utf-8"))
    figures["test"]["accuracy"]["rate"] = 0.999
    (folder / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    manifest = storage.read_manifest(folder)
    storage.write_manifest(folder, manifest, manifest.facts)
    return folder.name


def newest_table() -> tuple[str, list[dict[str, Any]]]:
    named = ArtifactFilter(key=ArtifactFilterKey(any_=["news-category-verification"]))
    with get_client(sync_client=True) as client:
        (newest,) = client.read_artifacts(artifact_filter=named, sort=ArtifactSort.CREATED_DESC, limit=1)
    return newest.description or "", json.loads(str(newest.data))


def test_a_run_as_it_was_published_ends_with_equal_and_every_check_in_a_table(root: Path) -> None:
    state = verify("news", return_state=True)
    assert state.is_completed()
    assert (state.message or "").startswith("equal: ")
    description, rows = newest_table()
    assert state.message in description
    assert {row["equal"] for row in rows} == {"equal"}
    assert {"metrics.json", "report digest", "model_card.md", "verdict.json"} <= {row["what"] for row in rows}


def test_a_figure_changed_by_hand_fails_the_run_after_the_table_that_names_it(root: Path) -> None:
    run = beautify(root)
    with pytest.raises(UnequalReportError, match=r"metrics.json: test.accuracy.rate is 0.999"):
        verify("news", run=run, quick=True)
    _, rows = newest_table()
    assert [row["what"] for row in rows if row["equal"] == "DIFFERS"] == ["metrics.json: test.accuracy.rate"]
    assert rows[0]["published"] == "0.999"


def test_an_unknown_run_is_told_by_name(root: Path) -> None:
    with pytest.raises(UnknownNameError, match="run of news"):
        verify("news", run="20200101-000000-smoke-category-00000000")


def test_the_command_ends_with_0_where_all_is_equal(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = latest_model(root, "news").run
    assert main(["--data-set", "news", "--run", run, "--quick"]) == 0
    assert capsys.readouterr().out.startswith("equal: ")


def test_the_command_ends_with_1_where_something_differs_and_names_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beautify(root)
    assert main(["--quick"]) == 1
    told = capsys.readouterr().out
    assert "differs: metrics.json: test.accuracy.rate" in told
    assert "published  0.999" in told


@pytest.mark.parametrize("asked", [["--run", "none-such"], ["--data-set", "nowhere"], ["--data-set", "imdb"]])
def test_the_command_ends_with_2_where_there_is_nothing_to_verify(
    root: Path, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(asked) == 2
    assert capsys.readouterr().err.startswith("error: ")
