"""CRLs and OCSP responses that came with a signature, and so were chosen by its sender."""

from collections.abc import Iterable, Iterator
from itertools import islice

from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.budget import Budget
from app.cms.revocation.checking import RevocationData
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.origins import EMBEDDED
from app.cms.signed_data.parsing import SignedData

# How many are read of one signature, and the total bytes of all responses, which are scanned. CRLs
# are read in place.
MAX_EMBEDDED = 128
MAX_RESPONSE_BYTES = 262_144
# CRLs or responses in one attribute.
_MAX_VALUES = MAX_EMBEDDED

_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_REVOCATION_VALUES = bytes.fromhex("2a864886f70d0109100218")


def read_embedded(signature: SignedData, budget: Budget) -> RevocationData:
    """Read those that can be read, within the limits above; `budget` pays for checking it."""
    return sort_brought(_read_all(_list_embedded(signature)), budget)


def measure_embedded(signature: SignedData) -> tuple[int, int]:
    """Return how many there are in a CMS, and their bytes; it counts no more than one too many.

    What is in `crls` counts whatever it is, as that has a limit of elements.
    """
    sizes = [node.size for node, _ in islice(_list_embedded(signature), MAX_EMBEDDED + 1)]
    infos = signature.revocation_infos
    number, size = max(len(sizes), len(infos)), max(sum(sizes), sum(one.size for one in infos))
    return number, size


def read_brought(
    crls: Iterable[bytes], responses: Iterable[bytes], budget: Budget
) -> RevocationData:
    """Read those of an XML signature in the same way, from what is encoded there."""
    return sort_brought(_read_all(_list_encoded(crls, responses)), budget)


def sort_brought(found: Iterable[CertificateList | OcspResponse], budget: Budget) -> RevocationData:
    """Return what the sender of a signature chose; `budget` pays for checking it."""
    listed = list(found)
    crls = [one for one in listed if isinstance(one, CertificateList)]
    responses = [one for one in listed if isinstance(one, OcspResponse)]
    return RevocationData(crls, responses, budget)


def read_revocation_values(value: Node) -> list[CertificateList | OcspResponse]:
    """Read those in a RevocationValues that can be read, within the limits above."""
    return list(_read_all(_list_values(value)))


def _read_all(
    listed: Iterator[tuple[Node, type[CertificateList] | type[OcspResponse]]],
) -> Iterator[CertificateList | OcspResponse]:
    left = MAX_RESPONSE_BYTES
    for node, kind in islice(listed, MAX_EMBEDDED):
        try:
            if kind is CertificateList:
                yield CertificateList(node.encoded, origin=EMBEDDED)
            elif node.size <= left:
                left -= node.size
                yield OcspResponse(node.encoded, origin=EMBEDDED)
        except MalformedRevocation:
            continue


def _list_encoded(
    crls: Iterable[bytes], responses: Iterable[bytes]
) -> Iterator[tuple[Node, type[CertificateList] | type[OcspResponse]]]:
    """List encoded values, each once, but for those that are damaged."""
    kinds = ((OcspResponse, responses), (CertificateList, crls))
    for kind, encoded in ((kind, one) for kind, listed in kinds for one in dict.fromkeys(listed)):
        try:
            yield read_node(encoded), kind
        except DAMAGE:
            continue


def _list_embedded(
    signature: SignedData,
) -> Iterator[tuple[Node, type[CertificateList] | type[OcspResponse]]]:
    """List the values in SignedData.crls and in the attribute of CAdES.

    These are RevocationInfoChoices (RFC 5652 section 10.2.1, RFC 5940) and RevocationValues (ETSI
    EN 319 122-1 section A.1.3.2).
    """
    for info in signature.revocation_infos:
        if info.tag != EXPLICIT_1:
            yield info, CertificateList
        elif (other := _read_other(info)) is not None:
            yield other, OcspResponse
    for signer in signature.signers:
        for value in signer.unsigned_values(_REVOCATION_VALUES):
            yield from _list_values(value)


def _read_other(info: Node) -> Node | None:
    """Return the OCSPResponse in an OtherRevocationInfoFormat; None if it holds another type."""
    try:
        kind, other = info.children(2)
        return other if kind.identifier() == _OCSP_RESPONSE else None
    except DAMAGE:
        return None


def _list_values(value: Node) -> Iterator[tuple[Node, type[CertificateList] | type[OcspResponse]]]:
    """List crlVals [0] and ocspVals [1]."""
    try:
        for field in value.children():
            if field.tag in (EXPLICIT_0, EXPLICIT_1):
                for one in field.only().children(_MAX_VALUES):
                    yield one, CertificateList if field.tag == EXPLICIT_0 else OcspResponse
    except DAMAGE:
        return
