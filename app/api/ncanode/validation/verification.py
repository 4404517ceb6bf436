"""A signature under examination: what it claims, what was found out, and what is demanded of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from flask import current_app

from app.api.ncanode.signatures.saving import demand
from app.api.ncanode.validation.rules import CheckFailed
from app.api.ncanode.validation.sent_content import content_given
from app.api.params.errors import ParameterError
from app.cms import (
    Answer,
    Certificate,
    ContentBudget,
    Examined,
    KnownDigest,
    Occasion,
    SignedData,
    SignedXml,
    SignerStatus,
    Verdict,
    describe_signers,
    is_detached,
    parse,
)
from app.extensions import current_trust

#: Different times at which certificates of one signature expired that are gone back to: each costs
#: another verification, of a hostile signature some seconds.
MAX_EXPIRIES = 2


def examine(
    signature: SignedData | SignedXml,
    data: str | bytes | KnownDigest | None,
    *,
    at: datetime,
    fetch: bool = False,
) -> Examined:
    """Verify a signature.

    Args:
        signature: what was parsed.
        data: the content of a detached one, as it was sent, or its digest.
        at: the time that counts where no timestamp does.
        fetch: whether CRLs and OCSP responses may be fetched, if the operator allows it.

    Raises:
        ParameterError: `data` can't be read, or the signature is XML, which is its own content.
        MalformedSignature: damage that parsing did not notice.
    """
    budget = ContentBudget()
    content = content_given(signature, data, budget)
    statuses = current_trust().verify(signature, content, at=at, fetch=fetch, content_budget=budget)
    return Examined(signature, content, describe_signers(signature), statuses, budget)


def parse_with_content(text: str, data: str | bytes | None) -> SignedData | SignedXml:
    """Read a signature whose content must be in it or given.

    Raises:
        MalformedSignature: the text is none.
        ParameterError: its content is detached, and not given.
    """
    signature = parse(text, trailing_zeros=True)
    if data is None and is_detached(signature):
        raise ParameterError(
            '"{field}" parameter must be set, since the content of the signature is detached',
            field="data",
        )
    return signature


def demand_good(examined: Examined, *, revocation: bool) -> None:
    """Demand of each signer that nothing speaks against it, and all is known that can be.

    Intact and valid must be yes, and the certificate must reach an anchor. Where the operator has
    set up none, no signer can be told from an impostor: then claims pass only if CLAIMS=accept says
    that they are enough, and it is left to the client to see that `trusted` is unknown; but who
    signed with a certificate that has expired is refused there too, unless a timestamp that holds
    says that it had not. That no certificate was revoked must be known only if `revocation` says
    so.

    Raises:
        UnverifiedSignature: the first that is wrong.
        CheckFailed: no anchor is set up, and claims are not enough.
    """
    unanchored = not current_trust().has_anchors
    claims_pass = unanchored and current_app.config["CLAIMS"] == "accept"
    for status in examined.statuses:
        demand(status.intact, status)
        demand(status.valid, status)
        unknown = status.path.answer is Answer.UNKNOWN and not _has_expired(status)
        if unknown and unanchored and not claims_pass:
            _refuse_unanchored()
        demand(status.path, status, or_unknown=claims_pass and unknown)
        demand(status.revocation, status, or_unknown=not revocation)


def is_signed(examined: Examined) -> bool:
    """Return whether each signer's key made the signature; of what, need not be known.

    Raises:
        UnverifiedSignature: it can't be told.
    """
    for status in examined.statuses:
        if Answer.NO in (status.intact.answer, status.valid.answer):
            return False
    for status in examined.statuses:
        demand(status.valid, status)
        demand(status.intact, status, or_unknown=examined.is_detached)
    return True


def before_expiry(examined: Examined) -> Examined:
    """Judge certificates that have expired as of their last moment; each needs a time of its own.

    There is one more verification for each of these times.
    """
    late = [one.certificate.not_after for one in examined.statuses if _has_expired(one)]
    statuses = list(examined.statuses)
    for moment in sorted(set(late))[:MAX_EXPIRIES]:
        # Known it is only now: what could be forged since then doesn't become good by going back.
        when = Occasion(moment, datetime.now(UTC))
        again = current_trust().verify(
            examined.signature, examined.content, at=when, content_budget=examined.content_budget
        )
        for place, status in enumerate(again):
            if _has_expired(statuses[place]) and status.certificate.not_after == moment:
                statuses[place] = status
    return replace(examined, statuses=tuple(statuses))


def _has_expired(status: SignerStatus) -> bool:
    return status.decisive_time > status.certificate.not_after


def demand_legal_signers(statuses: Iterable[SignerStatus]) -> None:
    """Demand what `demand_legal` does of each signer."""
    for status in statuses:
        demand_legal(status.certificate, status.decisive_time, status.path, status.revocation)


def demand_legal(
    certificate: Certificate, moment: datetime, path: Verdict, revocation: Verdict
) -> None:
    """Demand that a certificate is in force, reaches an anchor, and was not known to be revoked.

    Raises:
        CheckFailed: in the original's words; in others if no anchor is set up, since it is
            neither legal nor not legal then.
    """
    if moment > certificate.not_after:
        raise CheckFailed("Certificate is expired")
    if Answer.NO in (path.answer, revocation.answer):
        raise CheckFailed("Certificate is not legal")
    if path.answer is Answer.UNKNOWN:
        if current_trust().has_anchors:
            raise CheckFailed("Certificate is not legal")
        _refuse_unanchored()


def _refuse_unanchored() -> NoReturn:
    raise CheckFailed("Whether the certificate is legal can't be told: no trust anchor is set up")
