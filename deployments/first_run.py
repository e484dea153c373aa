"""`make run`: retrain on both data sets against a server of this machine, and say what came out and where."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from deployments.server import Server, client_environment, end_on_sigterm, recorded_server, serving
from text_classifier.config import PRESETS, PresetName
from text_classifier.errors import TextClassifierError
from text_classifier.records import Report, shown_name
from text_classifier.training.model_folder import ERRORS, PAGE

DATA_SETS = ("news", "imdb")
RECORDED_SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when every data set ended with a report, 1 otherwise, 130 when interrupted."""
    parser = argparse.ArgumentParser(description="Retrain on both data sets and print where the reports stand.")
    parser.add_argument("--preset", choices=PRESETS, default="default", help="options of vocabulary, model, training")
    preset = parser.parse_args(arguments).preset
    started = datetime.now(UTC)
    end_on_sigterm()
    named = "PREFECT_API_URL" in os.environ
    try:
        with serving() as server:
            os.environ.update(client_environment(server))
            print(f"Prefect server: {server.url}", flush=True)
            reports = [report for data_set in DATA_SETS if (report := _retrain(data_set, preset))]
            _wait_until_recorded(started)
    except TextClassifierError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(_summary(reports, server if named else recorded_server(), (datetime.now(UTC) - started).total_seconds()))
    return 0 if len(reports) == len(DATA_SETS) else 1


def _retrain(data_set: str, preset: PresetName) -> Report | None:
    from flows.retrain import retrain  # Prefect reads its environment when it is imported

    try:
        return retrain(data_set, preset)
    except TextClassifierError as error:
        print(f"error: {data_set} was not retrained: {error}", file=sys.stderr, flush=True)
        return None


def _wait_until_recorded(since: datetime) -> None:
    """Log lines and task runs reach the database through queues: the server may stop when none is still on its way."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterStartTime
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    ours = FlowRunFilter(start_time=FlowRunFilterStartTime(after_=since))
    deadline = time.monotonic() + RECORDED_SECONDS
    seen = -1
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            runs = client.read_task_runs(flow_run_filter=ours)
            if all(run.state and run.state.is_final() for run in runs) and len(runs) == seen:
                return
            seen = len(runs)
            time.sleep(1)
    print("warning: the server has not recorded every task run yet", file=sys.stderr)


def _summary(reports: Sequence[Report], server: Server | None, seconds: float) -> str:
    lines = [line for report in reports for line in _lines_of(report)]
    lines += ["", f"{seconds:.0f} s in all."]
    if server:
        lines.append(f"Dashboard: {server.url}/runs and {server.url}/artifacts")
    else:
        lines.append("Dashboard: `make server` shows these runs and their artifacts.")
    return "\n".join(lines)


def _lines_of(report: Report) -> list[str]:
    data = report.data
    splits = ", ".join(f"{split} {rows:,}" for split, rows in data.split_rows.items())
    lines = [
        "",
        f"{shown_name(data.data_set, data.origin)}, label {report.label}, preset {report.preset}",
        f"  {report.headline}",
        f"  rows      read {data.read_rows:,}, {data.told_set_aside}, kept: {splits}",
    ]
    if report.evaluated:
        lines += [
            f"  report    {report.folder / PAGE}",
            f"  errors    {report.folder / ERRORS}",
        ]
    return lines


if __name__ == "__main__":
    sys.exit(main())
