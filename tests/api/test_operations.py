"""Is it up, can it serve? And the answers to clients while the database is unavailable."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.store.migrations import HEAD, upgrade
from tests.api.asking import content_of, filled, get, message_of, save
from tests.conftest import AppMaker, EngineMaker, opened
from tests.postgresql import free_port

DOC = {"document": "doc", "thread": "main"}
REQUESTS = [
    ("POST", "/signature", filled()),
    ("GET", "/signature", DOC),
    ("DELETE", "/signature", DOC),
    ("GET", "/signature/versions", DOC),
    ("GET", "/signatures", {}),
    ("GET", "/signatures", {"limit": 5, "count": True}),
]


def closed_port() -> str:
    """Return an address at which no PostgreSQL server listens."""
    return f"postgresql://postgres:s3cret@127.0.0.1:{free_port()}/postgres"


@pytest.fixture(params=["closed port", "directory", "missing folder"], name="away_app")
def app_without_database(
    request: pytest.FixtureRequest, start_app: AppMaker, tmp_path: Path
) -> Flask:
    """Provide an application whose database can't be reached."""
    addresses = {
        "closed port": closed_port(),
        "directory": f"sqlite:///{tmp_path}",
        "missing folder": f"sqlite:///{tmp_path}/not/there.sqlite3",
    }
    return start_app(DATABASE_URL=addresses[request.param])


def test_a_migrated_database_is_ready(client: FlaskClient) -> None:
    content_of(client.get("/health/live"))
    content_of(client.get("/health/ready"))


def test_a_database_that_was_never_migrated_is_not_ready(
    start_app: AppMaker, empty_url: str
) -> None:
    client = start_app(DATABASE_URL=empty_url).test_client()
    content_of(client.get("/health/live"))
    response = client.get("/health/ready")
    assert message_of(response, 503) == "Database is not migrated: it has no tables"
    assert int(response.headers["Retry-After"]) > 0
    with opened(empty_url) as engine:
        upgrade(engine)
    content_of(client.get("/health/ready"))


@pytest.mark.parametrize(
    ("number", "reported"),
    [
        ("0000", "Database is not migrated: its schema is older than this program's"),
        ("9999", "Database schema is newer than this program"),
    ],
)
def test_a_database_at_another_step_is_not_ready(
    client: FlaskClient, open_engine: EngineMaker, database_url: str, number: str, reported: str
) -> None:
    step = text("UPDATE tanbahana_version SET version_num = :number")
    with open_engine(database_url).connect() as connection:
        connection.execute(step, {"number": number})
        try:
            response = client.get("/health/ready")
        finally:
            connection.execute(step, {"number": HEAD})
    assert message_of(response, 503) == reported
    assert int(response.headers["Retry-After"]) > 0
    content_of(client.get("/health/ready"))


def test_without_database_the_process_lives_and_is_not_ready(away_app: Flask) -> None:
    client = away_app.test_client()
    content_of(client.get("/health/live"))
    response = client.get("/health/ready")
    assert message_of(response, 503) == "Database can't be reached"
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("locale", ["ru", "kk"])
def test_why_it_is_not_ready_is_reported_in_other_languages(
    start_app: AppMaker, tmp_path: Path, locale: str
) -> None:
    client = start_app(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}").test_client()
    english = message_of(client.get("/health/ready"), 503)
    assert message_of(client.get("/health/ready", headers={"api-locale": locale}), 503) != english


@pytest.mark.parametrize(("method", "address", "body"), REQUESTS)
def test_while_the_database_is_away_clients_are_asked_to_retry(
    away_app: Flask, method: str, address: str, body: dict[str, object]
) -> None:
    response = away_app.test_client().open(address, method=method, json=body)
    message = message_of(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    for inner in ("s3cret", "127.0.0.1", "sqlite", "psycopg", "OperationalError"):
        assert inner not in message


def test_a_bad_request_needs_no_database(away_app: Flask) -> None:
    client = away_app.test_client()
    message_of(client.post("/signature", json={}), 400)
    message_of(client.get("/nowhere"), 404)


@pytest.mark.parametrize(("method", "address", "body"), REQUESTS)
def test_a_database_without_tables_discloses_nothing_internal_to_clients(
    start_app: AppMaker, empty_url: str, method: str, address: str, body: dict[str, object]
) -> None:
    client = start_app(DATABASE_URL=empty_url).test_client()
    response = client.open(address, method=method, json=body)
    assert response.status_code == 503
    message = message_of(response, response.status_code)
    for inner in ("signatures", "table", "relation", "psycopg", "Error"):
        assert inner not in message


def test_after_the_server_cut_the_connections_the_next_but_one_request_is_served(
    start_app: AppMaker, open_engine: EngineMaker, postgresql_url: str
) -> None:
    address = postgresql_url.replace("?options=", "?application_name=cut_off&options=")
    client = start_app(DATABASE_URL=address).test_client()
    save(client)
    cut = text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'cut_off'"
    )
    with open_engine(postgresql_url).connect() as connection:
        assert connection.execute(cut).scalars().all() == [True]
    response = client.get("/signature", json=DOC)
    # 200 if the connection lay idle long enough to be tried first.
    if response.status_code != 200:
        message_of(response, 503)
        assert int(response.headers["Retry-After"]) > 0
    assert get(client)["version"] == 1


def test_readers_of_a_sqlite_file_do_not_wait_for_a_writer(
    start_app: AppMaker, sqlite_url: str, open_engine: EngineMaker
) -> None:
    client = start_app(DATABASE_URL=sqlite_url).test_client()
    save(client)
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert get(client)["version"] == 1
        connection.exec_driver_sql("ROLLBACK")
