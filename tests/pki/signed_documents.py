"""Documents as people sign them: every signature verifies."""

import datetime
from base64 import b64encode
from collections.abc import Sequence

from asn1crypto import cms
from lxml import etree

from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from tests import der
from tests.pki import profile, xml_signer
from tests.pki.certificates import Holder
from tests.pki.people import authority
from tests.pki.signatures import (
    CONTENT,
    DATA,
    SIGNING_TIME,
    TIMESTAMP,
    attributes,
    signature_of,
    signed_data,
    signer_info,
)
from tests.pki.timestamps import timestamp


def sign(
    *signers: Holder, content: bytes = CONTENT, attached: bool = True, stamped: bool = False
) -> SignedData:
    """Sign as honest people do, with the certificate of the authority embedded."""
    infos = []
    for who in signers:
        info = signer_info(who, content)
        if stamped:
            value = signature_of(info)
            token = der.attribute(TIMESTAMP, timestamp(value))
            info = signer_info(who, content, unsigned=[token], signature=value)
        infos.append(info)
    return read(signed_data(infos, [*signers, authority()], content if attached else None))


def sign_cms(
    content: bytes = CONTENT,
    signers: Sequence[Holder] | None = None,
    *,
    attached: bool = True,
    signed_attributes: bool = True,
    by_key_identifier: bool = False,
    certificates: Sequence[bytes] | None = None,
    content_type: str = DATA,
    moment: datetime.datetime = SIGNING_TIME,
) -> bytes:
    """Sign `content` as each of `signers` does (RFC 5652 section 5), and return the DER.

    `certificates` replaces those that are embedded: the signers' own and those above them.
    """
    people = [profile.person()] if signers is None else signers
    if certificates is None:
        every = [one for who in people for one in (who.certificate, who.above)]
        certificates = [one for one in every if one]
    infos = []
    for who in people:
        signed = attributes(content, who.key.digest, content_type, moment=moment)
        info = signer_info(
            who,
            content,
            signed=signed if signed_attributes else None,
            by_key_identifier=by_key_identifier,
        )
        infos.append(info)
    return signed_data(
        infos,
        certificates,
        content if attached else None,
        content_type=content_type,
        digests=[who.key.digest for who in people],
    )


def cms_structure(*, by_key_identifier: bool = False) -> cms.ContentInfo:
    """Return the usual signature for a test that breaks a part of it."""
    return cms.ContentInfo.load(sign_cms(by_key_identifier=by_key_identifier))


def indefinite_cms(content: bytes, piece: int = 1000) -> bytes:
    """Sign as streaming producers write it: BER of indefinite length, content in pieces.

    `piece` is the size of a piece in bytes.
    """
    signed = cms.ContentInfo.load(sign_cms(content))["content"]
    pieces = [der.octets(content[start : start + piece]) for start in range(0, len(content), piece)]
    octets = b"\x24\x80" + b"".join(pieces) + b"\0\0"
    encapsulated = signed["encap_content_info"]["content_type"].dump()
    encapsulated = b"\x30\x80" + encapsulated + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    rest = signed["certificates"].dump() + signed["signer_infos"].dump()
    fields = signed["version"].dump() + signed["digest_algorithms"].dump() + encapsulated + rest
    identifier = cms.ContentType("signed_data").dump()
    return bytes(b"\x30\x80" + identifier + b"\xa0\x80\x30\x80" + fields + b"\0\0" * 3)


def usual_cms() -> str:
    """Return base64 of what most clients send: one signer, attached, with the authority above.

    It has about 4,100 characters.
    """
    return b64encode(sign_cms(CONTENT * 8)).decode()


def read(encoded: bytes) -> SignedData:
    """Parse bytes that must be accepted."""
    signature = parse(b64encode(encoded).decode())
    assert isinstance(signature, SignedData)
    return signature


def sign_xml(document: str = "<a><b>test</b></a>", signers: Sequence[Holder] = ()) -> str:
    """Add an enveloped XMLDSig signature of each of `signers`, one after the other.

    Each covers the document with the signatures before it, as the NCA's clients do.
    """
    root = etree.fromstring(document.encode())
    enveloped = xml_signer.Reference(transforms=[xml_signer.Transform(xml_signer.ENVELOPED)])
    for who in signers or [profile.person()]:
        xml_signer.sign(root, who, enveloped)
    return xml_signer.text(root)
