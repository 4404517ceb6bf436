"""What the figures of `make bench` rest on: the floor and the application leave the same rows."""

from __future__ import annotations

from bench.data import fill
from bench.database import Statements
from bench.sameness import check_sameness
from bench.servers import WebServer
from tests.builders import usual_cms
from tests.postgresql import PostgresServer


def test_the_floor_answers_and_writes_what_the_application_does(postgres: PostgresServer) -> None:
    url, cms = Statements(postgres, "bench_sameness").url, usual_cms()
    fill(url, 100, cms)
    with (
        WebServer("bench.floor:app", url, "/signatures?tags=common&limit=1") as floor,
        WebServer("wsgi:app", url, "/health/ready") as application,
    ):
        check_sameness(floor, application, url, cms)
