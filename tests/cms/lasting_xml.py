"""XAdES signatures with unsigned properties, made by lxml alone, as another program would."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from app.cms.parsing import parse
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import pki
from tests.cms.augmenting import MINUTE, STAMPED, TSA, good
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.cms.test_key_info import XADES, signing_certificate
from tests.pki import DAY, Holder, xml_signer
from tests.pki.xml_signer import C14N, DS, EXCLUSIVE, Reference, Transform, sha256
from tests.soap_messages import base64


def xades_b(*signers: Holder) -> str:
    """Sign a letter as each of `signers`, by default Ivan, who name their certificates.

    Namespaces apply to the signature that it does not use. Each covers the letter without any.
    """
    root = etree.fromstring('<letter xmlns="urn:l" xmlns:unused="urn:u"><to>1</to></letter>')
    digest = sha256(xml_signer.canonical(root))
    for number, who in enumerate(signers or (IVAN,)):
        made = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS}, Id=f"s{number}")
        named = signing_certificate(who.certificate)
        named.set("Target", f"#s{number}")
        named[0].set("Id", f"p{number}")
        properties = Reference(f"#p{number}", [Transform(C14N)])
        xml_signer.fill(made, who, [Reference(), properties], [digest, b"0"], objects=[named])
        of_properties = sha256(xml_signer.canonical(named[0]))
        made.findall(f".//{{{DS}}}DigestValue")[1].text = base64(of_properties)
        xml_signer.resign(made, who)
    return xml_signer.text(root)


def value_of(root: etree._Element, number: int = 1) -> etree._Element:
    """Return ds:SignatureValue."""
    return list(root.iter(f"{{{DS}}}SignatureValue"))[number - 1]


def octets_of(document: str | bytes, method: str = EXCLUSIVE, number: int = 1) -> bytes:
    """Return the canonical ds:SignatureValue, as lxml makes it where it stands."""
    root = etree.fromstring(document.encode() if isinstance(document, str) else document)
    return xml_signer.canonical(value_of(root, number), Transform(method))


def make(name: str, *parts: etree._Element, value: bytes | None = None) -> etree._Element:
    """Make an element of XAdES, with parts or with a value in base64."""
    made = etree.Element(f"{{{XADES}}}{name}", nsmap={"xades": XADES})
    made.extend(parts)
    if value is not None:
        made.text = base64(value)
    return made


def stamp(token: bytes, method: str | None = EXCLUSIVE) -> etree._Element:
    """Make a SignatureTimeStamp; without a method the inclusive form is meant."""
    named = [] if method is None else [etree.Element(f"{{{DS}}}CanonicalizationMethod")]
    for one in named:
        one.set("Algorithm", method or "")
    return make("SignatureTimeStamp", *named, make("EncapsulatedTimeStamp", value=token))


def values(
    certificates: Sequence[bytes], crls: Sequence[bytes], ocsp: Sequence[bytes]
) -> list[etree._Element]:
    """Make CertificateValues and RevocationValues."""
    listed = [make("EncapsulatedX509Certificate", value=one) for one in certificates]
    of_crls = make("CRLValues", *[make("EncapsulatedCRLValue", value=one) for one in crls])
    of_ocsp = make("OCSPValues", *[make("EncapsulatedOCSPValue", value=one) for one in ocsp])
    return [make("CertificateValues", *listed), make("RevocationValues", of_crls, of_ocsp)]


def all_values() -> list[etree._Element]:
    """Return what level LT needs of Ivan and the timestamp authority."""
    lists = [pki.crl(ROOT, this_update=STAMPED - 30 * DAY, next_update=STAMPED + 30 * DAY)]
    responses = [good(IVAN.serial), good(TSA.serial)]
    return values([NCA.certificate, TSA.certificate], lists, responses)


def with_unsigned(document: str, *properties: etree._Element) -> str:
    """Return a document with unsigned properties of its first signature."""
    root = etree.fromstring(document.encode())
    [holder] = root.findall(f".//{{{XADES}}}QualifyingProperties")
    holder.append(make("UnsignedProperties", make("UnsignedSignatureProperties", *properties)))
    return xml_signer.text(root)


def verify(document: str, at: datetime = STAMPED + 3 * MINUTE) -> tuple[SignerStatus, ...]:
    """Verify with nothing but the root."""
    return Verifier(read(ROOT)).verify(parse(document), at=at)
