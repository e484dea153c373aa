"""The only door to Great Expectations: one suite per frame, and positions of failing rows back.

Importing the library costs 2 s and 240 MB, so it is imported when the first frame is judged.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from text_classifier.contract.declared.rules import Rule, shown

_RESULT_FORMAT = {"result_format": "COMPLETE", "return_unexpected_index_query": False}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Great Expectations found in one frame.

    Attributes:
        rows: of the frame.
        holds: whether the expectation is met.
        failing: positions in the frame, ascending, int64; None where the rule speaks of all rows together.
        values: the failing values, cut, at most three, beside the first positions.
        observed: the figure, where the rule speaks of all rows together.
        error: why the rule could not be evaluated; empty where it could.
    """

    rows: int
    holds: bool
    failing: np.ndarray | None
    values: tuple[str, ...] = ()
    observed: str = ""
    error: str = ""


def evaluate(frame: pd.DataFrame, rules: Sequence[Rule]) -> list[Outcome]:
    """The outcome of each rule on a frame whose index is a RangeIndex from 0.

    Nothing is raised for a rule whose arguments are refused: its outcome is an error.
    """
    if not rules or (frame.empty and all(rule.is_row_wise for rule in rules)):
        return [Outcome(0, True, np.empty(0, np.int64)) for _ in rules]
    definition = _batch_definition()
    made = [_expectation(rule, frame) for rule in rules]
    refused = {rule.rule_id: entry for rule, entry in zip(rules, made, strict=True) if isinstance(entry, Outcome)}
    accepted = [entry for entry in made if not isinstance(entry, Outcome)]
    suite = _great_expectations().ExpectationSuite("contract", accepted)
    batch = definition.get_batch({"dataframe": frame})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*has match groups", UserWarning)  # pandas, of a pattern with brackets
        results = batch.validate(suite, result_format=_RESULT_FORMAT).results
    judged = {result.expectation_config.meta["rule"]: _outcome(result, len(frame)) for result in results}
    return [(refused | judged)[rule.rule_id] for rule in rules]


def _great_expectations() -> ModuleType:
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports sre_constants
        import great_expectations
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # it sets INFO itself
    return great_expectations


@cache
def _batch_definition() -> Any:
    """Where frames are handed in: without progress bars and reports home; made once, it costs 0.1 s."""
    context = _great_expectations().get_context(mode="ephemeral")
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("rows")


def _expectation(rule: Rule, frame: pd.DataFrame) -> Any:
    """Great Expectations' object for a rule; an `Outcome` with the error where it refuses the arguments."""
    from great_expectations.expectations.registry import get_expectation_impl

    kwargs = dict(rule.kwargs)
    if rule.column is not None and pd.api.types.is_datetime64_any_dtype(frame[rule.column]):
        kwargs |= {name: _moment(value) for name, value in kwargs.items() if name.endswith(("_value", "_set"))}
    try:
        return get_expectation_impl(rule.name)(**kwargs, meta={"rule": rule.rule_id})
    except (ValueError, TypeError) as error:
        return Outcome(len(frame), False, None, error=f"the arguments are refused: {_one_line(error)}")


def _moment(value: object) -> object:
    """Dates as Great Expectations compares them: text as a bound makes it raise, text in a set is in no column."""
    if isinstance(value, list):
        return [_moment(each) for each in value]
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _outcome(result: Any, rows: int) -> Outcome:
    raised = _raised(result.exception_info)
    if raised:
        return Outcome(rows, False, None, error=raised)
    details = result.result
    if "unexpected_index_list" not in details:
        return Outcome(rows, bool(result.success), None, observed=shown(details.get("observed_value")))
    positions = np.sort(np.asarray(details["unexpected_index_list"], dtype=np.int64))
    by_position = dict(zip(details["unexpected_index_list"][:1000], details["unexpected_list"], strict=False))
    values = tuple(_shown(by_position.get(position, "")) for position in positions[:3])
    return Outcome(rows, len(positions) == 0, positions, values)


def _raised(info: dict[str, Any]) -> str:
    """The message of an exception inside an expectation: by itself it shows as a mere failure."""
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = [str(entry["exception_message"]) for entry in entries if entry["raised_exception"]]
    return _one_line(messages[0]) if messages else ""


def _one_line(message: object) -> str:
    return " ".join(str(message).split())[:300]


def _shown(value: object) -> str:
    is_missing = pd.api.types.is_scalar(value) and bool(pd.isna(value))  # type: ignore[call-overload]
    return shown(None if is_missing else value)
