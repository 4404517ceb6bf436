"""XML signatures made in memory, by any key of `tests.pki`, whole or as a test wants them broken.

What is signed is canonicalised here by lxml alone, before the signature stands in the document; so
nothing that is tested has a part in it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from tests.pki.armour import wrapped
from tests.pki.certificates import Holder
from tests.pki.keys import ECDSA_SHA256

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
C14N_COMMENTS = C14N + "#WithComments"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXCLUSIVE_COMMENTS = EXCLUSIVE + "WithComments"
SHA1 = DS + "sha1"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256 = MORE + "rsa-sha256"
NCA = "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:"
# Signature algorithm of a key -> the URI that names it in XML.
METHODS = {
    "1.2.840.113549.1.1.5": DS + "rsa-sha1",
    "1.2.840.113549.1.1.11": RSA_SHA256,
    ECDSA_SHA256: MORE + "ecdsa-sha256",
    "1.2.398.3.10.1.1.1.2": MORE + "gost34310-gost34311",
    "1.2.398.3.10.1.1.2.3.1": NCA + "gostr34102015-gostr34112015-256",
    "1.2.398.3.10.1.1.2.3.2": NCA + "gostr34102015-gostr34112015-512",
}
Digest = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Transform:
    """A Transform; `prefixes` is the PrefixList of exclusive canonicalisation."""

    uri: str
    prefixes: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A Reference as it is to stand there. `signed` are the octets that its digest is over.

    By default it is made as the NCA's clients do, over the document that the signature comes into.
    """

    uri: str | None = ""
    transforms: Sequence[Transform] = (Transform(ENVELOPED), Transform(C14N_COMMENTS))
    method: str = SHA256
    signed: bytes | None = None


def sha256(data: bytes) -> bytes:
    """Hash."""
    return hashlib.sha256(data).digest()


def sign(
    root: etree._Element,
    who: Holder,
    *references: Reference,
    parent: etree._Element | None = None,
    place: int | None = None,
    canonicalisation: Transform = Transform(C14N),
    digest: Digest = sha256,
    objects: Sequence[etree._Element] = (),
) -> etree._Element:
    """Add a ds:Signature to a document, and return it.

    It comes into `parent`, the root by default, to `place` among its children, the end by default;
    without a document it is the root. `digest` computes those of the references.
    """
    listed = references or (Reference(),)
    digests = [
        digest(canonical(root) if reference.signed is None else reference.signed)
        for reference in listed
    ]
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS})
    into = root if parent is None else parent
    into.insert(len(into) if place is None else place, signature)
    return fill(signature, who, listed, digests, canonicalisation=canonicalisation, objects=objects)


def fill(
    signature: etree._Element,
    who: Holder,
    references: Sequence[Reference],
    digests: Sequence[bytes],
    *,
    canonicalisation: Transform = Transform(C14N),
    objects: Sequence[etree._Element] = (),
) -> etree._Element:
    """Fill an empty ds:Signature in its place, and return it."""
    signed_info = _add(signature, "SignedInfo")
    _add_method(signed_info, "CanonicalizationMethod", canonicalisation)
    _add(signed_info, "SignatureMethod", Algorithm=METHODS[who.key.algorithm])
    for reference, made in zip(references, digests, strict=True):
        element = _add(signed_info, "Reference")
        if reference.uri is not None:
            element.set("URI", reference.uri)
        if reference.transforms:
            transforms = _add(element, "Transforms")
            for transform in reference.transforms:
                _add_method(transforms, "Transform", transform)
        _add(element, "DigestMethod", Algorithm=reference.method)
        _add(element, "DigestValue").text = b64encode(made).decode()
    _add(signature, "SignatureValue")
    data = _add(_add(signature, "KeyInfo"), "X509Data")
    _add(data, "X509Certificate").text = _java_base64(who.certificate)
    for element in objects:
        _add(signature, "Object").append(element)
    resign(signature, who)
    return signature


def resign(signature: etree._Element, who: Holder) -> None:
    """Sign SignedInfo as it is now."""
    signed_info, value = signature[0], signature[1]
    method = signed_info[0]
    prefixes = method[0].get("PrefixList") if len(method) else None
    made = who.key.sign(canonical(signed_info, Transform(method.get("Algorithm", ""), prefixes)))
    if who.key.algorithm == ECDSA_SHA256:
        made = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(made))
    value.text = _java_base64(made)


def canonical(part: etree._Element, method: Transform = Transform(C14N)) -> bytes:
    """Canonicalise a part of a document; lxml doesn't know what it inherits in XML's namespace."""
    return etree.tostring(
        part,
        method="c14n",
        exclusive=method.uri.startswith(EXCLUSIVE),
        with_comments=method.uri.endswith("WithComments"),
        inclusive_ns_prefixes=(method.prefixes or "").split(),
    )


def text(root: etree._Element) -> str:
    """Write a document as clients send it."""
    body = etree.tostring(root.getroottree(), encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8" standalone="no"?>{body}'


def _add_method(parent: etree._Element, name: str, method: Transform) -> None:
    element = _add(parent, name, Algorithm=method.uri)
    if method.prefixes is not None:
        inclusive = etree.SubElement(
            element, f"{{{EXCLUSIVE}}}InclusiveNamespaces", nsmap={"ec": EXCLUSIVE}
        )
        inclusive.set("PrefixList", method.prefixes)


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)


def _java_base64(data: bytes) -> str:
    """Write base64 with the carriage returns that Java leaves in it, which become "&#13;"."""
    return f"\n{wrapped(data, 76)}\n"
