"""A Prefect server on this machine whose runs and artifacts stand under the data root.

`python -m deployments.server` serves the dashboard until it is interrupted.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

from filelock import FileLock

from text_classifier.config import Settings
from text_classifier.errors import ServerError, TextClassifierError
from text_classifier.storage import output_file, writing

HOST = "127.0.0.1"
USUAL_PORT = 4200
START_SECONDS = 180
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: its address without "/api", and its process id where this project started it."""

    url: str
    pid: int | None = None

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"


def prefect_home() -> Path:
    """Where Prefect keeps its SQLite database: below the data root, unless PREFECT_HOME says otherwise."""
    return Path(os.environ.get("PREFECT_HOME") or Settings().data_dir / "prefect")


def client_environment(server: Server) -> dict[str, str]:
    """What a process needs in its environment to run flows against `server`."""
    return {
        "PREFECT_HOME": str(prefect_home()),
        "PREFECT_API_URL": server.api_url,
        "PREFECT_LOGGING_SETTINGS_PATH": str(Path(__file__).with_name("logging.yaml")),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Threads of a training step wait for each other in a loop. With a second busy process on 2 cores that loop
        # takes 10 times the step's time; bounded so, 2.5 times, for 13 % on a quiet machine (2 cores, preset default).
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "1000"),
    }


def running_server() -> Server | None:
    """The server that PREFECT_API_URL names, else the one that serves this data root already; None: neither.

    Raises:
        ServerError: the named server does not answer.
    """
    if named := os.environ.get("PREFECT_API_URL"):
        server = Server(named.removesuffix("/").removesuffix("/api"))
        if _answers(server):
            return server
        raise ServerError(
            "the Prefect server does not answer",
            where=f"PREFECT_API_URL={named}",
            expected="status 200 from its /health",
            to_do="start that server, or unset PREFECT_API_URL to have one started here",
        )
    return recorded_server()


def required_server() -> Server:
    """The server that `running_server` finds.

    Raises:
        ServerError: none runs, or the named one does not answer.
    """
    if server := running_server():
        return server
    raise no_server()


def no_server() -> ServerError:
    """The error of a command that needs a running server and found none."""
    return ServerError(
        "no Prefect server runs on this data root",
        where=str(prefect_home()),
        to_do="start one with `make server` in another terminal, or name yours in PREFECT_API_URL",
    )


def recorded_server() -> Server | None:
    """The server that this project started on this data root, if it still answers."""
    with suppress(OSError, ValueError, TypeError):
        server = Server(**json.loads(_record_path().read_text("utf-8")))
        if server.pid and _is_alive(server.pid) and _answers(server):
            return server
    return None


@contextmanager
def serving() -> Iterator[Server]:
    """A server to use: the named one, else that of this data root, started when nobody uses one yet.

    Whoever leaves last ends it, by its process id, however many processes shared it meanwhile.
    """
    server = _join()
    try:
        yield server
    finally:
        _leave(server)


def end_on_sigterm() -> None:
    """Let SIGTERM unwind this process as Ctrl-C does, so that a server started here is ended too."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)


def _join() -> Server:
    if os.environ.get("PREFECT_API_URL") and (named := running_server()):
        return named
    with writing(prefect_home()):
        _users_dir().mkdir(parents=True, exist_ok=True)
    with FileLock(prefect_home() / "server.lock"):
        server = running_server() or _started()
        _mine().touch()
        return server


def _leave(server: Server) -> None:
    if server.pid is None:
        return
    with FileLock(prefect_home() / "server.lock"):
        _mine().unlink(missing_ok=True)
        if not any(_is_alive(int(user.name)) for user in _users_dir().iterdir()):
            _stop(server.pid)
            _record_path().unlink(missing_ok=True)


def _started() -> Server:
    url = f"http://{HOST}:{USUAL_PORT if _is_free(USUAL_PORT) else _free_port()}"
    process = _launch(url)
    server = Server(url, process.pid)
    try:
        with output_file(_record_path()) as partial:
            partial.write_text(json.dumps({"url": server.url, "pid": server.pid}), "utf-8")
        _wait_until_it_answers(process, server)
    except BaseException:
        _stop(process.pid)
        raise
    return server


def _launch(url: str) -> subprocess.Popen[bytes]:
    port = url.rpartition(":")[2]
    environment = {
        **os.environ,
        **client_environment(Server(url)),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_UI_API_URL": f"{url}/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    with writing(prefect_home()):
        prefect_home().mkdir(parents=True, exist_ok=True)
        log = _log_path().open("wb")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", port],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_it_answers(process: subprocess.Popen[bytes], server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(server):
            return
        time.sleep(0.2)
    raise ServerError(
        "the Prefect server did not start",
        where=str(_log_path()),
        seen=" / ".join(_log_path().read_text("utf-8", "replace").splitlines()[-3:]),
        expected=f"an answer from {server.api_url}/health within {START_SECONDS} seconds",
        to_do="read the log; if the database is damaged, move prefect.db away",
    )


def _stop(pid: int) -> None:
    for way, patience_seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with suppress(ProcessLookupError):
            os.kill(pid, way)
        deadline = time.monotonic() + patience_seconds
        while _is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.1)


def _answers(server: Server) -> bool:
    try:
        with urlopen(f"{server.api_url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError, ValueError):
        return False


def _is_alive(pid: int) -> bool:
    with suppress(ChildProcessError):  # a child that ended stays in the process table until it is asked for
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _users_dir() -> Path:
    return prefect_home() / "server_users"


def _mine() -> Path:
    return _users_dir() / str(os.getpid())


def _record_path() -> Path:
    return prefect_home() / "server.json"


def _log_path() -> Path:
    return prefect_home() / "server.log"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Serve until SIGINT or SIGTERM. Exit status: 1 if the server does not start or ends by itself."""
    end_on_sigterm()
    try:
        with serving() as server:
            print(f"dashboard: {server.url}/runs    artifacts: {server.url}/artifacts    (Ctrl-C ends it)", flush=True)
            while server.pid is None or _is_alive(server.pid):
                time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    except TextClassifierError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("error: the Prefect server has ended", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
