"""Names of files in a card: readable, with an extension, and of nothing that can be run."""

from __future__ import annotations

import re
import unicodedata

from app.pdf.errors import NoCard

#: Characters with a meaning in paths or shells.
_UNSAFE = re.compile(r'[\\/:*?"<>|%]')
#: Where programs may end a name; U+FFFD stands for NUL.
_ENDS = re.compile(r"[\x00-\x1f\x7f:\ufffd]")
#: Characters of a name without its extension.
_MAX_NAME = 100
#: What the beginning of a file says about its type.
_BEGINNINGS = {
    b"%PDF-": ".pdf",
    b"<?xml": ".xml",
    b"PK\x03\x04": ".zip",
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
}
_EXECUTABLE_BEGINNINGS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
_EXECUTABLE_NAMES = frozenset(
    [
        *(
            "app",
            "bat",
            "chm",
            "cmd",
            "com",
            "cpl",
            "dll",
            "dmg",
            "elf",
            "exe",
            "hta",
            "inf",
            "jar",
        ),
        *("js", "jse", "lnk", "msi", "msp", "ps1", "py", "reg", "run", "scr", "sh", "so", "sys"),
        *("vb", "vbe", "vbs", "ws", "wsf", "wsh"),
    ]
)


def is_executable(name: str, data: bytes) -> bool:
    """Return whether a file can be run, by its extension or its beginning."""
    # Systems leave out what follows such characters, and dots and blanks at the end.
    extensions = {one.rstrip(". ").rpartition(".")[2].strip() for one in _ENDS.split(name.lower())}
    return bool(extensions & _EXECUTABLE_NAMES) or data.startswith(_EXECUTABLE_BEGINNINGS)


def name_document(wanted: str, data: bytes) -> str:
    """Return a safe name of a document, with an extension. Raises NoCard for what can be run."""
    name = _UNSAFE.sub("_", wanted)
    # Control characters, and those that change the direction of text.
    name = "".join("_" if unicodedata.category(each)[0] == "C" else each for each in name)
    stem, dot, extension = name.strip(". ").rpartition(".")
    if not dot or not stem or not 1 <= len(extension) <= 5 or not extension.isalnum():
        stem, extension = name.strip(". "), _guess(data)
    else:
        extension = f".{extension}"
    named = (stem[:_MAX_NAME].strip(". ") or "document") + extension
    if is_executable(named, data):
        raise NoCard("There is no card: the document is a program, which a card must not hold")
    return named


def _guess(data: bytes) -> str:
    """Return the extension of a file by its beginning; else that of text or of bytes."""
    for beginning, extension in _BEGINNINGS.items():
        if data.startswith(beginning):
            return extension
    try:
        data.decode()
    except UnicodeDecodeError:
        return ".bin"
    return ".txt"
