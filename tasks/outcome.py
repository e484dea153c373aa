"""How runs end in the dashboard: Completed with their figures, or Cached where the output was found made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run
from prefect.states import Completed

from text_classifier.config import Settings
from text_classifier.contract import load_contract
from text_classifier.errors import is_transient
from text_classifier.store import Store

Result = TypeVar("Result")


def store(refresh: bool = False) -> Store:
    """The data root of this machine, as the running flow run sees it."""
    run = f"{flow_run.name}, flow run {flow_run.id}" if flow_run.id else ""
    return Store(Settings().data_dir, run, refresh)


@contextmanager
def only_run_of(data_set: str) -> Iterator[None]:
    """Keeps the flow runs of a data set apart, whichever deployments or people started them: the later ones wait.

    They also wait for those of the data set that may be taken instead.

    Raises:
        UnknownNameError: there is no contract of that name.
    """
    fallback = load_contract(Settings().contracts_dir, data_set).fallback
    with ExitStack() as locks:
        for name in sorted({data_set, fallback or data_set}):  # in one order, so that no two wait for each other
            locks.enter_context(store().only_run_of(name))
        yield


def ended(result: Result, message: str, is_reused: bool) -> State[Result]:
    """The final state of a task run that found (`is_reused`) or made its output; `message` has the figures."""
    return Completed(name="Cached" if is_reused else "Completed", message=message, data=result)


def ending(result: Result, message: str) -> Result:
    """What a flow returns to end its run with `message`: Prefect takes a returned state, and hands on its data."""
    return cast(Result, Completed(message=message, data=result))


def is_worth_a_retry(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a task run failed by something that may pass by itself."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and is_transient(error)
