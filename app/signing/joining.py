"""A signature joined with those that are there: the new signer is added to the current version."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from app.cms import (
    Answer,
    CannotAugment,
    ContentBudget,
    GivenContent,
    MalformedSignature,
    SignedData,
    SignerInfo,
    add_signers,
    compare_content,
    new_signers,
    parse,
    parse_der,
)
from app.signing.refusals import Refusal

#: Certificates that a signature may bring along for each of its signers: a chain, and those of a
#: timestamp, take fewer than ten. A CMS may hold 1,024, which all signers share.
CERTIFICATES_OF_SIGNER: Final = 16


@dataclass(frozen=True, slots=True)
class Joined:
    """What is to be saved."""

    signature: SignedData
    #: Its encoding in base64.
    text: str
    #: Those who are new in it, who stand last.
    new: tuple[SignerInfo, ...]


def join(
    current: str | None,
    sent: SignedData,
    content: GivenContent | None,
    *,
    is_fixed: bool,
    keeps_cosigners: bool,
) -> Joined:
    """Add the signers of a signature to the current version of the thread.

    A version over another document is not continued: if the office has fixed what is to be signed
    (`is_fixed`), a new version begins without those who signed something else.

    Args:
        current: the text of the current version, None if there is none.
        sent: what the signer sent.
        content: the document, or its digest.
        is_fixed: whether the SHA-256 of what is to be signed is known.
        keeps_cosigners: whether no version may lose signers of the one before.

    Raises:
        Refusal: they can't be joined, or there is nothing new.
    """
    if sent.certificates > CERTIFICATES_OF_SIGNER * max(len(sent.signers), 1):
        raise Refusal("too_many_certificates")
    present = None if current is None else _read_current(current)
    if present is not None and _is_over_other(present, content):
        if not is_fixed or keeps_cosigners:
            raise Refusal("thread_differs")
        present = None
    new = new_signers(present, sent)
    if not new:
        raise Refusal("nothing_new")
    if present is None:
        return _joined(sent, len(new))
    try:
        whole = parse_der(add_signers(present.der, sent.der))
    except CannotAugment as error:
        raise Refusal("not_joined", error.reason) from error
    except MalformedSignature as error:
        raise Refusal("thread_not_cms") from error
    return _joined(whole, len(new))


def _joined(signature: SignedData, number: int) -> Joined:
    text = b64encode(signature.der).decode()
    return Joined(signature, text, signature.signers[-number:])


def _read_current(text: str) -> SignedData:
    try:
        found = parse(text, trailing_zeros=True)
    except MalformedSignature as error:
        raise Refusal("thread_not_cms") from error
    if not isinstance(found, SignedData):
        raise Refusal("thread_not_cms")
    return found


def _is_over_other(present: SignedData, content: GivenContent | None) -> bool:
    """Return whether a version is proven to be over something else than this document."""
    if content is None:
        return False
    verdicts = compare_content(present, content, budget=ContentBudget())
    return any(one.answer is Answer.NO for one in verdicts)
