"""What a file that is no signature is: named by how it begins, so that its sender sees the mistake.

Contents are not read, except for the names in an archive.
"""

from typing import NoReturn

from app.cms.errors import MalformedSignature

_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_RIFF, _WEBP = b"RIFF", b"WEBP"
# Two letters are weak evidence: also the four reserved bytes at 6 must be zero.
_BMP, _RESERVED = b"BM", b"\0\0\0\0"
_PDF = b"%PDF-"
# The signatures of a local file header, and of the end of an archive without files.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# The folder in which a document of Word, Excel or PowerPoint (ECMA-376) has its parts.
_OFFICE = {b"word/": "DOCX", b"xl/": "XLSX", b"ppt/": "PPTX"}


def refuse_foreign(data: bytes) -> None:
    """Raise MalformedSignature for a file of a known kind; `data` may be just its beginning."""
    if data.startswith(_PDF):
        raise MalformedSignature("cms: a PDF document, not a signature")
    if data.startswith(_ZIP):
        _refuse_archive(data)
    for magic, name in _IMAGES.items():
        if data.startswith(magic):
            _refuse_image(name)
    if data.startswith(_RIFF) and data[8:12] == _WEBP:
        _refuse_image("WebP")
    if data.startswith(_BMP) and data[6:10] == _RESERVED:
        _refuse_image("BMP")


def _refuse_archive(data: bytes) -> NoReturn:
    for folder, name in _OFFICE.items():
        if folder in data:
            raise MalformedSignature("cms: a {name} document, not a signature", name=name)
    raise MalformedSignature("cms: a ZIP archive, not a signature")


def _refuse_image(name: str) -> NoReturn:
    raise MalformedSignature("cms: an image ({name}), not a signature", name=name)
