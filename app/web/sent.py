"""Files, or their hashes, that a form sends."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from app.cms import KnownDigest, SignedData, SignedXml, describe_signers
from app.services.digests import read_digest
from app.services.errors import ParameterError
from app.services.uploads import MULTIPART
from app.web.forms import FIELD
from app.web.posted import read_posted

#: Hashes of one document: a signature with more algorithms has other reasons to be looked at.
MAX_DIGESTS = 8
#: The name of their field.
DIGESTS = "digests"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form sent: None, or none, of what was left out."""

    signature: bytes | None
    document: bytes | None
    digests: tuple[KnownDigest, ...]

    @property
    def has_document(self) -> bool:
        """Whether there is a document or a hash of it."""
        return self.document is not None or bool(self.digests)

    def content_for(self, signature: SignedData | SignedXml) -> bytes | KnownDigest | None:
        """Return what a CMS is compared with: the document, else the hash that it needs."""
        if isinstance(signature, SignedXml):
            return None
        if self.document is not None or not self.digests:
            return self.document
        for signer in describe_signers(signature):
            for digest in self.digests:
                if digest.is_by(signer.digest_algorithm):
                    return digest
        return self.digests[0]


def read_sent() -> Sent:
    """Read a form with files.

    Raises:
        ParameterError: it is none, is incomplete, or has a field that can't be used.
        RequestEntityTooLarge: it is larger than MAX_CONTENT_LENGTH.
    """
    return _read_files("signature", "document")


def read_copy() -> Sent:
    """Read a form with the reader's copy of a document. Raises what `read_sent` does.

    Raises ParameterError also if there is none.
    """
    sent = _read_files("document")
    if not sent.has_document:
        raise ParameterError('"{field}" parameter must be set', field="document")
    return sent


def _read_files(*names: str) -> Sent:
    if request.mimetype != MULTIPART:
        raise ParameterError("Request body is not complete multipart/form-data")
    posted = read_posted(files=True)
    posted.require_known((FIELD, DIGESTS), names)
    document, digests = posted.file("document"), _read(posted.text(DIGESTS))
    if document is not None and digests:
        raise ParameterError(
            '"{field}" parameter can\'t be used with "{other}"', field=DIGESTS, other="document"
        )
    return Sent(posted.file("signature"), document, digests)


def _read(text: str) -> tuple[KnownDigest, ...]:
    """Return the hashes in a field: algorithm, colon, hexadecimal digits; blanks between them.

    Raises ParameterError if there are too many, or one can't be read.
    """
    words = text.split(maxsplit=MAX_DIGESTS)
    if len(words) > MAX_DIGESTS:
        raise ParameterError(
            '"{field}" parameter must have at most {limit} items', field=DIGESTS, limit=MAX_DIGESTS
        )
    found = []
    for word in words:
        algorithm, _, value = word.partition(":")
        digest = read_digest(value, algorithm)
        if digest is not None:
            found.append(digest)
    return tuple(found)
