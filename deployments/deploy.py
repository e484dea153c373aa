"""`make deploy`: check prefect.yaml, deploy all of it, remove what left it, and say what changed."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.server import client_environment, no_server, running_server
from text_classifier.config import Settings
from text_classifier.errors import ServerError, TextClassifierError

if TYPE_CHECKING:  # Prefect reads its environment when it is imported: not before the server is known
    from prefect.client.orchestration import SyncPrefectClient

    from deployments.declared import Declared
    from deployments.deployed import Deployed, DeployedSchedule

CODE_DIR = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("prefect.yaml")
SHOWN_LINES = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when the server has what the file says, 1 otherwise, 130 when interrupted."""
    parser = argparse.ArgumentParser(description="Deploy every flow of prefect.yaml; nothing, if anything is wrong.")
    parser.add_argument("--file", type=Path, default=FILE, help="a prefect.yaml instead of deployments/prefect.yaml")
    parser.add_argument("--check", action="store_true", help="check the file and deploy nothing; needs no server")
    options = parser.parse_args(arguments)
    try:
        os.environ |= absolute_places()
        print(_check(options.file) if options.check else _deploy(options.file))
    except TextClassifierError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def absolute_places() -> dict[str, str]:
    """The variables that prefect.yaml writes into the deployments."""
    settings = Settings()
    return {"TEXT_CLASSIFIER_CODE_DIR": str(settings.code_dir), "TEXT_CLASSIFIER_DATA_DIR": str(settings.data_dir)}


def _check(file: Path) -> str:
    from deployments.checks import checked

    return f"{file} is right: {', '.join(checked(file, CODE_DIR)[1])}"


def _deploy(file: Path) -> str:
    server = running_server()
    if server:
        os.environ.update(client_environment(server))
    from prefect.client.orchestration import get_client

    from deployments.checks import checked
    from deployments.deployed import answering

    declared, names = checked(file, CODE_DIR)
    if server is None:  # also when it answers by now: Prefect has read its environment
        raise no_server()
    with answering(server), get_client(sync_client=True) as client:
        done, before, after = _applied(client, file, declared, names)
    return "\n".join([*done, *_table(before, after), f"Dashboard: {server.url}/deployments"])


def _applied(
    client: SyncPrefectClient, file: Path, declared: Declared, names: Sequence[str]
) -> tuple[list[str], dict[str, Deployed], dict[str, Deployed]]:
    """Make the server have what the file says.

    Returns:
        What was done to the work pool; our deployments before; and after.
    """
    from deployments import deployed

    ours = dict(zip(names, declared.deployments, strict=True))
    known = deployed.remembered(client, declared.name) | set(names)
    before = deployed.read_deployed(client, sorted(known))
    done = deployed.ensure_work_pool(client, declared.definitions.pool) + deployed.ensure_watchdog(client)
    deployed.remember(client, declared.name, known)  # before they are made: an interrupted deploy forgets none
    for name, deployment in ours.items():
        deployed.remove_schedules(client, name, [schedule.slug for schedule in deployment.schedules])
    try:
        _run_prefect_deploy(file)
    finally:  # also after half of it: the next deploy could no longer tell what people had paused
        for name in before.keys() & ours.keys():
            deployed.pause_again(client, name, before[name])
    for name in known - set(names):
        deployed.remove_deployment(client, name)
    deployed.remember(client, declared.name, names)
    after = deployed.read_deployed(client, names)
    deployed.check_deployed(ours, after)
    return done, before, after


def _run_prefect_deploy(file: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "prefect",
        "--no-prompt",
        "deploy",
        "--all",
        "--prefect-file",
        str(file.absolute()),
    ]
    ended = subprocess.run(command, cwd=CODE_DIR, capture_output=True, text=True, check=False)
    if ended.returncode:
        lines = (ended.stdout + ended.stderr).strip().splitlines()
        raise ServerError(
            "`prefect deploy` failed, so that a part may be deployed",
            where=str(file),
            seen="\n".join(["", *lines[-SHOWN_LINES:]]),
            to_do="mend the cause and deploy again",
        )


def _table(before: Mapping[str, Deployed], after: Mapping[str, Deployed]) -> Iterable[str]:
    from deployments.deployed import changes

    rows = [("deployment", "schedules", "triggers", "queue", "what changed")]
    for name in [*after, *(before.keys() - after.keys())]:
        has = after.get(name) or before[name]
        schedules = [_shown(schedule) for schedule in has.schedules] or ["-"]
        triggers = [f"{trigger.name}{_paused(trigger.paused)}" for trigger in has.triggers]
        verdict = changes(before.get(name), after.get(name))
        rows.append((f"{name}{_paused(has.paused)}", schedules[0], ", ".join(triggers) or "-", has.queue, verdict))
        rows += [("", schedule, "", "", "") for schedule in schedules[1:]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _shown(schedule: DeployedSchedule) -> str:
    return f"{schedule.slug} {schedule.cron} {schedule.timezone}{_paused(schedule.paused)}"


def _paused(paused: bool) -> str:
    return " (paused)" if paused else ""


if __name__ == "__main__":
    sys.exit(main())
