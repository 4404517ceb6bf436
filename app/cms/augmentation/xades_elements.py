"""The unsigned properties of XAdES that hold evidence, as text (ETSI EN 319 132-1 section 5).

All is in the namespaces that it declares itself, so it stands anywhere; and in ASCII.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.cms.xmldsig.canonical_forms import EXCLUSIVE

#: The namespace of XAdES since 2002: that of EN 319 132-1, too.
XADES = "http://uri.etsi.org/01903/v1.3.2#"
_DS = "http://www.w3.org/2000/09/xmldsig#"
# How the octets of `stamped_values` are made.
_METHOD = f'<CanonicalizationMethod xmlns="{_DS}" Algorithm="{EXCLUSIVE}"/>'.encode()


@dataclass(frozen=True, slots=True)
class Branch:
    """An element to be added: with `text`, it is new; else its children go into one that is there.

    `is_first`: by the schema it stands before all of its siblings, else after them.
    """

    name: str
    children: Sequence[Branch] = ()
    text: bytes = b""
    is_first: bool = False

    def write(self, *, declare: bool = True) -> bytes:
        """Write the element, with the declaration of its namespace unless one above has that."""
        inner = self.text + b"".join(one.write(declare=False) for one in self.children)
        name, namespace = self.name.encode(), f' xmlns="{XADES}"'.encode() if declare else b""
        return b"<%s%s>%s</%s>" % (name, namespace, inner, name)


def write_object(target: str, properties: Branch) -> bytes:
    """Write a ds:Object with QualifyingProperties of the ds:Signature of that Id, plain ASCII."""
    opened = f'<QualifyingProperties xmlns="{XADES}" Target="#{target}">'.encode()
    inner = properties.write(declare=False)
    return b'<Object xmlns="%s">%s%s</QualifyingProperties></Object>' % (
        _DS.encode(),
        opened,
        inner,
    )


def unsigned_properties(
    tokens: Iterable[bytes],
    certificates: Iterable[bytes],
    crls: Iterable[bytes],
    ocsp_responses: Iterable[bytes],
) -> Branch | None:
    """Return UnsignedProperties with these values, each encoded; None if there are none."""
    stamps = [
        Branch(
            "SignatureTimeStamp",
            text=_METHOD + _value("EncapsulatedTimeStamp", one).write(declare=False),
        )
        for one in tokens
    ]
    of_crls = _list("CRLValues", "EncapsulatedCRLValue", crls, is_first=True)
    of_ocsp = _list("OCSPValues", "EncapsulatedOCSPValue", ocsp_responses)
    listed = [
        *stamps,
        *_list("CertificateValues", "EncapsulatedX509Certificate", certificates),
        *([Branch("RevocationValues", [*of_crls, *of_ocsp])] if of_crls or of_ocsp else []),
    ]
    if not listed:
        return None
    return Branch(
        "UnsignedProperties", [Branch("UnsignedSignatureProperties", listed, is_first=True)]
    )


def _list(name: str, each: str, values: Iterable[bytes], *, is_first: bool = False) -> list[Branch]:
    """Return a list of values, or nothing instead of an empty one."""
    found = [_value(each, one) for one in values]
    return [Branch(name, found, is_first=is_first)] if found else []


def _value(name: str, value: bytes) -> Branch:
    return Branch(name, text=b64encode(value))
