"""What must hold of a new signature before it is saved: never a wrong yes.

Unknown revocation is accepted and marked, as everywhere; all else must be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.cms import Answer, Claims, Reason, SignerStatus, Verdict, claims_of
from app.signing.refusals import Refusal, RefusalKind
from app.signing.terms import SigningTerms
from app.store.packages.signing import AskedSigner


@dataclass(frozen=True, slots=True)
class Marks:
    """What is not known of a signature that is saved nevertheless."""

    #: Why it is unknown whether the certificate was revoked; none if it is known.
    revocation: tuple[Reason, ...] = ()
    #: Whether there is no timestamp that proves when it was made.
    without_timestamp: bool = False


def require_acceptable(
    statuses: Iterable[SignerStatus], person: AskedSigner, terms: SigningTerms, *, anchored: bool
) -> Marks:
    """Require that new signers are the person who was asked, and that their signatures hold.

    Args:
        statuses: the results of verifying each new signer.
        person: who was asked to sign.
        terms: the settings.
        anchored: whether there is any trust anchor.

    Raises:
        Refusal: the first thing that does not hold.
    """
    unknown: list[Reason] = []
    stamped = True
    statuses = tuple(statuses)
    _require_person_alone(statuses, person)
    for status in statuses:
        _require_intact(status)
        _require_key(status, person)
        _require_trusted(status, terms, anchored=anchored)
        stamped &= _is_stamped(status)
        if status.revocation.answer is not Answer.YES:
            unknown += [one for one in status.revocation.reasons if one not in unknown]
    if terms.timestamp == "require" and not stamped:
        raise Refusal("no_timestamp")
    return Marks(tuple(unknown), not stamped)


def _require_person_alone(statuses: Sequence[SignerStatus], person: AskedSigner) -> None:
    """Require that no other signature is sent along with that of the person."""
    mine = [is_person(claims_of(status.certificate), person) for status in statuses]
    if any(mine) and not all(mine):
        raise Refusal("others_too")


def _require_intact(status: SignerStatus) -> None:
    """Require that it is over the document, and made with the key of the certificate."""
    if status.intact.answer is Answer.NO:
        raise Refusal("document_differs", _first(status.intact))
    if status.intact.answer is not Answer.YES:
        raise Refusal("document_needed", _first(status.intact))
    _require(status.valid, "invalid")


def _require_key(status: SignerStatus, person: AskedSigner) -> None:
    """Require that the certificate is that person's, and for signatures."""
    claims = claims_of(status.certificate)
    if not is_person(claims, person):
        raise Refusal("person")
    if claims.signs_in_only:
        raise Refusal("authentication_key")


def is_person(claims: Claims, person: AskedSigner) -> bool:
    """Return whether a certificate claims to be the person who was asked."""
    wanted = ((person.iin, claims.iin), (person.bin, claims.bin))
    is_other = any(asked is not None and asked != claimed for asked, claimed in wanted)
    return not is_other and (person.role is None or person.role in claims.roles)


def _require_trusted(status: SignerStatus, terms: SigningTerms, *, anchored: bool) -> None:
    """Require a path to an anchor, and that nothing speaks against the certificate."""
    if status.decisive_time > status.certificate.not_after:
        raise Refusal("expired")
    if status.revocation.answer is Answer.NO:
        raise Refusal("revoked", _first(status.revocation))
    if status.path.answer is Answer.NO:
        raise Refusal("untrusted", _first(status.path))
    if status.path.answer is Answer.YES:
        return
    if anchored:
        raise Refusal("untrusted", _first(status.path))
    if not terms.accepts_claims:
        raise Refusal("no_anchor")


def _is_stamped(status: SignerStatus) -> bool:
    stamp = status.timestamp
    return stamp is not None and stamp.verdict.answer is Answer.YES


def _require(verdict: Verdict, kind: RefusalKind) -> None:
    if verdict.answer is not Answer.YES:
        raise Refusal(kind, _first(verdict))


def _first(verdict: Verdict) -> Reason | None:
    reasons: Sequence[Reason] = verdict.reasons
    return reasons[0] if reasons else None
