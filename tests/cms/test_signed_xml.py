"""The rules of signed XML, each with one document that breaks it."""

import re
from base64 import b64encode
from itertools import pairwise
from urllib.parse import quote

import pytest

from app.cms.parsing import parse
from app.cms.xmldsig import parsing as signed_xml
from app.cms.xmldsig import signatures as xml_signatures
from app.cms.xmldsig.parsing import SignedXml
from tests import pki
from tests.cms.conftest import Refusal
from tests.pki import profile, xml_signer

ANNA = profile.person("ПЕТРОВА АННА")
TEXT = pki.sign_xml("<a><b>текст</b></a>")
TWICE = pki.sign_xml(signers=[profile.person(), ANNA])
BARE = TEXT[TEXT.index("?>") + 2 :]


def read(text: str) -> SignedXml:
    """Parse a text that must be accepted."""
    signed = parse(text)
    assert isinstance(signed, SignedXml)
    return signed


def test_what_is_read_of_each_signature() -> None:
    first, second = read(TWICE).signatures
    assert first.signature_method == xml_signer.RSA_SHA256
    assert first.digest_method == xml_signer.SHA256
    assert first.references == 1
    assert first.certificate == profile.person().certificate
    assert second.certificate == ANNA.certificate


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TEXT, id="plain"),
        pytest.param("\ufeff\r\n  " + TEXT + "\n", id="byte order mark and margin"),
        pytest.param(TEXT.replace("utf-8", "windows-1251"), id="a declaration of the past"),
        pytest.param(b64encode(TEXT.encode()).decode(), id="base64"),
        pytest.param(pki.wrapped(TEXT.encode(), 76), id="base64 in lines"),
        pytest.param(b64encode(b"\xef\xbb\xbf" + TEXT.encode()).decode(), id="base64, with mark"),
        pytest.param(b64encode(b"\n" + BARE.encode()).decode(), id="base64, with a margin"),
        pytest.param(b64encode(BARE.encode("utf-16")).decode(), id="UTF-16 with mark"),
        pytest.param(b64encode(TEXT.encode("utf-16-be")).decode(), id="UTF-16 BE without mark"),
        pytest.param(b64encode(BARE.encode("utf-16-le")).decode(), id="UTF-16 LE without mark"),
        pytest.param(
            b64encode(TEXT.replace("utf-8", "WINDOWS-1251").encode("cp1251")).decode(),
            id="windows-1251",
        ),
        pytest.param("data:text/xml;base64," + b64encode(TEXT.encode()).decode(), id="data URI"),
        pytest.param("data:text/xml," + quote(TEXT), id="percent-encoded data URI"),
        pytest.param("data:text/xml," + quote(TEXT, safe="<> "), id="half encoded data URI"),
        pytest.param(
            b64encode(("<!-- >>>??? -->" + BARE).encode()).decode().replace("+", " "),
            id="base64 that lost its pluses",
        ),
        pytest.param(pki.wrapped(TEXT.encode(), 64, " "), id="base64 joined by blanks"),
    ],
)
def test_every_form_in_which_clients_send_xml_is_opened(text: str) -> None:
    xml = read(text).xml.decode()
    assert xml.removeprefix("<!-- >>>??? -->") == BARE


@pytest.mark.slow
@pytest.mark.parametrize("text", [TEXT, BARE, TWICE])
def test_every_beginning_of_a_document_is_refused_as_truncated(text: str, refusal: Refusal) -> None:
    for size in [*range(1, 400), *range(400, len(text), 7), len(text) - 1]:
        assert refusal(text[:size]) == "cms: XML is truncated", size


@pytest.mark.parametrize(
    "text",
    [
        "<a><b></a></b>",
        BARE + BARE,
        BARE.replace("<b>", "<b>&unknown;"),
        BARE.replace("<b>", "<b>\x01"),
        BARE.replace("<a>", '<a b="1" b="2">'),
        BARE.replace("<b>", "<x:b>").replace("</b>", "</x:b>"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_place(text: str, refusal: Refusal) -> None:
    assert re.fullmatch(r"cms: XML is not well-formed \(line \d+, column \d+\)", refusal(text))


def test_a_document_that_is_too_deep_is_refused(refusal: Refusal) -> None:
    text = BARE.replace("<a>", "<a>" * 300).replace("</a>", "</a>" * 300)
    assert refusal(text) == "cms: XML is too large or too deep"


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghi"))
    + "]>"
)


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE a>",
        LAUGHS,
        '<!-- <b> --><!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]>',
    ],
)
@pytest.mark.parametrize("encoding", [None, "utf-8", "utf-16", "utf-16-be"])
def test_a_document_type_declaration_is_refused_in_every_encoding(
    prolog: str, encoding: str | None, refusal: Refusal
) -> None:
    text = prolog + BARE
    sent = b64encode(text.encode(encoding)).decode() if encoding else text
    assert refusal(sent) == "cms: XML has a document type declaration"


@pytest.mark.parametrize(
    "text",
    [
        BARE.replace("<b>", "<b><![CDATA[<!DOCTYPE a>]]>"),
        BARE.replace("<b>", "<b><!-- <!DOCTYPE a> -->"),
        "<!-- <!DOCTYPE a> -->\n<?x <!DOCTYPE a>?>" + BARE,
        BARE + "<!-- <!DOCTYPE a> -->",
    ],
)
def test_what_only_looks_like_a_document_type_declaration_is_accepted(text: str) -> None:
    assert read(text).xml.decode() == text


def test_a_declaration_that_the_first_look_overlooks_is_refused_after_parsing(
    monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    monkeypatch.setattr(signed_xml, "_refuse_doctype", lambda _: None)
    assert refusal("<!DOCTYPE a>" + BARE) == "cms: XML has a document type declaration"


def test_a_long_prolog_before_a_declaration_is_refused(refusal: Refusal) -> None:
    text = "<!---->" * signed_xml.MAX_PROLOG + "<!DOCTYPE a>" + BARE
    assert refusal(text) == "cms: XML is too large or too deep"


@pytest.mark.parametrize("prolog", ["<!-- <!DOCTYPE a>", "<?x <!DOCTYPE a>"])
def test_a_prolog_that_is_not_closed_is_refused(prolog: str, refusal: Refusal) -> None:
    assert "DOCTYPE" not in refusal(prolog)


@pytest.mark.parametrize(
    "declaration",
    ["<?xml bla?>", '<?xml encoding="utf-8"?>', '<?xml version="9" foo="bar"?>', "<?xml ?>"],
)
def test_a_malformed_xml_declaration_is_refused(declaration: str, refusal: Refusal) -> None:
    for sent in (declaration + BARE, b64encode((declaration + BARE).encode()).decode()):
        assert "cms: XML is not well-formed (line 1, column" in refusal(sent)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF8", "utf-8"),
        ("utf_8", "utf-8"),
        ("cp1251", "cp1251"),
        ("Windows-1251", "cp1251"),
        ("KOI8-R", "koi8-r"),
        ("ISO-8859-5", "iso8859-5"),
    ],
)
def test_an_encoding_may_be_declared_by_each_of_its_names(name: str, codec: str) -> None:
    text = TEXT.replace("utf-8", name)
    assert read(b64encode(text.encode(codec)).decode()).xml.decode() == BARE


@pytest.mark.parametrize("name", ["utf-7", "idna", "rot13", "utf-32", "nonsense"])
def test_other_encodings_are_refused(name: str, refusal: Refusal) -> None:
    sent = b64encode(TEXT.replace("utf-8", name).encode()).decode()
    assert refusal(sent) == f"cms: XML can't be read in the encoding {name}"


def test_an_encoding_in_which_markup_could_hide_is_refused(refusal: Refusal) -> None:
    text = '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a>' + BARE
    sent = b64encode(text.encode()).decode()
    assert refusal(sent) == "cms: XML can't be read in the encoding utf-7"


def test_bytes_that_are_not_in_the_declared_encoding_are_refused(refusal: Refusal) -> None:
    sent = b64encode(TEXT.encode("cp1251")).decode()
    assert refusal(sent) == "cms: XML can't be read in the encoding utf-8"


def test_lone_surrogates_are_refused(refusal: Refusal) -> None:
    text = BARE.replace("<b>", "<b>\ud800")
    assert refusal(text) == "cms: signature is malformed (UnicodeEncodeError)"


@pytest.mark.parametrize(
    "element",
    [
        "SignedInfo",
        "CanonicalizationMethod",
        "SignatureMethod",
        "Reference",
        "DigestMethod",
        "DigestValue",
        "SignatureValue",
        "KeyInfo",
        "X509Certificate",
    ],
)
def test_a_missing_element_is_named_with_its_signature(element: str, refusal: Refusal) -> None:
    text = TWICE.replace(f"ds:{element}", "ds:Other")
    assert refusal(text) == f"cms: signature 1: {element} is missing"


def test_one_complete_signature_is_enough() -> None:
    start = TWICE.rindex("<ds:Signature ")
    [signature] = read(TWICE[:start] + TWICE[start:].replace("ds:KeyInfo", "ds:Other")).signatures
    assert signature.certificate == profile.person().certificate
    first = TWICE[:start].replace("ds:KeyInfo", "ds:Other")
    [signature] = read(first + TWICE[start:]).signatures
    assert signature.certificate == ANNA.certificate


def test_many_incomplete_signatures_beside_a_complete_one_are_refused(refusal: Refusal) -> None:
    empty = f'<Signature xmlns="{xml_signer.DS}"/>'
    read(BARE.replace("</a>", empty * xml_signatures.MAX_INCOMPLETE + "</a>"))
    text = BARE.replace("</a>", empty * (xml_signatures.MAX_INCOMPLETE + 1) + "</a>")
    assert refusal(text) == "cms: signature 2: SignedInfo is missing"


@pytest.mark.parametrize("element", ["CanonicalizationMethod", "SignatureMethod", "DigestMethod"])
def test_a_method_without_algorithm_is_refused(element: str, refusal: Refusal) -> None:
    for broken in ('Algorithm=""', 'Other="x"'):
        text = re.sub(rf'(<ds:{element} )Algorithm="[^"]*"', rf"\g<1>{broken}", BARE)
        assert refusal(text) == f"cms: signature 1: {element}/@Algorithm is missing"


@pytest.mark.parametrize("element", ["DigestValue", "SignatureValue", "X509Certificate"])
@pytest.mark.parametrize(
    "contents",
    [
        "",
        " \n",
        "QQ",
        "QUJD!",
        "ЖЖЖЖ",
        "QU<!-- -->JD",
        "Q\xa0UJD",
        "AAAA=",
        "AAAA==",
        "AAAA===",
        "AAAA====",
        "AA==AAAA",
    ],
)
def test_a_value_that_is_not_base64_is_refused(
    element: str, contents: str, refusal: Refusal
) -> None:
    text = re.sub(rf"(<ds:{element}>)[^<]*", rf"\g<1>{contents}", BARE)
    assert refusal(text) == f"cms: signature 1: {element} is not base64"


@pytest.mark.parametrize(
    "der",
    [
        b"x",
        b"\x30\0",
        b"\x30\x80" * 50,
        b"\x30\3\5\0",
        b"\x30\2\5\0",
        b"\x30\x82\x80\0" + bytes(0x8000),
    ],
)
def test_a_certificate_that_does_not_parse_is_refused(der: bytes, refusal: Refusal) -> None:
    text = re.sub(r"(<ds:X509Certificate>)[^<]*", rf"\g<1>{b64encode(der).decode()}", BARE)
    assert refusal(text) == "cms: signature 1: certificate is malformed"


def test_a_document_without_signature_is_refused(refusal: Refusal) -> None:
    assert refusal("<a>ds:Signature</a>") == "cms: XML has no ds:Signature"
    assert refusal(BARE.replace(xml_signer.DS, "urn:other")) == "cms: XML has no ds:Signature"


def test_too_many_references_or_signatures_are_refused(refusal: Refusal) -> None:
    reference = re.search(r"<ds:Reference .*</ds:Reference>", BARE)
    assert reference
    text = BARE.replace(reference[0], reference[0] * (xml_signatures.MAX_REFERENCES + 1))
    assert refusal(text) == "cms: ds:Reference: more than 256"
    many = f'<a xmlns:ds="{xml_signer.DS}">' + "<ds:Signature/>" * 257 + "</a>"
    assert refusal(many) == "cms: ds:Signature: more than 256"


def test_the_root_may_be_the_signature_itself() -> None:
    signature = BARE[BARE.index("<ds:Signature ") : BARE.index("</a>")]
    assert len(read(signature).signatures) == 1


@pytest.mark.slow
def test_a_document_is_read_up_to_its_largest_size(refusal: Refusal) -> None:
    text = pki.sign_xml("<a><b>x</b><b>x</b></a>")
    more = "x" * ((signed_xml.MAX_DOCUMENT - len(read(text).xml)) // 2)
    largest = text.replace("<b>", f"<b>{more}")
    assert signed_xml.MAX_DOCUMENT - len(read(largest).xml) in (0, 1)
    larger = largest.replace("<b>", "<b>xx")
    assert refusal(larger) == f"cms: XML is larger than {signed_xml.MAX_DOCUMENT} bytes"
