"""Whether a signer has signed: what verification found of each, and what of that counts here.

A standing is one number beside each signer: the anchor that was reached, PENDING, VALUE_VALID or
REFUSED. The anchor is kept, not only that there was one: an anchor that is trusted no more vouches
for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, false, literal_column, or_

from app.cms import (
    CONTENT_NOT_GIVEN,
    FITS_WITH_CRLF,
    YES,
    Answer,
    SignerStatus,
    Verdict,
    weigh_digests,
)

#: What is not a number of an anchor, all of which are above 0.
PENDING, REFUSED = 0, -1
#: Pending as well, for want of a path alone: the value was valid, and so was the content.
VALUE_VALID = -2
#: What `judged_against` says of a signer that a save left to the background.
LEFT = -1

State: TypeAlias = Literal["valid", "pending", "refused"]

NOT_JUDGED = "it was not verified yet"
NO_ANCHOR = "no trust anchor is set up"
ANCHOR_GONE = "the anchor that was reached is trusted no more"

#: Characters of a reason that are kept.
_MAX_REASON = 500
#: Hex digits of a SHA-256 whose number, raised by one, has room in 63 bits.
_DIGITS = 15


class Standing(NamedTuple):
    """What was found of one signer, and why; there is a reason unless an anchor was reached."""

    value: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Trusted:
    """Who is trusted: the numbers of anchors, and of everything that paths are made of.

    `claims`: there is no anchor, and settings say that claims are to pass.
    """

    anchors: tuple[int, ...] = ()
    everything: int = 1
    claims: bool = False

    def counts(self, standing: int | None) -> bool:
        """Return whether a signer has signed. None: not judged yet."""
        if self.claims:
            return standing != REFUSED
        return standing in self.anchors

    def condition(self, standing: Any) -> ColumnElement[bool]:
        """Return `counts` of a column."""
        if self.claims:
            return or_(standing.is_(None), standing != REFUSED)
        if not self.anchors:
            return false()
        # Few numbers of our own, written out: a statement is kept for each set of anchors.
        return or_(*(standing == literal_column(str(anchor)) for anchor in self.anchors))

    def state(self, standing: int | None) -> State:
        """Return what a standing means with these anchors, whatever claims may do."""
        if standing == REFUSED:
            return "refused"
        return "valid" if standing in self.anchors else "pending"


def number_of(fingerprints: Iterable[str]) -> int:
    """Return the number of a set of certificates, whose SHA-256s in hex these are: always above 0.

    It is that of a single one too, so that an anchor has a number.
    """
    joined = sha256("".join(sorted(fingerprints)).encode()).hexdigest()
    return int(joined[:_DIGITS], 16) + 1


def judge(status: SignerStatus, *, digest: str | None, anchored: bool) -> Standing:
    """Judge a signer by what verification found.

    The anchor stands if the value is valid and a path reached it; that the content of a detached
    signature is not at hand, or that nothing is known of revocation, doesn't speak against it.

    Args:
        status: what was found.
        digest: the algorithm by which a detached content was digested, None if it is attached.
        anchored: whether there are anchors at all.
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
    return Standing(number_of([status.chain[-1].fingerprint]))


def was_valid(standing: Standing | None) -> bool:
    """Return whether the value of a signature was valid when it was judged, over its content."""
    return standing is not None and (standing.value > 0 or standing.value == VALUE_VALID)


def _weigh_content(status: SignerStatus, digest: str | None) -> Verdict:
    """Return what a digest proves of a detached content not at hand, else what was found."""
    if digest is None or status.intact not in (CONTENT_NOT_GIVEN, FITS_WITH_CRLF):
        return status.intact
    return weigh_digests(YES, [digest], status.decisive_time)


def _reason(verdict: Verdict) -> str:
    return str(verdict.reasons[0])[:_MAX_REASON]
