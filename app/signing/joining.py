"""A signature joined with those that are there: the new signer is added to the current version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from app.cms import (
    Answer,
    CannotAugment,
    Certificate,
    ContentBudget,
    GivenContent,
    MalformedSignature,
    Reason,
    SignedData,
    SignerInfo,
    SignerStatus,
    add_signers,
    compare_content,
    extract_signers,
    new_signers,
    parse,
    parse_der,
)
from app.signing.allowance import require_few_certificates
from app.signing.refusals import Refusal
from app.store.signatures.records import SignatureRecord

#: The eContentType of a file (RFC 5652 section 4).
_ID_DATA: Final = "1.2.840.113549.1.7.1"


@dataclass(frozen=True, slots=True)
class Joined:
    """What is to be saved."""

    signature: SignedData
    #: Those who are new in it, who stand last.
    new: tuple[SignerInfo, ...]

    @property
    def is_continued(self) -> bool:
        """Whether there are signers of before."""
        return len(self.new) < len(self.signature.signers)


def read_present(
    current: SignatureRecord | None,
    sent: SignedData,
    content: GivenContent | None,
    *,
    begins_anew: bool,
    keeps_cosigners: bool,
) -> SignedData | None:
    """Return the current version of the thread, to which a signature is added; None without one.

    A version over another document is not continued: it is refused, or if `begins_anew` a new
    version begins without those who signed something else.

    Args:
        current: the current version, None if there is none.
        sent: what is added.
        content: the document, or its digest; None: what is attached to `sent`, if anything is.
        begins_anew: whether this document is what the office wants signed in the thread.
        keeps_cosigners: whether no version may lose signers of the one before.

    Raises:
        Refusal: it is another document, or no CMS.
    """
    # Of what may be 30 MB nothing is held longer than it is needed: here, the text.
    present = None if current is None else _read_current(current.text)
    if present is None or not _is_over_other(present, sent.content if content is None else content):
        return present
    if not begins_anew or keeps_cosigners:
        raise Refusal("thread_differs")
    return None


def read_own(present: SignedData | None, sent: SignedData) -> SignedData:
    """Return what was sent without the signers that are there already, with all certificates.

    Raises Refusal: there is nothing new, or it is none that can be added.
    """
    require_few_certificates(sent, len(sent.signers))
    new = new_signers(present, sent)
    if not new:
        raise Refusal("nothing_new")
    if sent.content_type != (present.content_type if present else _ID_DATA):
        raise Refusal("content_type")
    return _extract(sent, [one.number for one in new], None)


def without_strays(own: SignedData, statuses: Iterable[SignerStatus]) -> SignedData:
    """Return what a signer adds, of its certificates those that its verification depends on.

    So nobody brings along what makes verifying the next signers costly, or takes their place.
    """
    needed = {one.der for one in _certificates_of(statuses)}
    return _extract(own, [one.number for one in own.signers], needed)


def authorities_of(present: SignedData, own: SignedData) -> tuple[Certificate, ...]:
    """Return what both versions have of the authorities above the signers of the second."""
    found: dict[Certificate, None] = {}
    below = [signer.certificate for signer in own.signers]
    for certificate in below:
        for source in (own.certificate_set, present.certificate_set):
            above = [one for one in source.named(certificate.issuer) if one not in found]
            found.update(dict.fromkeys(above))
            below += above
    return tuple(found)


def join(present: SignedData | None, own: SignedData) -> Joined:
    """Add the signers of a signature to the current version. Raises Refusal: they can't be."""
    if present is None:
        return _joined(own, len(own.signers))
    try:
        whole = parse_der(add_signers(present.der, own.der))
    except CannotAugment as error:
        raise Refusal("not_joined", error.reason) from error
    except MalformedSignature as error:
        raise Refusal("thread_not_cms") from error
    return _joined(whole, len(own.signers))


def _extract(
    signature: SignedData, numbers: Collection[int], certificates: Collection[bytes] | None
) -> SignedData:
    """Return a part of what was sent. Raises Refusal."""
    try:
        part = extract_signers(signature, numbers, certificates)
        return signature if part == signature.der else parse_der(part)
    except MalformedSignature as error:
        raise Refusal("unreadable", Reason(error.template, error.values)) from error


def _certificates_of(statuses: Iterable[SignerStatus]) -> Iterator[Certificate]:
    """List the certificates of the paths of signers, and of their timestamps that are proven.

    What an unproven timestamp names as its authority's certificate may be anything.
    """
    for status in statuses:
        yield status.certificate
        yield from chain(status.chain, *status.other_chains)
        stamp = status.timestamp
        if stamp is not None and stamp.verdict.answer is Answer.YES:
            yield from chain(stamp.chain, *stamp.other_chains)
        yield from _certificates_of(filter(None, (status.otherwise, status.by_timestamp)))


def _joined(signature: SignedData, number: int) -> Joined:
    return Joined(signature, signature.signers[-number:])


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
