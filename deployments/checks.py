"""What must hold between `prefect.yaml` and the flows before anything is deployed."""

from __future__ import annotations

import importlib
import inspect
import os
import typing
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prefect import Flow
from pydantic import TypeAdapter, ValidationError

from deployments.declared import Declared, Deployment, Parameters, Pool, read_declared, together
from tasks.validate import known_label
from text_classifier.errors import ConfigError, TextClassifierError, UnknownNameError

AnyFlow = Flow[Any, Any]


def checked(file: Path, code_dir: Path) -> tuple[Declared, list[str]]:
    """The file's content, and the full name of each of its deployments, in its order.

    Raises:
        ConfigError: anything is wrong; mistakes of form are told first, all together, then all others together.
    """
    declared = read_declared(file, os.environ)
    if problems := problems_of(declared, code_dir):
        raise together(problems, file)
    return declared, [full_name(flow_of(one.entrypoint, code_dir), one) for one in declared.deployments]


def problems_of(declared: Declared, code_dir: Path) -> list[ConfigError]:
    """Every mistake in entrypoints, names, queues and parameters; the flows are imported to find them."""
    problems: list[ConfigError] = []
    names: list[str] = []
    for deployment in declared.deployments:
        try:
            flow = flow_of(deployment.entrypoint, code_dir)
        except ConfigError as error:
            problems.append(_at(error, deployment.name))
            continue
        names.append(full_name(flow, deployment))
        problems += [_at(problem, names[-1]) for problem in _problems_of_one(declared, deployment, flow)]
    problems += [_twice("deployment", name) for name in _repeated(names)]
    triggers = [trigger.name for deployment in declared.deployments for trigger in deployment.triggers]
    return problems + [_twice("trigger", name) for name in _repeated(triggers)]


def full_name(flow: AnyFlow, deployment: Deployment) -> str:
    """The name that `prefect deployment run` takes: "<flow>/<deployment>"."""
    return f"{flow.name}/{deployment.name}"


def known_queue(pool: Pool, name: str) -> str:
    """The name itself.

    Raises:
        UnknownNameError: the pool declares no such queue.
    """
    if name not in pool.queues:
        raise UnknownNameError.of("work queue", name, pool.queues)
    return name


def flow_of(entrypoint: str, code_dir: Path) -> AnyFlow:
    """The flow that an entrypoint such as "flows/retrain.py:retrain" names.

    Raises:
        ConfigError: there is no such file or function, or the function is no flow.
    """
    file, _, function = entrypoint.partition(":")
    if not (code_dir / file).is_file():
        raise UnknownNameError.of("entrypoint file", file, _flow_files(code_dir))
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    flows = {name: value for name, value in vars(module).items() if isinstance(value, Flow)}
    own = {name: flow for name, flow in flows.items() if flow.fn.__module__ == module.__name__}
    if function not in own:
        raise UnknownNameError.of(f"flow in {file}", function, own)
    return own[function]


def _flow_files(code_dir: Path) -> list[str]:
    return [f"flows/{path.name}" for path in (code_dir / "flows").glob("*.py") if path.stem != "__init__"]


def _problems_of_one(declared: Declared, deployment: Deployment, flow: AnyFlow) -> Iterator[ConfigError]:
    pool, on = declared.definitions.pool, deployment.work_pool
    if on.name != pool.name:
        yield UnknownNameError.of("work pool", on.name, [pool.name])
    if on.work_queue_name not in pool.queues:
        yield UnknownNameError.of("work queue", on.work_queue_name, pool.queues)
    yield from (_twice("slug", slug) for slug in _repeated([schedule.slug for schedule in deployment.schedules]))
    own = [*_problems_of_parameters(flow, deployment.parameters)]
    yield from own
    for place, parameters in _runs(deployment):
        given = deployment.parameters | parameters
        problems = [*_problems_of_parameters(flow, parameters), *(_missing(flow, given) if place else ())]
        if not own and not problems:
            problems = [*_problems_of_data_set(flow, given)]
        yield from (_at(problem, place) for problem in problems)


def _runs(deployment: Deployment) -> list[tuple[str, Parameters]]:
    """What starts runs that nobody fills a form for, with its own parameters; else one run by hand, without a name."""
    started = [(f"schedule {schedule.slug}", schedule.parameters) for schedule in deployment.schedules]
    started += [(f"trigger {trigger.name}", trigger.parameters) for trigger in deployment.triggers]
    return started or [("", {})]


def _problems_of_parameters(flow: AnyFlow, parameters: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Unknown names, and values outside the types and bounds of the flow's signature."""
    hints = typing.get_type_hints(flow.fn, include_extras=True)
    known = inspect.signature(flow.fn).parameters
    for name, value in parameters.items():
        if name not in known:
            yield UnknownNameError.of(f"parameter of {flow.name}", name, known)
        elif problem := _misfit(name, value, hints.get(name, Any)):
            yield problem


def _misfit(name: str, value: object, hint: Any) -> ConfigError | None:
    if isinstance(value, str) and "{{" in value:  # a trigger's template, filled in from the event
        return None
    try:
        TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        expected = "; ".join(detail["msg"] for detail in error.errors())
        return ConfigError(f"a value does not fit parameter {name}", seen=repr(value), expected=expected)
    return None


def _missing(flow: AnyFlow, given: Mapping[str, Any]) -> Iterator[ConfigError]:
    for name, parameter in inspect.signature(flow.fn).parameters.items():
        if parameter.default is parameter.empty and name not in given:
            yield ConfigError(f"parameter {name} of {flow.name} has no value", to_do="set it under `parameters`")


def _problems_of_data_set(flow: AnyFlow, given: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Data set and label against the contracts, so that a slip shows now and not at night."""
    defaults = {name: p.default for name, p in inspect.signature(flow.fn).parameters.items()}
    data_set, label = ({**defaults, **given}.get(name) for name in ("data_set", "label"))
    if not isinstance(data_set, str) or "{{" in data_set or "{{" in str(label):
        return
    try:
        known_label(data_set, label)
    except ConfigError as error:
        yield error
    except TextClassifierError as error:
        yield ConfigError(f"the contract of {data_set} cannot be used", seen=str(error))


def _at(problem: ConfigError, place: str) -> ConfigError:
    problem.where = ", ".join(part for part in (place, problem.where) if part)
    return problem


def _twice(kind: str, name: str) -> ConfigError:
    return ConfigError(f"two of one {kind}", seen=repr(name), expected=f"every {kind} once", to_do="rename one")


def _repeated(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
