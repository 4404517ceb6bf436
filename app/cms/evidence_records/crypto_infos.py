"""What proves the timestamps of an evidence record, inside it: cryptoInfos (RFC 4998 section 3.1).

They are attributes of CAdES: certificate-values and revocation-values (ETSI EN 319 122-1 sections
A.1.1.2 and A.1.3.2). No timestamp covers them: each part is believed as far as it is verified.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from app.cms.asn1.der import encode
from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, OBJECT_IDENTIFIER, SEQUENCE, SET
from app.cms.evidence_records.record import MAX_SIZE, EvidenceRecord
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.values import (
    REVOCATION_VALUES,
    basic_response,
    encode_attribute,
    encode_revocation_values,
)
from app.cms.verification.embedded_revocation import read_revocation_values
from app.cms.x509.certificate import Certificate, read_embedded_certificate

CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
# Attributes of one record, values of one, and certificates.
_MAX_ATTRIBUTES, _MAX_VALUES, _MAX_CERTIFICATES = 16, 16, 256
# Bytes of an attribute around its value, at most.
_AROUND = 64


@dataclass(frozen=True, slots=True)
class CryptoInfos:
    """Certificates and revocation data of a record; what can't be read is left out."""

    certificates: tuple[Certificate, ...] = ()
    found: tuple[CertificateList | OcspResponse, ...] = ()


def add_crypto_infos(
    record: EvidenceRecord,
    certificates: Iterable[bytes],
    ocsp_responses: Iterable[bytes],
    crls: Iterable[bytes],
) -> EvidenceRecord:
    """Return a record with what proves its timestamps, encoded, in place of what it has.

    What would make it larger than a record may be is left out: certificates and responses go before
    CRLs, and small CRLs before large ones. Raises MalformedRevocation.
    """
    bare = replace(record, crypto_infos=b"")
    left = MAX_SIZE - len(bare.der) - 3 * _AROUND
    some: list[list[bytes]] = []
    for parts in (certificates, map(basic_response, ocsp_responses), crls):
        fitting = []
        for part in sorted(dict.fromkeys(parts), key=len):
            if len(part) <= left:
                left -= len(part)
                fitting.append(part)
        some.append(fitting)
    listed, responses, lists = some
    attributes = b""
    if listed:
        attributes += encode_attribute(CERTIFICATE_VALUES, encode(SEQUENCE, b"".join(listed)))
    if responses or lists:
        values = encode_revocation_values(lists, responses)
        attributes += encode_attribute(REVOCATION_VALUES, values)
    return replace(bare, crypto_infos=encode(EXPLICIT_0, attributes) if attributes else b"")


def read_crypto_infos(record: EvidenceRecord) -> CryptoInfos:
    """Return the certificates and revocation data in a record. Nothing is verified."""
    if not record.crypto_infos:
        return CryptoInfos()
    certificates: list[Certificate | None] = []
    found: list[CertificateList | OcspResponse] = []
    try:
        # A field with an implicit tag, which the reader takes for no beginning.
        infos = read_node(bytes((SEQUENCE,)) + record.crypto_infos[1:])
    except DAMAGE:
        return CryptoInfos()
    for kind, value in _list_values(infos):
        if kind == CERTIFICATE_VALUES:
            listed = value.children_if_sound(_MAX_CERTIFICATES)
            certificates += [read_embedded_certificate(one.encoded) for one in listed]
        elif kind == REVOCATION_VALUES:
            found += read_revocation_values(value)
    return CryptoInfos(tuple(filter(None, certificates)), tuple(found))


def _list_values(infos: Node) -> Iterator[tuple[str, Node]]:
    """Return the values of all attributes with their type; a damaged one has none."""
    for attribute in infos.children_if_sound(_MAX_ATTRIBUTES):
        try:
            fields = attribute.fields(2)
            kind = fields.take(OBJECT_IDENTIFIER).identifier()
            values = fields.take(SET).children(_MAX_VALUES)
        except DAMAGE:
            continue
        yield from ((kind, value) for value in values)
