"""How a server starts and stops: what it says, and what it refuses in one line."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.server import starting
from config.settings import Settings
from tests import pki
from tests.conftest import opened
from tests.docs.test_files import procfile
from tests.live.server import PATIENCE, PROJECT, Server, environment, kill_group, wait_until
from tests.postgresql import free_port

pytestmark = pytest.mark.slow

GUNICORN = ["-m", "gunicorn", "-c", str(PROJECT / "config" / "gunicorn.py"), "wsgi:app"]
SERVE = [str(PROJECT / "serve.py")]
INHERIT = """
import os, socket, sys
host, port, *command = sys.argv[1:]
listener = socket.create_server((host, int(port))).detach()
os.dup2(listener, 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(command[0], command)
"""


def run(arguments: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder until it ends by itself."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment({"TMPDIR": str(folder), **settings}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_CONCURRENCY", "abc"),
        ("WEB_CONCURRENCY", "0"),
        ("PORT", "x"),
        ("HOST", "0.0.0.0"),  # noqa: S104
        ("NCANODE_ENCRYPTION_KEY", "def00000"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    tmp_path: Path, name: str, value: str
) -> None:
    done = run(SERVE, tmp_path, **{name: value})
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert name in line


def test_the_platforms_start_is_stopped_so_too(tmp_path: Path) -> None:
    line = procfile()["web"].replace("python ", f"{sys.executable} ")
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=PROJECT,
        env=environment({"WEB_CONCURRENCY": "abc", "TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"WEB_CONCURRENCY must be an integer .*'abc'\n", done.stderr)


@pytest.mark.attacks
@pytest.mark.parametrize("arguments", [GUNICORN, SERVE], ids=["gunicorn", "serve"])
@pytest.mark.parametrize("way", ["option", "variable", "several", "inherited"])
def test_an_open_server_is_bound_to_this_machine_alone(
    tmp_path: Path, arguments: list[str], way: str
) -> None:
    """Whoever says where it is bound, not HOST alone."""
    everywhere = f"0.0.0.0:{free_port()}"
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3", "PORT": str(free_port())}
    if way == "variable":
        settings["GUNICORN_CMD_ARGS"] = f"--bind={everywhere}"
    elif way != "inherited":
        own = [f"127.0.0.1:{free_port()}"] if way == "several" else []
        arguments = [*arguments, *(f"--bind={one}" for one in (*own, everywhere))]
    if way == "inherited":
        # As systemd does (sd_listen_fds(3)): the descriptor 3, and the process that it is for.
        host, port = everywhere.split(":")
        arguments = ["-c", INHERIT, host, port, sys.executable, *arguments]
    done = run(arguments, tmp_path, **settings)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("AUTH is off and the server is bound to 0.0.0.0: every client")
    assert "Traceback" not in done.stderr


def test_a_unix_socket_is_this_machine_s_own(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "socket"

    class ByPath(Server):
        def _is_ready(self) -> bool:
            return _answer_of(path) == b"HTTP/1.1 200 OK"

    server = ByPath(sqlite_url, tmp_path, {"GUNICORN_CMD_ARGS": f"--bind=unix:{path}"})
    try:
        server.start()
        assert served(server).endswith(f"to this machine alone; at unix:{path}")
    finally:
        server.kill()


def _answer_of(path: Path) -> bytes:
    """Return the first line of the answer by a Unix socket; nothing if there is none yet."""
    with socket.socket(socket.AF_UNIX) as one, suppress(OSError):
        one.connect(str(path))
        one.sendall(b"GET /signatures HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return one.makefile("rb").readline().strip()
    return b""


@pytest.mark.parametrize("arguments", [GUNICORN, SERVE], ids=["gunicorn", "serve"])
def test_a_port_that_is_in_use_is_reported_in_one_line(
    tmp_path: Path, arguments: list[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run(arguments, tmp_path, PORT=port, DATABASE_URL=f"sqlite:///{tmp_path}/s.sqlite3")
    assert done.returncode == 1
    began, why = done.stderr.splitlines()
    assert "Starting gunicorn" in began
    assert why == f"HOST 127.0.0.1 and PORT {port} can't be used: Address already in use"


def test_an_address_of_another_machine_is_reported_at_once(tmp_path: Path) -> None:
    done = run(GUNICORN, tmp_path, HOST="203.0.113.7", ALLOW_OPEN="1", PORT=str(free_port()))
    assert done.returncode == 1
    assert done.stderr.splitlines()[1].endswith("can't be used: Cannot assign requested address")


def test_a_port_that_becomes_free_is_waited_for() -> None:
    port = free_port()
    starting.require_ports([("127.0.0.1", port), ("::1", port), "unix:/run/socket"])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(SystemExit, match=f"PORT {port} can't be used"):
            starting.require_ports([("127.0.0.1", port)], patience=0.3)


@pytest.mark.parametrize("arguments", [GUNICORN, SERVE], ids=["gunicorn", "serve"])
def test_a_server_starts_in_any_folder(tmp_path: Path, arguments: list[str]) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/store.sqlite3",
        "PORT": str(free_port()),
        "WEB_CONCURRENCY": "1",
    }
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment({"TMPDIR": str(tmp_path), **settings}),
            stderr=file,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "serving " in log.read_text() or process.poll() is not None, "it serves")
        assert process.poll() is None, log.read_text()
        assert "which is not migrated" in log.read_text()
    finally:
        kill_group(process)


def served(server: Server) -> str:
    """Return the line in which a server says what it serves."""
    lines = [json.loads(line)["message"] for line in server.log.splitlines()]
    [line] = [line for line in lines if line.startswith("serving ")]
    return str(line)


@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        ({}, "open: everything, without a token, to this machine alone"),
        ({"ALLOW_OPEN": "1"}, "open: everything, without a token, to all who reach it"),
        ({"AUTH": "on"}, "open: health and the API's description; all else needs a token"),
    ],
)
def test_the_start_says_what_is_served(
    sqlite_url: str, tmp_path: Path, settings: dict[str, str], reported: str
) -> None:
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "root.cer").write_bytes(pki.root().certificate)
    server = Server(sqlite_url, tmp_path, {"TRUST_DIR": str(trust), **settings})
    with opened(sqlite_url) as engine, engine.connect() as connection:
        step = connection.exec_driver_sql("SELECT version_num FROM tanbahana_version").scalar_one()
    try:
        server.start()
        assert served(server) == (
            f"serving sqlite {sqlite_url.removeprefix('sqlite:///')}, step {step}; "
            f"trust anchors: 1 (0 in the database, 1 in TRUST_DIR); {reported}; "
            f"at 127.0.0.1:{server.port}"
        )
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("settings", "anchors", "reported"),
    [
        ({}, 1, "evidence is off: EVIDENCE is auto, and REVOCATION is not online"),
        ({"EVIDENCE": "off", "REVOCATION": "online"}, 1, "evidence is off: EVIDENCE=off"),
        ({"EVIDENCE": "queue"}, 0, "evidence waits: nothing can be proven without a trust anchor"),
        (
            {"REVOCATION": "online"},
            1,
            "evidence waits for signatures without a timestamp: TSA_URL is not set",
        ),
        ({"REVOCATION": "online", "TSA_URL": "http://127.0.0.1/tsp"}, 1, None),
    ],
)
def test_the_start_says_why_no_evidence_is_obtained(
    settings: dict[str, str], anchors: int, reported: str | None
) -> None:
    found = starting.Found("sqlite", 0, anchors)
    assert starting.describe_evidence(found, Settings.from_env(settings)) == reported


def test_it_is_a_line_of_the_log(sqlite_url: str, tmp_path: Path) -> None:
    server = Server(sqlite_url, tmp_path, {"EVIDENCE": "off"})
    try:
        server.start()
        assert server.log.count("evidence is off: EVIDENCE=off") == 1
    finally:
        server.kill()


def test_a_database_that_is_away_is_reported_and_waited_for(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "log"
    settings = {
        "DATABASE_URL": f"postgresql://user:s3cret@127.0.0.1:{port}/base",
        "PORT": str(free_port()),
        "WEB_CONCURRENCY": "1",
        "TRUST_DIR": str(tmp_path / "trust"),
        "PG_WAIT": "1",
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *SERVE],
            cwd=PROJECT,
            env=environment({"TMPDIR": str(tmp_path), **settings}),
            stderr=file,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "serving " in log.read_text(), "it serves")
        assert (
            f"serving postgresql 127.0.0.1:{port}/base, which can't be reached; trust anchors: "
            "0 in TRUST_DIR, those in the database are not known; open: "
        ) in log.read_text()
        assert f"DATABASE_URL leads to postgresql 127.0.0.1:{port}/base, which" in log.read_text()
        assert "s3cret" not in log.read_text()
        assert process.poll() is None
    finally:
        kill_group(process)


def test_a_sqlite_file_is_whole_after_a_stop(sqlite_url: str, tmp_path: Path) -> None:
    server = Server(sqlite_url, tmp_path, {})
    server.start()
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    log = Path(f"{file}-wal")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("INSERT INTO leases VALUES ('test', 'me', '2026-01-01 00:00:00.000000')")
        assert log.stat().st_size > 0
    try:
        server.tell_to_stop()
        server.wait_until_stopped()
    finally:
        server.kill()
    assert not log.exists()
    assert not Path(f"{file}-shm").exists()
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(copy)) as alone:
        assert alone.execute("SELECT holder FROM leases WHERE name = 'test'").fetchall() == [
            ("me",)
        ]


def test_a_file_that_is_in_use_elsewhere_is_left_to_the_last(sqlite_url: str) -> None:
    with opened(sqlite_url) as engine, engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO leases VALUES ('test', 'me', '2026-01-01')")
        starting.tidy_up(engine.url)
        holder = "SELECT holder FROM leases WHERE name = 'test'"
        assert connection.exec_driver_sql(holder).scalar_one() == "me"
    assert os.path.exists(sqlite_url.removeprefix("sqlite:///"))


def test_the_folder_of_the_data_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    assert not starting.close_folder(folder)
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert starting.close_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not starting.close_folder(folder)
