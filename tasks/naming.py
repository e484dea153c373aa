"""Readable names for runs: what, on which data, when."""

from __future__ import annotations

from prefect.runtime import flow_run


def run_name() -> str:
    """Such as "retrain imdb keras-bilstm 2026-11-22 03:00:05", from the running flow's parameters; time in UTC."""
    parameters = flow_run.parameters
    started = flow_run.scheduled_start_time.strftime("%Y-%m-%d %H:%M:%S")
    named = [parameters.get(name) for name in ("data_set", "preset", "label", "run")]
    return " ".join([flow_run.flow_name, *(str(part) for part in named if part), started])
