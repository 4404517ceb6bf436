"""Files that are no signatures are named, and zero bytes behind a CMS left away where asked."""

import io
import zipfile
from base64 import b64encode

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse, parse_der_file
from app.cms.signed_data.parsing import SignedData
from app.cms.verification.verifier import Verifier
from tests import pki

DER = pki.sign_cms()


def archive(*names: str, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack files of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name in names:
            packed.writestr(name, "content " * 20)
    return file.getvalue()


FILES = {
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "a ZIP archive": archive("contract.txt"),
    "a DOCX document": archive("[Content_Types].xml", "word/document.xml"),
    "a XLSX document": archive("[Content_Types].xml", "xl/workbook.xml"),
    "a PPTX document": archive("ppt/presentation.xml", method=zipfile.ZIP_STORED),
    "an image (PNG)": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "an image (JPEG)": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "an image (GIF)": b"GIF89a\x01\0\x01\0\xf0\0\0",
    "an image (TIFF)": b"II*\0\x08\0\0\0",
    "an image (WebP)": b"RIFF\x24\0\0\0WEBPVP8 ",
    "an image (BMP)": b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0",
}


def refusal(text: str) -> str:
    with pytest.raises(MalformedSignature) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("size", [0, 2_000_000])
def test_a_file_of_a_known_kind_is_named(kind: str, size: int) -> None:
    text = b64encode(FILES[kind] + b"<=&" * (size // 3)).decode()
    for sent in (text, f"data:application/octet-stream;base64,{text}"):
        assert refusal(sent) == f"cms: {kind}, not a signature"


def test_an_empty_archive_is_one() -> None:
    assert refusal(b64encode(archive()).decode()) == "cms: a ZIP archive, not a signature"


@pytest.mark.parametrize("size", [0, 2_000_000])
def test_a_file_that_is_text_is_named_as_well(size: int) -> None:
    text = FILES["a PDF document"][:9].decode() + "1 0 obj << >> endobj\n" + "x" * size
    assert refusal(text) == "cms: a PDF document, not a signature"


def test_what_only_looks_like_a_file_in_its_first_letters_is_none() -> None:
    assert refusal(b64encode(b"BM, he said to her").decode()) == "cms: neither CMS nor XML"
    parse(pki.sign_xml("<a>%PDF-1.7</a>"))


@pytest.mark.parametrize("der", [DER, pki.indefinite_cms(b"x")])
@pytest.mark.parametrize("zeros", [1, 2, 16_384])
def test_zero_bytes_behind_a_cms_are_removed_where_that_is_asked(der: bytes, zeros: int) -> None:
    text = b64encode(der + bytes(zeros)).decode()
    assert "follow the ASN.1 value" in refusal(text)
    read = parse(text, trailing_zeros=True)
    assert isinstance(read, SignedData)
    assert read.der == der
    assert read == parse(b64encode(der).decode())
    assert read.trailing_zeros == zeros
    file = parse_der_file(der + bytes(zeros))
    assert (file.der, file.trailing_zeros) == (der, zeros)
    [status] = Verifier().verify(read, at=pki.SIGNING_TIME)
    remark = f"{zeros} zero bytes follow the signature, and are not signed"
    assert remark in map(str, status.intact.reasons)


def test_nothing_else_may_follow() -> None:
    for rest in (b"\0\1", b"\1\0", DER):
        with pytest.raises(MalformedSignature):
            parse(b64encode(DER + rest).decode(), trailing_zeros=True)
        with pytest.raises(MalformedSignature):
            parse_der_file(DER + rest)
