"""What the figures of `make bench` rest on: the floor and the application answer the same."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from bench.data import DAYS, SAVED, START, fill
from bench.database import Statements
from bench.sameness import check_sameness
from bench.servers import WebServer, floor_server
from tests.pki import usual_cms
from tests.postgresql import PostgresServer


def test_the_floor_answers_what_the_application_does(postgres: PostgresServer) -> None:
    url, cms = Statements(postgres, "bench_sameness").url, usual_cms()
    fill(url, 100, cms)
    with (
        floor_server(url) as floor,
        WebServer("wsgi:app", url, "/health/ready") as application,
    ):
        check_sameness(floor, application, cms)


def test_threads_are_spread_over_the_days_however_many_there_are(postgres: PostgresServer) -> None:
    """An interval of days times ten million is out of range."""
    rows = 10_000_000
    with psycopg.connect(Statements(postgres, "bench_days").url) as connection:
        query = f"SELECT {SAVED} FROM unnest(%(ids)s) id"  # noqa: S608  # Our own.
        found = connection.execute(
            query, {"start": START, "rows": rows, "ids": [1, rows]}
        ).fetchall()
    assert found[1][0] == START + timedelta(days=DAYS)
    assert found[0][0] - START < timedelta(seconds=20)
