"""`flask signers reindex`."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.store.models import Version
from tests.api.asking import documents, save
from tests.store.signings import IVANOV, signed_by
from tests.test_cli import run

_TWO = "signers to verify: 2\nverified: 2 versions\n"
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
        "versions to read: 2\nread: 2\ndone: 2, without a signature: 0\n" + _TWO + NOBODY,
    )
    assert run(app, "signers", "reindex") == (
        0,
        f"versions to read: 0\ndone: 0, without a signature: 0\nsigners to verify: 0\n{NOBODY}",
    )
    assert run(app, "signers", "reindex", "--all") == (
        0,
        "versions to read: all\nread: 2\ndone: 2, without a signature: 0\n" + _TWO + NOBODY,
    )
    assert documents(client, f"iin={IVANOV[1]}") == ["b", "a"]
