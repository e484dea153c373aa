"""`make worker`: take runs from the work pool of prefect.yaml and run them on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

from deployments.deploy import FILE, absolute_places
from deployments.server import client_environment, required_server
from text_classifier.errors import TextClassifierError

QUERY_SECONDS = "5"
"""How often a worker asks for work: a run by hand starts soon, and a server at rest is asked little."""
HEARTBEAT_SECONDS = "30"
"""The least that Prefect takes; the automation that `make deploy` makes ends runs that are silent for 120."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Become Prefect's worker; exit status 1 when that cannot be."""
    parser = argparse.ArgumentParser(description="Run the flow runs of the work pool on this machine, until Ctrl-C.")
    parser.add_argument("--queue", action="append", default=[], help="only this work queue; may be given again")
    queues = parser.parse_args(arguments).queue
    try:
        command = _command(queues)
    except TextClassifierError as error:
        sys.exit(f"error: {error}")
    # Started in a script's background, a process inherits "ignore Ctrl-C", and the worker would never end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.execv(sys.executable, command)  # noqa: S606, no shell is wanted


def _command(queues: Sequence[str]) -> list[str]:
    """Prepare environment and work pool; the process that follows keeps this one's id, so that signals reach it."""
    server = required_server()
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", QUERY_SECONDS)
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", HEARTBEAT_SECONDS)
    os.environ |= {**client_environment(server), **absolute_places()}
    from prefect.client.orchestration import get_client  # Prefect reads its environment when it is imported

    from deployments.checks import known_queue
    from deployments.declared import read_declared
    from deployments.deployed import answering, ensure_work_pool

    pool = read_declared(FILE, os.environ).definitions.pool
    chosen = [known_queue(pool, queue) for queue in queues]
    with answering(server), get_client(sync_client=True) as client:
        ensure_work_pool(client, pool)  # else Prefect makes the pool, without the limits of its queues
    name = f"{socket.gethostname()}-{os.getpid()}"
    served = ", ".join(chosen or pool.queues)
    print(f"worker {name}: queues {served} of {server.url} (Ctrl-C or SIGTERM ends it and its runs)", flush=True)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool.name, "--type", pool.type]
    return [*command, "--name", name, *(word for queue in chosen for word in ("--work-queue", queue))]


if __name__ == "__main__":
    main()
