"""`make run`, from a fresh copy of the project, as after a clone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.live.client import signature
from tests.live.conftest import Database
from tests.live.server import (
    CODE,
    PATIENCE,
    PROJECT,
    accepting_processes,
    environment,
    kill_group,
    processes_of_group,
    wait_until,
)
from tests.postgresql import free_port

WORKERS = 2
TRACKED = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files. Its environment is ours, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("clone")
    names = subprocess.run(TRACKED, cwd=PROJECT, check=True, capture_output=True, timeout=PATIENCE)
    for name in names.stdout.decode().split("\0"):
        if name and (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    (folder / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if not entry.name.startswith(".installed"):
            (folder / ".venv" / entry.name).symlink_to(entry)
    (folder / ".venv" / ".installed").touch()
    return folder


class Run:
    """One `make run`."""

    def __init__(self, clone: Path, home: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.home = home
        self.home.mkdir()
        #: Whether there was no database, which the log may describe at length.
        self.saw_trouble = False
        self.log_file = home.with_suffix(".log")
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=clone,
                env=environment(
                    {
                        "HOME": str(home),
                        "PORT": str(self.port),
                        "WEB_CONCURRENCY": str(WORKERS),
                        **settings,
                    }
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def wait_until_ready(self) -> Run:
        wait_until(self._is_ready, "`make run` serves")
        return self

    def stop(self) -> None:
        """Send SIGTERM to `make`, as a supervisor does that knows nothing of its children."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        wait_until(lambda: not processes_of_group(self.process.pid), "all processes ended", 10)

    def curl(self, method: str, path: str, *options: str) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        written = self._curl(method, path, *options)
        body, _, status = written.rpartition("\n")
        return int(status), json.loads(body)

    def save(self, document: str, **more: Any) -> tuple[int, Any]:
        body = {"document": CODE + document, "thread": "story", "cms": signature(), **more}
        return self.curl("POST", "/signature", "--data", json.dumps(body))

    def query(self, method: str, path: str, **query: str) -> tuple[int, Any]:
        pairs = [("--data-urlencode", f"{name}={value}") for name, value in query.items()]
        return self.curl(method, path, "--get", *(option for pair in pairs for option in pair))

    def _curl(self, method: str, path: str, *options: str) -> str:
        command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]
        done = subprocess.run(
            [*command, "--write-out", r"\n%{http_code}", "--request", method, *options,
             self.address + path],
            check=True, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        return done.stdout

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log
        if len(accepting_processes(self.process.pid)) < WORKERS:
            return False
        return self._curl("GET", "/health/ready").endswith("\n200")


StartRun = Callable[..., Run]


@pytest.fixture
def make_run(clone: Path, tmp_path: Path) -> Iterator[StartRun]:
    """Provide a function that types `make run`; its keywords are the environment."""
    runs: list[Run] = []

    def start(**settings: str) -> Run:
        runs.append(Run(clone, tmp_path / f"home-{len(runs)}", settings))
        return runs[-1]

    yield start
    for run in runs:
        kill_group(run.process)
    for run in runs:
        assert list(run.home.iterdir()) == []
        assert CODE not in run.log
        assert run.saw_trouble or "Traceback" not in run.log


def test_everything_works_from_a_clone_and_is_found_again_by_the_next_start(
    make_run: StartRun, database: Database
) -> None:
    run = make_run(DATABASE_URL=database.url, HOST="127.0.0.1").wait_until_ready()
    status, body = run.save("first", tags=["red", "зелёный"], version_comment="one")
    assert (status, body["status"], body["message"]) == (201, True, None)
    saved = body["content"]["signature"]
    assert (saved["version"], saved["tags"]) == (1, ["red", "зелёный"])
    assert run.save("first", tags=["blue"])[0] == 400
    assert run.save("first", tags=["blue"], version=1)[0] == 201
    assert run.save("second", tags=["red"])[0] == 201
    one = {"document": f"{CODE}first", "thread": "story"}
    current = run.query("GET", "/signature", **one)
    assert current[1]["content"]["signature"]["cms"] == signature()
    assert current[1]["content"]["signature"]["version"] == 2
    older = run.query("GET", "/signature", **one, version="1")[1]["content"]["signature"]
    assert (older["version_comment"], older["tags"]) == ("one", ["red", "зелёный"])
    run.stop()
    assert "Shutting down" in run.log

    run = make_run(DATABASE_URL=database.url, HOST="127.0.0.1").wait_until_ready()
    assert run.query("GET", "/signature", **one) == current
    versions = run.query("GET", "/signature/versions", **one)[1]["content"]["versions"]
    assert [version["version"] for version in versions] == [2, 1]
    assert listed(run, tags="red") == ["second"]
    assert listed(run, **{"tags[]": "blue"}) == ["first"]
    assert listed(run) == ["second", "first"]
    assert run.query("DELETE", "/signature", **one) == (200, {"status": True})
    assert run.query("GET", "/signature", **one)[0] == 404
    assert listed(run) == ["second"]
    run.stop()


def listed(run: Run, **query: str) -> list[str]:
    """Return the documents of a list, without their common beginning."""
    status, body = run.query("GET", "/signatures", count="true", **query)
    assert status == 200
    rows = body["content"]["signatures"]
    assert body["content"]["nb_results"] == len(rows)
    return [row["document"].removeprefix(CODE) for row in rows]


def test_without_any_setting_the_data_lie_in_var(make_run: StartRun, clone: Path) -> None:
    run = make_run().wait_until_ready()
    assert run.save("anywhere")[0] == 201
    run.stop()
    assert (clone / "var" / "tanbahana.sqlite3").is_file()
    changed = subprocess.run(
        ["find", ".", "-newer", run.home, "-type", "f", "-not", "-path", "./var/*",
         "-not", "-name", "*.pyc", "-not", "-path", "./.venv/*"],
        cwd=clone, check=True, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert changed.stdout == ""


def test_two_first_starts_at_once_are_both_fine(
    make_run: StartRun, fresh_database: Database
) -> None:
    runs = [make_run(DATABASE_URL=fresh_database.url) for _ in range(2)]
    for run in runs:
        run.wait_until_ready()
    assert runs[0].save("shared")[0] == 201
    assert listed(runs[1]) == ["shared"]
    for run in runs:
        run.stop()


def test_migrations_at_once_are_all_fine(clone: Path, fresh_database: Database) -> None:
    command = [".venv/bin/flask", "--app", "wsgi", "db", "upgrade"]
    settings = environment({"DATABASE_URL": fresh_database.url})
    migrations = [
        subprocess.Popen(command, cwd=clone, env=settings, stderr=subprocess.PIPE) for _ in range(4)
    ]
    try:
        errors = [migration.communicate(timeout=PATIENCE)[1] for migration in migrations]
    finally:
        for migration in migrations:
            migration.kill()
            migration.wait(PATIENCE)
    assert [migration.returncode for migration in migrations] == [0] * 4, errors
    assert fresh_database.execute("SELECT count(*) FROM signatures") == [(0,)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_BODY_MB", "abc"),
        ("PORT", "0"),
        ("DATABASE_URL", "mysql://secret-password@host/name"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_make_run_with_one_line(
    make_run: StartRun, name: str, value: str
) -> None:
    run = make_run(**{name: value})
    assert run.process.wait(PATIENCE) != 0
    said = [line for line in run.log.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert said[0].startswith(name)
    assert "secret-password" not in run.log


def test_a_database_that_cannot_be_reached_stops_make_run_and_says_why(make_run: StartRun) -> None:
    port = free_port()
    url = f"postgresql://somebody:secret-password@127.0.0.1:{port}/none"
    run = make_run(DATABASE_URL=url, PG_WAIT="1")
    run.saw_trouble = True
    assert run.process.wait(PATIENCE) != 0
    assert str(port) in run.log
    assert "secret-password" not in run.log


def test_make_run_is_stopped_by_ctrl_c_as_well(make_run: StartRun, tmp_path: Path) -> None:
    # gunicorn's workers may hang until this, if both the terminal and the master stop them.
    settings = {"WEB_GRACEFUL_TIMEOUT": "5"}
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    run = make_run(DATABASE_URL=url, **settings).wait_until_ready()
    os.killpg(run.process.pid, signal.SIGINT)  # a terminal signals the whole group
    run.process.wait(PATIENCE)
    wait_until(lambda: not processes_of_group(run.process.pid), "all processes ended", 10)
