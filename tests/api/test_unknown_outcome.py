"""A save whose commit was not answered by the database: 503, and it may be stored or not.

PostgreSQL commits, and the connection breaks before its answer arrives.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from tests.api.asking import content_of, filled, message_of
from tests.conftest import AppMaker, EngineMaker
from tests.lost_answers import Proxy, losing
from tests.store.threads import stored_versions

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
#: In the statement of the save, and only there; and the statement that ends a transaction.
STATEMENT, COMMIT = b"in doubt", b"COMMIT\0"


@pytest.fixture(name="proxy")
def proxy_to_server(postgresql_url: str) -> Iterator[Proxy]:
    with losing(make_url(postgresql_url).port or 5432) as proxy:
        yield proxy


@pytest.fixture(name="broken")
def client_of(start_own_app: AppMaker, postgresql_url: str, proxy: Proxy) -> FlaskClient:
    """Provide a client of a server that reaches PostgreSQL through the proxy."""
    address = make_url(postgresql_url).set(host="127.0.0.1", port=proxy.port)
    app = start_own_app(DATABASE_URL=address.render_as_string(hide_password=False))
    return app.test_client()


@pytest.fixture(name="stored")
def engine_of(open_engine: EngineMaker, postgresql_url: str) -> Engine:
    return open_engine(postgresql_url)


def lose(client: FlaskClient, proxy: Proxy, at: bytes, headers: dict[str, str]) -> None:
    """Save while the answer to a statement is lost."""
    content_of(client.get("/signatures"))
    proxy.fatal = at
    response = client.post("/signature", json=filled(thread="in doubt"), headers=headers)
    message_of(response, 503)
    assert response.headers["Retry-After"] == "5"
    assert proxy.fatal is None


@pytest.mark.parametrize(("at", "is_stored"), [(STATEMENT, False), (COMMIT, True)])
def test_a_save_with_a_key_is_done_once_whether_it_was_stored_or_not(
    broken: FlaskClient, proxy: Proxy, stored: Engine, at: bytes, is_stored: bool
) -> None:
    lose(broken, proxy, at, KEY)
    assert len(stored_versions(stored)) == is_stored
    again = [
        broken.post("/signature", json=filled(thread="in doubt"), headers=KEY) for _ in range(2)
    ]
    row = content_of(again[0], 201)["signature"]
    assert again[1].data == again[0].data
    assert stored_versions(stored) == [(row["id"], 1)]


def test_a_save_without_a_key_may_be_stored_and_a_repeated_one_is_another(
    broken: FlaskClient, proxy: Proxy, stored: Engine
) -> None:
    lose(broken, proxy, STATEMENT, {})
    assert len(stored_versions(stored)) == 1
    response = broken.post("/signature", json=filled(thread="in doubt"))
    assert message_of(response) == "Version must be set"


def test_a_batch_line_with_a_key_is_done_once(
    broken: FlaskClient, proxy: Proxy, stored: Engine
) -> None:
    content_of(broken.get("/signatures"))
    line = broken.application.json.dumps(
        filled(thread="in doubt", idempotency_key=KEY["Idempotency-Key"])
    )
    kind = "application/x-ndjson"
    proxy.fatal = COMMIT
    first = broken.post("/signature/batch", data=line, content_type=kind)
    assert '"code":503' in first.text
    assert len(stored_versions(stored)) == 1
    second = broken.post("/signature/batch", data=line, content_type=kind)
    assert '"code":201' in second.text
    assert len(stored_versions(stored)) == 1
