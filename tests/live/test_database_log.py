"""What PostgreSQL's log says of people, with the settings that docs/security.md names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
import pytest

from tests.live.client import Client
from tests.live.conftest import StartServer
from tests.live.pgbouncer import PgBouncer
from tests.live.server import CODE, PROJECT
from tests.postgresql import PostgresServer
from tests.store.signings import IVANOV, PETROVA, signed_by

pytestmark = pytest.mark.attacks

CMS = signed_by(IVANOV, PETROVA)
COMMENT = "said in confidence"
#: What may stand in no line: numbers, names as they are and as they are searched, signatures.
SECRETS = (
    IVANOV[1],
    PETROVA[1],
    str(PETROVA[3]),
    "ИВАНОВ",
    "иванов",
    "ПРИМЕР",
    COMMENT,
    CODE,
    CMS[:40],
    CMS[200:260],
    CMS[-40:],
)
#: A server that logs everything about each statement.
TALKATIVE = {
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_min_error_statement": "error",
    "log_error_verbosity": "verbose",
    "log_parameter_max_length_on_error": "-1",
}
#: The kinds of lines in which PostgreSQL logs values, depending on the settings.
VALUES = ("DETAIL", "CONTEXT")


def stated() -> dict[str, str]:
    """Return the settings of PostgreSQL that the page names."""
    page = (PROJECT / "docs" / "security.md").read_text()
    return dict(re.findall(r"^ALTER ROLE tanbahana SET (\w+) = '?([-\w]+)'?;", page, re.MULTILINE))


@contextmanager
def locked(server: PostgresServer, table: LiteralString) -> Iterator[None]:
    """Lock a table, so that every statement on it times out."""
    with psycopg.connect(server.database_url("store")) as connection:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def change(server: PostgresServer, statement: LiteralString) -> None:
    """Do as the operator of the database."""
    with psycopg.connect(server.database_url("store"), autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(name="database", scope="module", params=[False, True], ids=["usual", "as stated"])
def start_database(request: pytest.FixtureRequest) -> Iterator[tuple[PostgresServer, bool]]:
    """Provide a server that logs everything, without and with these settings for its role."""
    with PostgresServer(durable=False, settings=TALKATIVE) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE ROLE tanbahana LOGIN")
            connection.execute("CREATE DATABASE store OWNER tanbahana")
            for name, value in stated().items() if request.param else ():
                connection.execute(f"ALTER ROLE tanbahana SET {name} = '{value}'")
        yield server, request.param


@pytest.fixture(name="address", params=["directly", "pooled"])
def address_of_database(
    request: pytest.FixtureRequest, database: tuple[PostgresServer, bool]
) -> Iterator[str]:
    """Provide the address under which a server of ours reaches it."""
    address = database[0].database_url("store").replace("postgres@", "tanbahana@")
    if request.param == "directly":
        yield address
        return
    with PgBouncer(database[0].port, user="tanbahana") as pooler:
        yield pooler.database_url("store")


def use(client: Client, run: str) -> None:
    """Save, and ask for people in every way."""
    body: dict[str, Any] = {"cms": CMS, "comment": COMMENT, "createdBy": COMMENT}
    client.saved(run, tags=[COMMENT], **body)
    client.saved(run, version=1, **body)
    assert client.save(run, version=1, **body).status_code == 400
    client.read(run)
    client.read(run, version=1)
    for query in (
        {"iin": IVANOV[1]},
        {"bin": PETROVA[3]},
        {"signer": "Иванов И"},
        {"signer": "Иванов Иван", "iin": PETROVA[1], "tags": COMMENT},
        {"document": CODE + run},
    ):
        for limit in (0, 5):
            assert client.get("/signatures", count=1, limit=limit, **query).status_code == 200
    package = {
        "name": "ИВАНОВ",
        "type": "concurrent",
        "state": "open",
        "thread": run,
        "documents": [{"externalId": CODE}, {"externalId": CODE + run}],
        "signers": [{"firstName": "Иван", "lastName": "ИВАНОВ", "iin": IVANOV[1]}],
    }
    answer = client.session.post(f"{client.address}/packages/add", json=package, timeout=10)
    assert answer.status_code == 200, answer.text
    assert client.get(f"/v1/persons/{IVANOV[1]}/signings").status_code == 200


def fail(server: PostgresServer, client: Client, run: str) -> None:
    """Make statements fail: by timeout, by constraints, for a missing table."""
    with locked(server, "signatures"):
        assert client.get("/signatures", iin=IVANOV[1]).status_code == 503
        assert client.get("/signatures", iin=IVANOV[1], limit=5).status_code == 503
        assert client.read(run).status_code == 503
        assert client.save(run, version=2, cms=CMS).status_code == 503
    change(server, "ALTER TABLE signers ADD CONSTRAINT c CHECK (claimed_iin < '8') NOT VALID")
    assert client.save(f"{run} refused", cms=CMS).status_code >= 500
    change(server, "ALTER TABLE signers DROP CONSTRAINT c")
    change(server, "ALTER TABLE signature_terms RENAME TO gone")
    assert client.get("/signatures", iin=IVANOV[1], limit=5).status_code == 503
    change(server, "ALTER TABLE gone RENAME TO signature_terms")


def records(log: str) -> list[tuple[str, str]]:
    """Return the parts of a log: of what kind, and what they say."""
    whole = re.sub(r"\n\t", " ", log)
    return re.findall(r"^[-0-9]+ [:.0-9]+ \w+ \[\d+\] (\w+):  (.*)$", whole, re.MULTILINE)


def test_personal_numbers_stay_out_of_the_log(
    database: tuple[PostgresServer, bool], address: str, start_server: StartServer
) -> None:
    assert stated()
    server, is_as_stated = database
    log = server.folder / "log"
    began = len(log.read_text())
    ours = start_server(address, STATEMENT_TIMEOUT="1")
    ours.saw_trouble = True
    run = address.rpartition(":")[2]
    with Client(ours.address) as client:
        use(client, run)
        fail(server, client, run)
    text = log.read_text()[began:]
    reported = records(text)
    assert {"LOG", "ERROR", "STATEMENT"} <= {kind for kind, _ in reported}
    for part in ("save_version(seen => $1", "DECLARE", "$1::VARCHAR"):
        assert part in text
    # Values stand apart from statements, also where nothing is set.
    assert not [found for found in reported if found[0] not in VALUES and leaks(found[1])]
    assert bool(leaks(text)) is not is_as_stated


def leaks(text: str) -> list[str]:
    """Return the secrets in a text."""
    return [secret for secret in SECRETS if secret in text]
