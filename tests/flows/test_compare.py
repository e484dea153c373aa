"""Two models that were really trained are laid side by side by the flow."""

import json
import random
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import ParameterBindError

from flows.compare import compare
from flows.retrain import retrain
from text_classifier import storage
from text_classifier.errors import ConfigError, UnknownNameError

HEADER = "title;text;date;source;author;category;label\n"
CLASSES = ("Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology")


def news(rows: int = 420) -> str:
    """Rows of which half can be told from their words."""
    draw = random.Random(0)
    lines = []
    for row in range(rows):
        category = CLASSES[row % 7]
        words = [category.lower() if draw.random() < 0.5 else "filler" for _ in range(5)] + [f"{row}"]
        lines.append(f"title {row};{' '.join(words)};2024-03-01;BBC;;{category};{draw.choice(['real', 'fake'])}\n")
    return HEADER + "".join(lines)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Runs of two seeds and of another label, in a data root of their own."""
    root = tmp_path_factory.mktemp("root")
    (root / "news.csv").write_text(news(), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(root / "data"))
        patch.setenv("TEXT_CLASSIFIER_NEWS", str(root / "news.csv"))
        chosen = {"preset": "smoke", "skip_training_without_signal": False}
        runs = [{"seed": 0}, {"seed": 1}, {"label": "label"}]
        yield [retrain("news", **chosen, **run).folder.name for run in runs]


def published(key: str) -> Artifact:
    """The newest artifact of that key."""
    named = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        (newest,) = client.read_artifacts(artifact_filter=named, sort=ArtifactSort.CREATED_DESC, limit=1)
    return newest


def test_two_runs_are_published_side_by_side_and_the_sentence_ends_the_run(trained: list[str]) -> None:
    state = compare("news", trained[0], trained[1], return_state=True)
    written = state.result()
    assert state.message == written.sentence
    assert f"A ({trained[0]}) is " in written.sentence
    assert "common test examples of news, label category" in written.sentence
    storage.verify(written.folder)
    document = published("news-category-comparison")
    assert f"{document.data}".startswith("**A \\(")
    assert f"Page: `{written.folder / 'comparison.html'}`" in f"{document.data}"
    assert "parameters\\: seed | 0 | 1 |" in f"{document.data}"
    assert compare("news", trained[0], trained[1]).making.is_reused


def test_models_of_two_labels_stand_side_by_side_without_pairing(trained: list[str]) -> None:
    written = compare("news", trained[0], trained[2])
    assert "they answer different labels, category and label" in written.sentence
    assert json.loads((written.folder / "comparison.json").read_text("utf-8"))["paired"] is None


def test_what_cannot_be_compared_fails_the_run_with_the_reason(trained: list[str]) -> None:
    with pytest.raises(UnknownNameError) as raised:
        compare("news", trained[0], "nobody")
    assert all(run in str(raised.value) for run in trained)
    with pytest.raises(ConfigError, match="no model in service to compare with"):
        compare("news", trained[0])
    with pytest.raises(ConfigError, match="with itself"):
        compare("news", trained[0], trained[0])
    with pytest.raises(UnknownNameError, match="imdb, imdb_sample, news"):
        compare("newz", trained[0])
    with pytest.raises(ParameterBindError):
        compare("news")
