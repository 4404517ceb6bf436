"""The file that a stored text stands for, out of its armour, without reading what is in it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from app.cms import armour, ber
from app.cms.errors import MalformedSignature
from app.cms.signed_xml import decode_xml, document_of

_SEQUENCE = bytes((ber.SEQUENCE,))


@dataclass(frozen=True, slots=True)
class SignatureFile:
    """`data` is DER (or BER) of CMS, or the document of XML; where `format` is None, neither."""

    format: Literal["cms", "xml"] | None
    data: bytes


def open_file(text: str, sha256: str | None) -> SignatureFile:
    """Give the file in a stored text: the bytes whose digest was taken when it was saved.

    Args:
        text: the signature as it was sent, in whatever armour.
        sha256: the digest of its bytes, hex, by which the right one of several readings is known,
            and a text that is no signature at all; None if nobody took it: then it is the first
            reading that may be a signature.
    """
    for file in _readings(text):
        if sha256 is None or hashlib.sha256(file.data).hexdigest() == sha256:
            return file
    return SignatureFile(None, text.encode())


def _readings(text: str) -> Iterator[SignatureFile]:
    """Give what a text may stand for, in the order in which `parsing` tries it."""
    try:
        start, stop = armour.open_armour(text)
    except MalformedSignature:
        return
    body = text[start:stop]
    if text[start - 1 : start] == "," and body[:1] in ("<", "%"):
        body = unquote(body)  # A data URI without base64.
    if body.startswith("<"):
        yield SignatureFile("xml", document_of(body))
        return
    for base64 in armour.readings(body):
        try:
            data = armour.decode(base64)
            if data.startswith(_SEQUENCE):
                yield SignatureFile("cms", data)
            else:
                yield SignatureFile("xml", document_of(decode_xml(data)))
        except (ValueError, MalformedSignature):
            continue
