"""SignedData of CMS (RFC 5652 section 5): what makes it a signature, short of verifying it.

All is read in place, since the content may have megabytes; only certificates go to asn1crypto.
"""

from dataclasses import dataclass, field
from typing import NoReturn

from app.cms.ber import (
    EXPLICIT_0,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    Scanned,
)
from app.cms.certificates import CertificateSet, CertificateSource
from app.cms.errors import MalformedSignature, refuse_number
from app.cms.nodes import Node
from app.cms.oids import dotted
from app.cms.signer_infos import (
    SignerIdentifier,
    SignerInfo,
    group_same,
    read_signer_info,
)
from app.cms.x509 import MAX_CERTIFICATE_SIZE, is_lone_certificate

MAX_SIGNERS = 256
MAX_CERTIFICATES = 1024
# Signed attributes of one signer; real ones are 3 to 8.
MAX_ATTRIBUTES = 64

# Object identifiers as they are encoded: comparing bytes is cheaper than decoding.
_ID_DATA = bytes.fromhex("2a864886f70d010701")
_ID_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_ID_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_ID_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_REQUIRED_ATTRIBUTES = {_ID_CONTENT_TYPE: "content-type", _ID_MESSAGE_DIGEST: "message-digest"}

# The tags that the fields of a SignedData may have: version, digestAlgorithms, encapContentInfo,
# certificates (optional), crls (optional), signerInfos.
_LAYOUTS = {
    b"\x02\x31\x30\x31",
    b"\x02\x31\x30\xa0\x31",
    b"\x02\x31\x30\xa1\x31",
    b"\x02\x31\x30\xa0\xa1\x31",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """One SignerInfo (RFC 5652 section 5.3); algorithms are dotted object identifiers.

    `identified_by` is the choice made in SignerIdentifier, `certificate` the embedded one (DER).
    """

    digest_algorithm: str
    signature_algorithm: str
    has_signed_attributes: bool
    identified_by: SignerIdentifier
    certificate: bytes


@dataclass(frozen=True, slots=True)
class SignedCms:
    """A signature in CMS form.

    `der` is the decoded ContentInfo (BER or DER), `content_type` the eContentType with dots,
    `content_size` the bytes of the attached content or None if it is detached, `certificates`
    the number of those embedded. `trailing_zeros` are the zero bytes that followed it and were left
    away.
    """

    der: bytes
    content_type: str
    content_size: int | None
    certificates: int
    signers: tuple[Signer, ...]
    #: The scan of `der`, and the fields of SignedData in it, for whoever reads on.
    scanned: Scanned = field(repr=False, compare=False)
    fields: tuple[Element, ...] = field(repr=False, compare=False)
    #: For each signer its SignerInfo, and further copies, whose unsigned attributes count too.
    infos: tuple[tuple[Element, ...], ...] = field(repr=False, compare=False)
    #: The embedded CertificateChoices.
    listed: list[Element] = field(repr=False, compare=False)
    trailing_zeros: int = field(default=0, compare=False)

    @property
    def attached(self) -> bool:
        """Whether the content came with the signature."""
        return self.content_size is not None


def parse_signed_data(value: Scanned, elsewhere: CertificateSource | None = None) -> SignedCms:
    """Read a ContentInfo of type signed-data.

    The certificates of its signers must be embedded, or lie `elsewhere`, if that is given.

    Raises MalformedSignature, or whatever asn1crypto raises for damage that nobody foresaw.
    """
    fields = _signed_data_fields(value)
    content_type, content_size = _read_content(value, fields[2])
    listed = _list_certificates(value, fields[3])
    signer_infos = value.elements(fields[-1][2], fields[-1][3], MAX_SIGNERS)
    if not signer_infos:
        raise MalformedSignature("cms: SignedData has no signer")
    if len(signer_infos) > MAX_SIGNERS:
        refuse_number("SignerInfo", MAX_SIGNERS)
    source = elsewhere or CertificateSet([Node(value, one) for one in listed])
    infos = group_same(value, signer_infos)
    signers = tuple(
        [
            _read_signer(value, same[0], number, content_type, source)
            for number, same in enumerate(infos, 1)
        ]
    )
    return SignedCms(
        der=value.data,
        content_type=dotted(content_type),
        content_size=content_size,
        certificates=len(listed),
        signers=signers,
        scanned=value,
        fields=tuple(fields),
        infos=tuple(infos),
        listed=listed,
    )


def _signed_data_fields(value: Scanned) -> list[Element]:
    """List the fields of the SignedData in a ContentInfo (RFC 5652 sections 3 and 5.1).

    Raises MalformedSignature.
    """
    der = value.data
    outermost = value.elements(0, len(der), 1)[0]
    info = value.elements(outermost[2], outermost[3], 2)
    if [part[0] for part in info] != [OBJECT_IDENTIFIER, EXPLICIT_0]:
        raise MalformedSignature("cms: not a ContentInfo of type signed-data")
    if der[info[0][2] : info[0][3]] != _ID_SIGNED_DATA:
        raise MalformedSignature("cms: not a ContentInfo of type signed-data")
    content = value.elements(info[1][2], info[1][3], 1)
    if [part[0] for part in content] != [SEQUENCE]:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData")
    fields = value.elements(content[0][2], content[0][3], 6)
    layout = bytes([field[0] for field in fields])
    if layout not in _LAYOUTS or fields[0][2] == fields[0][3]:
        raise MalformedSignature("cms: {field} is malformed", field="SignedData")
    return fields


def _read_content(value: Scanned, encapsulated: Element) -> tuple[bytes, int | None]:
    """Return the encoded eContentType, and the size of eContent if there is one (section 5.2)."""
    parts = value.elements(encapsulated[2], encapsulated[3], 2)
    layout = [part[0] for part in parts]
    if layout not in ([OBJECT_IDENTIFIER], [OBJECT_IDENTIFIER, EXPLICIT_0]):
        raise MalformedSignature("cms: {field} is malformed", field="encapContentInfo")
    content_type = value.data[parts[0][2] : parts[0][3]]
    if len(parts) == 1:
        return content_type, None
    content = value.elements(parts[1][2], parts[1][3], 1)
    size = value.count_octets(content[0]) if len(content) == 1 else None
    if size is None:
        raise MalformedSignature("cms: {field} is malformed", field="encapContentInfo")
    return content_type, size


def _list_certificates(value: Scanned, field: Element) -> list[Element]:
    """List the CertificateSet (section 10.2.3), if that is what the fourth field is."""
    if field[0] != EXPLICIT_0:
        return []
    listed = value.elements(field[2], field[3], MAX_CERTIFICATES)
    if len(listed) > MAX_CERTIFICATES:
        refuse_number("certificates", MAX_CERTIFICATES)
    for number, certificate in enumerate(listed, 1):
        if certificate[4] - certificate[1] > MAX_CERTIFICATE_SIZE:
            raise MalformedSignature(
                "cms: certificate {number} is larger than {limit} bytes",
                number=number,
                limit=MAX_CERTIFICATE_SIZE,
            )
        value.remember(certificate)
    return listed


def _read_signer(
    value: Scanned,
    element: Element,
    number: int,
    content_type: bytes,
    source: CertificateSource,
) -> Signer:
    """Check the SignerInfo `number`, counted from 1, and find its certificate."""
    record = read_signer_info(value, element)
    if record is None:
        _refuse_field(number, "SignerInfo")
    if not record.has_signature:
        raise MalformedSignature("cms: signer {number}: signature is empty", number=number)
    if record.signed_attributes is not None:
        _check_attributes(value, record.signed_attributes, number, content_type)
    elif content_type != _ID_DATA:
        raise MalformedSignature(
            "cms: signer {number}: signed attributes are missing (content is not plain data)",
            number=number,
        )
    certificate = _find_certificate(value, record, number, source)
    if not is_lone_certificate(certificate):
        _refuse_field(number, "certificate")
    return Signer(
        digest_algorithm=record.digest_algorithm,
        signature_algorithm=record.signature_algorithm,
        has_signed_attributes=record.signed_attributes is not None,
        identified_by=record.identified_by,
        certificate=certificate,
    )


def _check_attributes(
    value: Scanned, attributes: Element, number: int, content_type: bytes
) -> None:
    """Check what RFC 5652 demands of signed attributes (sections 5.3, 11.1 and 11.2)."""
    values = _required_values(value, attributes, number)
    # An identifier within the budget has its length in one octet.
    expected = bytes((OBJECT_IDENTIFIER, len(content_type))) + content_type
    if values[_ID_CONTENT_TYPE] != expected:
        raise MalformedSignature(
            "cms: signer {number}: content-type attribute differs from eContentType", number=number
        )
    digest = values[_ID_MESSAGE_DIGEST]
    if digest[0] != OCTET_STRING or digest[1] == 0:
        _refuse_field(number, "message-digest")


def _required_values(value: Scanned, attributes: Element, number: int) -> dict[bytes, bytes]:
    """Return the encoded value of each required attribute: each stands once, with one value."""
    found: dict[bytes, bytes] = {}
    der = value.data
    listed = value.elements(attributes[2], attributes[3], MAX_ATTRIBUTES)
    if len(listed) > MAX_ATTRIBUTES:
        refuse_number("signedAttrs", MAX_ATTRIBUTES)
    for attribute in listed:
        parts = value.elements(attribute[2], attribute[3], 2)
        if attribute[0] != SEQUENCE or [part[0] for part in parts] != [OBJECT_IDENTIFIER, SET]:
            _refuse_field(number, "signedAttrs")
        kind = der[parts[0][2] : parts[0][3]]
        if kind in _REQUIRED_ATTRIBUTES:
            values = value.elements(parts[1][2], parts[1][3], 1)
            if kind in found or len(values) != 1:
                _refuse_attribute(number, kind)
            found[kind] = der[values[0][1] : values[0][4]]
    for kind in _REQUIRED_ATTRIBUTES:
        if kind not in found:
            _refuse_attribute(number, kind)
    return found


def _refuse_field(number: int, field: str) -> NoReturn:
    raise MalformedSignature(
        "cms: signer {number}: {field} is malformed", number=number, field=field
    )


def _refuse_attribute(number: int, kind: bytes) -> NoReturn:
    raise MalformedSignature(
        "cms: signer {number}: {attribute} attribute must stand once, with one value",
        number=number,
        attribute=_REQUIRED_ATTRIBUTES[kind],
    )


def _find_certificate(
    value: Scanned, record: SignerInfo, number: int, source: CertificateSource
) -> bytes:
    """Find what the SignerIdentifier names; a certificate's place in the list says nothing."""
    _, _, start, stop, _ = record.identifier
    der = value.data
    if record.identified_by == "issuerAndSerialNumber":
        parts = value.elements(start, stop, 2)
        if [part[0] for part in parts] != [SEQUENCE, INTEGER]:
            _refuse_field(number, "SignerInfo")
        issuer, serial = parts
        certificate = source.by_issuer_and_serial(
            der[issuer[1] : issuer[4]], der[serial[1] : serial[4]]
        )
    else:
        certificate = source.by_key_identifier(der[start:stop])
    if certificate is None:
        raise MalformedSignature("cms: signer {number}: certificate is not embedded", number=number)
    return certificate
