"""`prefect.yaml` as typed objects: exactly the keys that the project uses, and every mistake of form told at once."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from prefect.client.schemas.schedules import CronSchedule
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from text_classifier.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
Parameters = dict[str, Any]

_PLACEHOLDER = re.compile(r"\{\{\s*\$(\w+)\s*\}\}")
_MISSPELT = "extra_forbidden"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Queue(_Part):
    description: str = Field(min_length=1)
    concurrency_limit: int | None = Field(ge=1, description="Runs at a time; null: no limit.")


class Pool(_Part):
    """The work pool, made on the server where it is missing. A limit set by hand gives way to the one here."""

    name: Name
    type: Literal["process"]
    queues: dict[Name, Queue] = Field(min_length=1)


class Definitions(BaseModel):
    """YAML anchors stand here under names of their own choice: what counts is where they are used."""

    model_config = ConfigDict(frozen=True, extra="allow")
    pool: Pool


class SetWorkingDirectory(_Part):
    directory: str = Field(min_length=1)


class GitClone(_Part):
    """No `access_token`: Prefect would write its value into the deployment. A block is resolved when a run starts."""

    repository: str = Field(min_length=1)
    branch: str | None = None
    commit_sha: str | None = None
    include_submodules: bool = False
    credentials: str | None = Field(None, pattern=r"^\{\{ prefect\.blocks\.[\w.-]+ \}\}$")

    @field_validator("repository")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("the address holds a name or a password: name a block in `credentials` instead")
        return value


class PullStep(_Part):
    set_working_directory: SetWorkingDirectory | None = Field(
        None, alias="prefect.deployments.steps.set_working_directory"
    )
    git_clone: GitClone | None = Field(None, alias="prefect.deployments.steps.git_clone")

    @model_validator(mode="after")
    def _is_one_step(self) -> PullStep:
        if (self.set_working_directory is None) == (self.git_clone is None):
            raise ValueError("a pull step is one of set_working_directory and git_clone")
        return self


class Schedule(_Part):
    """Has no `active`: with it every deploy would start a schedule again that somebody paused."""

    slug: Name
    cron: str
    timezone: str
    parameters: Parameters = {}

    @field_validator("cron")
    @classmethod
    def _has_five_fields(cls, value: str) -> str:
        if len(value.split()) != 5:
            raise ValueError("a cron has five fields: minute, hour, day, month, weekday")
        return CronSchedule(cron=value).cron

    @field_validator("timezone")
    @classmethod
    def _is_a_known_zone(cls, value: str) -> str:
        return CronSchedule(cron="0 0 * * *", timezone=value).timezone or value


class Trigger(_Part):
    name: Name
    type: Literal["event"]
    description: str = Field(min_length=1)
    match: dict[str, str] = Field(min_length=1)
    expect: tuple[str, ...] = Field(min_length=1)
    parameters: Parameters = {}


class ConcurrencyLimit(_Part):
    limit: int = Field(ge=1)
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]


class JobVariables(_Part):
    stream_output: Literal[False]
    env: dict[str, str] = {}


class WorkPool(_Part):
    name: Name
    work_queue_name: Name
    job_variables: JobVariables


class Deployment(_Part):
    name: Name
    entrypoint: str = Field(pattern=r"^[\w/]+\.py:\w+$")
    description: str = Field(min_length=1)
    tags: tuple[Name, ...] = Field(min_length=1)
    parameters: Parameters = {}
    schedules: tuple[Schedule, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    concurrency_limit: ConcurrencyLimit
    work_pool: WorkPool


class Declared(_Part):
    """The whole file. `name` stays: under it the server remembers what earlier deploys made and a later one removes."""

    name: Literal["text-classifier"]
    prefect_version: str = Field(alias="prefect-version")
    definitions: Definitions
    pull: tuple[PullStep, ...] = Field(min_length=1)
    deployments: tuple[Deployment, ...] = Field(min_length=1)


class _OnceEachLoader(yaml.SafeLoader):
    """YAML takes the last of two equal keys in silence; here the second is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key must be plain text; a value such as {{ $NAME }} must stand in quotes",
                    problem_mark=key.start_mark,
                )
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands here twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_declared(path: Path, environment: Mapping[str, str]) -> Declared:
    """The file's content; `{{ $NAME }}` is left in place, for Prefect puts the values in.

    Raises:
        ConfigError: the file cannot be read, or its form is wrong; every mistake is named.
    """
    try:
        text = path.read_text("utf-8")
        document = yaml.load(text, _OnceEachLoader)  # noqa: S506, a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        seen = " ".join(str(error).split())
        raise ConfigError("cannot read the deployments", where=str(path), seen=seen, to_do="mend the YAML") from error
    problems = [
        ConfigError(
            "a placeholder has no value",
            where=path.name,
            seen=f"{{{{ ${name} }}}}",
            expected=f"{name} in the environment",
            to_do="set it, or mend its name",
        )
        for name in sorted(set(_PLACEHOLDER.findall(text)) - set(environment))
    ]
    declared: Declared | None = None
    try:
        declared = Declared.model_validate(document)
    except ValidationError as error:
        problems += [_problem(document, path, detail) for detail in error.errors()]
    if problems or declared is None:
        raise together(problems, path)
    return declared


def together(problems: list[ConfigError], path: Path) -> ConfigError:
    """One error that tells all of them."""
    lines = [f"\n  {number}. {problem}" for number, problem in enumerate(problems, start=1)]
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return ConfigError(f"{path.name} has {count}; nothing was deployed:{''.join(lines)}")


def _problem(document: object, path: Path, detail: Mapping[str, Any]) -> ConfigError:
    location = detail["loc"]
    where = f"{path.name}: {_place(document, location)}"
    if detail["type"] != _MISSPELT:
        if detail["type"] == "missing":
            return ConfigError("a key is missing", where=where, to_do="add it")
        seen = "" if location[0] == "pull" else repr(detail["input"])[:120]  # there could be a secret in it
        return ConfigError("a value is wrong", where=where, seen=seen, expected=detail["msg"])
    known = sorted(_keys_at(location[:-1]))
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    to_do = f"did you mean {near[0]!r}?" if near else "remove it: Prefect would drop it in silence"
    return ConfigError("unknown key", where=where, seen=repr(location[-1]), expected=", ".join(known), to_do=to_do)


def _place(document: object, location: tuple[int | str, ...]) -> str:
    """Such as "deployments.0 (news).schedules.1 (nightly).cron": a list's entry with its name or slug."""
    parts: list[str] = []
    for step in location:
        try:
            document = document[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            document = None
        named = document if isinstance(step, int) and isinstance(document, dict) else {}
        name = named.get("name") or named.get("slug")
        parts.append(f"{step} ({name})" if name else str(step))
    return ".".join(parts)


def _keys_at(location: tuple[int | str, ...]) -> set[str]:
    """The keys that the file may have at that place."""
    model: type[BaseModel] = Declared
    for step in location:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step in fields:
            model = next(_models_in(fields[str(step)].annotation), model)
    return {field.alias or name for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)
