"""prefect.yaml: what it must say, and that every kind of mistake in it is told before anything is deployed."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import prefect
import pytest
import yaml
from prefect import Flow
from prefect.cli._utilities import load_json_key_values

from deployments.checks import checked, flow_of
from deployments.declared import Declared, read_declared
from deployments.deploy import CODE_DIR, FILE, absolute_places, main
from text_classifier.config import PromotionRule, SignalRule
from text_classifier.errors import ConfigError

ENVIRONMENT = {"TEXT_CLASSIFIER_CODE_DIR": "/code", "TEXT_CLASSIFIER_DATA_DIR": "/data"}
TEXT = FILE.read_text("utf-8")
TRAINING_FLOWS = {"retrain", "pretrain-encoder", "train-classifier"}

Rewrite = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def _placeholders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TEXT_CLASSIFIER_CONTRACTS_DIR", raising=False)


@pytest.fixture(scope="module")
def declared() -> Declared:
    return read_declared(FILE, ENVIRONMENT)


@pytest.fixture
def rewrite(tmp_path: Path) -> Rewrite:
    """The project's file with one place changed, as a file of its own."""

    def write(old: str, new: str, text: str = TEXT) -> Path:
        assert old in text
        path = tmp_path / "prefect.yaml"
        path.write_text(text.replace(old, new), "utf-8")
        return path

    return write


def mistakes(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        checked(path, CODE_DIR)
    return str(raised.value)


def test_the_file_is_right_and_deploys_the_designed_names() -> None:
    assert checked(FILE, CODE_DIR)[1] == [
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
    ]


def test_relative_places_become_those_below_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXT_CLASSIFIER_CODE_DIR", "code")
    monkeypatch.setenv("TEXT_CLASSIFIER_DATA_DIR", "data")
    assert absolute_places() == {name: str(tmp_path / said[1:]) for name, said in ENVIRONMENT.items()}


def test_a_wrong_setting_of_the_machine_ends_the_command_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEXT_CLASSIFIER_DOWNLOAD_TIMEOUT_SECONDS", "soon")
    assert main(["--check"]) == 1
    assert "where: TEXT_CLASSIFIER_DOWNLOAD_TIMEOUT_SECONDS" in capsys.readouterr().err


def test_prefect_itself_reads_every_key_of_the_file(declared: Declared) -> None:
    from prefect.cli.deploy._models import PrefectYamlModel

    read = PrefectYamlModel.model_validate(yaml.safe_load(TEXT)).model_dump(exclude_unset=True)
    written = yaml.safe_load(TEXT)
    assert set(written) - {"definitions"} == {key.replace("_", "-") for key in read}
    for one, other in zip(written["deployments"], read["deployments"], strict=True):
        assert set(one) == set(other)
        assert set(one["work_pool"]) == set(other["work_pool"])


def test_every_flow_is_deployed(declared: Declared) -> None:
    files = {f"flows/{path.name}" for path in (CODE_DIR / "flows").glob("*.py") if path.stem != "__init__"}
    assert {deployment.entrypoint.partition(":")[0] for deployment in declared.deployments} == files


def test_training_waits_in_the_queue_with_limit_1_and_all_else_in_the_other(declared: Declared) -> None:
    assert declared.definitions.pool.queues["gpu"].concurrency_limit == 1
    assert declared.definitions.pool.queues["default"].concurrency_limit is None
    for one in declared.deployments:
        trains = flow_of(one.entrypoint, CODE_DIR).name in TRAINING_FLOWS and one.parameters.get("preset") != "smoke"
        assert one.work_pool.work_queue_name == ("gpu" if trains else "default")


def test_no_schedule_falls_into_the_hour_that_clock_changes_skip_or_repeat(declared: Declared) -> None:
    hours = {schedule.cron.split()[1] for one in declared.deployments for schedule in one.schedules}
    assert hours
    assert all(hour == "*" or int(hour) != 2 for hour in hours)


def test_one_run_of_a_deployment_at_a_time_and_only_the_watcher_drops_runs(declared: Declared) -> None:
    assert {one.concurrency_limit.limit for one in declared.deployments} == {1}
    dropping = [one.entrypoint for one in declared.deployments if one.concurrency_limit.collision_strategy != "ENQUEUE"]
    assert dropping == ["flows/watch_source.py:watch_source"]


def test_new_data_retrain_the_data_set_that_is_watched(declared: Declared) -> None:
    from tasks.announce import NEW_DATA

    retrained = {
        (one.parameters["data_set"], trigger.expect, trigger.match["prefect.resource.id"])
        for one in declared.deployments
        for trigger in one.triggers
    }
    watched = [one.parameters["data_set"] for one in declared.deployments if "watch_source" in one.entrypoint]
    assert retrained == {(name, (NEW_DATA,), f"text-classifier.data-set.{name}") for name in watched}


def test_no_secret_and_no_path_of_one_machine_is_written_into_a_deployment(declared: Declared) -> None:
    assert {str(step.model_dump(exclude_none=True)) for step in declared.pull} == {
        "{'set_working_directory': {'directory': '{{ $TEXT_CLASSIFIER_CODE_DIR }}'}}"
    }
    for one in declared.deployments:
        assert one.work_pool.job_variables.env == {"TEXT_CLASSIFIER_DATA_DIR": "{{ $TEXT_CLASSIFIER_DATA_DIR }}"}


def test_the_readme_shows_every_deployment_with_its_trigger_and_its_description() -> None:
    declared, names = checked(FILE, CODE_DIR)
    expected = []
    for name, one in zip(names, declared.deployments, strict=True):
        crons = [f"`{schedule.cron}`" for schedule in one.schedules]
        events = [f"event `{event}`" for trigger in one.triggers for event in trigger.expect]
        expected.append(f"| `{name}` | {', '.join(crons + events) or 'by hand'} | {one.description} |")
    readme = FILE.with_name("README.md").read_text("utf-8")
    assert re.findall(r"^\| `[a-z-]+/[a-z-]+` .*$", readme, re.M) == expected


def test_the_readmes_run_only_deployments_and_parameters_that_exist() -> None:
    declared, names = checked(FILE, CODE_DIR)
    flows = {name: flow_of(one.entrypoint, CODE_DIR) for name, one in zip(names, declared.deployments, strict=True)}
    readme = "".join((folder / "README.md").read_text("utf-8") for folder in (CODE_DIR, FILE.parent))
    commands = re.findall(r"prefect deployment run '([^']+)'(.*)", readme)
    assert commands
    for name, rest in commands:
        words = shlex.split(rest)
        given = [words[at + 1] for at, word in enumerate(words) if word == "--param"]
        flows[name].validate_parameters(load_json_key_values(given, "parameter"))


def test_the_readme_shows_every_field_of_the_rules_with_its_default() -> None:
    readme = FILE.with_name("README.md").read_text("utf-8")
    shown = dict(re.findall(r"^\| `((?:promotion|signal)\.\w+)` \| `([^`]+)` \|", readme, re.M))
    rules = {"promotion": PromotionRule(), "signal": SignalRule()}
    fields = {f"{name}.{field}": value for name, rule in rules.items() for field, value in rule}
    assert {name: json.loads(default) for name, default in shown.items()} == fields


def test_the_commented_parameters_are_ones_that_a_deployment_may_have(rewrite: Rewrite) -> None:
    (example,) = re.findall(r"^    # (parameters: .*)$", TEXT, re.M)
    checked(rewrite("parameters: {data_set: imdb, preset: default}\n", f"{example}\n"), CODE_DIR)


def test_the_version_of_prefect_is_the_one_that_the_project_asks_for(declared: Declared) -> None:
    wanted = tomllib.loads((CODE_DIR / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert f"prefect=={declared.prefect_version}" in wanted
    assert prefect.__version__ == declared.prefect_version


def test_an_entrypoint_names_a_flow() -> None:
    assert isinstance(flow_of("flows/retrain.py:retrain", CODE_DIR), Flow)


FORM = {
    "key of a deployment": ("tags: [retrain, imdb", "tagz: [retrain, imdb", "deployments.0 (imdb).tagz", "'tags'?"),
    "key of a schedule": ("{slug: weekly-label", "{slgu: weekly-label", "schedules.1.slgu", "'slug'?"),
    "key of the limit": ("{limit: 1, collision_strategy: ENQ", "{limt: 1, collision_strategy: ENQ", "limt", "'limit'?"),
    "key of the queue": ("concurrency_limit: null", "concurency_limit: null", "queues.default.concurency_limit", "?"),
    "key of the file": ("\npull:", "\npul:", "where: prefect.yaml: pul;", "did you mean 'pull'?"),
    "name of the file": (
        "\nname: text-classifier",
        "\nname: texts",
        "prefect.yaml: name; seen: 'texts'",
        "-classifier'",
    ),
    "active": ("{slug: nightly,", "{active: true, slug: nightly,", "(nightly).active", "Prefect would drop it"),
    "job_variables": ("    tags: [step", "    job_variables: {}\n    tags: [step", "job_variables", "expected:"),
    "cron": ('"30 3 * * *"', '"30 25 * * *"', "schedules.0 (nightly).cron", 'Invalid cron string: "30 25 * * *"'),
    "four fields": ('"30 3 * * *"', '"30 3 * *"', "schedules.0 (nightly).cron", "five fields"),
    "time zone": ("Europe/Madrid", "Europe/Madri", "schedules.0 (nightly).timezone", "Invalid timezone"),
    "no slug": ("{slug: weekly-label, cron", "{cron", "schedules.1.slug", "a key is missing"),
    "no tags": ("tags: [watch, news]", "tags: []", "deployments.13 (news).tags", "at least 1 item"),
    "strategy": ("strategy: ENQUEUE", "strategy: QUEUE", "collision_strategy", "'ENQUEUE' or 'CANCEL_NEW'"),
    "pull step": ("steps.set_working_directory", "steps.set_working_dir", "unknown key", "set_working_directory'?"),
    "placeholder": ("$TEXT_CLASSIFIER_CODE_DIR", "$TEXT_CLASSIFIER_COD_DIR", "TEXT_CLASSIFIER_COD_DIR", "placeholder"),
    "no quotes": ('"{{ $TEXT_CLASSIFIER_CODE_DIR }}"', "{{ $TEXT_CLASSIFIER_CODE_DIR }}", "in quotes", "must stand"),
    "key twice": ("type: process", "type: process\n    type: process", "'type' stands here twice", "cannot read"),
}


@pytest.mark.parametrize(("old", "new", "place", "says"), FORM.values(), ids=FORM)
def test_a_mistake_of_form_is_told_with_its_place(rewrite: Rewrite, old: str, new: str, place: str, says: str) -> None:
    told = mistakes(rewrite(old, new))
    assert place in told
    assert says in told


CLONE = """  - prefect.deployments.steps.git_clone:
      repository: {}
      {}: {}
"""
SET_DIRECTORY = TEXT[TEXT.index("  - prefect.deployments.steps.set") : TEXT.index("# Hours keep away")]


@pytest.mark.parametrize(
    ("repository", "key", "value"),
    [
        ("https://git.example.org/a.git", "access_token", "s3cret"),
        ("https://git.example.org/a.git", "credentials", "s3cret"),
        ("https://me:s3cret@git.example.org/a.git", "branch", "main"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(
    rewrite: Rewrite, repository: str, key: str, value: str
) -> None:
    told = mistakes(rewrite(SET_DIRECTORY, CLONE.format(repository, key, value)))
    assert "pull.0" in told
    assert "s3cret" not in told


CONTENT = {
    "missing file": ("flows/report.py", "flows/reprot.py", "'flows/reprot.py'", "did you mean 'flows/report.py'?"),
    "missing function": ("report.py:report", "report.py:reports", "'reports'", "did you mean 'report'?"),
    "no flow": (
        "retrain.py:retrain",
        "retrain.py:known_label",
        "unknown flow in flows/retrain.py",
        "expected: retrain;",
    ),
    "another file's flow": ("report.py:report", "retrain.py:report", "where: on-demand", "expected: retrain;"),
    "queue": ("work_queue_name: gpu", "work_queue_name: gpus", "where: retrain/imdb; seen: 'gpus'", "mean 'gpu'?"),
    "pool": ("on_gpu {name: *pool", "on_gpu {name: other", "unknown work pool; where: retrain/imdb", "local"),
    "parameter": ("parameters: {data_set: imdb,", "parameters: {dataset: imdb,", "where: retrain/imdb", "'data_set'?"),
    "value": ("preset: smoke", "preset: smok", "where: retrain/smoke; seen: 'smok'", "should be 'default'"),
    "bound": ("{label: label}", "{max_epochs: 0}", "schedule weekly-label; seen: 0", "greater than or equal to 1"),
    "schedule's parameter": ("{label: label}", "{lable: x}", "retrain/news, schedule weekly-label", "mean 'label'?"),
    "label": ("{label: label}", "{label: labels}", "unknown label of news; where: retrain/news, schedule", "'label'?"),
    "data set": ("{data_set: imdb,", "{data_set: imbd,", "where: retrain/imdb, schedule nightly", "mean 'imdb'?"),
    "slug twice": ("slug: weekly-label", "slug: nightly", "two of one slug; where: retrain/news", "'nightly'"),
    "name twice": ("name: smoke", "name: imdb", "two of one deployment", "'retrain/imdb'"),
}


@pytest.mark.parametrize(("old", "new", "place", "says"), CONTENT.values(), ids=CONTENT)
def test_a_mistake_of_content_is_told_with_its_place(
    rewrite: Rewrite, old: str, new: str, place: str, says: str
) -> None:
    told = mistakes(rewrite(old, new))
    assert place in told
    assert says in told


def test_all_mistakes_of_form_are_told_at_once(rewrite: Rewrite) -> None:
    text = TEXT.replace("tags: [watch", "tgas: [watch").replace('"*/15 * * * *"', '"*/15 * * *"')
    told = mistakes(rewrite("Europe/Madrid", "Mars/Olympus", text))
    assert "nothing was deployed" in told
    assert all(said in told for said in ("did you mean 'tags'?", "five fields", "Mars/Olympus"))


def test_all_mistakes_of_content_are_told_at_once(rewrite: Rewrite) -> None:
    text = TEXT.replace("preset: smoke", "preset: smok").replace("report.py:report", "report.py:repot")
    told = mistakes(rewrite("work_queue_name: default", "work_queue_name: defaults", text))
    assert all(said in told for said in ("'smok'", "'repot'", "'defaults'"))


def test_a_file_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / "prefect.yaml").write_text("name: [", "utf-8")
    assert "cannot read the deployments" in mistakes(tmp_path / "prefect.yaml")
    assert "cannot read the deployments" in mistakes(tmp_path / "missing.yaml")
