"""The dashboard as a person uses it, in headless Chromium: a form, a run that is watched, and everything it publishes.

With TEXT_CLASSIFIER_PICTURES_DIR the pictures of the README are written there (`make pictures`).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import Artifact, FlowRun

from tests.e2e.conftest import Deploy, run_and_watch, working, write_news

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
OPTIONS += ["--disable-background-networking", "--disable-component-update"]
PICTURES = os.environ.get("TEXT_CLASSIFIER_PICTURES_DIR")
HOSTILE = (
    "<img src=x onerror=window.broken=1> [here](javascript:window.broken=1) | `code` **bold** \u202etxt " + "W" * 500
)
EPOCHS = 150
SECONDS = 180
ARTIFACTS = {
    "news-contract",
    "news-copies",
    "news-splits",
    *(f"news-category-{page}" for page in ("drift", "training", "report", "model-card", "accuracy", "errors")),
}
ARTIFACTS |= {"news-category-history", "news-category-champion"}
BOTH_VERSIONS = ("/v2", "")  # of the dashboard


@pytest.fixture(scope="module")
def news_setting() -> dict[str, str]:
    """Nowhere: news are GENERATED, unless a run names its source."""
    return {}


@pytest.fixture(scope="module")
def url(environment: dict[str, str]) -> str:
    return environment["ADDRESS"].removesuffix("/api")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if not BROWSER:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(SECONDS * 1000)
        expect.set_options(timeout=30_000)
        yield page
        browser.close()


@pytest.fixture(scope="module", autouse=True)
def _worker(deploy: Deploy, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    assert deploy().returncode == 0
    with working(environment, tmp_path_factory.mktemp("worker")):
        yield


@pytest.fixture
def form(page: Page, client: SyncPrefectClient, url: str) -> Page:
    """The page with the run form of retrain/smoke."""
    deployment = client.read_deployment_by_name("retrain/smoke").id
    page.goto(f"{url}/v2/deployments/deployment/{deployment}/run")
    expect(page.get_by_label("data_set (Optional)")).to_have_value("news")
    return page


@pytest.fixture(scope="module")
def story(page: Page, client: SyncPrefectClient, url: str, tmp_path_factory: pytest.TempPathFactory) -> FlowRun:
    """A run on articles that would like to break the pages: started by the form, watched while it trains, ended."""
    news = write_news(tmp_path_factory.mktemp("hostile") / "news.csv", extra=HOSTILE, puzzle=3)
    deployment = client.read_deployment_by_name("retrain/smoke").id
    page.goto(f"{url}/v2/deployments/deployment/{deployment}/run")
    fill_empty_field(page, "source", str(news))
    fill_empty_field(page, "max_epochs", str(EPOCHS))
    page.get_by_label("seed (Optional)", exact=True).fill("3")
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("link", name="View run").click()
    page.wait_for_url("**/runs/flow-run/**")
    run_id = page.url.partition("/flow-run/")[2].partition("?")[0]
    watch_training(page, client, url)
    return ended(client, run_id)


def fill_empty_field(page: Page, name: str, value: str) -> None:
    """Switch a field from None to its type, and fill it."""
    group = page.get_by_text(f"{name} (Optional)", exact=True).locator(
        "xpath=ancestor::div[contains(@class,'group')][1]"
    )
    group.get_by_role("tab").first.click()
    group.locator("textarea, input").last.fill(value)


def watch_training(page: Page, client: SyncPrefectClient, url: str) -> None:
    """See the bar of the running training move."""
    bar = waited(lambda: artifacts_of(client).get("news-category-training"))
    page.goto(f"{url}/v2/artifacts/artifact/{bar.id}")
    expect(page.get_by_text(f"epoch 1 of {EPOCHS}").or_(page.get_by_text(f" of {EPOCHS}, step"))).to_be_visible()
    first = waited(lambda: artifacts_of(client)["news-category-training"].data)
    waited(lambda: artifacts_of(client)["news-category-training"].data != first)


def ended(client: SyncPrefectClient, run_id: str) -> FlowRun:
    def final() -> FlowRun | None:
        run = client.read_flow_run(run_id)
        return run if run.state and run.state.is_final() else None

    return waited(final)


def waited(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return value


def artifacts_of(client: SyncPrefectClient) -> dict[str, Artifact]:
    """The newest of each key."""
    known = [artifact for artifact in client.read_artifacts() if artifact.key and artifact.created]
    return {f"{artifact.key}": artifact for artifact in sorted(known, key=lambda artifact: artifact.created)}


def runs_by_hand(client: SyncPrefectClient) -> int:
    """Runs that no schedule made."""
    return sum(not run.auto_scheduled for run in client.read_flow_runs())


def take_picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def test_a_name_that_cannot_be_is_refused_by_the_form(form: Page, client: SyncPrefectClient) -> None:
    before = runs_by_hand(client)
    form.get_by_label("data_set (Optional)").fill("News!")
    fill_empty_field(form, "label", "a b")
    form.get_by_role("button", name="Submit").click()
    expect(form.get_by_text("'News!' does not match").first).to_be_visible()
    assert runs_by_hand(client) == before


def test_a_number_out_of_bounds_is_refused_by_the_form(form: Page, client: SyncPrefectClient) -> None:
    before = runs_by_hand(client)
    take_picture(form, "form")
    form.get_by_label("seed (Optional)", exact=True).fill("-1")
    form.get_by_role("button", name="Submit").click()
    expect(form.locator("input:invalid")).to_have_count(1)
    assert runs_by_hand(client) == before


def test_the_page_of_a_run_tells_its_story(page: Page, client: SyncPrefectClient, url: str, story: FlowRun) -> None:
    assert story.name.startswith("retrain news smoke ")
    assert story.state is not None
    assert story.state.name == "Completed"
    sentence = f"{story.state.message}"
    told = re.search(r"of (\d+) test examples the model gets", sentence)
    assert told
    for tab, texts in {
        "Details": [sentence],
        "TaskRuns": [
            "ingest news",
            "validate 350 rows of news",
            "find signal in ",
            "fit baselines to ",
            "build vocabulary of 350 examples of news for smoke",
            f": {told[1]} test rows",
            f" on {told[1]} test rows with the champion",
        ],
        "Logs": ["350 kept, 0 rejected; null in every row: author, made in", "published news-contract: http"],
        "Artifacts": ["Contract of news, version", "Wrong answers on test of news", "Training smoke on news"],
        "Parameters": [f'"max_epochs": {EPOCHS}'],
    }.items():
        page.goto(f"{url}/v2/runs/flow-run/{story.id}?tab={tab}")
        expect(page.get_by_text(texts[0]).first).to_be_visible()
        for text in texts[1:]:
            expect(page.get_by_text(text).first).to_be_visible()


@pytest.mark.parametrize("version", BOTH_VERSIONS)
@pytest.mark.parametrize("key", sorted(ARTIFACTS))
def test_hostile_articles_break_no_page_of_an_artifact(
    page: Page, client: SyncPrefectClient, url: str, story: FlowRun, key: str, version: str
) -> None:
    artifact = artifacts_of(client)[key]
    assert artifact.flow_run_id == story.id
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(f"{url}{version}/artifacts/artifact/{artifact.id}")
    expect(page.get_by_text(key).first).to_be_visible()
    shown = {"news-contract": "text-distinct", "news-category-errors": "javascript:window.broken"}.get(key, "news")
    expect(page.get_by_text(shown).first).to_be_visible()
    assert page.evaluate("window.broken") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not failures


def test_every_artifact_is_there_and_nothing_else(client: SyncPrefectClient, story: FlowRun) -> None:
    assert {key for key in artifacts_of(client) if key.startswith("news")} == ARTIFACTS


@pytest.fixture(scope="module")
def odd_values(environment: dict[str, str]) -> None:
    """A table and a text of what breaks pages when it is published as it is."""
    script = Path(__file__).with_name("publish_odd_values.py")
    named = {**environment, "PREFECT_API_URL": environment["ADDRESS"]}
    subprocess.run([sys.executable, script, HOSTILE], env=named, timeout=120, check=True)


@pytest.mark.parametrize("version", BOTH_VERSIONS)
@pytest.mark.parametrize("key", ["odd-table", "odd-text"])
def test_values_that_no_page_can_carry_break_no_page(
    page: Page, client: SyncPrefectClient, url: str, odd_values: None, key: str, version: str
) -> None:
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(f"{url}{version}/artifacts/artifact/{artifacts_of(client)[key].id}")
    for text in ("inf", "nan", "1.5") if key == "odd-table" else ():
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    expect(page.get_by_text("javascript:window.broken").first).to_be_visible()
    assert page.evaluate("window.broken") is None
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not failures


@pytest.mark.parametrize("data_set", ["news", "imdb"])
def test_the_command_line_runs_a_deployment_and_its_tables_can_be_read(
    request: pytest.FixtureRequest,
    client: SyncPrefectClient,
    environment: dict[str, str],
    tmp_path: Path,
    data_set: str,
) -> None:
    """News are GENERATED; IMDB is the real archive where it is at hand, else SAMPLE data."""
    is_pictured = PICTURES and data_set == "news"
    parameters = ["preset=default", "skip_training_without_signal=false"] if is_pictured else ["preset=smoke"]
    ended = run_and_watch(f"retrain/{data_set}", environment, tmp_path, *parameters)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    shown = data_set if data_set == "news" or "TEXT_CLASSIFIER_IMDB" in environment else "imdb_sample"
    label = {"news": "category"}.get(data_set, "label")
    accuracy = artifacts_of(client)[f"{shown}-{label}-accuracy".replace("_", "-")]
    rows = json.loads(f"{accuracy.data}")
    assert rows[0]["what"] == "this model"
    if shown == "imdb":
        assert rows[0]["rows"] == 25_000
    assert client.read_flow_run(accuracy.flow_run_id).state_name == "Completed"
    if BROWSER and data_set == "news":
        take_pictures(request.getfixturevalue("page"), environment, artifacts_of(client))


def take_pictures(page: Page, environment: dict[str, str], artifacts: dict[str, Artifact]) -> None:
    """Of the run and of what it published and wrote."""
    reports = Path(environment["TEXT_CLASSIFIER_DATA_DIR"]).glob("models/news/*/report.html")
    page.goto(max(reports, key=lambda path: path.stat().st_mtime).as_uri())
    expect(page.get_by_text("GENERATED").first).to_be_visible()
    take_picture(page, "report")
    url = environment["ADDRESS"].removesuffix("/api")
    run = artifacts["news-category-report"].flow_run_id
    page.goto(f"{url}/v2/runs/flow-run/{run}?tab=TaskRuns")
    expect(page.get_by_text("compare").first).to_be_visible()
    take_picture(page, "run")
    page.goto(f"{url}/v2/artifacts/artifact/{artifacts['news-category-errors'].id}")
    expect(page.get_by_text("GENERATED").first).to_be_visible()
    take_picture(page, "errors")
