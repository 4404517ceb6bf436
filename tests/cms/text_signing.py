"""XML signatures filled into documents that are plain text, without lxml having any part in it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import replace

from app.cms.xmldsig.canonical_forms import FORMS, Form
from tests.cms.canonical_reference import Node, canonicalise, parse
from tests.pki import Holder


def sign(template: str, who: Holder) -> str:
    """Put a certificate in place of CERTIFICATE, a digest (SHA-256) of DIGEST, a value of VALUE.

    The document has one signature with one Reference, to all of it or to an element by its Id.
    """
    text = template.replace("CERTIFICATE", b64encode(who.certificate).decode())
    document = parse(text.encode())
    reference = _find(document, "Reference")
    signature = _find(document, "Signature")
    transforms = _named(reference, "Transform")
    enveloped = any(
        each.attributes["Algorithm"].endswith("#enveloped-signature") for each in transforms
    )
    forms = [each for each in transforms if each.attributes["Algorithm"] in FORMS]
    # What names an Id, or nothing, leaves comments out (XMLDSig section 4.4.3.3).
    form = replace(_form(forms[0]) if forms else Form(), comments=False)
    name = reference.attributes["URI"].removeprefix("#")
    [apex] = [each for each in document.elements() if each.attributes.get("Id") == name] or [
        document
    ]
    octets = canonicalise(apex, form, {signature} if enveloped else set())
    text = text.replace("DIGEST", b64encode(hashlib.sha256(octets).digest()).decode())
    signed_info = _find(parse(text.encode()), "SignedInfo")
    message = canonicalise(signed_info, _form(_find(signed_info, "CanonicalizationMethod")))
    return text.replace("VALUE", b64encode(who.key.sign(message)).decode())


def _form(method: Node) -> Form:
    form = FORMS[method.attributes["Algorithm"]]
    lists = [each.attributes["PrefixList"] for each in _named(method, "InclusiveNamespaces")]
    return replace(form, prefixes=tuple(" ".join(lists).split()))


def _named(node: Node, name: str) -> list[Node]:
    return [each for each in node.elements() if (each.name or "").rpartition(":")[2] == name]


def _find(node: Node, name: str) -> Node:
    return _named(node, name)[0]
