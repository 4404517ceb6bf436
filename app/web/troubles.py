"""What is wrong with what a reader sent, in words for people: what it is, and what to do.

The sentence of the program that found it is kept below, for those who are asked for help.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.cms import CmsError, Undecidable, UnsupportedAlgorithm
from app.pdf.asking import DAMAGED, ENCRYPTED
from app.pdf.errors import UnreadablePdf
from app.services.errors import ParameterError
from app.web.texts import sentence, translated

#: The beginnings of files, as far as they say what a file is.
_HEAD = 64


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something can't be done."""

    #: What it is.
    what: str
    #: What to do, None if that is said by then.
    advice: str | None = None
    #: The sentence of the program, None if there is no more to say.
    detail: str | None = None


def trouble_with_file(error: CmsError | ParameterError, data: bytes) -> Trouble:
    """Return why a file with a signature can't be verified.

    Args:
        error: what reading it led to.
        data: the file.
    """
    detail = sentence(error)
    if isinstance(error, UnreadablePdf):
        return Trouble(*_with_pdf(error), detail)
    return Trouble(*(_undecided(error) or _by_kind(data[:_HEAD])), detail)


def is_key(data: bytes) -> bool:
    """Return whether a file looks like a private key, which must never be sent."""
    return _IS_KEY(data[:_HEAD]) is not None


def trouble_with_copy(error: ParameterError) -> Trouble:
    """Return why the reader's copy of a document can't be compared."""
    return Trouble(
        translated("This file is the signature, not the document that was signed."),
        translated("Choose the document itself, and compare again."),
        sentence(error),
    )


def trouble_with_stored(error: CmsError | ParameterError) -> Trouble:
    """Return why there is no verdict on what is stored."""
    what, advice = _undecided(error) or (
        translated("What was saved here can't be read as a signature."),
        translated("It can be downloaded as it was saved. Ask those who saved it what it is."),
    )
    return Trouble(what, advice, sentence(error))


def _undecided(error: CmsError | ParameterError) -> tuple[str, str] | None:
    """Return what lacks here to verify a signature, and what to do; None if it is another error."""
    if isinstance(error, UnsupportedAlgorithm):
        return (
            translated("This signature was made in a way that is not known here."),
            translated("A program that supports this algorithm can say."),
        )
    if isinstance(error, Undecidable):
        return (
            translated("To verify this signature takes more time than is spent on one here."),
            translated("Ask the operator of this server to verify it with the command line."),
        )
    return None


def _with_pdf(error: UnreadablePdf) -> tuple[str, str]:
    """Return what is wrong with a PDF, and what to do."""
    if error.template == ENCRYPTED.template:
        return (
            translated("This PDF is protected by a password, so what is inside can't be read."),
            translated(
                "Ask the sender for the file without the password, as it was signed. To save it "
                "again without the password would break the signatures in it."
            ),
        )
    if error.template == DAMAGED.template:
        return (
            translated("This PDF is damaged, or only a part of it is here."),
            translated("Download it again, or ask the sender for it once more."),
        )
    return (
        translated("This PDF is larger, or has more in it, than is read here."),
        translated("Ask the sender for the signature as a file of its own, and verify that."),
    )


def _by_kind(head: bytes) -> tuple[str, str]:
    """Return what a file is by its beginning, and what to do."""
    for is_one, describe in _KINDS:
        if is_one(head):
            return describe()
    return (
        translated("There is no signature in this file that can be read."),
        translated(
            "Choose the file with the signature: its name often ends in .cms, .p7s or .sig. If "
            "this is that file, it is damaged: download it again, or ask the sender for it once "
            "more."
        ),
    )


def _archive() -> tuple[str, str]:
    return (
        translated("This is an archive, or a document of an office program, not a signature."),
        translated(
            "Unpack the archive, and choose the file with the signature from it. A document, such "
            "as .docx or .xlsx, belongs in the second field, and its signature in the first."
        ),
    )


def _picture() -> tuple[str, str]:
    return (
        translated("This is a picture. A picture of a signature can't be verified."),
        translated("Ask the sender for the electronic document with its signature."),
    )


def _key() -> tuple[str, str]:
    return (
        translated("This looks like a key for signing, not a signature."),
        translated(
            "Nothing of it was kept here. Never send your key to anyone; choose the file with the "
            "signature."
        ),
    )


def _certificate() -> tuple[str, str]:
    return (
        translated("This is a certificate, not a signature."),
        translated("Choose the file with the signature, in which the certificate is."),
    )


def _xml() -> tuple[str, str]:
    return (
        translated("There is no signature in this XML document that can be read."),
        translated(
            "Download the document again, or ask the sender for it as it was signed: a document "
            "that a program has saved anew may have lost its signature."
        ),
    )


#: How a kind of file is recognised, and its words. A key is version 3 of PFX (RFC 7292), or a PEM;
#: a certificate begins with its version (RFC 5280 section 4.1).
_IS_KEY = re.compile(rb"0[\x80-\x84]?.{0,4}?\x02\x01\x030|-----BEGIN [A-Z ]*KEY", re.S).match
_KINDS: tuple[tuple[Callable[[bytes], object], Callable[[], tuple[str, str]]], ...] = (
    (re.compile(rb"PK\x03\x04|Rar!|7z\xbc\xaf|\xd0\xcf\x11\xe0").match, _archive),
    (re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|BM|II\*\0|MM\0\*").match, _picture),
    (_IS_KEY, _key),
    (
        re.compile(
            rb"0.{1,5}?0.{1,5}?\xa0\x03\x02\x01\x02|-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE", re.S
        ).match,
        _certificate,
    ),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<").match, _xml),
)
