"""The signer's certificate is the one whose key verifies, wherever an XML signature has it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable

import pytest
from lxml import etree

from app.cms.key_info import MAX_CANDIDATES, WSSE
from app.cms.parsing import parse
from app.cms.signers import describe
from app.cms.status import Answer, SignerStatus
from app.cms.verification import Verifier
from app.cms.x509 import read_certificate
from tests import der, gost_signer, pki, xml_signer
from tests.builders import DS
from tests.cms.judging import AT, IVAN, NCA, ROOT, read
from tests.pki import Holder
from tests.xml_signer import EXCLUSIVE, Reference, Transform

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
OTHER = pki.person("ПЕТРОВ ПЁТР")
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0"
THUMBPRINT = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
IVAN_SHA1 = hashlib.sha1(IVAN.certificate, usedforsecurity=False).digest()
XADES = "http://uri.etsi.org/01903/v1.3.2#"


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def element(
    tag: str, *children: etree._Element, text: str | None = None, **attributes: str
) -> etree._Element:
    made = etree.Element(tag, attributes)
    made.text = text
    made.extend(children)
    return made


def certificates(*holders: Holder) -> etree._Element:
    data = etree.Element(f"{{{DS}}}X509Data")
    for holder in holders:
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64(holder.certificate)
    return data


def issuer_serial(serial: int) -> etree._Element:
    return element(
        f"{{{DS}}}X509IssuerSerial",
        element(f"{{{DS}}}X509IssuerName", text="CN=NCA"),
        element(f"{{{DS}}}X509SerialNumber", text=str(serial)),
    )


def with_key_info(signature: etree._Element, *contents: etree._Element) -> etree._Element:
    """Put something else into KeyInfo, which is not signed."""
    key_info = signature.find(f"{{{DS}}}KeyInfo")
    assert key_info is not None
    key_info[:] = contents
    return signature


def judge(root: etree._Element) -> SignerStatus:
    """Verify, and see that who is kept as the signer is the same."""
    signature = parse(xml_signer.text(root))
    [status] = Verifier(read(ROOT)).verify(signature, at=AT)
    [claimed] = describe(signature)
    assert claimed.certificate == status.certificate
    return status


def letter() -> etree._Element:
    return etree.fromstring("<letter><to>1</to></letter>")


@pytest.mark.parametrize(
    "signer",
    [IVAN, pki.person("GOST", pki.gost_key("GOST", gost_signer.GOST_2015_512))],
    ids=["rsa", "gost"],
)
def test_the_signer_is_whose_key_verifies_and_the_others_build_the_path(signer: Holder) -> None:
    for listed in ([NCA, signer], [OTHER, NCA, signer], [signer, NCA], [ROOT, NCA, OTHER, signer]):
        root = letter()
        with_key_info(xml_signer.sign(root, signer), certificates(*listed))
        status = judge(root)
        assert status.certificate.der == signer.certificate
        assert (status.intact.answer, status.valid.answer) == (YES, YES)
        assert status.path.answer is YES


def test_separate_lists_of_certificates_are_one() -> None:
    root = letter()
    with_key_info(xml_signer.sign(root, IVAN), certificates(NCA), certificates(IVAN))
    assert judge(root).certificate.der == IVAN.certificate


def test_where_no_key_verifies_the_certificate_that_issued_no_other_counts() -> None:
    root = letter()
    with_key_info(xml_signer.sign(root, OTHER), certificates(NCA, IVAN))
    status = judge(root)
    assert (status.certificate.der, status.valid.answer) == (IVAN.certificate, NO)
    data = certificates(NCA, ROOT)
    data.append(issuer_serial(ROOT.serial))
    root = letter()
    with_key_info(xml_signer.sign(root, OTHER), data)
    assert judge(root).certificate.der == ROOT.certificate


def test_a_serial_number_that_is_another_makes_it_unknown() -> None:
    for serial, answer in ((IVAN.serial, YES), (OTHER.serial, UNKNOWN)):
        data = certificates(NCA, IVAN)
        data.append(issuer_serial(serial))
        root = letter()
        with_key_info(xml_signer.sign(root, IVAN), data)
        status = judge(root)
        assert (status.certificate.der, status.valid.answer) == (IVAN.certificate, answer)


def test_of_two_certificates_for_one_key_the_named_one_counts() -> None:
    again = pki.certify(IVAN.subject, IVAN.key, NCA, pki.PERSON, serial=4711)
    for named in (IVAN, again):
        data = certificates(IVAN, again)
        data.append(issuer_serial(named.serial))
        root = letter()
        with_key_info(xml_signer.sign(root, IVAN), data)
        assert judge(root).certificate.der == named.certificate


@pytest.mark.parametrize("name", ["SigningCertificate", "SigningCertificateV2"])
@pytest.mark.parametrize(("meant", "answer"), [(IVAN, YES), (OTHER, NO)])
def test_xades_names_the_certificate(name: str, meant: Holder, answer: Answer) -> None:
    digest = hashlib.sha256(meant.certificate).digest()
    method = element(f"{{{DS}}}DigestMethod", Algorithm="http://www.w3.org/2001/04/xmlenc#sha256")
    value = element(f"{{{DS}}}DigestValue", text=base64(digest))
    properties = element(f"{{{XADES}}}CertDigest", method, value)
    for outer in (
        "Cert",
        name,
        "SignedSignatureProperties",
        "SignedProperties",
        "QualifyingProperties",
    ):
        properties = element(f"{{{XADES}}}{outer}", properties)
    root = letter()
    xml_signer.sign(root, IVAN, objects=[properties])
    assert judge(root).valid.answer is answer


def test_what_is_no_certificate_is_passed_over() -> None:
    root = letter()
    data = certificates(IVAN)
    data.insert(0, element(f"{{{DS}}}X509Certificate", text="AAAA"))
    with_key_info(xml_signer.sign(root, IVAN), data)
    assert judge(root).valid.answer is YES


def test_only_so_many_certificates_are_tried() -> None:
    crowd = [pki.person(f"N{number}", OTHER.key) for number in range(MAX_CANDIDATES)]
    for others, answer in ((crowd[1:], YES), (crowd, NO)):
        root = letter()
        with_key_info(xml_signer.sign(root, IVAN), certificates(*others, IVAN))
        assert judge(root).valid.answer is answer


# Messages as WS-Security signs them.


def token(holder: Holder, **attributes: str) -> etree._Element:
    made = element(WSSE + "BinarySecurityToken", text=base64(holder.certificate), **attributes)
    made.set(WSU + "Id", "token")
    return made


def by_key_identifier(kind: str, value: bytes) -> etree._Element:
    return element(
        WSSE + "SecurityTokenReference",
        element(WSSE + "KeyIdentifier", text=base64(value), ValueType=kind),
    )


def by_reference(uri: str = "#token") -> etree._Element:
    return element(WSSE + "SecurityTokenReference", element(WSSE + "Reference", URI=uri))


def by_issuer() -> etree._Element:
    data = element(f"{{{DS}}}X509Data", issuer_serial(IVAN.serial))
    return element(WSSE + "SecurityTokenReference", data)


def message(
    key_info: etree._Element,
    *tokens: etree._Element,
    soap: str = SOAP_11,
    signed: tuple[str, ...] = ("body",),
) -> etree._Element:
    """Make a message with a Timestamp, and sign those parts of it (by their wsu:Id)."""
    root = etree.fromstring(
        f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body><a xmlns="urn:a">1</a></s:Body>'
        "</s:Envelope>"
    )
    header, body = root
    security = element(WSSE + "Security", *tokens)
    stamp = element(WSU + "Timestamp", element(WSU + "Created", text="2026-01-01T00:00:00Z"))
    security.append(stamp)
    header.append(security)
    parts = {"body": body, "stamp": stamp}
    for name, part in parts.items():
        part.set(WSU + "Id", name)
    exclusive = Transform(EXCLUSIVE)
    references = [
        Reference(f"#{name}", [exclusive], signed=xml_signer.canonical(parts[name], exclusive))
        for name in signed
    ]
    signature = xml_signer.sign(
        root, IVAN, *references, parent=security, canonicalisation=exclusive
    )
    with_key_info(signature, key_info)
    return root


WAYS: dict[str, Callable[[], etree._Element]] = {
    "key identifier": lambda: message(by_key_identifier(f"{PROFILE}#X509v3", IVAN.certificate)),
    "token": lambda: message(by_reference(), token(IVAN, ValueType=f"{PROFILE}#X509v3")),
    "token without a type": lambda: message(by_reference(), token(IVAN)),
    "path": lambda: message(
        by_reference(),
        element(
            WSSE + "BinarySecurityToken",
            text=base64(der.sequence(NCA.certificate, IVAN.certificate)),
            ValueType=f"{PROFILE}#X509PKIPathv1",
            Id="token",
        ),
    ),
    "subject key identifier": lambda: message(
        by_key_identifier(f"{PROFILE}#X509SubjectKeyIdentifier", IVAN.key.identifier), token(IVAN)
    ),
    "thumbprint": lambda: message(by_key_identifier(THUMBPRINT, IVAN_SHA1), token(IVAN)),
    "issuer and serial number": lambda: message(by_issuer(), token(IVAN)),
}


@pytest.mark.parametrize("way", WAYS)
def test_messages_of_ws_security_name_their_certificate(way: str) -> None:
    status = judge(WAYS[way]())
    assert status.certificate.der == IVAN.certificate
    assert (status.intact.answer, status.valid.answer) == (YES, YES)
    assert str(status.intact.reasons[0]) == "of the SOAP message the signature covers: Body"


@pytest.mark.parametrize(
    "key_info",
    [
        by_reference("#elsewhere"),
        by_reference("http://127.0.0.1/token"),
        by_key_identifier(THUMBPRINT, b"another"),
        by_key_identifier(f"{PROFILE}#X509SubjectKeyIdentifier", b"another"),
        by_key_identifier("urn:unknown", IVAN.certificate),
    ],
)
def test_a_certificate_that_is_not_in_the_message_is_missing(key_info: etree._Element) -> None:
    text = xml_signer.text(message(key_info, token(IVAN)))
    with pytest.raises(Exception, match="X509Certificate is missing"):
        parse(text)


@pytest.mark.parametrize("soap", [SOAP_11, SOAP_12])
def test_what_of_a_message_is_covered_is_told(soap: str) -> None:
    key_info = by_key_identifier(f"{PROFILE}#X509v3", IVAN.certificate)
    whole = judge(message(key_info, soap=soap, signed=("body", "stamp")))
    assert whole.intact.answer is YES
    assert (
        str(whole.intact.reasons[0]) == "of the SOAP message the signature covers: Timestamp, Body"
    )
    part = judge(message(key_info, soap=soap, signed=("stamp",)))
    assert part.intact.answer is UNKNOWN
    assert str(part.intact.reasons[0]) == "of the SOAP message the signature covers only: Timestamp"


def wrap(root: etree._Element) -> None:
    """Put the signed Body aside, and another one in its place."""
    header, body = root
    root.remove(body)
    header.append(element("{urn:x}Wrapper", body))
    root.append(element(f"{{{SOAP_11}}}Body", text="2"))


def duplicate(root: etree._Element) -> None:
    other = element(f"{{{SOAP_11}}}Body", text="2")
    other.set(WSU + "Id", "body")
    root.insert(1, other)


def add_block(root: etree._Element) -> None:
    root[0].append(element("{urn:x}To", text="somebody else"))


def add_body(root: etree._Element) -> None:
    root.append(element(f"{{{SOAP_11}}}Body", text="2"))


def add_text(root: etree._Element) -> None:
    root[0].tail = "2"


def alter(root: etree._Element) -> None:
    root[1][0].text = "2"


@pytest.mark.parametrize(
    ("attack", "answer"),
    [
        (wrap, UNKNOWN),
        (duplicate, NO),
        (add_block, UNKNOWN),
        (add_body, UNKNOWN),
        (add_text, UNKNOWN),
        (alter, NO),
    ],
)
def test_a_message_in_which_something_was_moved_or_added_is_not_intact(
    attack: Callable[[etree._Element], None], answer: Answer
) -> None:
    root = message(by_key_identifier(f"{PROFILE}#X509v3", IVAN.certificate))
    attack(root)
    assert judge(root).intact.answer is answer


def test_the_key_of_a_certificate_is_read_as_it_stands() -> None:
    assert read_certificate(IVAN.certificate).public_key.der == IVAN.key.public
