"""An XML signature as a file with its evidence inside, and evidence that came with it."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.cms import Answer, Occasion, SignerStatus, Verifier, parse, read_embedded_certificate
from tests import pki
from tests.api.asking import content_of, save
from tests.api.evident import NAMED, answers, claims, evidence_of, work
from tests.api.test_signature_file import fetch, file_of, is_proven, refusal
from tests.cms.lasting_xml import octets_of, stamp, with_unsigned, xades_b
from tests.cms.test_key_info import XADES
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.evidence.test_xml import imprint

LATER = datetime(2055, 1, 1, tzinfo=UTC)


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    settings = services.settings(tmp_path)
    services.know_authority(tmp_path / "trust")
    return make_app(**settings)


@pytest.fixture(name="client")
def client_with_evidence(app: Flask) -> FlaskClient:
    return app.test_client()


def judge(services: Services, document: str) -> SignerStatus:
    """Verify in 2055, with the anchor and nothing else."""
    anchor = read_embedded_certificate(services.root.certificate)
    assert anchor
    when = Occasion(LATER, LATER, now=LATER)
    [status] = Verifier([anchor]).verify(parse(document), at=when)
    return status


def test_lt_is_proven_in_2055_by_the_file_and_the_anchor_alone(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=xades_b(services.person))
    assert "signer 1 has no timestamp" in refusal(client, "LT")
    work(app)
    answer = fetch(client, "LT")
    assert (answer.status_code, answer.content_type) == (200, "application/xml")
    assert is_proven(judge(services, answer.text))
    # Another program makes the octets that the timestamp is over, where they stand.
    [held] = etree.fromstring(answer.data).iter(f"{{{XADES}}}EncapsulatedTimeStamp")
    assert held.text
    assert imprint(b64decode(held.text)) == sha256(octets_of(answer.data)).digest()
    stamped = file_of(client, "T").decode()
    assert held.text in stamped
    assert "CertificateValues" not in stamped
    assert judge(services, stamped).trusted.answer is Answer.UNKNOWN
    assert refusal(client, "ddcard") == "Only a CMS has this form"
    # Saved again, it claims what it has, and nothing is asked for.
    asked = list(services.site.asked)
    save(client, cms=answer.text, document="again")
    levels = content_of(
        client.get("/signature/evidence", query_string={**NAMED, "document": "again"})
    )["evidence"]["levels"]
    assert claims(levels) == "B T LT"
    assert answers(levels) == {"B": "yes", "T": "yes", "LT": "yes", "LTA": "no"}
    assert services.site.asked == asked


def test_a_timestamp_that_came_with_the_document_is_the_one_that_counts(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    signed = xades_b(services.person)
    own = pki.timestamp(octets_of(signed), now(), by=services.tsa)
    document = with_unsigned(signed, stamp(own))
    save(client, cms=document)
    work(app)
    found = evidence_of(client)
    assert found["state"] == "complete"
    assert "timestamp" not in [one["kind"] for one in found["signers"][0]["kept"]]
    assert is_proven(judge(services, file_of(client, "LT").decode()))
    assert file_of(client, "T").decode() == document.partition("?>")[2]
    # Where it is on another signature, one is asked for, and put beside it.
    bad = pki.timestamp(b"another", now(), by=services.tsa)
    save(client, cms=with_unsigned(signed, stamp(bad)), version=1)
    work(app)
    found = evidence_of(client)
    assert found["state"] == "complete"
    assert "timestamp" in [one["kind"] for one in found["signers"][0]["kept"]]
    assert is_proven(judge(services, file_of(client, "LT").decode()))


def test_signatures_over_each_other_have_no_form_but_the_original(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=services.sign_xml(services.person, services.colleague(1)))
    work(app)
    assert evidence_of(client)["state"] == "complete"
    assert "would change what is signed" in refusal(client, "LT")
