"""One signature counts for one signer, and all signers of a package signed one document."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from flask import Flask
from flask.testing import FlaskClient

from app.cms.algorithms import registry
from app.extensions import db
from tests import der, pki
from tests.api import people
from tests.api.asking import content_of, filled, rows, save
from tests.api.people import BIN, CHIEF_IIN, IIN, chief, ivan
from tests.api.test_signed import (
    app_with_an_anchor,
    client_of_a_trusting_server,
    package,
    reported,
)
from tests.conftest import AppMaker
from tests.gost_signer import GOST_2015_512
from tests.pki import CONTENT, Holder
from tests.test_cli import run

__all__ = ["app_with_an_anchor", "client_of_a_trusting_server"]

IVAN, CHIEF = {"iin": IIN}, {"iin": CHIEF_IIN}
FIRST_ONLY = [True, False]
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def twin(numbers: dict[str, str], issuer: Holder | None = None) -> Holder:
    """Return another holder of the individual's key."""
    parts = [("2.5.4.3", "ДРУГОЙ")]
    parts += [("2.5.4.5", f"IIN{numbers['iin']}")] if "iin" in numbers else []
    parts += [("2.5.4.11", f"BIN{numbers['bin']}")] if "bin" in numbers else []
    subject = pki.distinguished_name(*parts)
    return pki.certify(subject, ivan().key, issuer or pki.authority(), list(pki.PERSON))


def cms(*infos: bytes, others: tuple[Holder, ...] = ()) -> str:
    """Return a detached signature with these SignerInfos."""
    holders = [ivan(), chief(), *others, pki.authority()]
    return b64encode(pki.signed_data(infos, holders, None)).decode()


def one_value(*holders: Holder) -> str:
    """Return a signature of the individual with a SignerInfo for each of these."""
    signed = sorted(pki.attributes(CONTENT))
    value = ivan().key.sign(der.tlv(0x31, b"".join(signed)))
    infos = [pki.signer_info(one, signed=signed, signature=value) for one in holders]
    return cms(*infos, others=holders)


def judged_again(app: Flask) -> None:
    assert run(app, "signers", "reindex", "--all")[0] == 0
    assert run(app, "signers", "verify")[0] == 0


@pytest.mark.parametrize("wanted", [CHIEF, {"bin": BIN}])
def test_one_value_is_one_signer(
    trusting_app: Flask, trusting: FlaskClient, wanted: dict[str, str]
) -> None:
    package(trusting, IVAN, wanted)
    save(trusting, cms=one_value(ivan(), twin(wanted)))
    for _ in range(2):
        with trusting_app.app_context():
            found = reported(trusting, db.engine)
        assert found["signed"] == FIRST_ONLY
        assert found["executed"] == (False, False, 0)
        assert found["penbox"] == ("pending", False)
        standings = [one["standing"] for one in rows(trusting, "with=signers")[0]["signers"]]
        assert [one["state"] for one in standings] == ["valid", "pending"]
        assert standings[1]["reason"].startswith("its signature is that of signer 1 too")
        judged_again(trusting_app)


@pytest.mark.attacks
def test_an_ecdsa_value_turned_over_is_no_second_signer(trusting: FlaskClient) -> None:
    """For the same key, the copy's certificate has a compressed point (SEC 1 section 2.3.3)."""
    key = pki.ecdsa_key("one")
    compressed = bytes((2 | key.bits[-1] & 1,)) + key.bits[1:33]
    kind = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
    other = replace(key, public=der.sequence(kind, der.bits(compressed)))
    holder, copy = (
        pki.certify(pki.name(name, iin), one, pki.authority(), pki.PERSON)
        for name, iin, one in (("ИВАНОВ", IIN, key), ("ДРУГОЙ", CHIEF_IIN, other))
    )
    signed = sorted(pki.attributes(CONTENT))
    r, s = decode_dss_signature(key.sign(der.tlv(0x31, b"".join(signed))))
    values = encode_dss_signature(r, s), encode_dss_signature(r, ORDER_OF_P256 - s)
    infos = [
        pki.signer_info(one, signed=signed, signature=value)
        for one, value in zip((holder, copy), values, strict=True)
    ]
    package(trusting, IVAN, CHIEF)
    save(trusting, cms=cms(*infos, others=(holder, copy)))
    status = trusting.get("/packages/main/status").get_json()
    assert [one["isSigned"] for one in status["documents"][0]["revisions"]] == FIRST_ONLY
    assert not status["isExecuted"]


def test_so_it_is_where_claims_are_enough(make_app: AppMaker) -> None:
    client = make_app(CLAIMS="accept", CMS_VALIDATION="structure").test_client()
    package(client, IVAN, CHIEF)
    save(client, cms=one_value(ivan(), twin(CHIEF)))
    (document,) = client.get("/packages/main/status").get_json()["documents"]
    assert [one["isSigned"] for one in document["revisions"]] == FIRST_ONLY


def test_a_certificate_of_no_authority_takes_nothing_from_the_signer(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    """Anyone can issue one for a key that is known."""
    package(trusting, IVAN)
    made_up = twin(CHIEF, people.impostor_authority())
    save(trusting, cms=one_value(made_up, ivan()))
    with trusting_app.app_context():
        assert reported(trusting, db.engine)["signed"] == [True]


def test_two_signatures_with_two_certificates_of_a_key_are_two(trusting: FlaskClient) -> None:
    package(trusting, IVAN, {"bin": BIN})
    seal = twin({"bin": BIN})
    named = sorted([*pki.attributes(CONTENT), pki.signing_certificate(seal.certificate)])
    infos = [pki.signer_info(ivan()), pki.signer_info(seal, signed=named)]
    save(trusting, cms=cms(*infos, others=(seal,)))
    assert trusting.get("/packages/main/status").get_json()["isExecuted"]


def test_who_signed_different_documents_did_not_sign_one(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    package(trusting, IVAN, CHIEF)
    save(trusting, cms=cms(pki.signer_info(ivan()), pki.signer_info(chief(), b"another")))
    for _ in range(2):
        with trusting_app.app_context():
            found = reported(trusting, db.engine)
        assert found["signed"] == FIRST_ONLY
        assert found["executed"] == (False, False, 0)
        assert found["solaris"] == ("pending", "pending", True)
        assert found["penbox"] == ("pending", False)
        (signing,) = trusting.get(f"/v1/persons/{CHIEF_IIN}/signings").get_json()
        assert (signing["status"], signing["completed_at"]) == ("pending", None)
        judged_again(trusting_app)
    answer = trusting.get("/signature/verify", query_string={"document": "doc", "thread": "main"})
    _, second = content_of(answer)["verification"]["signers"]
    assert any("another document than" in reason for reason in second["valid"]["reasons"])


def test_the_first_version_says_which_document_it_is(trusting: FlaskClient) -> None:
    package(trusting, IVAN, CHIEF)
    mine = pki.signer_info(chief())
    save(trusting, cms=cms(mine))
    mixed = filled(cms=cms(pki.signer_info(ivan(), b"another"), mine), version=1)
    assert trusting.post("/signature", json=mixed).status_code == 201
    (document,) = trusting.get("/packages/main/status").get_json()["documents"]
    assert [one["isSigned"] for one in document["revisions"]] == [False, True]
    both = [pki.signer_info(one, b"another") for one in (ivan(), chief())]
    saved = trusting.post("/signature", json=filled(cms=cms(*both), version=2))
    assert saved.status_code == 201
    assert trusting.get("/packages/main/status").get_json()["isExecuted"]


def test_without_a_package_so_it_is(trusting: FlaskClient) -> None:
    save(trusting, cms=cms(pki.signer_info(ivan()), pki.signer_info(chief(), b"another")))
    (document,) = trusting.get("/packages/main/status").get_json()["documents"]
    assert [one["isSigned"] for one in document["revisions"]] == FIRST_ONLY


def nobody() -> Holder:
    """Return a certificate that its subject issued."""
    return pki.certify(pki.name("NOBODY", "850101300001"), pki.rsa_key("nobody"), None, pki.PERSON)


@pytest.mark.attacks
def test_a_value_of_nobody_that_stands_twice_is_never_taken_for_valid(
    trusting_app: Flask, trusting: FlaskClient
) -> None:
    """Without signed attributes only the document shows whether the value is valid."""
    package(trusting, IVAN)
    infos = [pki.signer_info(one, signed=None, signature=b"\1" * 256) for one in (nobody(), ivan())]
    save(trusting, cms=cms(*infos, others=(nobody(),)))
    for _ in range(2):
        judged_again(trusting_app)
        with trusting_app.app_context():
            found = reported(trusting, db.engine)
        assert found["signed"] == [False]
        assert found["executed"] == (False, False, 0)


@pytest.mark.attacks
def test_a_document_is_not_carried_from_a_signer_whose_value_stood_twice(
    trusting: FlaskClient,
) -> None:
    """An attribute of an unreadable type leaves the first value unknown."""
    package(trusting, IVAN, sha256=sha256(CONTENT).hexdigest())
    key = pki.gost_key("ivan", GOST_2015_512)
    gost = pki.certify(ivan().subject, key, pki.authority(), list(pki.PERSON))
    other = pki.signer_info(gost, b"another")
    digest = registry.digest(GOST_2015_512.digest, b"another")
    unreadable = der.tlv(0x30, der.tlv(0x06, b"\x2a\x80") + der.tlv(0x31, der.octets(b"x")))
    signed = sorted(
        [
            der.attribute(pki.CONTENT_TYPE, der.oid(pki.DATA)),
            der.attribute(pki.MESSAGE_DIGEST, der.octets(digest)),
            unreadable,
        ]
    )
    infos = [
        pki.signer_info(one, signed=signed, signature=b"\1" * 128, digest=GOST_2015_512.digest)
        for one in (nobody(), gost)
    ]
    holders = [nobody(), gost, pki.authority()]
    attached = pki.signed_data(infos, holders, CONTENT, digests=[GOST_2015_512.digest])
    save(trusting, cms=b64encode(attached).decode())
    own = pki.signed_data([other], holders[1:], None, digests=[GOST_2015_512.digest])
    answer = trusting.post("/signature", json=filled(cms=b64encode(own).decode(), version=1))
    assert answer.status_code == 201, answer.text
    status = trusting.get("/packages/main/status").get_json()
    assert not status["isExecuted"]
