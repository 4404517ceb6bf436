"""A PgBouncer of one's own, in transaction mode."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.live.server import PATIENCE, wait_until
from tests.postgresql import free_port

INSTALL_HINT = "PgBouncer is needed: install its package (Debian: apt-get install pgbouncer)."

SETTINGS = """
[databases]
* = host=127.0.0.1 port={server_port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
server_idle_timeout = 5
"""


def find_pgbouncer() -> str:
    """Return the program.

    Raises:
        AssertionError: there is none; the text says what to install.
    """
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, INSTALL_HINT
    return found


class PgBouncer:
    """A pooler of `connections` connections of `user` before the server on `server_port`."""

    def __init__(self, server_port: int, connections: int = 3, user: str = "postgres") -> None:
        self.port = free_port()
        self.program = find_pgbouncer()
        self.settings = SETTINGS.format(
            port=self.port, server_port=server_port, connections=connections, user=user
        )
        self.folder = Path(tempfile.mkdtemp(prefix="tanbahana-pgbouncer-"))

    def database_url(self, database: str) -> str:
        """Return the address of a database through the pooler."""
        return f"postgresql://somebody@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        file = self.folder / "pgbouncer.ini"
        file.write_text(self.settings)
        # PgBouncer refuses to run as root.
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            shutil.chown(self.folder, user)
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [self.program, file],
                cwd=self.folder,
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, "PgBouncer listens")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True
