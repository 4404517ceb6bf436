"""An XML declaration is not signed, so it must not make other programs read another document."""

from base64 import b64decode, b64encode
from urllib.parse import quote

import pytest
from lxml import etree

from app.cms import open_file, parse_xml, text_of_file
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig.encodings import MAX_DECLARATION
from app.cms.xmldsig.parsing import SignedXml
from tests.cms.conftest import Refusal
from tests.cms.judging import AT, IVAN, ROOT, read, text
from tests.pki import xml_signer

pytestmark = pytest.mark.attacks

YES, NO = Answer.YES, Answer.NO
MARK = b"\xef\xbb\xbf"


def signed(inside: str) -> str:
    """Sign a document, without a declaration."""
    root = etree.fromstring(f"<pay><sum>{inside}</sum></pay>")
    xml_signer.sign(root, IVAN)
    return etree.tostring(root, encoding="unicode")


RUSSIAN, LATIN = signed("Анне"), signed("100+ADA-")
#: What may stand before `encoding=`.
PADS = [" ", " " * 230, "\n" * 700, "\t", " \r\n "]


def declaring(name: str, pad: str = " ", after: str = "") -> str:
    """Return a declaration of an encoding."""
    return f'<?xml version="1.0"{pad}encoding="{name}"{after}?>'


def judged(sent: str) -> tuple[Answer, str]:
    """Verify, and return what is said of the content."""
    [status] = Verifier(read(ROOT)).verify(parse(sent), at=AT)
    return status.intact.answer, text(status.intact)


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def as_sent(document: str) -> list[str]:
    """Return a document as text, as bytes, as a file, and as a data URI of either kind."""
    data = document.encode()
    return [
        document,
        base64(data),
        text_of_file(data),
        text_of_file(MARK + data),
        base64(b" \n" + data),
        "data:text/xml;base64," + base64(data),
        "data:text/xml," + quote(document),
    ]


@pytest.mark.parametrize("pad", PADS, ids=range(len(PADS)))
@pytest.mark.parametrize(
    "name", ["utf-7", "UTF-7", "hz", "iso-2022-jp", "gbk", "shift_jis", "cp037", "utf-32", "", "é"]
)
def test_an_encoding_in_which_characters_hide_is_refused_everywhere(
    name: str, pad: str, refusal: Refusal
) -> None:
    for sent in as_sent(declaring(name, pad) + LATIN):
        assert "cms: XML can't be read in the encoding" in refusal(sent)


@pytest.mark.parametrize("document", [LATIN, signed("+ADw-")])
@pytest.mark.parametrize(
    "declaration",
    [
        "<?xml version='1.0' encoding='utf-7'?>",
        '<?xml version="1.0" encoding = "utf-7" standalone="yes" ?>',
        '<?xml version="1.0"\nencoding\t=\r"utf-7"?>',
        f'<?xml version="1.0" encoding{" " * 400}={" " * 400}"utf-7"?>',
        f'<?xml{" " * 500}version="1.0" encoding="utf-7"?>',
        '<?xml version="1.0"encoding="utf-7"?>',
    ],
)
def test_a_declaration_is_found_wherever_xml_allows_it(
    declaration: str, document: str, refusal: Refusal
) -> None:
    for sent in as_sent(declaration + document):
        assert refusal(sent) == "cms: XML can't be read in the encoding utf-7"


def test_a_declaration_without_an_end_in_sight_is_refused(refusal: Refusal) -> None:
    long = f"cms: the XML declaration has more than {MAX_DECLARATION} characters"
    for document in (LATIN, RUSSIAN):
        for sent in as_sent(declaring("utf-8", " " * MAX_DECLARATION) + document):
            assert refusal(sent) == long
    size = MAX_DECLARATION - len(declaring("utf-8", ""))
    for sent in as_sent(declaring("utf-8", " " * size) + LATIN):
        assert judged(sent) == (YES, "")
    assert refusal(declaring("utf-8", " " * size + " ") + LATIN) == long
    assert refusal("<?xml version='1.0'") == "cms: XML is truncated"


def test_a_declaration_between_two_pieces_is_found(refusal: Refusal) -> None:
    for margin in (499_970, 499_990, 499_996):
        data = (" " * margin + declaring("utf-7") + LATIN).encode("utf-16")
        assert refusal(base64(data)) == "cms: XML can't be read in the encoding utf-7"


@pytest.mark.parametrize("pad", PADS, ids=range(len(PADS)))
@pytest.mark.parametrize("name", ["windows-1251", "koi8-r", "iso-8859-1", "ISO-8859-5"])
def test_bytes_are_read_as_they_declare(name: str, pad: str) -> None:
    document = declaring(name, pad) + RUSSIAN
    for sent in (base64(document.encode()), text_of_file(document.encode())):
        assert judged(sent)[0] is NO
        assert etree.fromstring(b64decode(sent)).findtext("sum") != "Анне"
    if name != "iso-8859-1":
        assert judged(text_of_file(document.encode(name))) == (YES, "")


@pytest.mark.parametrize("name", ["windows-1251", "KOI8-R", "iso-8859-1", "us-ascii"])
def test_a_declaration_that_contradicts_the_document_is_named(name: str) -> None:
    document = declaring(name) + RUSSIAN
    data = document.encode()
    remark = (
        f"the XML declaration names {name.lower()}, which is not the encoding that was verified: "
        "programs that follow it read other characters"
    )
    for sent in (
        document,
        "\ufeff\n" + document,
        "data:text/xml," + quote(document),
        base64(MARK + data),
        text_of_file(MARK + data),
        base64(document.encode("utf-16")),
        text_of_file(document.encode("utf-16-le")),
    ):
        assert judged(sent) == (YES, remark)


def test_where_nothing_reads_differently_nothing_is_named() -> None:
    for name in ("windows-1251", "us-ascii", "utf-8", "UTF-16"):
        assert judged(declaring(name) + LATIN) == (YES, "")
    for name in ("utf-8", "UTF-16", "utf-16le"):
        assert judged(declaring(name) + RUSSIAN) == (YES, "")
        for encoding in ("utf-16", "utf-16-be"):
            data = (declaring(name) + RUSSIAN).encode(encoding)
            assert judged(text_of_file(data)) == (YES, "")
    assert judged(text_of_file((declaring("windows-1251") + LATIN).encode())) == (YES, "")


@pytest.mark.parametrize("name", ["utf-8", "windows-1251", "koi8-r", "utf-16"])
def test_the_file_of_a_stored_text_is_what_was_verified(name: str) -> None:
    for sent in (
        (declaring(name) + RUSSIAN),
        text_of_file((declaring(name) + RUSSIAN).encode(name)),
    ):
        signed = parse(sent)
        assert isinstance(signed, SignedXml)
        file = open_file(sent, None)
        assert (file.format, file.data) == ("xml", signed.xml)
        assert parse_xml(file.data).misread is None
        assert etree.fromstring(file.data).findtext("sum") == "Анне"


def test_a_stored_text_with_an_endless_declaration_is_no_document() -> None:
    sent = declaring("utf-8", " " * MAX_DECLARATION) + LATIN
    for text_kept in (sent, base64(sent.encode())):
        assert open_file(text_kept, None).format is None


def test_a_file_is_kept_as_text_if_it_reads_the_same() -> None:
    for document in (declaring("utf-8") + RUSSIAN, RUSSIAN, declaring("windows-1251") + LATIN):
        assert text_of_file(document.encode()) == document
        assert text_of_file(MARK + document.encode()) == document
    with pytest.raises(UnicodeDecodeError):
        text_of_file(b"\xff\xd8")
    wide = b"<a>" + b"x" * 8_000_000 + "😀</a>".encode()
    with pytest.raises(MalformedSignature):
        text_of_file(wide)
