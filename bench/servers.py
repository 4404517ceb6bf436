"""The servers under test: the application as production runs it, and the floor beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from tests.postgresql import free_port

PROJECT = Path(__file__).resolve().parent.parent
CONNECTIONS = 16
#: Seconds between two runs, in which the server notices that the former clients have left.
PAUSE = 0.3
#: As production runs it, and with gunicorn's own threads in place of the worker that buffers.
GUNICORN = ("gunicorn", "-c", "config/gunicorn.py")
THREADS = (*GUNICORN, "--worker-class", "gthread")


class WebServer:
    """gunicorn with the project's configuration and an application."""

    def __init__(
        self,
        application: str,
        database_url: str,
        probe: str,
        settings: Mapping[str, str] = MappingProxyType({}),
        command: Sequence[str] = GUNICORN,
        project: Path = PROJECT,
    ) -> None:
        self.command = command
        self.project = project
        self.application = application
        # Limits are off: they would refuse one client with thousands of requests a second.
        self.environment = {**os.environ, "DATABASE_URL": database_url, "RATE_LIMIT": "off"}
        self.environment |= settings
        self.port = free_port()
        self.probe = probe
        #: Seconds from the command to the first answer.
        self.started_in = 0.0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        began = time.monotonic()
        command = [part.format(port=self.port) for part in self.command]
        command = [sys.executable, "-m", *command, self.application]
        with tempfile.TemporaryFile() as log:
            logs = self.environment.get("ACCESS_LOG") == "on"
            self.process = subprocess.Popen(
                command,
                cwd=self.project,
                env={**self.environment, "PORT": str(self.port), "LOG_LEVEL": "error"},
                stderr=log if logs else None,
            )
        while True:
            try:
                urlopen(self.address + self.probe).close()  # noqa: S310 - our own server
                break
            except URLError:
                if self.process.poll() is not None or time.monotonic() - began > 30:
                    raise
                time.sleep(0.01)
        self.started_in = time.monotonic() - began
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(60)

    def cpu_seconds(self) -> float:
        """Return the CPU time that all workers used so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        used = 0
        for child in self._workers():
            *_, rest = Path(f"/proc/{child}/stat").read_text().rpartition(")")
            used += sum(map(int, rest.split()[11:13]))
        return used / ticks

    def _workers(self) -> list[str]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return children.read_text().split()

    def peak_memory(self) -> float:
        """Return the largest resident memory that any worker had so far, MB."""
        peaks = [
            re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
            for child in self._workers()
        ]
        return max(int(peak[1]) for peak in peaks if peak) / 1024


@dataclass(frozen=True)
class Load:
    """The measurements of one run of wrk."""

    per_second: float
    p50: float  # milliseconds
    p99: float  # milliseconds


def floor_server(database_url: str) -> WebServer:
    """Return the floor: always on gunicorn's threads."""
    return WebServer(
        "bench.floor:app", database_url, "/signatures?tags=common&limit=1", command=THREADS
    )


def drive(server: WebServer, lua: str, seconds: float) -> Load:
    """Send requests for some seconds.

    Raises:
        RuntimeError: an answer was not a success.
    """
    time.sleep(PAUSE)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(lua)
        script.flush()
        command = [
            "wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--latency",
            "--duration", f"{seconds:g}s", "--script", script.name, server.address,
        ]  # fmt: skip
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    return Load(
        float(_found(r"Requests/sec:\s+([\d.]+)", output)[1]),
        _milliseconds(_found(r"50%\s+([\d.]+)(us|ms|s)", output)),
        _milliseconds(_found(r"99%\s+([\d.]+)(us|ms|s)", output)),
    )


def _found(pattern: str, output: str) -> re.Match[str]:
    match = re.search(pattern, output)
    if match is None:
        raise RuntimeError(output)
    return match


def _milliseconds(match: re.Match[str]) -> float:
    return float(match[1]) * {"us": 0.001, "ms": 1, "s": 1000}[match[2]]
