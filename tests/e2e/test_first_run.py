"""`make run` as a user meets it: a process of its own, a server of its own, and runs that are there afterwards."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("ingest", "validate", "detect_drift", "find_signal", "fit_baselines", "build_vocabulary", "train")
TASK_RUNS = dict.fromkeys((*STEPS, "evaluate", "promote", "report"), 2)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, contracts_without_network: Path) -> dict[str, str]:
    """A data root of its own, and no network: the sample stands in for IMDB."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "TEXT_CLASSIFIER_"))}
    return {
        **kept,
        "TEXT_CLASSIFIER_DATA_DIR": str(tmp_path_factory.mktemp("root")),
        "TEXT_CLASSIFIER_CONTRACTS_DIR": str(contracts_without_network),
    }


@pytest.fixture(scope="module")
def finished(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deployments.first_run", "--preset", "smoke"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900, check=False)


@contextmanager
def server(environment: dict[str, str]) -> Iterator[str]:
    """`make server` on the same data root; yields the address of its API."""
    command = [sys.executable, "-m", "deployments.server"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1].removesuffix("/runs") + "/api"
    finally:
        process.terminate()
        process.communicate(timeout=60)


def post(url: str, body: object) -> list[dict[str, object]]:
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return list(json.load(answer))


def test_it_ends_with_both_reports_and_where_they_stand(
    finished: subprocess.CompletedProcess[str], environment: dict[str, str]
) -> None:
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "news (GENERATED), label category, preset smoke" in finished.stdout
    assert "imdb_sample (SAMPLE), label" in finished.stdout
    assert "make server" in finished.stdout
    named = [Path(line.split(maxsplit=1)[1]) for line in finished.stdout.splitlines() if line.startswith("  report ")]
    assert len(named) == 2
    assert all(path.is_file() and path.is_relative_to(environment["TEXT_CLASSIFIER_DATA_DIR"]) for path in named)


def test_every_flow_and_task_run_is_kept_for_the_dashboard(
    finished: subprocess.CompletedProcess[str], environment: dict[str, str]
) -> None:
    with server(environment) as api:
        flows = {flow["id"]: flow["name"] for flow in post(f"{api}/flows/filter", {})}
        flow_runs = post(f"{api}/flow_runs/filter", {})
        task_runs = [run for run in post(f"{api}/task_runs/filter", {}) if run["flow_run_id"]]
        artifacts = post(f"{api}/artifacts/filter", {})
    assert [flows[run["flow_id"]] for run in flow_runs] == ["retrain", "retrain"]
    assert {run["state_type"] for run in [*flow_runs, *task_runs]} == {"COMPLETED"}
    steps = Counter(str(run["task_key"]).rpartition("-")[0] for run in task_runs)
    assert steps == TASK_RUNS
    assert {"news-category-accuracy", "imdb-sample-label-accuracy"} <= {str(a["key"]) for a in artifacts}


def test_no_server_is_left_behind(finished: subprocess.CompletedProcess[str], environment: dict[str, str]) -> None:
    assert not (Path(environment["TEXT_CLASSIFIER_DATA_DIR"]) / "prefect" / "server.json").exists()


def test_a_missing_source_ends_in_a_message_and_not_in_a_traceback(environment: dict[str, str]) -> None:
    missing = {"TEXT_CLASSIFIER_NEWS": "/nowhere/news.csv", "TEXT_CLASSIFIER_IMDB": "/nowhere/imdb"}
    command = [sys.executable, "-m", "deployments.first_run", "--preset", "smoke"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment | missing, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 1
    assert "error: news was not retrained" in ended.stderr
    assert "where: /nowhere/news.csv" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_named_server_that_does_not_answer_is_told(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "deployments.first_run"]
    dead = environment | {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    ended = subprocess.run(command, cwd=ROOT, env=dead, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "error: the Prefect server does not answer; where: PREFECT_API_URL=http://127.0.0.1:9/api" in ended.stderr
