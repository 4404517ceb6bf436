"""A PostgreSQL server with a streaming replica, and who of them answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.live.server import wait_until
from tests.postgresql import PostgresServer

#: Each statement is a line that begins with this mark. Values are sent apart from statements.
_LOGGING = {"log_statement": "all", "log_line_prefix": "", "log_parameter_max_length": "0"}
_STATEMENT = re.compile(r"^(?:LOG:  statement: |LOG:  execute .*?: )(.*(?:\n\t.*)*)", re.MULTILINE)
_POSITION = "pg_wal_lsn_diff"


class Pair:
    """A primary and its replica."""

    def __init__(self, primary: PostgresServer, replica: PostgresServer) -> None:
        self.primary = primary
        self.replica = replica

    def settings(self, database: str) -> dict[str, str]:
        """Return the variables of a server that reads from the replica."""
        return {
            "PG_HOST": f"127.0.0.1:{self.primary.port}",
            "PG_DATABASE": database,
            "PG_SLAVES": f"127.0.0.1:{self.replica.port}",
        }

    def pause(self) -> None:
        """Make the replica lag."""
        ask(self.replica, "SELECT pg_wal_replay_pause()")
        wait_until(
            lambda: ask(self.replica, "SELECT pg_get_wal_replay_pause_state()") == "paused",
            "the replica has paused",
        )

    def resume(self) -> None:
        """Resume the replica, and wait until it has caught up."""
        ask(self.replica, "SELECT pg_wal_replay_resume()")
        self.catch_up()

    def catch_up(self) -> None:
        """Wait until the replica has all that the primary has."""
        position = ask(self.primary, "SELECT pg_current_wal_flush_lsn()::text")
        wait_until(
            lambda: ask(self.replica, f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"),
            "the replica has caught up",
        )


def ask(server: PostgresServer, sql: str, database: str = "postgres") -> Any:
    """Return what a statement returns."""
    with psycopg.connect(server.database_url(database), autocommit=True) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row and row[0]


@contextmanager
def replicated() -> Iterator[Pair]:
    """Start a primary and its replica, both of which log each statement."""
    with PostgresServer(durable=False, settings=_LOGGING) as primary:
        replica = PostgresServer(durable=False, settings=_LOGGING)
        try:
            yield Pair(primary, replica.follow(primary))
        finally:
            replica.destroy()


class Listening:
    """What a server was asked since this was made."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._began = len(server.log)

    def statements(self) -> list[str]:
        """Return all statements."""
        return _STATEMENT.findall(self.server.log[self._began :])

    def reads(self) -> list[str]:
        """Return those that read what is kept."""
        return [sql for sql in self.statements() if "signatures" in sql or "packages" in sql]

    def positions(self) -> list[str]:
        """Return those that ask how far it is."""
        return [sql for sql in self.statements() if _POSITION in sql]
