from pathlib import Path

import pytest
from prefect.client.schemas.objects import State, StateType

from tasks.ingest import ingest
from text_classifier.errors import SourceFormatError, SourceUnavailableError

NEWS = "title;text;date;source;author;category;label\nA title;Some text;2024-01-31;;Ann;Science;real\n"


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TEXT_CLASSIFIER_NEWS", raising=False)
    return tmp_path / "data"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "articles.csv"
    path.write_text(NEWS, "utf-8")
    return path


def test_the_parameter_names_the_source(data_dir: Path, file: Path) -> None:
    result = ingest.fn("news", str(file), False).result()
    assert result.address == str(file)
    assert result.folder.is_relative_to(data_dir)


def test_the_environment_names_the_source_where_the_parameter_does_not(
    data_dir: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_NEWS", str(file))
    assert ingest.fn("news", None, False).result().address == str(file)


def test_a_refused_address_is_tried_again_soon() -> None:
    assert ingest.retries == 2
    assert ingest.retry_delay_seconds == [5, 20]


@pytest.mark.parametrize(
    ("error", "again"),
    [(SourceUnavailableError("refused"), True), (TimeoutError(), True), (SourceFormatError("wrong"), False)],
)
def test_only_what_may_pass_by_itself_is_tried_again(error: Exception, again: bool) -> None:
    state: State[object] = State(type=StateType.FAILED, data=error)
    assert ingest.retry_condition_fn is not None
    assert ingest.retry_condition_fn(ingest, None, state) is again
