"""What a signer sends for one document, and what is known of that document."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeAlias

from app.cms import (
    SHA_256,
    GivenContent,
    KnownDigest,
    MalformedSignature,
    Reason,
    SignedData,
    SignedXml,
    parse,
    parse_der_file,
)
from app.signing.documents import KeptDocument
from app.signing.refusals import Refusal
from app.trust.turns import Turns

Method: TypeAlias = Literal["ncalayer", "upload", "egov-mobile"]


@dataclass(frozen=True, slots=True)
class Submission:
    """A signature of one document of a package."""

    #: `models.PackageDocument.number`.
    number: int
    #: As `read_signature` returns it.
    signature: SignedData
    method: Method
    #: The document that was sent along; ignored if it is kept here.
    content: bytes | None = None
    kept: KeptDocument | None = None

    @property
    def size(self) -> int:
        """How many bytes it has, with the document."""
        documents = len(self.content or b""), self.kept.size if self.kept else 0
        return len(self.signature.der) + max(documents)


def read_signature(turns: Turns, given: str | bytes) -> SignedData:
    """Parse what was sent: base64 or PEM, or the bytes of DER. Raises Refusal or Busy.

    Large ones are parsed one at a time.
    """
    try:
        with turns.reading(given):
            if isinstance(given, bytes):
                return parse_der_file(given)
            found = parse(given, trailing_zeros=True)
    except MalformedSignature as error:
        raise Refusal("unreadable", Reason(error.template, error.values)) from error
    if isinstance(found, SignedXml):
        raise Refusal("xml")
    return found


def content_of(
    submission: Submission, signature: SignedData, expected: str | None
) -> GivenContent | None:
    """Return what the signature is compared with beside the content attached to it.

    None if nothing is known of it.

    Args:
        submission: what was sent.
        signature: the CMS in it, or that which it was added to.
        expected: the SHA-256 of what is to be signed, hex; None if the office did not give it.

    Raises:
        Refusal: the document that was sent, or attached, is another one.
        ContentAway: a document that is kept can't be read now.
    """
    if submission.kept is not None:
        if expected not in (None, submission.kept.sha256):
            raise Refusal("document_differs")
        return submission.kept.compared_with(signature)
    content = submission.content
    if content is None and signature.attached:
        if expected is not None and _is_other(signature.content, expected):
            raise Refusal("document_differs")
        return None
    if content is not None:
        if expected is not None and _is_other(content, expected):
            raise Refusal("other_file")
        return content
    return None if expected is None else KnownDigest(SHA_256, bytes.fromhex(expected))


def _is_other(content: bytes | None, expected: str) -> bool:
    return content is None or sha256(content).hexdigest() != expected
