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
)
from app.signing.documents import KeptDocument
from app.signing.refusals import Refusal

Method: TypeAlias = Literal["ncalayer", "upload", "egov-mobile"]


@dataclass(frozen=True, slots=True)
class Submission:
    """A signature of one document of a package."""

    #: `models.PackageDocument.number`.
    number: int
    #: The CMS in base64 or PEM.
    text: str
    method: Method
    #: The document that was sent along; ignored if it is kept here.
    content: bytes | None = None
    kept: KeptDocument | None = None


def read_signature(submission: Submission) -> SignedData:
    """Parse what was sent. Raises Refusal."""
    try:
        found = parse(submission.text, trailing_zeros=True)
    except MalformedSignature as error:
        raise Refusal("unreadable", Reason(error.template, error.values)) from error
    if isinstance(found, SignedXml):
        raise Refusal("xml")
    return found


def content_of(
    submission: Submission, signature: SignedData, expected: str | None
) -> GivenContent | None:
    """Return what the signature is compared with, None if nothing is known of it.

    Args:
        submission: what was sent.
        signature: the CMS in it.
        expected: the SHA-256 of what is to be signed, hex; None if the office did not give it.

    Raises:
        Refusal: the document that was sent, or attached, is another one.
        ContentAway: a document that is kept can't be read now.
    """
    if submission.kept is not None:
        if expected not in (None, submission.kept.sha256):
            raise Refusal("document_differs")
        return submission.kept.compared_with(signature)
    sent = submission.content
    content = signature.content if sent is None and signature.attached else sent
    if content is not None:
        if expected is not None and sha256(content).hexdigest() != expected:
            raise Refusal("document_differs" if sent is None else "other_file")
        return content
    return None if expected is None else KnownDigest(SHA_256, bytes.fromhex(expected))
