"""Signed XML (XML Signature Syntax and Processing, "XMLDSig"): its structure, without verifying.

The document is converted to UTF-8 before libxml2 parses it, so that one check for a document type
declaration is enough for any encoding.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from itertools import chain

from lxml import etree

from app.cms import texts
from app.cms.errors import MalformedSignature
from app.cms.xmldsig.encodings import (
    MARGIN,
    MAX_DECLARATION,
    decode_xml,
    encoding_of,
    find_contradiction,
    find_declaration,
)
from app.cms.xmldsig.free_memory import give_back_after
from app.cms.xmldsig.measures import measure
from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread
from app.cms.xmldsig.signatures import XmlSignature, decode_value, find_child, find_signatures
from app.cms.xmldsig.signer_choice import CertificateChooser

# Occurrences of "<": each element, comment and instruction has one, most elements two. This many
# cost libxml2 some 15 MB.
MAX_MARKS = 100_000
# Bytes of a document in UTF-8. libxml2 and canonical forms take up to eight times as much memory.
MAX_DOCUMENT = 16_000_000
# Occurrences of "=": each attribute has one, and costs libxml2 some 200 bytes.
MAX_EQUALS = 60_000
# Occurrences of "&": each costs libxml2 some 45 ns.
MAX_AMPERSANDS = 200_000
# Comments and instructions before the root element, after which a document type declaration may
# follow.
MAX_PROLOG = 1000
# libxml2's XML_ERR_DOCUMENT_EMPTY and XML_ERR_TAG_NOT_FINISHED: the end comes before the root
# element, or before an end tag.
_UNFINISHED = {4, 77}
# libxml2's XML_ERR_RESOURCE_LIMIT: 256 levels, or 10 million bytes in one text.
_BEYOND_LIMIT = 114
# A character reference that may stand for a character beyond U+FFFF: 65,536 and more.
_WIDE_REFERENCE = re.compile(rb"&#(?:x0*[0-9A-Fa-f]|0*[1-9])[0-9A-Fa-f]{4}")
_BLANKS = re.compile(rb"[ \t\r\n]*")
# Bytes passed to libxml2 at once: it can refuse a document before all of it is copied.
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True)
class SignedXml:
    """A signature in XML form: the document in UTF-8, without its XML declaration.

    `misread`: the encoding that the declaration names, if it is another than the document's, and
    programs that follow it read other characters.
    """

    xml: bytes
    signatures: tuple[XmlSignature, ...]
    misread: str | None = None


def check_budget(marks: int, equals: int, ampersands: int) -> None:
    """Refuse a document with that many "<", "=" and "&" before anything is built from it.

    Raises MalformedSignature.
    """
    if marks > MAX_MARKS or equals > MAX_EQUALS or ampersands > MAX_AMPERSANDS:
        raise MalformedSignature("cms: XML is too large or too deep")


def parse_xml_file(data: bytes) -> SignedXml:
    """Parse a signed XML document, in the encoding of its byte order mark or its declaration.

    Raises what `parse_signed_xml` and `decode_xml` do.
    """
    return parse_signed_xml(decode_xml(data), encoding_of(data))


def parse_signed_xml(pieces: Iterable[str], encoding: str | None = None) -> SignedXml:
    """Parse a signed XML document that is already decoded.

    `encoding` is the one from which it was decoded; None for what came as text. Raises
    MalformedSignature, or UnicodeEncodeError if the text has lone surrogates.
    """
    declaration, xml = _to_utf_8(_within_budget(pieces))
    named = find_contradiction(declaration, encoding)
    if len(xml) > MAX_DOCUMENT:
        raise MalformedSignature("cms: XML is larger than {limit} bytes", limit=MAX_DOCUMENT)
    if b"<!DOCTYPE" in xml:
        _refuse_doctype(xml)
    if len(xml) > texts.MAX_WIDE and _WIDE_REFERENCE.search(xml):
        texts.refuse_width()
    try:
        signed = in_own_thread(partial(_read_alone, declaration.encode(), xml))
    except TooMuchWork as error:
        raise MalformedSignature("cms: XML takes too much time to read") from error
    return replace(signed, misread=None if xml.isascii() else named)


def _within_budget(pieces: Iterable[str]) -> Iterator[str]:
    """Return pieces of a document that `check_budget` allows. Raises MalformedSignature."""
    marks = equals = ampersands = 0
    for piece in pieces:
        marks += piece.count("<")
        equals += piece.count("=")
        ampersands += piece.count("&")
        check_budget(marks, equals, ampersands)
        yield piece


def _read_alone(declaration: bytes, xml: bytes) -> SignedXml:
    """Read a document in a thread of its own, which leaves nothing behind."""
    signed = _read_document(declaration, xml)
    give_back_after(len(xml))
    return signed


def _read_document(declaration: bytes, xml: bytes) -> SignedXml:
    """Read what `parse_signed_xml` has looked over. Raises MalformedSignature."""
    root = parse_document(xml, declaration)
    if root.getroottree().docinfo.internalDTD is not None:
        # A second check, for anything that `_refuse_doctype` reads differently from libxml2.
        raise MalformedSignature("cms: XML has a document type declaration")
    measure(root)  # Names that are too long are refused before anything is compared with them.
    chooser = CertificateChooser(root, xml)
    signatures = tuple(_choose(chooser, *found) for found in find_signatures(root))
    return SignedXml(xml, signatures)


def _choose(
    chooser: CertificateChooser, element: etree._Element, signature: XmlSignature
) -> XmlSignature:
    """Determine the signer's certificate, if there are several."""
    if len(signature.certificates) == 1:
        return signature
    value = decode_value(find_child(element, "SignatureValue", 0), 0)
    choice = chooser.choose(element, signature.certificates, value)
    uncertain = not choice.verifies and (signature.uncertain or not choice.all_tried)
    return replace(signature, certificate=choice.certificate, uncertain=uncertain)


def document_of(pieces: Iterable[str]) -> bytes:
    """Return a document in UTF-8, without surrounding blanks and its XML declaration.

    The declared encoding may differ from the present one. Raises UnicodeEncodeError, or
    MalformedSignature for a declaration that is too long.
    """
    return _to_utf_8(pieces)[1]


def _to_utf_8(pieces: Iterable[str]) -> tuple[str, bytes]:
    """Return the XML declaration of a document, and the rest, without surrounding blanks.

    Only one piece is copied at a time. Raises what `document_of` does.
    """
    rest = iter(pieces)
    beginning = _read_beginning(rest)
    declaration = find_declaration(beginning)
    end = 0
    xml = BytesIO()
    for piece in chain((beginning[len(declaration) :],), rest):
        kept = piece.rstrip(MARGIN)
        xml.write(kept.encode())
        end = xml.tell() if kept else end
        xml.write(piece[len(kept) :].encode())  # More may follow.
    xml.truncate(end)
    return declaration, xml.getvalue()


def _read_beginning(pieces: Iterator[str]) -> str:
    """Return the first pieces, without blanks before the document, in which a declaration fits."""
    beginning = ""
    for piece in pieces:
        beginning = (beginning + piece).lstrip(MARGIN)
        if len(beginning) >= MAX_DECLARATION:
            break
    return beginning


def _refuse_doctype(xml: bytes) -> None:
    """Refuse a document type declaration: it can stand only before the root element.

    Elsewhere, in a comment or in CDATA, the same characters mean nothing.
    """
    position = 0
    for _ in range(MAX_PROLOG):
        position = _after_blanks(xml, position)
        if xml.startswith(b"<!DOCTYPE", position):
            raise MalformedSignature("cms: XML has a document type declaration")
        if xml.startswith(b"<!--", position):
            end = xml.find(b"-->", position + 4) + 3
        elif xml.startswith(b"<?", position):
            end = xml.find(b"?>", position + 2) + 2
        else:
            return
        if end < 4:  # The parser will report that it isn't closed.
            return
        position = end
    raise MalformedSignature("cms: XML is too large or too deep")


def _after_blanks(xml: bytes, position: int) -> int:
    blanks = _BLANKS.match(xml, position)
    return blanks.end() if blanks else position


def _cut_before(xml: bytes, place: int) -> int:
    """Return the next place before `place` that is between two characters."""
    while place < len(xml) and xml[place] & 0xC0 == 0x80:
        place -= 1
    return place


def parse_document(xml: bytes, declaration: bytes = b"") -> etree._Element:
    """Parse a document in UTF-8 within libxml2's own limits, without entities, network or DTD.

    An error that libxml2 reports during parsing is damage. One at the end may be damage as well;
    but a document that stops inside a tag, or with open elements, is truncated. Raises
    MalformedSignature.
    """
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    fed = False
    try:
        if declaration:
            parser.feed(declaration)
        start = 0
        while start < len(xml):
            stop = _cut_before(xml, start + _PIECE)
            parser.feed(xml[start:stop])
            start = stop
        fed = True
        return parser.close()
    except etree.XMLSyntaxError as error:
        code = error.code  # type: ignore[attr-defined]  # The stubs forget it.
        if code == _BEYOND_LIMIT:
            raise MalformedSignature("cms: XML is too large or too deep") from error
        if fed and (code in _UNFINISHED or not xml.endswith(b">")):
            raise MalformedSignature("cms: XML is truncated") from error
        line, column = error.position
        raise MalformedSignature(
            "cms: XML is not well-formed (line {line}, column {column})", line=line, column=column
        ) from error
