"""Files, or their hashes, that a form sends."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from app.cms import KnownDigest, SignedData, SignedXml, describe_signers
from app.services.bodies import read_body
from app.services.digests import read_digest
from app.services.errors import ParameterError
from app.services.uploads import MULTIPART, read_multipart

#: Hashes of one document: a signature with more algorithms has other reasons to be looked at.
MAX_DIGESTS = 8


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
        ParameterError: it is none, or is incomplete.
        RequestEntityTooLarge: it is larger than MAX_CONTENT_LENGTH.
    """
    body = read_body(request)
    if request.mimetype != MULTIPART:
        raise ParameterError("Request body is not complete multipart/form-data")
    given = read_multipart([body], request.mimetype_params.get("boundary", ""))
    last = {name: values[-1] for name, values in given.items()}
    files = {name: value for name, value in last.items() if isinstance(value, bytes)}
    digests = last.get("digests")
    listed = _read(digests) if isinstance(digests, str) else ()
    return Sent(files.get("signature"), files.get("document"), listed)


def read_copy() -> Sent:
    """Read a form with the reader's copy of a document. Raises what `read_sent` does.

    Raises ParameterError also if there is none.
    """
    sent = read_sent()
    if not sent.has_document:
        raise ParameterError('"{field}" parameter must be set', field="document")
    return sent


def _read(text: str) -> tuple[KnownDigest, ...]:
    """Return the hashes in a field: algorithm, colon, hexadecimal digits; blanks between them."""
    found = []
    for word in text.split()[:MAX_DIGESTS]:
        algorithm, _, value = word.partition(":")
        digest = read_digest(value, algorithm)
        if digest is not None:
            found.append(digest)
    return tuple(found)
