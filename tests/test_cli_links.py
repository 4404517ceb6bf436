"""`flask links`: whose links are revoked, and who declined."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import Package
from app.store.packages.decisions import DECLINED, decide
from tests.conftest import AppMaker
from tests.store.packages import put_package
from tests.test_cli import run

SIGNERS = ({"iin": "900101300017"}, {"iin": "910202400025"})


@pytest.fixture(name="app")
def app_on_sqlite(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application."""
    return start_app(DATABASE_URL=sqlite_url)


def test_links_are_revoked_of_one_signer_or_of_all(app: Flask) -> None:
    with app.app_context():
        package = put_package(db.engine, ("doc",), SIGNERS)
    said = "signers whose links were revoked: {}\n"
    assert run(app, "links", "revoke", package, "--signer", "2") == (0, said.format(1))
    assert run(app, "links", "revoke", package) == (0, said.format(1))
    status, output = run(app, "links", "revoke", "none")
    assert (status, "no such package" in output) == (1, True)


def test_who_declined_is_printed_with_the_reason(app: Flask) -> None:
    with app.app_context():
        package = put_package(db.engine, ("doc",), SIGNERS)
        with transaction(db.engine) as connection:
            row = connection.execute(select(Package.id)).scalar_one()
            decide(connection, row, 2, DECLINED, "wrong\u202e\n\x1bprice")
    status, output = run(app, "links", "declined", package)
    assert status == 0
    first, last = output.splitlines()
    assert first.startswith("signer 2  ")
    assert first.endswith("+00:00  wrong\ufffd \ufffdprice")
    assert last == "signers who declined: 1"
    status, output = run(app, "links", "declined", "none")
    assert (status, "no such package" in output) == (1, True)
