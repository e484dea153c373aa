"""The whole chain on small files: what is written, what the dashboard shows, and how bad input ends."""

import csv
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterStartTime
from prefect.client.schemas.objects import Artifact, FlowRun
from prefect.exceptions import ParameterBindError, ParameterTypeError

from flows.prepare_data import prepare_data
from flows.report import report
from flows.retrain import retrain
from flows.train_classifier import train_classifier
from text_classifier import storage
from text_classifier.config import Settings
from text_classifier.errors import (
    ConfigError,
    ContractViolationError,
    OutputUnwritableError,
    SourceFormatError,
    SourceNotFoundError,
    TextClassifierError,
    UnknownNameError,
)
from text_classifier.records import Report
from text_classifier.training.model_folder import LATER_FILES

HEADER = ["title", "text", "date", "source", "author", "category", "label"]
CATEGORIES = ["Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology"]


def news_rows(count: int = 700) -> list[list[str]]:
    """Rows whose category can be told from their words."""
    draw = random.Random(0)
    rows = []
    for number in range(count):
        category = CATEGORIES[number % len(CATEGORIES)]
        words = [f"{category}{'abcdefgh'[draw.randrange(8)]}" for _ in range(20)] + ["filler"] * draw.randrange(5, 20)
        draw.shuffle(words)
        text = " ".join([*words, f"{number}"])
        rows.append([f"Title {number}", text, "2024-05-17", "BBC", "", category, draw.choice(["real", "fake"])])
    return rows


def write_news(path: Path, rows: list[list[str]], header: list[str] = HEADER, delimiter: str = ";") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([header, *rows])
    return path


@pytest.fixture
def news_file(tmp_path: Path) -> Path:
    return write_news(tmp_path / "news.csv", news_rows())


def artifacts(of: str) -> dict[str, Artifact]:
    """Artifacts by key, of the newest flow run of that name and of its subflows."""
    with get_client(sync_client=True) as client:
        since = FlowRunFilter(start_time=FlowRunFilterStartTime(after_=last_run(of).start_time))
        return {artifact.key: artifact for artifact in client.read_artifacts(flow_run_filter=since) if artifact.key}


def last_run(name: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        runs = [run for run in client.read_flow_runs() if run.name.startswith(name)]
    return max(runs, key=lambda run: run.created or run.start_time)


def run_smoke(source: Path | None, data_set: str = "news", **parameters: object) -> Report:
    named = None if source is None else str(source)
    return retrain(data_set=data_set, preset="smoke", source=named, **parameters)


def test_the_chain_accounts_for_every_row_and_every_file(news_file: Path, data_dir: Path) -> None:
    published = run_smoke(news_file)
    data = published.data
    assert data.read_rows == 700
    assert sum(data.split_rows.values()) + data.rejected_rows == 700
    assert published.folder.is_relative_to(data_dir / "models" / "news")
    manifest = storage.verify(published.folder)
    assert set(LATER_FILES) <= set(manifest.outputs)
    predictions = pq.read_table(published.folder / "predictions.parquet")
    assert published.evaluated is not None
    assert predictions.num_rows == published.evaluated.test_rows == data.split_rows["test"]


def test_the_dashboard_shows_what_the_run_found(news_file: Path, data_dir: Path) -> None:
    published = run_smoke(news_file)
    run = last_run("retrain news smoke")
    assert run.state is not None
    assert run.state.message == published.verdict.sentence
    subject = "news-category"
    pages = ("drift", "training", "report", "model-card", "accuracy", "errors", "history", "champion")
    expected = {f"{subject}-{page}" for page in pages}
    assert set(artifacts("retrain news smoke")) == expected | {"news-contract", "news-copies", "news-splits"}


def test_the_contract_table_of_a_refused_file_is_in_the_dashboard(tmp_path: Path, data_dir: Path) -> None:
    rows = [row for row in news_rows(50) if row[5] != "Sports"]
    with pytest.raises(ContractViolationError):
        run_smoke(write_news(tmp_path / "news.csv", rows))
    table = artifacts("retrain news smoke")["news-contract"]
    assert "Sports" in f"{table.data}"


STEPS = (
    *("ingest", "validate", "detect drift", "find signal", "fit baselines"),
    *("build vocabulary", "train", "evaluate", "compare", "report on"),
)


def states_of(name: str) -> dict[str, str]:
    """State names of the tasks of the newest flow run of that name and of its subflows, by task."""
    with get_client(sync_client=True) as client:
        since = FlowRunFilter(start_time=FlowRunFilterStartTime(after_=last_run(name).start_time))
        runs = client.read_task_runs(flow_run_filter=since)
    return {step: f"{run.state_name}" for step in STEPS for run in runs if run.name.startswith(f"{step} ")}


def stamps(data_dir: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in data_dir.glob("[bidmsv]*/**/*.parquet")}


ALL_CACHED = dict.fromkeys(STEPS, "Cached")


def test_a_second_run_on_unchanged_data_reuses_every_output_and_says_since_when(
    news_file: Path, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = run_smoke(news_file)
    assert set(states_of("retrain news smoke").values()) == {"Completed"}
    made_by, before = last_run("retrain news smoke"), stamps(data_dir)
    caplog.set_level("INFO")
    second = run_smoke(news_file)
    assert states_of("retrain news smoke") == ALL_CACHED
    assert (second, second.folder) == (first, first.folder)
    assert before
    assert stamps(data_dir) == before
    assert caplog.text.count("reused ") == 9
    assert caplog.text.count(f"compared by {made_by.name}, flow run {made_by.id}") == 1
    assert f"made by {made_by.name}, flow run {made_by.id} at" in caplog.text
    state = last_run("retrain news smoke").state
    assert state is not None
    assert state.message == second.headline
    assert second.headline == f"Unchanged since {first.making.at[:16].replace('T', ' ')} UTC. {first.verdict.sentence}"
    assert "**Unchanged since" in f"{artifacts('retrain news smoke')['news-category-report'].data}"
    assert len(artifacts("retrain news smoke")) == 11


def test_refresh_makes_everything_anew(news_file: Path, data_dir: Path) -> None:
    first, before = run_smoke(news_file), stamps(data_dir)
    second = run_smoke(news_file, refresh=True)
    assert set(states_of("retrain news smoke").values()) == {"Completed"}
    assert second.folder != first.folder
    after = stamps(data_dir)
    assert not [path for path in before if not path.is_relative_to(first.folder) and after[path] == before[path]]


def changed_contract(tmp_path: Path, old: str, new: str) -> Path:
    contracts = shutil.copytree(Settings().contracts_dir, tmp_path / "contracts")
    text = (contracts / "news.odcs.yaml").read_text("utf-8")
    assert old in text
    (contracts / "news.odcs.yaml").write_text(text.replace(old, new), "utf-8")
    return contracts


def test_a_changed_rule_validates_again_and_does_not_ingest_again(
    news_file: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_smoke(news_file)
    contracts = changed_contract(tmp_path, "kwargs: {minimum: 2}", "kwargs: {minimum: 3}")
    monkeypatch.setenv("TEXT_CLASSIFIER_CONTRACTS_DIR", str(contracts))
    run_smoke(news_file)
    states = states_of("retrain news smoke")
    assert (states["ingest"], states["validate"]) == ("Cached", "Completed")


def test_another_model_trains_again_on_the_tokens_that_stand(news_file: Path, data_dir: Path) -> None:
    run_smoke(news_file)
    run_smoke(news_file, max_epochs=2)
    made = {"train", "evaluate", "report on", "compare"}
    expected = {step: "Completed" if step in made else "Cached" for step in ALL_CACHED}
    assert states_of("retrain news smoke") == expected


@pytest.mark.parametrize(
    ("file", "made_again"),
    [
        ("ingested/*/*/rows.parquet", {"ingest"}),
        ("datasets/*/*/examples/train.parquet", {"validate"}),
        ("vocabularies/*/vocabulary.parquet", {"build vocabulary"}),
        ("signals/*/*/null_scores.parquet", {"find signal"}),
        ("baselines/*/*/predictions.parquet", {"fit baselines"}),
        ("models/*/*/metrics.json", {"evaluate", "report on"}),
        ("models/*/*/report.html", {"report on"}),
    ],
)
def test_a_damaged_output_is_made_again_and_the_rest_reused(
    news_file: Path, data_dir: Path, file: str, made_again: set[str]
) -> None:
    first = run_smoke(news_file)
    (damaged,) = data_dir.glob(file)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    second = run_smoke(news_file)
    assert {step for step, state in states_of("retrain news smoke").items() if state == "Completed"} == made_again
    assert second.folder == first.folder
    storage.verify(damaged.parent if (damaged.parent / "manifest.json").exists() else damaged.parents[1])


def test_damaged_weights_are_trained_again_and_never_reported(news_file: Path, data_dir: Path) -> None:
    first = run_smoke(news_file)
    (first.folder / "weights.safetensors").write_bytes(b"weights")
    second = run_smoke(news_file)
    assert second.folder != first.folder
    storage.verify(second.folder)


def test_each_step_runs_alone_on_what_the_step_before_left(news_file: Path, data_dir: Path) -> None:
    prepared = prepare_data("news", "smoke", str(news_file))
    model = train_classifier("news", "smoke", label="label")
    published = report("news")
    assert model.label == published.label == "label"
    assert published.folder == model.folder
    assert prepared.classes["label"] == ("fake", "real")


def test_training_alone_takes_the_data_that_were_prepared_last_also_when_they_are_older(
    tmp_path: Path, data_dir: Path
) -> None:
    files = [write_news(tmp_path / f"{rows}.csv", news_rows(rows)) for rows in (700, 693)]
    older, newer, again = (prepare_data("news", "smoke", str(file)) for file in [*files, files[0]])
    assert older.fingerprint == again.fingerprint != newer.fingerprint
    model = train_classifier("news", "smoke")
    assert storage.read_manifest(model.folder).inputs["data_set"] == older.fingerprint


def test_a_model_of_smoke_is_never_promoted(news_file: Path, data_dir: Path) -> None:
    run_smoke(news_file)
    assert not (data_dir / "champions" / "news" / "category" / "champion.json").exists()
    assert (data_dir / "champions" / "news" / "category" / "ledger.jsonl").exists()


def test_a_refused_download_goes_on_with_the_sample_and_says_so_everywhere(
    contracts_without_network: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_CONTRACTS_DIR", str(contracts_without_network))
    published = run_smoke(None, data_set="imdb")
    assert published.data.data_set == "imdb_sample"
    assert "SAMPLE" in published.verdict.sentence
    assert "SAMPLE" in (published.folder / "report.html").read_text("utf-8")
    published_artifacts = artifacts("retrain imdb smoke")
    assert len(published_artifacts) == 11
    assert all("SAMPLE" in f"{artifact.description}" for artifact in published_artifacts.values())
    tables = [json.loads(str(a.data)) for a in published_artifacts.values() if a.type == "table"]
    assert all("SAMPLE" in row["data"] for table in tables for row in table)


def test_without_any_source_the_news_are_generated_and_called_so(data_dir: Path) -> None:
    published = run_smoke(None)
    assert published.data.read_rows == 20_000
    assert "GENERATED" in published.verdict.sentence
    assert not (data_dir / "champions" / "news" / "category" / "champion.json").exists()


def edited(change: Callable[[list[str]], list[str]]) -> list[list[str]]:
    return [change(row) for row in news_rows(50)]


BAD_FILES: dict[str, tuple[Callable[[Path], object], type[TextClassifierError], str]] = {
    "wrong delimiter": (lambda p: write_news(p, news_rows(50), delimiter="~"), SourceFormatError, "title"),
    "missing column": (
        lambda p: write_news(p, edited(lambda row: row[:5]), HEADER[:5]),
        SourceFormatError,
        "category",
    ),
    "empty file": (lambda p: p.write_bytes(b""), SourceFormatError, "empty"),
    "header only": (lambda p: write_news(p, []), SourceFormatError, "no row"),
    "every row rejected": (
        lambda p: write_news(p, edited(lambda row: row[:3])),
        ContractViolationError,
        r"rejected-share: 50 of 50 rows \(100\.00 %\)",
    ),
    "unknown classes": (
        lambda p: write_news(p, edited(lambda row: [*row[:5], "Gossip", row[6]])),
        ContractViolationError,
        "news",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_ends_in_a_message_and_nothing_half_written(tmp_path: Path, data_dir: Path, case: str) -> None:
    write, error, words = BAD_FILES[case]
    write(tmp_path / "news.csv")
    with pytest.raises(error, match=rf"(?is){words}"):
        run_smoke(tmp_path / "news.csv")
    assert not list(data_dir.rglob("*.partial"))
    assert not (data_dir / "models").exists()


def test_a_class_with_one_example_is_refused_by_name(tmp_path: Path, data_dir: Path) -> None:
    rows = [row for row in news_rows() if row[5] != "Sports"]
    lonely = [row for row in news_rows() if row[5] == "Sports"][:1]
    with pytest.raises(TextClassifierError, match="Sports"):
        run_smoke(write_news(tmp_path / "news.csv", rows + lonely))


def test_a_missing_file_is_named(tmp_path: Path, data_dir: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"nowhere\.csv"):
        run_smoke(tmp_path / "nowhere.csv")


def test_an_unknown_data_set_lists_the_known_ones(data_dir: Path) -> None:
    with pytest.raises(UnknownNameError, match="imdb, imdb_sample, news"):
        run_smoke(None, data_set="nwes")


def test_an_unknown_label_lists_the_known_ones(news_file: Path, data_dir: Path) -> None:
    with pytest.raises(ConfigError, match="category, label"):
        run_smoke(news_file, label="topic")


def test_a_step_without_what_it_needs_says_which_step_comes_first(data_dir: Path) -> None:
    with pytest.raises(TextClassifierError, match="prepare-data"):
        train_classifier("news", "smoke")
    with pytest.raises(TextClassifierError, match="train-classifier"):
        report("news")


def test_a_data_root_that_cannot_be_written_is_named(
    news_file: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.write_text("a file where the data root should be", "utf-8")
    with pytest.raises(OutputUnwritableError, match="TEXT_CLASSIFIER_DATA_DIR"):
        run_smoke(news_file)


@pytest.mark.parametrize(
    "parameters", [{"preset": "biggest"}, {"seed": -1}, {"max_epochs": 0}, {"data_set": "../news"}, {"epochs": 3}]
)
def test_a_wrong_parameter_is_refused_before_a_run_exists(data_dir: Path, parameters: dict[str, object]) -> None:
    with pytest.raises(ParameterTypeError if "epochs" not in parameters else ParameterBindError):
        retrain(**parameters)
