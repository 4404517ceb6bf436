"""Content sent along with a signature: decoded, and compared with what was signed."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import overload

from app.cms import (
    FITS_WITH_CRLF,
    SHA_256,
    Answer,
    ContentBudget,
    GivenContent,
    KnownDigest,
    KnownDigests,
    Reason,
    SignedData,
    SignedXml,
    Verdict,
    contradicts_content,
    decode_content,
    with_crlf,
)
from app.services.errors import ParameterError

_FIELD = "data"


@overload
def content_given(
    signature: SignedData | SignedXml, data: str | bytes | None, budget: ContentBudget
) -> bytes | None: ...


@overload
def content_given(
    signature: SignedData | SignedXml, data: str | GivenContent | None, budget: ContentBudget
) -> GivenContent | None: ...


def content_given(
    signature: SignedData | SignedXml, data: str | GivenContent | None, budget: ContentBudget
) -> GivenContent | None:
    """Return the content sent along with a signature; None if there is none.

    It may be base64, or the text itself: whichever was signed. A text may also be valid base64, so
    both readings are compared: within `budget`, which verifying the signature in the same request
    should share.

    Raises:
        ParameterError: it is neither, or the signature is XML, which is its own content.
    """
    if data is None:
        return None
    if isinstance(signature, SignedXml):
        raise ParameterError(
            '"{field}" parameter is for CMS: a signed XML document is its own content',
            field="digest" if isinstance(data, KnownDigest) else _FIELD,
        )
    if isinstance(data, (KnownDigest, KnownDigests)):
        return data
    if isinstance(data, bytes):
        check_other(data == signature.der)
        return data
    text = data.encode()
    try:
        decoded = decode_content(data)
    except ValueError as error:
        if contradicts_content(signature, text, budget):
            raise ParameterError(
                '"{field}" parameter must be base64, or the text that was signed', field=_FIELD
            ) from error
        return text
    check_other(decoded == signature.der)
    if contradicts_content(signature, decoded, budget) and not contradicts_content(
        signature, text, budget
    ):
        return text
    return decoded


def check_other(is_signature: bool) -> None:
    """Refuse the signature itself in place of its content. Raises ParameterError."""
    if is_signature:
        raise ParameterError(
            '"{field}" parameter is the signature itself, not what was signed', field=_FIELD
        )


def refuse_incomparable() -> None:
    """Refuse content sent along with text that is no signature.

    Raises:
        ParameterError: always.
    """
    raise ParameterError(
        '"{field}" parameter can\'t be compared: "{other}" is no signature',
        field=_FIELD,
        other="cms",
    )


def doubts_of(intact: Sequence[Verdict]) -> list[Reason]:
    """Return why content isn't known to be what was signed, for each signer.

    Args:
        intact: the verdict for each signer.

    Raises:
        ParameterError: it is proven not to be what one of them signed.
    """
    doubts = []
    for number, verdict in enumerate(intact, 1):
        if verdict.answer is Answer.YES:
            continue
        doubt = Reason(
            '"{field}" parameter: signer {number}: {reason}',
            {"field": _FIELD, "number": number, "reason": verdict.reasons[0]},
        )
        if verdict.answer is Answer.NO:
            raise ParameterError(doubt.template, **doubt.values)
        doubts.append(doubt)
    return doubts


def digest_of_signed(content: GivenContent, intact: Sequence[Verdict]) -> str | None:
    """Return the SHA-256 of what was signed, as hex; None if it isn't known to be this content."""
    if not isinstance(content, bytes):
        known = isinstance(content, KnownDigests) and content.find(SHA_256)
        is_signed = all(verdict.answer is Answer.YES for verdict in intact)
        return known.hex() if known and is_signed else None
    if all(verdict.answer is Answer.YES for verdict in intact):
        return sha256(content).hexdigest()
    if all(fits_with_crlf(verdict) for verdict in intact):
        return sha256(with_crlf(content)).hexdigest()
    return None


def fits_with_crlf(intact: Verdict) -> bool:
    """Return whether content differs from what was signed only by CRLF in place of LF."""
    return intact == FITS_WITH_CRLF
