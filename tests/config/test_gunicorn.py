"""gunicorn's settings, read as gunicorn reads them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
FILE = PROJECT / "config" / "gunicorn.py"
SHOW = """
import json, runpy, sys
read = runpy.run_path(sys.argv[1])
kinds = (str, int, list, type(None))
print(json.dumps({name: value for name, value in read.items() if isinstance(value, kinds)}))
"""


def run(arguments: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python in an environment of these variables alone."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), **env},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(**env: str) -> dict[str, Any]:
    """Return what the file sets."""
    finished = run(["-c", SHOW, str(FILE)], **env)
    assert finished.returncode == 0, finished.stderr
    settings: dict[str, Any] = json.loads(finished.stdout)
    return settings


@pytest.mark.slow
def test_gunicorn_is_set_from_the_environment() -> None:
    settings = read(
        HOST="::1",
        PORT="8123",
        WEB_CONCURRENCY="3",
        WEB_THREADS="5",
        WEB_TIMEOUT="70",
        WEB_GRACEFUL_TIMEOUT="7",
        WEB_MAX_REQUESTS="1000",
        ACCESS_LOG="on",
        LOG_LEVEL="warning",
        LOG_FORMAT="text",
    )
    assert settings["bind"] == ["[::1]:8123"]
    assert (settings["workers"], settings["threads"]) == (3, 5)
    assert (settings["timeout"], settings["graceful_timeout"]) == (70, 7)
    assert (settings["max_requests"], settings["max_requests_jitter"]) == (1000, 100)
    assert settings["accesslog"] is None  # the application writes it
    assert settings["logger_class"] == "app.server.logs.TextLogger"
    assert settings["loglevel"] == "warning"


@pytest.mark.slow
def test_gunicorn_has_defaults() -> None:
    settings = read()
    assert settings["bind"] == ["127.0.0.1:8000"]
    assert settings["threads"] == 4
    assert settings["accesslog"] is None
    assert settings["logger_class"] == "app.server.logs.JsonLogger"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "abc"), ("DATABASE_URL", "postgres://user:s3cret@host:port/db")],
)
def test_gunicorn_does_not_start_with_a_bad_value_and_says_so_in_one_line(
    variable: str, value: str
) -> None:
    arguments = ["-m", "gunicorn", "--check-config", "--config", str(FILE), "wsgi:app"]
    finished = run(arguments, **{variable: value})
    assert finished.returncode != 0
    output = (finished.stdout + finished.stderr).strip()
    assert output.startswith(f"{variable} ")
    assert len(output.splitlines()) == 1
    assert "s3cret" not in output


@pytest.mark.slow
@pytest.mark.parametrize("env", [{}, {"AUTH": "off"}, {"ALLOW_OPEN": "off"}])
def test_gunicorn_does_not_start_open_to_the_world(env: dict[str, str]) -> None:
    arguments = ["-m", "gunicorn", "--check-config", "--config", str(FILE), "wsgi:app"]
    finished = run(arguments, HOST="0.0.0.0", **env)  # noqa: S104 - as in a container
    assert finished.returncode != 0
    output = (finished.stdout + finished.stderr).strip()
    assert "ALLOW_OPEN=1" in output
    assert len(output.splitlines()) == 1


@pytest.mark.slow
def test_commands_run_wherever_a_server_would_listen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    finished = run(["-m", "flask", "--app", "wsgi", "db", "upgrade"], HOST="::", DATABASE_URL=url)
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr


@pytest.mark.slow
def test_gunicorn_accepts_the_whole_configuration(tmp_path: Path) -> None:
    arguments = ["-m", "gunicorn", "--check-config", "--config", str(FILE), "wsgi:app"]
    finished = run(arguments, DATABASE_URL=f"sqlite:///{tmp_path / 'store.sqlite3'}")
    assert finished.returncode == 0, finished.stderr
