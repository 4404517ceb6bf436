"""A broken algorithm that a timestamp saves: only if the authority of that is not in doubt."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.path.occasions import Occasion
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from tests import pki
from tests.cms.augmenting import MINUTE
from tests.cms.judging import read
from tests.cms.lasting_xml import octets_of
from tests.pki import DAY, Holder, xml_signer
from tests.pki.xml_signer import C14N, ENVELOPED, SHA1, Reference, Transform

SIGNED = datetime(2019, 6, 1, tzinfo=UTC)
NOW = datetime(2025, 6, 1, tzinfo=UTC)
_VALID = (datetime(2018, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC))
ROOT = pki.certify(pki.name("R5"), pki.rsa_key("R5"), None, pki.AUTHORITY, valid=_VALID)
CA = pki.certify(pki.name("CA5"), pki.rsa_key("CA5"), ROOT, pki.AUTHORITY, valid=_VALID)
TSA = pki.certify(pki.name("T5"), pki.rsa_key("T5"), CA, pki.STAMPER, valid=_VALID)
PERSON = pki.certify(
    pki.name("P5", "900101300017"), pki.rsa_key("P5", pki.SHA1), CA, pki.PERSON, valid=_VALID
)


def signed_by_sha1() -> tuple[str, bytes]:
    """Return a document that was signed by SHA-1, and a timestamp of then."""
    root = etree.fromstring("<a><b>t</b></a>")
    reference = Reference("", (Transform(ENVELOPED), Transform(C14N)), method=SHA1, signed=None)
    xml_signer.sign(root, PERSON, reference, digest=lambda octets: hashlib.sha1(octets).digest())  # noqa: S324  # what is tested
    text = xml_signer.text(root)
    return text, pki.timestamp(octets_of(text), SIGNED, by=TSA)


def answer(*asked: Holder) -> tuple[Answer, str]:
    """Verify it now, with what was said about the signer then and now, and about others now."""
    responses = [pki.ocsp(CA, PERSON.serial, this_update=SIGNED + MINUTE)]
    responses += [pki.ocsp(CA, one.serial, this_update=NOW) for one in (PERSON, *asked)]
    crl = pki.crl(ROOT, this_update=SIGNED - 2 * DAY, next_update=NOW + 30 * DAY)
    verifier = Verifier(
        read(ROOT), intermediates=[*read(CA), *read(TSA)], crls=[crl], ocsp_responses=responses
    )
    occasion = Occasion(NOW, NOW, now=NOW, stamps_known=NOW)
    text, token = signed_by_sha1()
    [status] = verifier.verify(parse(text), at=occasion, tokens={1: [token]})
    assert status.decisive_time_source == "timestamp"
    return status.whole.answer, " ".join(map(str, status.whole.reasons))


@pytest.mark.parametrize(
    ("asked", "expected"), [((), Answer.UNKNOWN), ((TSA,), Answer.YES)], ids=["doubted", "good"]
)
def test_what_a_timestamp_saves_is_doubted_with_its_authority(
    asked: tuple[Holder, ...], expected: Answer
) -> None:
    found, reasons = answer(*asked)
    assert found is expected
    assert ("T5" in reasons) is (expected is Answer.UNKNOWN)
