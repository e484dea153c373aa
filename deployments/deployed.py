"""What a Prefect server holds of our deployments: work pool, schedules, triggers; read, compared and tidied up."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate, WorkPoolCreate
from prefect.client.schemas.objects import DeploymentSchedule, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events import ResourceSpecification
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectException

from deployments.declared import Deployment, Pool
from deployments.server import Server
from text_classifier.errors import ServerError

WATCHDOG = "runs-without-heartbeat"
HEARTBEAT = "prefect.flow-run.heartbeat"
SILENT_SECONDS = 120
"""Four heartbeats of the 30 seconds that `make worker` sets."""


@dataclass(frozen=True, slots=True)
class DeployedSchedule:
    slug: str | None
    cron: str
    timezone: str | None
    parameters: Mapping[str, Any]
    paused: bool


@dataclass(frozen=True, slots=True)
class DeployedTrigger:
    name: str
    content: str
    paused: bool


@dataclass(frozen=True, slots=True)
class Deployed:
    """One deployment as the server has it. Schedules by slug, triggers by name."""

    description: str
    tags: tuple[str, ...]
    entrypoint: str
    pull: str
    parameters: Mapping[str, Any]
    form: str
    queue: str
    job_variables: Mapping[str, Any]
    concurrency_limit: str
    paused: bool
    schedules: tuple[DeployedSchedule, ...]
    triggers: tuple[DeployedTrigger, ...]


@contextmanager
def answering(server: Server) -> Iterator[None]:
    """Turn the errors of a server that refuses, or goes away, into ours."""
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        seen = " ".join(str(getattr(error, "http_exc", error)).split())
        raise ServerError("the Prefect server refused", where=server.url, seen=seen, to_do="read its log") from error


def changes(before: Deployed | None, after: Deployed | None) -> str:
    """Such as "new", "removed", "unchanged" or "changed: description, schedules"."""
    if before is None or after is None:
        return "new" if after else "removed"
    old, new = asdict(before), asdict(after)
    differing = [field for field in new if old[field] != new[field]]
    return f"changed: {', '.join(differing)}" if differing else "unchanged"


def ensure_work_pool(client: SyncPrefectClient, pool: Pool) -> list[str]:
    """Make the pool and its queues, or give the queues their declared limits; what is paused stays paused.

    Returns:
        What was made or changed, one line each.

    Raises:
        ServerError: a pool of that name exists and is of another type.
    """
    done = []
    try:
        existing = client.read_work_pool(pool.name)
    except ObjectNotFound:
        with suppress(ObjectAlreadyExists):  # a worker or another deploy was faster
            client.create_work_pool(WorkPoolCreate(name=pool.name, type=pool.type))
            done.append(f"work pool {pool.name}: new")
        existing = client.read_work_pool(pool.name)
    if existing.type != pool.type:
        raise ServerError(
            "the work pool is of another type",
            where=f"work pool {pool.name}",
            seen=existing.type,
            expected=pool.type,
            to_do=f"remove it (prefect work-pool delete {pool.name}), or give `definitions.pool` another name",
        )
    queues = {queue.name: queue for queue in client.read_work_queues(work_pool_name=pool.name)}
    for name, declared in pool.queues.items():
        wanted = declared.model_dump()
        limit = declared.concurrency_limit or "none"
        if name not in queues:
            with suppress(ObjectAlreadyExists):
                client.create_work_queue(name, work_pool_name=pool.name, **wanted)
                done.append(f"work queue {name}: new, limit {limit}")
        elif {key: getattr(queues[name], key) for key in wanted} != wanted:
            client.update_work_queue(queues[name].id, **wanted)
            done.append(f"work queue {name}: changed, limit {limit}")
    return done


def ensure_watchdog(client: SyncPrefectClient) -> list[str]:
    """Make the automation that ends runs whose process died without a word, unless it is there; paused, it stays so.

    A worker ended by Ctrl-C or SIGTERM leaves its runs Running for ever (Prefect 3.8.8, measured): each would hold its
    deployment's and its queue's only place, and nothing would be trained again.
    """
    if any(automation.name == WATCHDOG for automation in client.read_automations()):
        return []
    ends = (f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed"))
    trigger = EventTrigger(
        after={HEARTBEAT},
        expect={HEARTBEAT, *ends},
        match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=SILENT_SECONDS),
    )
    message = f"No sign of life for {SILENT_SECONDS} seconds: its process or its machine is gone."
    action = ChangeFlowRunState(state=StateType.CRASHED, name=None, message=message)
    client.create_automation(
        AutomationCore(name=WATCHDOG, description="make deploy made this one", trigger=trigger, actions=[action])
    )
    return [f"automation {WATCHDOG}: new"]


def read_deployed(client: SyncPrefectClient, names: Iterable[str]) -> dict[str, Deployed]:
    """Those of the named deployments that the server has."""
    found = ((name, _response(client, name)) for name in names)
    return {name: _deployed(client, response) for name, response in found if response}


def remove_schedules(client: SyncPrefectClient, name: str, kept: Iterable[str]) -> None:
    """Remove the schedules whose slug is not among the kept.

    Before a deploy: with one without a slug (made in the dashboard) Prefect makes all schedules anew, not paused.
    """
    if response := _response(client, name):
        for schedule in response.schedules:
            if schedule.slug not in set(kept):
                client.delete_deployment_schedule(response.id, schedule.id)


def pause_again(client: SyncPrefectClient, name: str, before: Deployed) -> None:
    """Pause what somebody had paused: Prefect's deploy resumes the deployment and makes its triggers anew."""
    response = _response(client, name)
    if response is None:
        return
    if before.paused:
        client.pause_deployment(response.id)
    paused = {trigger.name for trigger in before.triggers if trigger.paused}
    for automation in client.read_resource_related_automations(_resource(response)):
        if automation.name in paused:
            client.pause_automation(automation.id)


def remove_deployment(client: SyncPrefectClient, name: str) -> None:
    """Remove the deployment with its schedules and triggers; runs that are done stay."""
    if response := _response(client, name):
        client.delete_resource_owned_automations(_resource(response))
        client.delete_deployment(response.id)


def remembered(client: SyncPrefectClient, project: str) -> set[str]:
    """Names of the deployments that earlier deploys of this project made."""
    variable = client.read_variable_by_name(_variable_name(project))
    return set(json.loads(str(variable.value))) if variable else set()


def remember(client: SyncPrefectClient, project: str, names: Iterable[str]) -> None:
    name, value = _variable_name(project), json.dumps(sorted(names))
    if client.read_variable_by_name(name):
        client.update_variable(VariableUpdate(name=name, value=value))
    else:
        client.create_variable(VariableCreate(name=name, value=value))


def check_deployed(declared: Mapping[str, Deployment], after: Mapping[str, Deployed]) -> None:
    """Compare what the server has with what the file says.

    Raises:
        ServerError: they differ; every difference is named.
    """
    differing = [f"{name} is not there" for name in declared if name not in after]
    for name, has in after.items():
        differing += [
            f"{name}: {key}" for key, value in _says(declared[name], has).items() if getattr(has, key) != value
        ]
    if differing:
        raise ServerError(
            "the server has something else than the file says",
            seen="; ".join(differing),
            to_do="deploy again; if it stays so, `prefect deployment inspect` shows what the server has",
        )


def _says(declared: Deployment, has: Deployed) -> dict[str, object]:
    """The declared values in the form of `Deployed`; what people may have paused is taken as it is."""
    paused = {schedule.slug: schedule.paused for schedule in has.schedules}
    schedules = [
        DeployedSchedule(said.slug, said.cron, said.timezone, said.parameters, paused.get(said.slug, False))
        for said in sorted(declared.schedules, key=lambda said: said.slug)
    ]
    named = {trigger.name for trigger in declared.triggers}
    limit = declared.concurrency_limit
    return {
        "description": declared.description,
        "tags": tuple(sorted(declared.tags)),
        "entrypoint": declared.entrypoint,
        "parameters": declared.parameters,
        "queue": declared.work_pool.work_queue_name,
        "concurrency_limit": f"{limit.limit} {limit.collision_strategy}",
        "schedules": tuple(schedules),
        "triggers": has.triggers if named == {trigger.name for trigger in has.triggers} else named,
    }


def _response(client: SyncPrefectClient, name: str) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _deployed(client: SyncPrefectClient, response: DeploymentResponse) -> Deployed:
    limit, options = response.global_concurrency_limit, response.concurrency_options
    automations = client.read_resource_related_automations(_resource(response))
    return Deployed(
        description=response.description or "",
        tags=tuple(sorted(response.tags)),
        entrypoint=response.entrypoint or "",
        pull=json.dumps(response.pull_steps, sort_keys=True),
        parameters=response.parameters,
        form=json.dumps(response.parameter_openapi_schema, sort_keys=True),
        queue=response.work_queue_name or "",
        job_variables=response.job_variables,
        concurrency_limit=f"{limit.limit} {options.collision_strategy.value}" if limit and options else "none",
        paused=response.paused,
        schedules=tuple(sorted(map(_schedule, response.schedules), key=lambda schedule: str(schedule.slug))),
        triggers=tuple(sorted(map(_trigger, automations), key=lambda trigger: trigger.name)),
    )


def _schedule(schedule: DeploymentSchedule) -> DeployedSchedule:
    timing = schedule.schedule
    cron, timezone = getattr(timing, "cron", str(timing)), getattr(timing, "timezone", None)
    return DeployedSchedule(schedule.slug, cron, timezone, schedule.parameters, not schedule.active)


def _trigger(automation: Automation) -> DeployedTrigger:
    content = automation.model_dump_json(include={"description", "actions", "trigger"}, exclude={"trigger": {"id"}})
    return DeployedTrigger(automation.name, content, not automation.enabled)


def _resource(response: DeploymentResponse) -> str:
    return f"prefect.deployment.{response.id}"


def _variable_name(project: str) -> str:
    return f"{project.replace('-', '_')}_deployments"
