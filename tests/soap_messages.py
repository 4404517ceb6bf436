"""KeyInfo of every kind, and SOAP messages that are signed as WS-Security does it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence

from lxml import etree

from app.cms.xmldsig.security_tokens import WSSE
from tests import der
from tests.cms.judging import IVAN, NCA
from tests.pki import Holder, xml_signer
from tests.pki.xml_signer import DS, EXCLUSIVE, Digest, Reference, Transform, sha256

WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0"
THUMBPRINT = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
BODY_TEXT = '<a xmlns="urn:a">1</a>'


def base64(data: bytes) -> str:
    """Write bytes as XML has them."""
    return b64encode(data).decode()


def element(
    tag: str, *children: etree._Element, text: str | None = None, **attributes: str
) -> etree._Element:
    """Make an element."""
    made = etree.Element(tag, attributes)
    made.text = text
    made.extend(children)
    return made


def certificates(*holders: Holder) -> etree._Element:
    """Make an X509Data."""
    data = etree.Element(f"{{{DS}}}X509Data")
    for holder in holders:
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64(holder.certificate)
    return data


def issuer_serial(serial: object) -> etree._Element:
    """Make an X509IssuerSerial."""
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


def token(value: bytes = IVAN.certificate, kind: str | None = None) -> etree._Element:
    """Make a BinarySecurityToken."""
    made = element(WSSE + "BinarySecurityToken", text=base64(value))
    made.set(WSU + "Id", "token")
    if kind:
        made.set("ValueType", f"{PROFILE}{kind}")
    return made


def token_reference(*parts: etree._Element) -> etree._Element:
    """Make a SecurityTokenReference."""
    return element(WSSE + "SecurityTokenReference", *parts)


def by_key_identifier(
    kind: str = f"{PROFILE}#X509v3", value: bytes = IVAN.certificate
) -> etree._Element:
    """Name a certificate by a KeyIdentifier; by default that is the certificate itself."""
    return token_reference(element(WSSE + "KeyIdentifier", text=base64(value), ValueType=kind))


def by_reference(uri: str = "#token") -> etree._Element:
    """Name a certificate by the Id of its token."""
    return token_reference(element(WSSE + "Reference", URI=uri))


def message(
    key_info: etree._Element,
    *tokens: etree._Element,
    who: Holder = IVAN,
    soap: str = SOAP_11,
    blocks: Sequence[etree._Element] = (),
    signed: Sequence[str] = ("body",),
    digest: Digest = sha256,
    method: str | None = None,
) -> etree._Element:
    """Make a message with a Timestamp, and sign those parts of it (by their wsu:Id).

    Header blocks have their tag's local name as Id.
    """
    root = etree.fromstring(
        f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{BODY_TEXT}</s:Body></s:Envelope>'
    )
    header, body = root
    security = element(WSSE + "Security", *tokens)
    stamp = element(WSU + "Timestamp", element(WSU + "Created", text="2026-01-01T00:00:00Z"))
    security.append(stamp)
    header.extend([security, *blocks])
    named = {etree.QName(block).localname: block for block in blocks}
    parts = {"body": body, "stamp": stamp, **named}
    for name, part in parts.items():
        part.set(WSU + "Id", name)
    exclusive = Transform(EXCLUSIVE)
    more = {"method": method} if method else {}
    references = [
        Reference(
            f"#{name}", [exclusive], signed=xml_signer.canonical(parts[name], exclusive), **more
        )
        for name in signed
    ]
    signature = xml_signer.sign(
        root, who, *references, parent=security, canonicalisation=exclusive, digest=digest
    )
    with_key_info(signature, key_info)
    return root


def certificates_only(*holders: Holder) -> bytes:
    """Make a SignedData that holds nothing but certificates (RFC 5652 section 5.1)."""
    data = bytes.fromhex("06092a864886f70d010701")
    listed = b"".join(holder.certificate for holder in holders)
    signed_data = der.sequence(
        b"\2\1\1", der.tlv(0x31, b""), der.sequence(data), der.tlv(0xA0, listed), der.tlv(0x31, b"")
    )
    return der.sequence(bytes.fromhex("06092a864886f70d010702"), der.tlv(0xA0, signed_data))


WAYS: dict[str, Callable[[], etree._Element]] = {
    "key identifier": lambda: message(by_key_identifier()),
    "key identifier of another type": lambda: message(by_key_identifier("#EncryptedKeySHA1")),
    "token": lambda: message(by_reference(), token(kind="#X509v3")),
    "token without a type": lambda: message(by_reference(), token()),
    "path": lambda: message(
        by_reference(),
        token(der.sequence(NCA.certificate, IVAN.certificate), "#X509PKIPathv1"),
    ),
    "PKCS #7": lambda: message(by_reference(), token(certificates_only(NCA, IVAN), "#PKCS7")),
    "token within the reference": lambda: message(
        token_reference(element(WSSE + "Embedded", token()))
    ),
    "subject key identifier": lambda: message(
        by_key_identifier(f"{PROFILE}#X509SubjectKeyIdentifier", IVAN.key.identifier), token()
    ),
    "thumbprint": lambda: message(
        by_key_identifier(
            THUMBPRINT, hashlib.sha1(IVAN.certificate, usedforsecurity=False).digest()
        ),
        token(),
    ),
    "issuer and serial number": lambda: message(
        token_reference(element(f"{{{DS}}}X509Data", issuer_serial(IVAN.serial))), token()
    ),
}
"""Ways of WS-Security to name a certificate, and messages of Ivan in which each is used."""
