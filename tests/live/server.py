"""The real gunicorn, started and stopped as an operator does, and killed as a machine does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import requests

from tests.memory import forget_peak, peak
from tests.postgresql import free_port

PROJECT = Path(__file__).resolve().parent.parent.parent
#: Seconds after which whatever we wait for is given up: on a machine that is busy otherwise a
#: command takes half a minute to start.
PATIENCE = 120.0
#: What every document code of these tests begins with, so that a log can be searched for it.
CODE = "confidential-code-"

_OURS = re.compile(
    r"DATABASE_URL|PG.*|PORT|HOST|MAX_.*|WEB_.*|NCANODE_.*|CMS_.*|.*_LOG|LOG_.*|METRICS|PROM.*"
    r"|AUTH|ALLOW_OPEN|TIMEZONE|RATE_LIMIT|CPU_LIMIT|TRUSTED_PROXIES|CORS_ORIGINS"
)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a server: ours, without settings of its own, and `settings`."""
    kept = {name: value for name, value in os.environ.items() if not _OURS.fullmatch(name)}
    return {**kept, **settings}


def wait_until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Ask again and again until the answer is true.

    Raises:
        AssertionError: it did not become true; the text says what was waited for.
    """
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:g} s until {what}"
        time.sleep(0.02)


def processes_of_group(group: int) -> list[int]:
    """Return the living processes of a process group; one that only waits to be reaped is dead."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            found.append(int(entry.parent.name))
    return found


def accepting_processes(group: int) -> list[int]:
    """Return the processes of a group that wait for connections: workers that have fully begun.

    A worker that is asked to stop before that misses it, and stays for its whole grace period.
    """
    return [pid for pid in processes_of_group(group) if _waits_for_connections(pid)]


def _waits_for_connections(pid: int) -> bool:
    """Return whether a process has begun its threads, which a worker does before it accepts."""
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except OSError:  # it ended meanwhile
        return False


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads its group, with all others of the group, and see them gone."""
    if process.poll() is None or processes_of_group(process.pid):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    wait_until(lambda: not processes_of_group(process.pid), "the killed processes are gone")


class Server:
    """gunicorn with the project's configuration, on a free port of 127.0.0.1.

    Args:
        database_url: its DATABASE_URL.
        folder: for its log, which grows over all starts.
        settings: further variables.
    """

    def __init__(self, database_url: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / f"server-{self.port}.log"
        self.environment = environment(
            {
                "DATABASE_URL": database_url,
                "PORT": str(self.port),
                "WEB_CONCURRENCY": "3",
                "WEB_THREADS": "4",
                # For what a server that is killed leaves behind.
                "TMPDIR": str(folder),
                **settings,
            }
        )
        self.process: subprocess.Popen[bytes] | None = None
        #: Whether the database was taken away, which the log may describe at length.
        self.saw_trouble = False

    @property
    def log(self) -> str:
        """All that it wrote, to stdout or stderr."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def migrate(self) -> None:
        """Do what the operator does before the first start."""
        self._check(["-m", "flask", "--app", "wsgi", "db", "upgrade"])

    def start(self) -> Server:
        """Start, and wait until it is ready. The database is migrated already."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "wsgi:app"],
                cwd=PROJECT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_ready, "the server is ready")
        return self

    def tell_to_stop(self) -> None:
        """Begin to end it as a deployment does."""
        if self.process is not None:
            self.process.terminate()

    def wait_until_stopped(self) -> None:
        """Fails if it doesn't end by itself, or if anything remains."""
        if self.process is not None:
            process, self.process = self.process, None
            try:
                process.wait(PATIENCE)
                assert processes_of_group(process.pid) == []
            finally:
                kill_group(process)

    def kill(self) -> None:
        """End master and workers at once, without a chance to finish anything."""
        if self.process is not None:
            kill_group(self.process)
            self.process = None

    def workers(self) -> list[int]:
        """Return the worker processes."""
        assert self.process is not None
        return [pid for pid in processes_of_group(self.process.pid) if pid != self.process.pid]

    def peak_memory(self, *, anew: bool = False) -> float:
        """Return the largest resident memory that any worker had so far, or has if `anew`, MB."""
        if anew:
            for pid in self.workers():
                forget_peak(pid)
        return max(map(peak, self.workers()))

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log[-2000:]
        workers = int(self.environment["WEB_CONCURRENCY"])
        if len(accepting_processes(self.process.pid)) < workers:
            return False
        return requests.get(f"{self.address}/health/ready", timeout=10).status_code == 200

    def _check(self, arguments: list[str]) -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr[-2000:]
