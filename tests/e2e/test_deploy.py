"""`make deploy` and `make worker` as a user meets them: a real server, processes of their own, from any folder."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pyarrow.parquet as pq
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Cancelling

from deployments.declared import Pool, Queue
from deployments.deploy import CODE_DIR, FILE
from deployments.deployed import answering, ensure_work_pool
from deployments.server import Server
from tests.e2e.conftest import Deploy, Ended, run_and_watch, working, write_news
from text_classifier.errors import ServerError

Found = TypeVar("Found")

NAMES = (
    "retrain/imdb",
    "retrain/news",
    "retrain/smoke",
    "prepare-data/on-demand",
    "pretrain-encoder/on-demand",
    "train-classifier/on-demand",
    "report/on-demand",
    "compare/on-demand",
    "export-rejected/on-demand",
    "readmit/on-demand",
    "promote/on-demand",
    "roll-back/on-demand",
    "verify/on-demand",
    "watch-source/news",
)
BY_HAND = "report/made-by-hand"
NOTICIAS = """
  - name: noticias
    entrypoint: flows/retrain.py:retrain
    description: By hand, train on the Spanish news.
    tags: [retrain, noticias]
    parameters: {data_set: noticias, preset: smoke}
    concurrency_limit: *one_at_a_time
    work_pool: *on_default
"""
BAD_ROW = "31-02-2024|Titular|Economía|“Más” texto|V\r\n"


def write_noticias(path: Path) -> Path:
    """What a spreadsheet exports: columns of other order and case, cp1252, `|`, one bad date."""
    rows = ["FECHA|Titular|SECCIÓN|texto|Veracidad\r\n"]
    for number in range(300):
        section = ("Economía", "Política", "Tecnología")[number % 3]
        words = f'"La {section.lower()}, según el “señor” Núñez:\r\n artículo ""{number}"" | año"'
        rows.append(f"2024-05-17|Titular {number}|{section}|{words}|{('V', 'no')[number % 2]}\r\n")
    rows.insert(4, BAD_ROW)
    path.write_bytes("".join(rows).encode("cp1252"))
    return path


@pytest.fixture(scope="module")
def first(deploy: Deploy) -> Ended:
    return deploy()


def verdicts(ended: Ended) -> dict[str, str]:
    """What changed, by deployment."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [line for line in ended.stdout.splitlines() if line.startswith(("retrain/", *NAMES, BY_HAND))]
    return {row.split()[0]: row.rpartition("  ")[2] for row in rows}


def waited(found: Callable[[], Sequence[Found]], seconds: int = 90) -> Sequence[Found]:
    deadline = time.monotonic() + seconds
    while not (runs := found()) and time.monotonic() < deadline:
        time.sleep(1)
    return runs


def runs_of(client: SyncPrefectClient, name: str) -> list[FlowRun]:
    one = DeploymentFilter(id=DeploymentFilterId(any_=[client.read_deployment_by_name(name).id]))
    return client.read_flow_runs(deployment_filter=one)


def schedules_of(client: SyncPrefectClient, name: str) -> dict[str | None, tuple[bool, dict[str, object]]]:
    return {s.slug: (s.active, s.parameters) for s in client.read_deployment_by_name(name).schedules}


def triggers_of(client: SyncPrefectClient, name: str) -> dict[str, bool]:
    resource = f"prefect.deployment.{client.read_deployment_by_name(name).id}"
    return {trigger.name: trigger.enabled for trigger in client.read_resource_related_automations(resource)}


def names_on(client: SyncPrefectClient) -> set[str]:
    flows = {flow.id: flow.name for flow in client.read_flows()}
    return {f"{flows[deployment.flow_id]}/{deployment.name}" for deployment in client.read_deployments()}


def make_by_hand(client: SyncPrefectClient) -> None:
    flow, _, name = BY_HAND.partition("/")
    client.create_deployment(flow_id=client.create_flow_from_name(flow), name=name)


def pause(client: SyncPrefectClient, name: str, slug: str) -> None:
    deployment = client.read_deployment_by_name(name)
    schedule = next(schedule for schedule in deployment.schedules if schedule.slug == slug)
    client.update_deployment_schedule(deployment.id, schedule.id, active=False)


def test_everything_is_deployed_and_the_gpu_queue_takes_one_run_at_a_time(
    first: Ended, client: SyncPrefectClient
) -> None:
    assert verdicts(first) == dict.fromkeys(NAMES, "new")
    assert {q.name: q.concurrency_limit for q in client.read_work_queues(work_pool_name="local")} == {
        "default": None,
        "gpu": 1,
    }
    news = client.read_deployment_by_name("retrain/news")
    assert news.work_queue_name == "gpu"
    assert news.concurrency_options
    assert news.concurrency_options.collision_strategy.value == "ENQUEUE"
    assert news.pull_steps == [{"prefect.deployments.steps.set_working_directory": {"directory": str(CODE_DIR)}}]
    assert (news.parameter_openapi_schema or {})["properties"]["preset"]["enum"]


def test_schedules_make_runs_with_their_own_parameters(
    first: Ended, client: SyncPrefectClient, environment: dict[str, str]
) -> None:
    """With SQLAlchemy 2.1 no schedule ever makes a run."""
    assert first.returncode == 0
    labels = {str(run.parameters["label"]) for run in waited(lambda: runs_of(client, "retrain/news"))}
    assert labels == {"category", "label"}
    run = waited(lambda: runs_of(client, "retrain/imdb"))[0]
    assert run.parameters == {"data_set": "imdb", "preset": "default"}
    assert run.work_queue_name == "gpu"
    assert client.read_deployment_by_name("retrain/imdb").job_variables == {
        "stream_output": False,
        "env": {"TEXT_CLASSIFIER_DATA_DIR": environment["TEXT_CLASSIFIER_DATA_DIR"]},
    }


def test_deploying_again_changes_nothing_and_what_was_paused_by_hand_stays_paused(
    first: Ended, deploy: Deploy, client: SyncPrefectClient
) -> None:
    assert first.returncode == 0
    make_by_hand(client)
    pause(client, "retrain/imdb", "nightly")
    client.pause_deployment(client.read_deployment_by_name("prepare-data/on-demand").id)
    client.pause_automation(next(a.id for a in client.read_automations() if a.name == "retrain-news-on-new-data"))
    try:
        again = deploy()
        assert verdicts(again) == dict.fromkeys(NAMES, "unchanged")
        assert again.stdout.count("(paused)") == 3
        assert schedules_of(client, "retrain/imdb") == {"nightly": (False, {})}
        assert client.read_deployment_by_name("prepare-data/on-demand").paused
        assert triggers_of(client, "retrain/news") == {"retrain-news-on-new-data": False}
        assert names_on(client) == {*NAMES, BY_HAND}
    finally:
        client.resume_automation(next(a.id for a in client.read_automations() if a.name == "retrain-news-on-new-data"))
        client.delete_deployment(client.read_deployment_by_name(BY_HAND).id)


def test_a_mistake_anywhere_deploys_nothing(first: Ended, deploy: Deploy, client: SyncPrefectClient) -> None:
    assert first.returncode == 0
    before = {deployment.id: deployment.updated for deployment in client.read_deployments()}
    changed = FILE.read_text("utf-8").replace("By hand, ", "Now and then, ").replace("tags: [watch,", "tgas: [watch,")
    ended = deploy(changed)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: prefect.yaml has 2 mistakes; nothing was deployed")
    assert "Traceback" not in ended.stderr
    assert {deployment.id: deployment.updated for deployment in client.read_deployments()} == before


def logged(client: SyncPrefectClient) -> list[str]:
    """Warnings and errors of all runs."""
    return [log.message for log in client.read_logs() if log.level >= 30]


def test_a_worker_started_anywhere_completes_a_run_and_new_data_start_the_retraining(
    first: Ended, client: SyncPrefectClient, environment: dict[str, str], tmp_path: Path
) -> None:
    assert first.returncode == 0
    with working(environment, tmp_path, "default") as process:
        ended = run_and_watch("retrain/smoke", environment, tmp_path)
        assert ended.returncode == 0, ended.stdout + ended.stderr + "\n".join(logged(client))
        assert [*(Path(environment["TEXT_CLASSIFIER_DATA_DIR"]) / "models" / "news").glob("*/report.html")]
        write_news(Path(environment["TEXT_CLASSIFIER_NEWS"]), rows=357)
        assert run_and_watch("watch-source/news", environment, tmp_path).returncode == 0
        triggered = waited(lambda: [run for run in runs_of(client, "retrain/news") if not run.auto_scheduled])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert [run.parameters["label"] for run in triggered] == ["category"]
    assert [str(run.created_by and run.created_by.type) for run in triggered] == ["AUTOMATION"]
    assert {run.state_name for run in triggered} <= {"Scheduled", "Late"}  # in the queue gpu, which nobody serves here


def test_a_cancelled_training_is_cancelled_and_the_next_run_goes_on_from_its_last_step(
    first: Ended, client: SyncPrefectClient, environment: dict[str, str], tmp_path: Path
) -> None:
    assert first.returncode == 0
    place = Path(environment["TEXT_CLASSIFIER_DATA_DIR"]) / "checkpoints" / "news"
    with working(environment, tmp_path, "default"):
        first_run = cancelled(client, lambda _: [path for path in place.glob("*/*.ckpt") if path.name > "0003-"])
        newest = max(place.glob("*/*.ckpt"))
        second_run = cancelled(client, lambda run: [line for line in lines_of(client, run) if "goes on from" in line])
    assert first_run.state_name == second_run.state_name == "Cancelled"
    assert [newest.name in line for line in lines_of(client, second_run) if "goes on from" in line] == [True]


def lines_of(client: SyncPrefectClient, run: FlowRun) -> list[str]:
    return [
        log.message for log in client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])), limit=200)
    ]


def cancelled(client: SyncPrefectClient, trained: Callable[[FlowRun], Sequence[object]]) -> FlowRun:
    """The run of a training of a thousand epochs, cancelled as soon as it has `trained` as far as that."""
    deployment = client.read_deployment_by_name("retrain/smoke").id
    run = client.create_flow_run_from_deployment(deployment, parameters={"max_epochs": 1_000, "seed": 5})
    assert waited(lambda: trained(run))
    client.set_flow_run_state(run.id, Cancelling())
    (ended,) = waited(lambda: [found for found in [client.read_flow_run(run.id)] if found.state.is_final()])
    return ended


def test_a_new_data_set_needs_a_contract_and_a_deployment_and_no_code(
    first: Ended, deploy: Deploy, client: SyncPrefectClient, environment: dict[str, str], tmp_path: Path
) -> None:
    """Spanish news: another language, delimiter, encoding and shape, and two labels to choose from."""
    assert first.returncode == 0
    contracts, source = Path(environment["TEXT_CLASSIFIER_CONTRACTS_DIR"]), write_noticias(tmp_path / "noticias.csv")
    contract = contracts / "noticias.odcs.yaml"
    shutil.copyfile(Path(__file__).with_name("noticias.odcs.yaml"), contract)
    try:
        told = deploy(FILE.read_text("utf-8") + NOTICIAS)
        assert "retrain/noticias" in told.stdout, told.stderr
        with working(environment, tmp_path, "default"):
            for chosen in ((), ("label=veracidad",)):
                ended = run_and_watch("retrain/noticias", environment, tmp_path, f"source={source}", *chosen)
                assert ended.returncode == 0, ended.stdout + ended.stderr + "\n".join(logged(client))
    finally:
        contract.unlink()
    data = Path(environment["TEXT_CLASSIFIER_DATA_DIR"])
    reports = [json.loads(path.read_text("utf-8")) for path in (data / "models" / "noticias").glob("*/metrics.json")]
    classes = {report["label"]: set(report["test"]["class_names"]) for report in reports}
    assert "Tecnología" in classes["seccion"]
    assert "verdadera" in classes["veracidad"]
    (rejected,) = pq.read_table(*(data / "datasets" / "noticias").glob("*/rejected.parquet")).to_pylist()
    assert (rejected["row"], rejected["column"], rejected["raw"]) == (8, "fecha", BAD_ROW.encode("cp1252"))
    vocabularies = [pq.read_table(path)["token"].to_pylist() for path in data.glob("vocabularies/*/vocabulary.parquet")]
    assert any("política" in tokens and "economía" in tokens for tokens in vocabularies)


def test_what_left_the_file_disappears_and_what_people_made_stays(
    first: Ended, deploy: Deploy, client: SyncPrefectClient
) -> None:
    assert first.returncode == 0
    make_by_hand(client)
    imdb = client.read_deployment_by_name("retrain/imdb")
    pause(client, "retrain/imdb", "nightly")
    # Without care this one, which has no slug, makes Prefect resume the others.
    client.create_deployment_schedules(imdb.id, [(CronSchedule(cron="0 12 * * *"), True)])
    text = FILE.read_text("utf-8")
    text = text[: text.index("  - name: news\n    entrypoint: flows/watch_source.py")]
    triggers = text.index("    triggers:")
    text = text[:triggers] + text[text.index("    concurrency_limit:", triggers) :]
    lines = [line for line in text.splitlines() if "slug: weekly-label" not in line]
    told = verdicts(deploy("\n".join(lines)))
    assert told["watch-source/news"] == "removed"
    assert told["retrain/imdb"] == "changed: schedules"
    assert told["retrain/news"] == "changed: schedules, triggers"
    assert schedules_of(client, "retrain/imdb") == {"nightly": (False, {})}
    assert set(schedules_of(client, "retrain/news")) == {"nightly"}
    assert triggers_of(client, "retrain/news") == {}
    assert [automation.name for automation in client.read_automations()] == ["runs-without-heartbeat"]
    assert names_on(client) == {*NAMES, BY_HAND} - {"watch-source/news"}


def test_of_several_that_make_the_work_pool_at_once_none_fails(
    client: SyncPrefectClient, environment: dict[str, str]
) -> None:
    queue = Queue(description="Contended", concurrency_limit=2)
    pool = Pool(name="contended", type="process", queues={"first": queue, "second": queue})

    def make(_: int) -> list[str]:
        with SyncPrefectClient(environment["ADDRESS"]) as own:
            return ensure_work_pool(own, pool)

    with ThreadPoolExecutor(8) as executor:
        done = [line for lines in executor.map(make, range(8)) for line in lines if ": new" in line]
    assert sorted(done) == [
        "work pool contended: new",
        "work queue first: new, limit 2",
        "work queue second: new, limit 2",
    ]
    client.delete_work_pool("contended")


def test_what_prefect_says_of_a_missing_object_is_an_error_of_ours(
    client: SyncPrefectClient, environment: dict[str, str]
) -> None:
    with pytest.raises(ServerError, match="404"), answering(Server(environment["ADDRESS"])):
        client.read_work_pool("nowhere")


def test_without_a_server_it_says_what_to_do(environment: dict[str, str], tmp_path: Path) -> None:
    elsewhere = environment | {"TEXT_CLASSIFIER_DATA_DIR": str(tmp_path / "nothing")}
    for module in ("deployments.deploy", "deployments.worker"):
        ended = subprocess.run(
            [sys.executable, "-m", module],
            cwd=tmp_path,
            env=elsewhere,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith("error: no Prefect server runs on this data root")
        assert "`make server`" in ended.stderr
        assert "Traceback" not in ended.stderr
