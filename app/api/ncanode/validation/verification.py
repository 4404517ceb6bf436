"""Verification of a signature for a request: its claims, the results, and the requirements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from flask import current_app

from app.api.ncanode.signatures.required import require
from app.api.ncanode.validation.rules import CheckFailed
from app.cms import (
    Answer,
    Certificate,
    Examined,
    GivenContent,
    Occasion,
    SignedData,
    SignedXml,
    SignerStatus,
    Verdict,
    is_detached,
)
from app.extensions import current_trust
from app.services.errors import ParameterError

#: Different expiry times of one signature's certificates as of which it is verified again: each
#: costs another verification, up to some seconds for a hostile signature.
MAX_EXPIRIES = 2


def require_content(signature: SignedData | SignedXml, data: str | GivenContent | None) -> None:
    """Require that the content of a signature is in it, or given.

    Raises:
        ParameterError: it is detached, and not given.
    """
    if data is None and is_detached(signature):
        raise ParameterError(
            '"{field}" parameter must be set, since the content of the signature is detached',
            field="data",
        )


def require_good(examined: Examined, *, revocation: bool) -> None:
    """Require for each signer that nothing speaks against it, and that its identity is known.

    Intact and valid must be yes, and the certificate must reach an anchor. Without any anchor no
    identity can be verified: then claims pass only with CLAIMS=accept, and the client has to see
    that `trusted` is unknown; but an expired certificate is refused there too, unless a valid
    timestamp shows that it had not expired. Non-revocation must be known only if `revocation` is
    set.

    Raises:
        UnverifiedSignature: the first failed requirement.
        CheckFailed: no anchor is set up, and claims are not enough.
    """
    unanchored = not current_trust().has_anchors
    claims_pass = unanchored and current_app.config["CLAIMS"] == "accept"
    for status in examined.statuses:
        require(status.intact, status)
        require(status.valid, status)
        unknown = status.path.answer is Answer.UNKNOWN and not _has_expired(status)
        if unknown and unanchored and not claims_pass:
            _refuse_unanchored()
        require(status.path, status, or_unknown=claims_pass and unknown)
        require(status.revocation, status, or_unknown=not revocation)


def is_signed(examined: Examined) -> bool:
    """Return whether each signature value was made with the signer's key, over any content.

    Raises:
        UnverifiedSignature: it can't be determined.
    """
    for status in examined.statuses:
        if Answer.NO in (status.intact.answer, status.valid.answer):
            return False
    for status in examined.statuses:
        require(status.valid, status)
        require(status.intact, status, or_unknown=examined.is_detached)
    return True


def before_expiry(examined: Examined) -> Examined:
    """Judge expired certificates as of their last moment; each needs a time of its own.

    There is one more verification for each of these times.
    """
    late = [one.certificate.not_after for one in examined.statuses if _has_expired(one)]
    statuses = list(examined.statuses)
    for moment in sorted(set(late))[:MAX_EXPIRIES]:
        # It is known only since now: a broken algorithm does not become good by going back.
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


def require_legal_signers(statuses: Iterable[SignerStatus]) -> None:
    """Require what `require_legal` requires, for each signer."""
    for status in statuses:
        require_legal(status.certificate, status.decisive_time, status.path, status.revocation)


def require_legal(
    certificate: Certificate, moment: datetime, path: Verdict, revocation: Verdict
) -> None:
    """Require that a certificate is valid, leads to an anchor, and is not known to be revoked.

    Raises:
        CheckFailed: with the original's message; with another if no anchor is set up, since
            legality is then unknown.
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
    raise CheckFailed(
        "Whether the certificate is legal can't be determined: no trust anchor is set up"
    )
