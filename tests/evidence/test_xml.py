"""Evidence for XML signatures: over the canonical SignatureValue, as XAdES has it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from lxml import etree
from sqlalchemy import Engine

from app.cms import Answer, Occasion, SignerStatus, Verifier, parse, read_embedded_certificate
from app.cms.xmldsig import canonical_budget
from app.store.evidence.reading import Evidence
from app.trust import Trust
from app.trust.kept import kept_of
from app.trust.loaded import Loaded
from tests.conftest import EngineMaker
from tests.evidence.office import LATER, Office, verify_later
from tests.evidence.services import Services
from tests.pki import xml_signer
from tests.pki.xml_signer import DS, Reference, canonical

NESTED = '<a xmlns="urn:a" xmlns:unused="urn:u"><b>test</b></a>'


@pytest.fixture(name="engine")
def engine_of_file(sqlite_url: str, open_engine: EngineMaker) -> Engine:
    return open_engine(sqlite_url)


@pytest.fixture(name="trust")
def trust_of_services(services: Services, tmp_path: Path) -> Trust:
    services.know_authority(tmp_path / "trust")
    return Trust(tmp_path / "trust", online=False, cache=tmp_path / "cache")


def imprint(token: bytes) -> bytes:
    """Return the message imprint of a token, as another program reads it."""
    signed = cms.ContentInfo.load(token)["content"]
    info = tsp.TSTInfo.load(signed["encap_content_info"]["content"].contents)
    found: bytes = info["message_imprint"]["hashed_message"].native
    return found


def test_an_xml_signature_gets_its_evidence_and_is_trusted_in_2055(
    office: Office, services: Services
) -> None:
    xml = services.sign_xml(document=NESTED)
    key = office.save(xml)
    assert office.work() == 1
    evidence = office.evidence(key)
    assert evidence.state == "complete", evidence.states
    kinds = sorted(item.kind for item in evidence.items)
    assert kinds == ["certificate"] * 3 + ["crl", "ocsp", "ocsp", "timestamp"]
    # Over what ETSI EN 319 132-1 says, as another program canonicalises it.
    value = etree.fromstring(xml.encode()).find(f".//{{{DS}}}SignatureValue")
    assert value is not None
    octets = etree.tostring(value, method="c14n", exclusive=True, with_tail=False)
    [token] = [item.data for item in evidence.items if item.kind == "timestamp"]
    assert imprint(token) == sha256(octets).digest()
    status = verify_later(xml, evidence, services)
    assert status.whole.answer is Answer.YES, status.whole
    assert status.decisive_time_source == "timestamp"
    nothing = verify_later(xml, Evidence((), (), None), services)
    assert nothing.trusted.answer is Answer.UNKNOWN


def verify_all(trust: Loaded, xml: str, evidence: Evidence) -> list[SignerStatus]:
    kept = kept_of(evidence.items)
    when = Occasion(LATER, LATER, now=LATER)
    return [*trust.knowing_only(kept).verify(parse(xml), at=when, tokens=kept.tokens)]


def test_each_signer_of_a_document_has_a_timestamp(
    office: Office, services: Services, trust: Trust
) -> None:
    xml = services.sign_xml(services.person, services.colleague(1))
    key = office.save(xml)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert [item.number for item in evidence.items if item.kind == "timestamp"] == [1, 2]
    found = verify_all(trust.loaded(), xml, evidence)
    assert [status.trusted.answer for status in found] == [Answer.YES] * 2
    swapped = {1: kept_of(evidence.items).tokens[2], 2: kept_of(evidence.items).tokens[1]}
    when = datetime.now(UTC)
    others = trust.loaded().verifier.verify(parse(xml), at=when, tokens=swapped)
    assert [one.timestamp and one.timestamp.verdict.answer for one in others] == [Answer.NO] * 2


def test_what_the_signature_does_not_cover_keeps_no_evidence_from_it(
    office: Office, services: Services
) -> None:
    root = etree.fromstring('<a><b Id="part">test</b><c>added</c></a>')
    part = canonical(root[0])
    xml_signer.sign(root, services.person, Reference("#part", (), signed=part))
    key = office.save(xml_signer.text(root), "partly")
    altered = office.save(services.sign_xml().replace("test", "tost"), "altered")
    office.work()
    assert office.evidence(key).state == "complete"
    status = verify_later(xml_signer.text(root), office.evidence(key), services)
    assert (status.intact.answer, status.trusted.answer) == (Answer.UNKNOWN, Answer.YES)
    assert office.evidence(altered).state == "impossible"
    assert "its digest" in str(office.evidence(altered).states[0].reason)
    assert services.site.asked.count("POST /tsp") == 1


def test_what_takes_too_much_to_canonicalise_is_unknown(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    anchor = read_embedded_certificate(services.root.certificate)
    assert anchor
    signature = parse(services.sign_xml())
    monkeypatch.setattr(canonical_budget, "BUDGET", 0)
    [status] = Verifier([anchor]).verify(signature, at=datetime.now(UTC), tokens={1: (b"a token",)})
    assert status.timestamp
    assert status.timestamp.verdict.answer is Answer.UNKNOWN
    assert "can't be canonicalised" in str(status.timestamp.verdict.reasons[0])
