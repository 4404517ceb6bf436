"""Attributes on the elements of a signature around the part that it signs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import pki
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, DS, EXCLUSIVE, Reference, Transform

pytestmark = pytest.mark.attacks

AT = datetime(2026, 1, 1, tzinfo=UTC)
XML = "{http://www.w3.org/XML/1998/namespace}"


def enveloping(form: str, inherited: dict[str, str]) -> etree._Element:
    """Sign an item in an Object, which inherits these attributes in the inclusive form."""
    item = etree.fromstring('<item Id="x"><link>terms.pdf</link></item>')
    framed = etree.fromstring(f'<ds:a xmlns:ds="{DS}">{etree.tostring(item, encoding=str)}</ds:a>')[
        0
    ]
    for name, value in inherited.items():
        if form == C14N:
            framed.set(name, value)
    digest = xml_signer.sha256(xml_signer.canonical(framed, Transform(form)))
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    reference = Reference("#x", [Transform(form)])
    exclusive = Transform(EXCLUSIVE)
    return xml_signer.fill(
        signature, pki.person(), [reference], [digest], canonicalisation=exclusive, objects=[item]
    )


@pytest.mark.parametrize(
    ("form", "place", "name", "reported"),
    [
        (EXCLUSIVE, "object", "base", "Object/@base"),
        (EXCLUSIVE, "object", "lang", "Object/@lang"),
        (EXCLUSIVE, "object", "space", "Object/@space"),
        (EXCLUSIVE, "signature", "base", "Signature/@base"),
        (C14N, "object", "base", ""),  # The part inherits it, so it is signed.
        (EXCLUSIVE, "value", "base", "SignatureValue/@base"),
    ],
)
def test_what_applies_to_a_signed_part_and_is_not_signed_is_reported(
    form: str, place: str, name: str, reported: str
) -> None:
    """By xml:base, an address in the part leads elsewhere."""
    signature = enveloping(form, {XML + name: "elsewhere"})
    places = {"object": signature[-1], "signature": signature, "value": signature[1]}
    places[place].set(XML + name, "elsewhere")
    verifier = Verifier([read_certificate(pki.root().certificate)])
    [status] = verifier.verify(parse(xml_signer.text(signature)), at=AT)
    assert status.intact.answer is Answer.YES
    reasons = [str(reason) for reason in status.intact.reasons]
    expected = f"attributes in the signature are not signed: {reported}"
    assert reasons == ([expected] if reported else [])
