"""CRLs and OCSP responses that came with a signature, and so were chosen by its sender."""

from collections.abc import Iterator
from itertools import islice

from app.cms.asn1.node import DAMAGE, Node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.budget import Budget
from app.cms.revocation.checking import RevocationData
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.ocsp import OcspResponse
from app.cms.signed_data.parsing import SignedData

# How many are read of one signature, and the total bytes of all responses, which are scanned. CRLs
# are read in place.
MAX_EMBEDDED = 64
MAX_RESPONSE_BYTES = 131_072
# CRLs or responses in one attribute.
_MAX_VALUES = 64

_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"
_REVOCATION_VALUES = bytes.fromhex("2a864886f70d0109100218")


def read_embedded(signature: SignedData, budget: Budget) -> RevocationData:
    """Read those that can be read, within the limits above; `budget` pays for checking it."""
    crls: list[CertificateList] = []
    responses: list[OcspResponse] = []
    left = MAX_RESPONSE_BYTES
    for node, kind in islice(_list_embedded(signature), MAX_EMBEDDED):
        try:
            if kind is CertificateList:
                crls.append(CertificateList(node.encoded))
            elif node.size <= left:
                left -= node.size
                responses.append(OcspResponse(node.encoded))
        except MalformedRevocation:
            continue
    return RevocationData(crls, responses, budget)


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
