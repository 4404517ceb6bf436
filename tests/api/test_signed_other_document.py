"""A signature over another document than the package's counts in no family, nor does one twice."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.store.models import Signature
from tests import der, pki
from tests.api import people
from tests.api.asking import rows, save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signed import app_with_an_anchor, client_of_a_trusting_server, package
from tests.pki import CONTENT

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

SIGNERS = ({"iin": IIN}, {"iin": CHIEF_IIN})


def cms(*infos: bytes, content: bytes | None = None) -> str:
    """Return a signature with these SignerInfos, detached unless there is a content."""
    der_of_it = pki.signed_data(infos, [ivan(), chief(), pki.authority()], content)
    return b64encode(der_of_it).decode()


def reported(app: Flask, client: FlaskClient) -> tuple[bool, Any, str]:
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
    merge, completed_at, status = reported(trusting_app, trusting)
    assert merge is same
    assert bool(completed_at) is same
    assert status == ("completed" if same else "pending")


def test_without_a_digest_or_a_package_that_was_sent_any_document_counts(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    save(trusting, cms=people.cms(ivan(), chief()))
    merge, completed_at, _status = reported(trusting_app, trusting)
    assert merge
    assert completed_at
    package(trusting, *SIGNERS)
    assert reported(trusting_app, trusting)[:2] == (True, completed_at)


def test_one_person_twice_is_not_several(trusting_app: Flask, trusting: FlaskClient) -> None:
    # SignerInfos that are the same, octet by octet, would be read as one.
    attribute = der.attribute("1.2.3.4", der.integer(1))
    other = pki.signer_info(ivan(), signed=sorted([*pki.attributes(CONTENT), attribute]))
    save(trusting, cms=cms(pki.signer_info(ivan()), other, content=CONTENT))
    signers = rows(trusting, "with=signers")[0]["signers"]
    assert [signer["standing"]["state"] for signer in signers] == ["valid", "valid"]
    merge, completed_at, status = reported(trusting_app, trusting)
    assert not merge
    assert completed_at
    assert status == "completed"


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("same", [True, False])
def test_without_signed_attributes_the_content_shows_what_was_signed(
    trusting_app: Flask, trusting: FlaskClient, attached: bool, same: bool
) -> None:
    package(trusting, *SIGNERS, sha256=sha256(CONTENT if same else b"other").hexdigest())
    infos = [pki.signer_info(who, signed=None) for who in (ivan(), chief())]
    if attached:
        save(trusting, cms=cms(*infos, content=CONTENT))
    else:
        save(trusting, cms=cms(*infos), data=b64encode(CONTENT).decode())
    merge, completed_at, status = reported(trusting_app, trusting)
    assert merge is same
    assert bool(completed_at) is same
    assert status == ("completed" if same else "pending")


@pytest.mark.parametrize("by_ivan", [True, False])
def test_of_several_only_those_count_who_signed_what_was_to_be_signed(
    trusting_app: Flask, trusting: FlaskClient, by_ivan: bool
) -> None:
    package(trusting, *SIGNERS, sha256=sha256(CONTENT).hexdigest())
    right, wrong = (ivan(), chief()) if by_ivan else (chief(), ivan())
    save(trusting, cms=cms(pki.signer_info(right), pki.signer_info(wrong, b"other")))
    merge, completed_at, status = reported(trusting_app, trusting)
    assert not merge
    assert bool(completed_at) is by_ivan
    assert status == "pending"


def test_the_newest_package_that_was_sent_says_what_was_to_be_signed(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    other = sha256(b"other").hexdigest()
    draft = package(trusting, *SIGNERS, state="draft", sha256=other)
    save(trusting, cms=people.cms(ivan(), chief()))
    signed = reported(trusting_app, trusting)
    assert signed[0]
    assert signed[1]
    package(trusting, *SIGNERS, sha256=sha256(CONTENT).hexdigest())
    package(trusting, *SIGNERS, state="draft", sha256=other)
    trusting.post("/packages/send", json={"packageId": draft})
    assert reported(trusting_app, trusting) == signed
    package(trusting, *SIGNERS, sha256=other)
    assert reported(trusting_app, trusting) == (False, None, "pending")
