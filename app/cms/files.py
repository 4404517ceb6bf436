"""The file in a stored text: armour and encoding removed, contents not read."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from app.cms import text_encoding, texts, wrapped
from app.cms.asn1.node import check_beginning, read_node
from app.cms.asn1.tags import SEQUENCE
from app.cms.errors import MalformedSignature
from app.cms.xmldsig.encodings import decode_xml, is_text
from app.cms.xmldsig.parsing import document_of

_SEQUENCE = bytes((SEQUENCE,))
# Bytes that have the length of the outermost element.
_BEGINNING = 16


@dataclass(frozen=True, slots=True)
class SignatureFile:
    """`data` is DER (or BER) of CMS, or the document of XML; if `format` is None, neither."""

    format: Literal["cms", "xml"] | None
    data: bytes


def is_der(data: bytes) -> bool:
    """Return whether a file begins as a CMS in DER or BER does; no text of a signature does so."""
    return data.startswith(_SEQUENCE)


def text_of_file(data: bytes) -> str:
    """Return the text in which a file with a signature is kept, and from which it is parsed.

    That is base64 of DER, and of XML in another encoding than UTF-8, so that nothing that reads it
    takes it for another document; else the file's own text.

    Raises:
        MalformedSignature: it would take too much memory as text.
        UnicodeDecodeError: it is none of these.
    """
    if is_der(data) or not is_text(data):
        return b64encode(data).decode()
    return texts.decode(data, "utf-8-sig")


def open_file(text: str, sha256: str | None) -> SignatureFile:
    """Return the file in a stored text: the bytes whose digest was taken when it was saved.

    Args:
        text: the signature as it was sent, in whatever armour.
        sha256: the digest of its bytes, hex, by which the right one of several readings is known,
            and a text that is no signature at all; None if it was not taken: then it is the first
            reading that may be a signature.
    """
    for file in _readings(text):
        if sha256 is None or hashlib.sha256(file.data).hexdigest() == sha256:
            return file
    return SignatureFile(None, text.encode())


def _readings(text: str, *, inner: bool = False) -> Iterator[SignatureFile]:
    """Return the possible readings of a text, in the order in which `parsing` tries them.

    If `inner`, the text was unwrapped already, and is not unwrapped further.
    """
    try:
        start, stop = text_encoding.open_armour(text)
    except MalformedSignature:
        return
    if text_encoding.is_plain_uri(text, start):
        try:
            body = text_encoding.decode_uri(text, start, stop)
            if inner or body.startswith(b"<"):
                yield SignatureFile("xml", document_of(texts.decode_pieces(body)))
            else:
                yield from _readings(texts.decode(body), inner=True)
        except (MalformedSignature, UnicodeError):
            return
        return
    if text.startswith("<", start):
        with suppress(MalformedSignature):
            yield SignatureFile("xml", document_of(texts.cut(text, start, stop)))
        return
    for base64 in (wrapped if inner else text_encoding).readings(text[start:stop]):
        try:
            yield from _decoded(text_encoding.decode(base64), inner=inner)
        except (ValueError, MalformedSignature):
            continue


def _decoded(data: bytes, *, inner: bool) -> Iterator[SignatureFile]:
    """Return what decoded base64 may contain. Raises MalformedSignature if it is none of these."""
    text = None if inner else wrapped.text_of(data)
    if data.startswith(_SEQUENCE):
        # A reading that lacks its end is none: the text's last blank is a plus.
        check_beginning(data[:_BEGINNING], len(data))
        yield SignatureFile("cms", data)
        if data.endswith(b"\0"):  # Its digest was computed without trailing zero bytes.
            yield SignatureFile("cms", read_node(data, trailing_zeros=True).encoded)
    elif text is not None:
        yield from _readings(text, inner=True)
    else:
        yield SignatureFile("xml", document_of(decode_xml(data)))
