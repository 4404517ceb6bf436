"""Distribution points: their addresses and directory names (RFC 5280 sections 4.2.1.13, 5.2.5)."""

from app.cms.asn1.der import encode
from app.cms.asn1.node import Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, SEQUENCE, SET
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate
from app.cms.x509.names import RelativeKeys, relative_keys

# Names of one distribution point, and points of one certificate.
_MAX_NAMES = 64
# Bytes of one relative name.
_MAX_RELATIVE = 1000
_RELATIVE, _DIRECTORY, _URI = 0xA1, 0xA4, 0x86


def addresses(point: Node) -> set[str]:
    """Return the addresses in the full name of a distribution point."""
    return {
        name.contents.decode("latin-1")
        for full_name in point.children()
        if full_name.tag == EXPLICIT_0
        for name in full_name.children(_MAX_NAMES)
        if name.tag == _URI
    }


def directories(point: Node, issuer: bytes) -> set[RelativeKeys]:
    """Return the directory names of a distribution point, in comparable form.

    A name relative to the CRL issuer is appended to that issuer's name (section 4.2.1.13).
    """
    found: set[RelativeKeys | None] = set()
    for choice in point.children():
        if choice.tag == _RELATIVE:
            above, relative = relative_keys(issuer), relative_keys(_as_name(choice.contents))
            found.add(above + relative if above and relative else None)
        elif choice.tag == EXPLICIT_0:
            names = choice.children(_MAX_NAMES)
            found |= {relative_keys(one.only().encoded) for one in names if one.tag == _DIRECTORY}
    return {one for one in found if one}


def points_of(certificate: Certificate) -> set[RelativeKeys]:
    """Return the directory names of the distribution points for all reasons, of its issuer.

    Raises MalformedExtension.
    """

    def read(extension: bytes) -> set[RelativeKeys]:
        found: set[RelativeKeys] = set()
        for point in read_node(extension).children(_MAX_NAMES):
            fields = point.fields(3)
            name = fields.optional(EXPLICIT_0)
            if name and not fields.rest():
                found |= directories(name, certificate.issuer)
        return found

    return x509.read_extension(certificate, x509.CRL_DISTRIBUTION_POINTS, read) or set()


def _as_name(relative: bytes) -> bytes:
    """Encode a Name with one RelativeDistinguishedName, given its contents.

    Raises ValueError if it is larger than any in use.
    """
    if len(relative) > _MAX_RELATIVE:
        raise ValueError("a name is too long")
    return encode(SEQUENCE, encode(SET, relative))
