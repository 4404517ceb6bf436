"""Signed XML (XML Signature Syntax and Processing, "XMLDSig"): its structure, without verifying.

The document is converted to UTF-8 before libxml2 parses it, so that one check for a document type
declaration is enough for any encoding.
"""

import re
from dataclasses import dataclass, replace
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import partial

from lxml import etree

from app.cms import texts
from app.cms.errors import MalformedSignature
from app.cms.xmldsig.measures import measure
from app.cms.xmldsig.own_thread import in_own_thread
from app.cms.xmldsig.signatures import XmlSignature, decode_value, find_child, find_signatures
from app.cms.xmldsig.signer_choice import CertificateChooser

# Occurrences of "<": each element, comment and instruction has one, most elements two. This many
# cost libxml2 some 15 MB.
MAX_MARKS = 100_000
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
_DECLARATION = re.compile(r"\A<\?xml\s[^>]*\?>")
# The end of a comment or an instruction, and the blanks after it.
_MISC_END = re.compile(r"(?:--|\?)>[ \t\r\n]*")
_DECLARED_ENCODING = re.compile(rb"<\?xml\s[^<>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})")
# Accepted encodings: Python's modules and codecs. UTF-7 is not among them.
_ENCODINGS = {
    "utf_8": "utf-8",
    "ascii": "ascii",
    "cp1251": "cp1251",
    "koi8_r": "koi8-r",
    "latin_1": "latin-1",
    "iso8859_5": "iso8859-5",
}
_UTF_16 = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_UTF_8_MARK = b"\xef\xbb\xbf"
_MARGIN = " \t\r\n\ufeff"
# Characters passed to libxml2 at once: it can refuse a document before all of it is copied.
_PIECE = 1_000_000


@dataclass(frozen=True, slots=True)
class SignedXml:
    """A signature in XML form: the document in UTF-8, without its XML declaration."""

    xml: bytes
    signatures: tuple[XmlSignature, ...]


def check_budget(marks: int, equals: int, ampersands: int) -> None:
    """Refuse a document with that many "<", "=" and "&" before anything is built from it.

    Raises MalformedSignature.
    """
    if marks > MAX_MARKS or equals > MAX_EQUALS or ampersands > MAX_AMPERSANDS:
        raise MalformedSignature("cms: XML is too large or too deep")


def decode_xml(data: bytes) -> str:
    """Decode an XML document by its byte order mark or by the encoding that it declares.

    Raises MalformedSignature if it isn't XML, not in a supported encoding, or would take too much
    memory.
    """
    encoding = _UTF_16.get(data[:2]) or _declared_encoding(data)
    try:
        return texts.decode(data.removeprefix(_UTF_8_MARK), encoding)
    except UnicodeDecodeError as error:
        raise MalformedSignature(
            "cms: XML can't be read in the encoding {encoding}", encoding=encoding
        ) from error


def _declared_encoding(data: bytes) -> str:
    beginning = data[:256].removeprefix(_UTF_8_MARK).lstrip()
    if not beginning.startswith(b"<"):
        raise MalformedSignature("cms: neither CMS nor XML")
    declared = _DECLARED_ENCODING.match(beginning)
    name = declared[1].decode().lower() if declared else "utf-8"
    # Not `codecs.lookup`, which permanently remembers every unknown name.
    module = normalize_encoding(name)
    encoding = _ENCODINGS.get(aliases.get(module, module))
    if not encoding:
        raise MalformedSignature("cms: XML can't be read in the encoding {encoding}", encoding=name)
    return encoding


def parse_signed_xml(text: str) -> SignedXml:
    """Parse a signed XML document that is already decoded: its declared encoding is ignored.

    Raises MalformedSignature, or UnicodeEncodeError if the text has lone surrogates.
    """
    check_budget(text.count("<"), text.count("="), text.count("&"))
    text = text.lstrip(_MARGIN)
    if "<!DOCTYPE" in text:
        _refuse_doctype(text)
    return in_own_thread(partial(_read_document, text))


def _read_document(text: str) -> SignedXml:
    """Read what `parse_signed_xml` has looked over. Raises MalformedSignature."""
    root = parse_document(text)
    if root.getroottree().docinfo.internalDTD is not None:
        # A second check, for anything that `_refuse_doctype` reads differently from libxml2.
        raise MalformedSignature("cms: XML has a document type declaration")
    measure(root)  # Names that are too long are refused before anything is compared with them.
    xml = document_of(text)
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


def document_of(text: str) -> bytes:
    """Return a document in UTF-8, without surrounding blanks and its XML declaration.

    The declared encoding may differ from the present one.
    """
    text = text.strip(_MARGIN)
    declaration = _DECLARATION.match(text)
    return (text[declaration.end() :] if declaration else text).encode()


def _refuse_doctype(text: str) -> None:
    """Refuse a document type declaration: it can stand only before the root element.

    Elsewhere, in a comment or in CDATA, the same characters mean nothing.
    """
    position = 0
    for _ in range(MAX_PROLOG):
        if text.startswith("<!DOCTYPE", position):
            raise MalformedSignature("cms: XML has a document type declaration")
        if text.startswith("<!--", position):
            end = text.find("-->", position + 4)
        elif text.startswith("<?", position):
            end = text.find("?>", position + 2)
        else:
            return
        if end < 0:  # The parser will report that it isn't closed.
            return
        behind = _MISC_END.match(text, end)
        position = behind.end() if behind else end
    raise MalformedSignature("cms: XML is too large or too deep")


def parse_document(text: str) -> etree._Element:
    """Parse within libxml2's own limits, without entities, network or DTD.

    An error that libxml2 reports during parsing is damage. One at the end may be damage as well;
    but a document that stops inside a tag, or with open elements, is truncated. Raises
    MalformedSignature.
    """
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    fed = False
    try:
        for start in range(0, len(text), _PIECE):
            parser.feed(text[start : start + _PIECE].encode())
        fed = True
        return parser.close()
    except etree.XMLSyntaxError as error:
        code = error.code  # type: ignore[attr-defined]  # The stubs forget it.
        if code == _BEYOND_LIMIT:
            raise MalformedSignature("cms: XML is too large or too deep") from error
        if fed and (code in _UNFINISHED or not text.rstrip(_MARGIN).endswith(">")):
            raise MalformedSignature("cms: XML is truncated") from error
        line, column = error.position
        raise MalformedSignature(
            "cms: XML is not well-formed (line {line}, column {column})", line=line, column=column
        ) from error
