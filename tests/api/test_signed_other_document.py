"""A signature over another document than the package's counts in no family, nor does one twice."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.store.models import Signature
from tests.api import people
from tests.api.asking import save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signed import app_with_an_anchor, client_of_a_trusting_server, package
from tests.builders import CONTENT

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

SIGNERS = ({"iin": IIN}, {"iin": CHIEF_IIN})


def told(app: Flask, client: FlaskClient) -> tuple[bool, Any, str]:
    """Ask Penbox whether several people signed, and how far it is, and Solaris when one did."""
    with app.app_context(), db.engine.connect() as connection:
        public_id = connection.execute(select(Signature.public_id)).scalar_one()
    (signing,) = client.get(f"/v1/persons/{IIN}/signings").get_json()
    thread = client.get(f"/v1/signatures/{public_id}").get_json()
    return thread["merge"], signing["completed_at"], thread["status"]


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_what_was_signed_is_what_was_to_be_signed(
    trusting_app: Flask, trusting: FlaskClient, attached: bool, same: bool
) -> None:
    wanted = sha256(CONTENT if same else b"other").hexdigest()
    package(trusting, *SIGNERS, sha256=wanted)
    save(trusting, cms=people.cms(ivan(), chief(), attached=attached))
    merge, completed_at, status = told(trusting_app, trusting)
    assert merge is same
    assert bool(completed_at) is same
    assert status == ("completed" if same else "pending")


def test_without_a_digest_or_a_package_that_was_sent_any_document_counts(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    save(trusting, cms=people.cms(ivan(), chief()))
    merge, completed_at, _status = told(trusting_app, trusting)
    assert merge
    assert completed_at
    package(trusting, *SIGNERS)
    assert told(trusting_app, trusting)[:2] == (True, completed_at)


def test_one_person_twice_is_not_several(trusting_app: Flask, trusting: FlaskClient) -> None:
    save(trusting, cms=people.cms(ivan(), ivan()))
    assert not told(trusting_app, trusting)[0]
