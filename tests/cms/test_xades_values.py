"""Timestamps, certificates and revocation data inside an XML signature count, once verified."""

from __future__ import annotations

import pytest
from lxml import etree

from app.cms.verdict import Answer
from app.cms.xmldsig import canonical_budget
from tests import pki
from tests.cms.augmenting import MINUTE, STAMPED
from tests.cms.judging import text
from tests.cms.lasting_xml import (
    all_values,
    make,
    octets_of,
    stamp,
    value_of,
    verify,
    with_unsigned,
    xades_b,
)
from tests.pki import DAY, xml_signer
from tests.pki.xml_signer import C14N, C14N_11, EXCLUSIVE

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
LATE = STAMPED + 4000 * DAY


@pytest.mark.parametrize("method", [None, C14N, C14N_11, EXCLUSIVE, EXCLUSIVE + "WithComments"])
def test_a_timestamp_is_over_the_signature_value_in_its_own_canonical_form(
    method: str | None,
) -> None:
    signed = xades_b()
    token = pki.timestamp(octets_of(signed, method or C14N), STAMPED)
    [status] = verify(with_unsigned(signed, stamp(token, method), *all_values()))
    assert status.whole.answer is YES, status.whole
    assert (status.decisive_time, status.decisive_time_source) == (STAMPED, "timestamp")
    assert {one.origin.place for one in status.findings} == {"embedded"}


def test_what_is_inside_proves_it_when_all_certificates_have_ended() -> None:
    signed = xades_b()
    token = pki.timestamp(octets_of(signed), STAMPED)
    [status] = verify(with_unsigned(signed, stamp(token), *all_values()), LATE)
    assert status.whole.answer is YES, status.whole
    [without] = verify(with_unsigned(signed, stamp(token)), LATE)
    assert without.trusted.answer is UNKNOWN


def test_values_may_be_those_of_one_timestamp() -> None:
    signed = xades_b()
    held = make("TimeStampValidationData", *all_values())
    token = pki.timestamp(octets_of(signed), STAMPED)
    [status] = verify(with_unsigned(signed, stamp(token), held))
    assert status.whole.answer is YES, status.whole


def include() -> etree._Element:
    token = pki.timestamp(octets_of(xades_b()), STAMPED)
    made = stamp(token)
    made.insert(0, make("Include"))
    return made


@pytest.mark.parametrize(
    ("property_", "answer", "why"),
    [
        (lambda: stamp(pki.timestamp(b"another", STAMPED)), NO, "of another signature"),
        (lambda: stamp(pki.timestamp(octets_of(xades_b()), STAMPED), C14N), NO, "another"),
        (lambda: stamp(b"no token"), NO, "malformed"),
        (lambda: make("SignatureTimeStamp", make("EncapsulatedTimeStamp")), NO, "malformed"),
        (lambda: stamp(pki.timestamp(octets_of(xades_b())), "urn:odd"), UNKNOWN, "canonicalised"),
        (include, UNKNOWN, "canonicalised"),
    ],
)
def test_a_timestamp_that_does_not_verify_changes_nothing(
    property_: object, answer: Answer, why: str
) -> None:
    assert callable(property_)
    [status] = verify(with_unsigned(xades_b(), property_(), *all_values()))
    assert status.timestamp
    assert status.timestamp.verdict.answer is answer
    assert why in text(status.timestamp.verdict)
    assert status.decisive_time_source == "given"


def test_the_earliest_that_verifies_counts() -> None:
    signed = xades_b()
    tokens = [
        pki.timestamp(b"another", STAMPED - MINUTE),
        pki.timestamp(octets_of(signed), STAMPED + MINUTE),
        pki.timestamp(octets_of(signed), STAMPED),
    ]
    [status] = verify(with_unsigned(signed, *map(stamp, tokens), *all_values()))
    assert status.decisive_time == STAMPED


def test_damaged_values_are_passed_over() -> None:
    signed = xades_b()
    token = pki.timestamp(octets_of(signed), STAMPED)
    certificates, revocation = all_values()
    certificates.insert(0, make("EncapsulatedX509Certificate", value=b"none"))
    revocation[0].insert(0, make("EncapsulatedCRLValue", value=b"none"))
    revocation[1].insert(0, make("EncapsulatedOCSPValue"))
    revocation[1].insert(0, make("EncapsulatedOCSPValue", value=b"\x30\x03\x02\x01\x01"))
    [status] = verify(with_unsigned(signed, stamp(token), certificates, revocation))
    assert status.whole.answer is YES, status.whole


def test_what_costs_too_much_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = xades_b()
    stamped = with_unsigned(signed, stamp(pki.timestamp(octets_of(signed), STAMPED)))
    monkeypatch.setattr(canonical_budget, "BUDGET", 0)
    [status] = verify(stamped)
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN


def test_a_signature_value_without_end_is_not_stamped() -> None:
    """Each of its timestamps would have all of its octets."""
    root = etree.fromstring(xades_b().encode())
    value = value_of(root)
    value.text = " " * 70_000 + (value.text or "")
    long = xml_signer.text(root)
    [status] = verify(with_unsigned(long, stamp(pki.timestamp(octets_of(long), STAMPED))))
    assert status.valid.answer is YES
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN
