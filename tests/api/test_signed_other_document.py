"""A signature over another document than the package's counts in no family, nor does one twice."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.extensions import db
from app.store.models import Signature, Signer
from tests import der, pki
from tests.api import people
from tests.api.asking import filled, rows, save
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signed import (
    app_with_an_anchor,
    client_of_a_trusting_server,
    engine_of,
    package,
)
from tests.gost_signer import GOST_2015_256, GOST_2015_512, Kind
from tests.pki import CONTENT
from tests.test_cli import run

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


@cache
def by_gost(who: pki.Holder, algorithms: Kind) -> pki.Holder:
    """Return a person with a GOST key, whose digest is one of Streebog's."""
    key = pki.gost_key(f"{who.subject!r}", algorithms)
    return pki.certify(who.subject, key, pki.authority(), list(pki.PERSON))


def gost_ivan() -> pki.Holder:
    return by_gost(ivan(), GOST_2015_512)


def gost_chief() -> pki.Holder:
    return by_gost(chief(), GOST_2015_256)


def joined(*infos: bytes, content: bytes | None = None) -> str:
    """Return a signature of these two, whichever keys they used."""
    algorithms = [GOST_2015_512.digest, GOST_2015_256.digest, pki.SHA256]
    holders = [gost_ivan(), gost_chief(), chief(), pki.authority()]
    return b64encode(pki.signed_data(infos, holders, content, digests=algorithms)).decode()


def signed_by_each(client: FlaskClient, package_id: str) -> list[bool]:
    """Return who signed by the status, which the list of packages must confirm."""
    status = client.get(f"/packages/{package_id}/status").get_json()
    listed = client.post("/packages/list", json={"isExecuted": True}).get_json()["total"]
    (document,) = status["documents"]
    signed = [one["isSigned"] for one in document["revisions"]]
    assert listed == all(signed)
    return signed


@pytest.mark.attacks
@pytest.mark.parametrize("first_attached", [True, False])
@pytest.mark.parametrize("reindexed", [True, False])
def test_who_signed_the_document_still_does_in_a_version_that_came_without_it(
    trusting_app: Flask, trusting: FlaskClient, first_attached: bool, reindexed: bool
) -> None:
    package_id = package(trusting, *SIGNERS, sha256=sha256(CONTENT).hexdigest())
    own = pki.signer_info(gost_ivan())
    if first_attached:
        save(trusting, cms=joined(own, content=CONTENT))
    else:
        save(trusting, cms=joined(own), data=b64encode(CONTENT).decode())
    assert signed_by_each(trusting, package_id) == [True, False]
    # Whose digest is by another algorithm than the package's: nobody can say of what it is.
    unproven = pki.signer_info(gost_chief())
    save(trusting, cms=joined(own, unproven), version=1)
    assert signed_by_each(trusting, package_id) == [True, False]
    save(trusting, cms=joined(own, pki.signer_info(chief())), version=2)
    if reindexed:
        assert run(trusting_app, "signers", "reindex", "--all")[0] == 0
        assert run(trusting_app, "signers", "verify")[0] == 0
    assert signed_by_each(trusting, package_id) == [True, True]
    (signing,) = trusting.get(f"/v1/persons/{IIN}/signings").get_json()
    assert signing["status"] == "finished"
    assert signing["completed_at"]


@pytest.mark.parametrize("named_otherwise", [1, 2])
def test_it_does_if_either_version_names_the_function_as_programs_of_before_did(
    trusting_app: Flask, trusting: FlaskClient, named_otherwise: int
) -> None:
    """They kept the identifier of the SignerInfo, which may be another one of the function."""
    package_id = package(trusting, *SIGNERS, sha256=sha256(CONTENT).hexdigest())
    own = pki.signer_info(gost_ivan())
    save(trusting, cms=joined(own), data=b64encode(CONTENT).decode())
    for version in (1, 2):
        with engine_of(trusting_app).begin() as connection:
            connection.execute(
                update(Signer)
                .where(Signer.version == named_otherwise, Signer.message_digest.is_not(None))
                .where(Signer.digest_algorithm == GOST_2015_512.digest)
                .values(digest_algorithm="1.2.643.7.1.1.2.3")
            )
        save(trusting, cms=joined(own, pki.signer_info(chief())), version=version)
        assert signed_by_each(trusting, package_id) == [True, True]


@pytest.mark.attacks
def test_a_signature_of_the_same_person_over_something_else_takes_over_nothing(
    trusting: FlaskClient,
) -> None:
    package_id = package(trusting, *SIGNERS, sha256=sha256(CONTENT).hexdigest())
    save(trusting, cms=joined(pki.signer_info(gost_ivan())), data=b64encode(CONTENT).decode())
    other = filled(cms=joined(pki.signer_info(gost_ivan(), b"other")), version=1)
    assert trusting.post("/signature", json=other).status_code == 201
    assert signed_by_each(trusting, package_id) == [False, False]


@pytest.mark.attacks
def test_a_forged_digest_beside_attached_content_is_not_taken_over(trusting: FlaskClient) -> None:
    package_id = package(trusting, *SIGNERS, sha256=sha256(CONTENT).hexdigest())
    other = pki.signer_info(gost_ivan(), b"other")
    save(trusting, cms=joined(other, content=CONTENT))
    save(trusting, cms=joined(other), version=1)
    assert signed_by_each(trusting, package_id) == [False, False]


@pytest.mark.attacks
@pytest.mark.parametrize("size", [1, 31, 33, 126, 127, 200])
@pytest.mark.parametrize("ahead", [True, False])
def test_who_signed_what_can_be_no_digest_signed_no_document(
    trusting_app: Flask, trusting: FlaskClient, size: int, ahead: bool
) -> None:
    """A digest too long to be stored was taken for none: as if the content itself were signed."""
    package_id = package(trusting, *SIGNERS)
    own = pki.signer_info(ivan(), signed=digesting(b"x" * size))
    infos = [own, pki.signer_info(chief())] if ahead else [pki.signer_info(chief()), own]
    save(trusting, cms=cms(*infos))
    assert reported(trusting_app, trusting)[0] is False
    (document,) = trusting.get(f"/packages/{package_id}/status").get_json()["documents"]
    assert [one["isSigned"] for one in document["revisions"]] == [False, True]
    answer = trusting.get("/signature/verify", query_string={"document": "doc", "thread": "main"})
    found = answer.get_json()["content"]["verification"]["signers"][0 if ahead else 1]
    assert found["intact"]["answer"] == "no"
    assert "has another size" in found["intact"]["reasons"][0]


def digesting(digest: bytes) -> list[bytes]:
    """Return the signed attributes of a signature, with this message digest."""
    attributes = (
        der.attribute(pki.CONTENT_TYPE, der.oid(pki.DATA)),
        der.attribute(pki.SIGNING_TIME_ATTRIBUTE, der.either_time(pki.SIGNING_TIME)),
        der.attribute(pki.MESSAGE_DIGEST, der.octets(digest)),
    )
    return sorted(attributes)
