"""A timestamp that came with a signature, dated back by an authority whose certificate had ended.

Whoever has its key may have made it: it proves nothing, whatever else is kept.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.cms import Answer
from app.extensions import current_reads
from app.services.examining import examine_again, examine_stored
from app.store.signatures import reading
from app.store.signatures.records import SignatureRecord
from tests import pki
from tests.api.asking import content_of, save
from tests.api.evident import NAMED, evidence_of, work
from tests.api.test_signature_file import refusal
from tests.cms.lasting_xml import make, octets_of, stamp, values, xades_b
from tests.cms.test_key_info import XADES
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.pki import DAY, Revoked, xml_signer

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    settings = services.settings(tmp_path)
    services.know_authority(tmp_path / "trust")
    return make_app(**settings)


@pytest.fixture(name="client")
def client_with_evidence(app: Flask) -> FlaskClient:
    return app.test_client()


def dated_back(services: Services, *signers: pki.Holder) -> str:
    """Return a document whose first signature has a timestamp of 40 days ago, and CRLs of then."""
    valid = (now() - 400 * DAY, now() - 30 * DAY)
    usages = (*pki.STAMPER, *services._named)
    ended = pki.certify(
        pki.name("OLD"), pki.rsa_key("old"), services.authority, usages, valid=valid
    )
    signed = xades_b(*signers)
    token = pki.timestamp(octets_of(signed), now() - 40 * DAY, by=ended)
    crls = [
        pki.crl(services.authority, this_update=now() - 41 * DAY, next_update=now() - 39 * DAY),
        pki.crl(services.root, this_update=now() - 41 * DAY, next_update=now() + 39 * DAY),
    ]
    root = etree.fromstring(signed.encode())
    brought = values([services.authority.certificate, ended.certificate], crls, [])
    unsigned = make("UnsignedSignatureProperties", stamp(token), *brought)
    root.findall(f".//{{{XADES}}}QualifyingProperties")[0].append(
        make("UnsignedProperties", unsigned)
    )
    return xml_signer.text(root)


def read() -> SignatureRecord:
    return current_reads().read(
        lambda connection, _: reading.get_signature(connection, "doc", "main", 1)
    )


def test_a_revocation_stands_though_another_signer_s_token_is_kept(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path
) -> None:
    revoked = Revoked(services.person.serial, now() - 35 * DAY, 4)
    crl = pki.crl(services.authority, revoked, this_update=now() - DAY, next_update=now() + DAY)
    (tmp_path / "trust" / "nca.crl").write_bytes(crl)
    save(client, cms=dated_back(services, services.person, services.colleague(1)))
    work(app)
    answer = content_of(client.get("/signature/verify", query_string=NAMED))["verification"]
    assert answer["signers"][0]["trusted"]["answer"] == "no"
    with app.test_request_context():
        record = read()
        then = examine_stored(record, None)
        again = examine_again(record, then, now=now())
    assert [one.statuses[0].whole.answer for one in (then, again)] == [NO, NO]


def test_it_is_no_evidence_and_another_one_is_obtained(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=dated_back(services, services.person))
    for profile in ("T", "LT"):
        assert "nothing shows that the timestamp existed before then" in refusal(client, profile)
    work(app)
    assert evidence_of(client)["state"] == "complete"


def test_a_kept_one_whose_authority_has_ended_since_proves_nothing_without_renewal(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=xades_b(services.person))
    work(app)
    with app.test_request_context():
        record = read()
        then = examine_stored(record, None)
        [today], [later] = (
            examine_again(record, then, now=moment).statuses
            for moment in (now(), now() + 11_000 * DAY)
        )
    assert [one.path.answer for one in (today, later)] == [YES, UNKNOWN]
