"""Whether a signer has signed: the result of verification, and which results count.

A standing is a number for each signer: the anchor that was reached, PENDING, VALUE_VALID, SHARED,
SHARED_VALID or REFUSED. The anchor itself is stored, since a signature stops counting when its
anchor is no longer trusted; and so is another one that a valid timestamp rests on, in place of a
reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Row, and_, false, literal_column, or_

from app.cms import (
    FITS_WITH_CRLF,
    YES,
    Answer,
    Certificate,
    SignerStatus,
    Verdict,
    is_uncompared,
    weigh_digests,
)
from app.store.models import Signer

#: Values that are no number of an anchor; those are all above 0.
PENDING, REFUSED = 0, -1
#: Also pending, but only for lack of a path: the signature value was valid, and the content intact.
VALUE_VALID = -2
#: Pending whatever is trusted: the signature counts for another signer (`one_signer`). SHARED_VALID
#: are those whose signature value was valid, and the content intact.
SHARED, SHARED_VALID = -3, -4
#: The `judged_against` of a signer that a save left to the background, and of one who is proven to
#: be refused, which goes first.
LEFT, PROVEN = -1, -2

#: Values beside anchors of signers whose signature value was valid.
WERE_VALID = (VALUE_VALID, SHARED_VALID)
#: Values that count nowhere, even where claims are enough.
_NEVER = (REFUSED, SHARED, SHARED_VALID)

State: TypeAlias = Literal["valid", "pending", "refused"]

NOT_JUDGED = "it was not verified yet"
NO_ANCHOR = "no trust anchor is set up"
ANCHOR_GONE = "the anchor that was reached is no longer trusted"
STAMP_ANCHOR_GONE = "the anchor that the timestamp rests on is no longer trusted"

#: Characters of a reason that are stored.
_MAX_REASON = 500
#: Hex digits of a SHA-256 whose value, plus one, fits into 63 bits.
_DIGITS = 15


class Standing(NamedTuple):
    """The result for one signer, with a reason unless an anchor was reached.

    If it was, the reason is the number of the anchor that the timestamp rests on, in digits; None
    if there is no valid timestamp, or if its anchor is the same.
    """

    value: int
    reason: str | None = None


class Found(NamedTuple):
    """The result of verifying one signer.

    `gen_time` is the time of a valid timestamp token. See `models.Signer` for the rest.
    """

    gen_time: datetime | None = None
    standing: Standing | None = None
    judged_against: int | None = LEFT


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is trusted: the numbers of the anchors, and of all certificates for paths.

    `claims`: there is no anchor, and the settings let claims count.
    """

    anchors: tuple[int, ...] = ()
    everything: int = 1
    claims: bool = False

    def counts(self, standing: Standing | None) -> bool:
        """Return whether a signer has signed. None: not judged yet."""
        if self.claims:
            return standing is None or standing.value not in _NEVER
        return self._holds(standing)

    def condition(self, signer: type[Signer]) -> ColumnElement[bool]:
        """Return `counts` of a row."""
        standing = signer.standing
        if self.claims:
            return or_(standing.is_(None), and_(*(standing != each for each in _NEVER)))
        stamp = signer.standing_reason
        trusted = (stamp == literal_column(f"'{anchor}'") for anchor in self.anchors)
        return and_(self.reached(signer), or_(stamp.is_(None), *trusted))

    def reached(self, signer: type[Signer]) -> ColumnElement[bool]:
        """Return whether the certificate of a row leads to an anchor, whatever its timestamp does.

        A few numbers of our own, as literals: a statement is kept for each set of anchors.
        """
        if not self.anchors:
            return false()
        return or_(*(signer.standing == literal_column(str(one)) for one in self.anchors))

    def state(self, standing: Standing | None) -> State:
        """Return the meaning of a standing with these anchors, regardless of `claims`."""
        if standing is not None and standing.value == REFUSED:
            return "refused"
        return "valid" if self._holds(standing) else "pending"

    def _holds(self, standing: Standing | None) -> bool:
        if standing is None or standing.value not in self.anchors:
            return False
        return standing.reason is None or standing.reason in map(str, self.anchors)


def number_of(fingerprints: Iterable[str]) -> int:
    """Return the number of a set of certificates, given by their SHA-256s in hex: always above 0.

    A set of one gives the number of a single anchor.
    """
    joined = sha256("".join(sorted(fingerprints)).encode()).hexdigest()
    return int(joined[:_DIGITS], 16) + 1


def judge(status: SignerStatus, *, digest: str | None, anchored: bool) -> Standing:
    """Return the standing of a signer from the result of verification.

    It is the anchor if the value is valid and a path reached it; a detached content that is not
    available, or unknown revocation, doesn't prevent that.

    Args:
        status: the result of verification.
        digest: the digest algorithm of detached content, None if it is attached.
        anchored: whether there are any anchors.
    """
    questions = [status.valid, status.intact, status.path, status.revocation]
    for verdict in questions:
        if verdict.answer is Answer.NO:
            return Standing(REFUSED, _reason(verdict))
    if status.valid.answer is not Answer.YES:
        return Standing(PENDING, _reason(status.valid))
    content = _weigh_content(status, digest)
    if content.answer is not Answer.YES:
        return Standing(PENDING, _reason(content))
    if not anchored:
        return Standing(VALUE_VALID, NO_ANCHOR)
    if status.path.answer is not Answer.YES:
        return Standing(VALUE_VALID, _reason(status.path))
    stamp = status.timestamp
    return _resting(status.chain[-1], stamp.anchor if stamp else None)


def _resting(anchor: Certificate, of_timestamp: Certificate | None) -> Standing:
    """Return the standing of a signer by the anchors of the certificate and of its timestamp.

    The latter counts though the answer might be the same without it: the time does not.
    """
    if of_timestamp is None or of_timestamp == anchor:
        return Standing(number_of([anchor.fingerprint]))
    stamp = number_of([of_timestamp.fingerprint])
    return Standing(number_of([anchor.fingerprint]), str(stamp))


def standing_of(row: Row[*tuple[Any, ...]]) -> Standing | None:
    """Return the standing of a row that has the columns `standing` and `standing_reason`."""
    return None if row.standing is None else Standing(row.standing, row.standing_reason)


def was_valid(standing: Standing | None) -> bool:
    """Return whether the signature value was valid over its content when it was verified."""
    return standing is not None and (standing.value > 0 or standing.value in WERE_VALID)


def _weigh_content(status: SignerStatus, digest: str | None) -> Verdict:
    """Return what a digest proves about unavailable detached content, else the result itself."""
    is_available = not is_uncompared(status.intact) and status.intact != FITS_WITH_CRLF
    if digest is None or is_available:
        return status.intact
    return weigh_digests(YES, [digest], status.decisive_time)


def _reason(verdict: Verdict) -> str:
    return str(verdict.reasons[0])[:_MAX_REASON]
