"""A server, deployments and a worker, started by the commands behind make, on a data root of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient

CATEGORIES = ("Business", "Entertainment", "Health", "Politics", "Science", "Sports", "Technology")

Ended = subprocess.CompletedProcess[str]
Deploy = Callable[..., Ended]


def write_news(path: Path, rows: int = 350, extra: str = "", puzzle: int = 0) -> Path:
    """A file whose categories can be told from their words, but for one row in `puzzle`. `extra` ends every text."""
    lines = ["title;text;date;source;author;category;label"]
    for number in range(rows):
        category = CATEGORIES[number % len(CATEGORIES)]
        told = CATEGORIES[number % (len(CATEGORIES) - 1)] if puzzle and number % puzzle == 0 else category
        words = " ".join(f"{told}{letter}" for letter in "abcdefgh" if (number + ord(letter)) % 3)
        label = ("real", "fake")[number // 7 % 2]
        lines.append(f"Title {number};{words} filler {number} {extra};2024-05-17;BBC;;{category};{label}")
    path.write_text("\n".join(lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def news_setting(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the news come from."""
    return {"TEXT_CLASSIFIER_NEWS": str(write_news(tmp_path_factory.mktemp("news") / "news.csv"))}


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, contracts_without_network: Path, news_setting: dict[str, str]
) -> Iterator[dict[str, str]]:
    """A data root and a server of its own; the commands find the server by the data root alone."""
    root = tmp_path_factory.mktemp("root")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "TEXT_CLASSIFIER_"))}
    environment = {
        **kept,
        "TEXT_CLASSIFIER_DATA_DIR": str(root / "data"),
        "TEXT_CLASSIFIER_CONTRACTS_DIR": str(contracts_without_network),
        **news_setting,
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }
    if imdb := os.environ.get("TEXT_CLASSIFIER_TEST_IMDB"):
        environment["TEXT_CLASSIFIER_IMDB"] = imdb
    command = [sys.executable, "-m", "deployments.server"]
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1].removesuffix("/runs") + "/api"
        yield {**environment, "ADDRESS": address}
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def client(environment: dict[str, str]) -> Iterator[SyncPrefectClient]:
    with SyncPrefectClient(environment["ADDRESS"]) as client:
        yield client


@pytest.fixture(scope="module")
def deploy(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    """`make deploy`, of the project's file or of a changed text, from a folder that is not the checkout."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run(text: str | None = None) -> Ended:
        (elsewhere / "prefect.yaml").write_text(text or "", "utf-8")
        command = [sys.executable, "-m", "deployments.deploy", *(["--file", "prefect.yaml"] if text else [])]
        return subprocess.run(
            command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


@contextmanager
def working(environment: dict[str, str], elsewhere: Path, *queues: str) -> Iterator[subprocess.Popen[str]]:
    """`make worker`, started as a script's background job would start it: Ctrl-C ignored."""
    command = ["bash", "-c", 'trap "" INT; exec "$@"', "-", sys.executable, "-m", "deployments.worker"]
    chosen = [word for queue in queues for word in ("--queue", queue)]
    with (elsewhere / "worker.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *chosen], cwd=elsewhere, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def run_and_watch(name: str, environment: dict[str, str], elsewhere: Path, *parameters: str) -> Ended:
    """`prefect deployment run NAME --watch`, as in a user's terminal."""
    named = {**environment, "PREFECT_API_URL": environment["ADDRESS"], "PREFECT_HOME": str(elsewhere)}
    given = [word for parameter in parameters for word in ("--param", parameter)]
    command = [sys.executable, "-m", "prefect", "deployment", "run", name, *given, "--watch"]
    return subprocess.run(command, cwd=elsewhere, env=named, capture_output=True, text=True, timeout=600, check=False)
