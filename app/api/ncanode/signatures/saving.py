"""Checks before a version is saved: of the signature itself, and of signers that would be lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from flask import current_app

from app.api.ncanode.validation import sent_content
from app.cms import (
    Answer,
    ContentBudget,
    MalformedSignature,
    Reason,
    SignedData,
    SignedXml,
    SignerStatus,
    UnverifiedSignature,
    Verdict,
    are_gost_curves_fast,
    compare_content,
    is_detached,
    parse,
)
from app.extensions import current_trust, current_trusted
from app.store.errors import ContentChanged, CosignersLost, StoreError
from app.store.evidence import jobs
from app.store.signatures.cosigning import (
    compare_signers,
    content_differs,
    describe_signer,
    read_facts,
)
from app.store.signatures.extraction import Signing, read_found, read_signing, read_text
from app.store.signatures.writing import Superseded
from app.trust.turns import SHORT_PATIENCE, Busy

#: Signers, and characters of the signature plus bytes of the content, up to which a save verifies
#: though nothing requires it.
QUICK_SIGNERS, QUICK_SIZE = 4, 256 * 1024
#: Prefix of Kazakhstan's GOST algorithms; in plain Python each takes 150 ms.
_GOST = "1.2.398.3.10.1.1."


class Checked(NamedTuple):
    """The data extracted from a signature, and the warnings about content sent along."""

    signing: Signing
    doubts: list[Reason]
    #: How urgent it is to obtain evidence (`app.store.evidence.jobs`); None: none is obtained.
    urgency: int | None = None


def read_checked(cms: str, data: str | bytes | None) -> Checked:
    """Check a signature as CMS_VALIDATION requires, and extract the data to store.

    Content sent along is always compared with what was signed.

    Args:
        cms: the signature as it was sent.
        data: the content of a detached one, as it was sent.

    Raises:
        MalformedSignature: it is no signature; not raised if any text may be saved.
        UnverifiedSignature: it does not meet the required level.
        ParameterError: `data` can't be used, or is not what was signed.
        Busy: it is large, or has to be verified, and too many verifications are waiting.
    """
    with current_trust().turns.reading(cms, data):
        return _read_checked(cms, data)


def _read_checked(cms: str, data: str | bytes | None) -> Checked:
    level = current_app.config["CMS_VALIDATION"]
    try:
        signature = parse(cms)
    except MalformedSignature:
        if level != "off":
            raise
        if data is not None:
            sent_content.refuse_incomparable()
        return Checked(read_text(cms), [])
    now = datetime.now(UTC)
    budget = ContentBudget()
    content = sent_content.content_given(signature, data, budget)
    intact: Sequence[Verdict] = ()
    trusted = current_trusted()
    demanding = level in ("signature", "trusted")
    statuses: tuple[SignerStatus, ...] = ()
    if demanding:
        statuses = current_trust().verify(signature, content, at=now, content_budget=budget)
    if statuses:
        intact = [status.intact for status in statuses]
    elif isinstance(signature, SignedData) and content is not None:
        intact = compare_content(signature, content, budget=budget)
    doubts = [] if content is None else sent_content.doubts_of(intact)
    _require_verified(statuses, level, lacks_content=is_detached(signature) and content is None)
    digest = None if content is None else sent_content.digest_of_signed(content, intact)
    if not demanding:
        statuses = _verify_quickly(cms, signature, content, now, budget)
    found = read_found(signature, statuses, trusted)
    return Checked(read_signing(signature, now, digest, found), doubts, _urgency(signature, now))


def _urgency(signature: SignedData | SignedXml, now: datetime) -> int | None:
    """Return how urgent it is to obtain evidence; None if none is obtained."""
    if not current_app.config["EVIDENCE"] or not isinstance(signature, SignedData):
        return None
    return jobs.urgency_of((one.certificate.not_after for one in signature.signers), now)


def _verify_quickly(
    cms: str,
    signature: SignedData | SignedXml,
    content: bytes | None,
    now: datetime,
    budget: ContentBudget,
) -> tuple[SignerStatus, ...]:
    """Verify if that takes a few milliseconds; otherwise leave it to the background.

    Also if it would have to wait for other verifications, which may take seconds.
    """
    if not _is_quick(cms, signature, content):
        return ()
    trust = current_trust()
    try:
        with trust.turns.take(SHORT_PATIENCE):
            return trust.verify(signature, content, at=now, content_budget=budget)
    except (MalformedSignature, Busy):
        return ()  # Damaged in a part that only verification reads, which is not required here.


def _require_verified(statuses: Iterable[SignerStatus], level: str, *, lacks_content: bool) -> None:
    """Require that each signature verifies, and at level `trusted` that a path reaches an anchor.

    Content that differs only in line ends is accepted with a warning, as on the lower levels.
    """
    accepts = lacks_content and current_app.config["CMS_DETACHED"] == "accept"
    for status in statuses:
        line_ends = sent_content.fits_with_crlf(status.intact)
        require(status.intact, status, or_unknown=accepts or line_ends)
        require(status.valid, status)
        if level == "trusted":
            require(status.path, status)
            require(status.revocation, status, or_unknown=True)


def _is_quick(cms: str, signature: SignedData | SignedXml, content: bytes | None) -> bool:
    """Return whether there are few signers and little data to verify, by fast code.

    What can be verified only with the content can't be left to the background, at any size; see
    `app.trust.examiner`.
    """
    if len(cms) + len(content or b"") > QUICK_SIZE and not needs_content(signature):
        return False
    if isinstance(signature, SignedXml):
        return len(signature.signatures) <= QUICK_SIGNERS and are_gost_curves_fast()
    algorithms = [signer.signature_algorithm.oid for signer in signature.signers]
    by_gost = any(algorithm.startswith(_GOST) for algorithm in algorithms)
    return len(algorithms) <= QUICK_SIGNERS and (not by_gost or are_gost_curves_fast())


def needs_content(signature: SignedData | SignedXml) -> bool:
    """Return whether a signature value can't be verified without detached content.

    That is so without signed attributes (RFC 5652 section 5.4).
    """
    return (
        isinstance(signature, SignedData)
        and not signature.attached
        and not all(signer.has_signed_attributes for signer in signature.signers)
    )


def require(verdict: Verdict, status: SignerStatus, *, or_unknown: bool = False) -> None:
    """Require for one signer that a verdict is yes, or at least not no.

    Raises:
        UnverifiedSignature: it is not; with the first reason, which is that of the worst answer.
    """
    if verdict.answer is Answer.NO or (verdict.answer is Answer.UNKNOWN and not or_unknown):
        raise UnverifiedSignature(
            "cms: signer {number}: {reason}", number=status.number, reason=verdict.reasons[0]
        )


def warn_of_losses(superseded: Superseded | None, signing: Signing) -> list[StoreError]:
    """Return what a version loses from the previous one: signers, or the content itself."""
    if superseded is None:
        return []
    before = read_facts(superseded.signers)
    lost = compare_signers(before, signing.facts).lost
    warnings: list[StoreError] = []
    if lost:
        warnings.append(CosignersLost(signers=", ".join(map(describe_signer, lost))))
    digests = superseded.content_sha256, signing.content_sha256
    if content_differs(before, signing.facts, digests):
        warnings.append(ContentChanged())
    return warnings
