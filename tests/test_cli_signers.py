"""`flask signers reindex`."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.store.models import Version
from tests.api.asking import documents, save
from tests.conftest import AppMaker
from tests.store.signings import IVANOV, signed_by
from tests.test_cli import run

_DONE = "done: 0, without a signature: 0\n"
_NONE = "versions without a signature, all in all: 0\n"
_TWO = "signers to verify: 2\nversions verified: 2\n"
NOBODY = "There is no trust anchor: none of them counts as having signed.\n"


def test_versions_that_were_not_read_are_read_once(app: Flask) -> None:
    client: FlaskClient = app.test_client()
    save(client, document="a", cms=signed_by(IVANOV))
    save(client, document="b", cms=signed_by(IVANOV))
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        with engine.connect() as connection:
            connection.execute(update(Version).values(terms=None, signature_size=None))
    assert run(app, "signers", "reindex") == (
        0,
        "versions to read: 2\nread: 2\ndone: 2, without a signature: 0\n" + _NONE + _TWO + NOBODY,
    )
    assert run(app, "signers", "reindex") == (
        0,
        f"versions to read: 0\n{_DONE}{_NONE}signers to verify: 0\n{NOBODY}",
    )
    assert run(app, "signers", "reindex", "--all") == (
        0,
        "versions to read: all\nread: 2\ndone: 2, without a signature: 0\n" + _NONE + _TWO + NOBODY,
    )
    assert documents(client, f"iin={IVANOV[1]}") == ["b", "a"]


def test_versions_that_hold_no_signature_are_counted_also_if_they_were_read_before(
    start_app: AppMaker, database_url: str
) -> None:
    app = start_app(DATABASE_URL=database_url, CMS_VALIDATION="off")
    client = app.test_client()
    save(client, document="a", cms=signed_by(IVANOV))
    save(client, document="b", cms="text")
    save(client, document="b", cms="more text", version=1)
    status, reported = run(app, "signers", "reindex")
    assert status == 0
    assert (
        "done: 0, without a signature: 0\nversions without a signature, all in all: 2\n" in reported
    )
