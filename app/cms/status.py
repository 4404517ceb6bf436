"""What verification answers: three questions, each with yes, no or unknown, and the reasons.

*Intact*: is the content that which was signed? *Valid*: does the signature belong to the key of
the signer's certificate? *Trusted*: does that certificate reach an anchor, and was it in force? No
answer stands in for another. An algorithm, an anchor, revocation data or a content that is not at
hand makes an answer unknown, never no and never yes.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from app.cms.sentences import fill
from app.cms.x509.certificate import Certificate


class Answer(StrEnum):
    """Whether something holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


_WORST_FIRST = (Answer.NO, Answer.UNKNOWN, Answer.YES)


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence: an English template in `str.format` notation, and the values that go into it.

    As in CmsError they stay apart, so that whoever answers may translate the template first.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the sentence in English."""
        return fill(self.template, self.values)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer and why: a no or an unknown has at least one reason, a yes may have remarks."""

    answer: Answer
    reasons: tuple[Reason, ...] = ()

    def noting(self, template: str, **values: object) -> "Verdict":
        """Return the same answer with one more remark."""
        return Verdict(self.answer, (*self.reasons, Reason(template, values)))


YES = Verdict(Answer.YES)


def no(template: str, **values: object) -> Verdict:
    """Say that it doesn't hold, and why."""
    return Verdict(Answer.NO, (Reason(template, values),))


def unknown(template: str, **values: object) -> Verdict:
    """Say that nobody can tell with what is at hand, and what is missing."""
    return Verdict(Answer.UNKNOWN, (Reason(template, values),))


CONTENT_NOT_GIVEN = unknown("the content is detached, and was not given")
"""What is said of *intact* where there is nothing to compare."""

FITS_WITH_CRLF = unknown(
    "the content given is not what was signed, but with CRLF in place of LF it is: a tool changed"
    " the line ends when it signed"
)
"""What is said of *intact* where nothing but the line ends of what was given is wrong.

`openssl smime -sign` turns them into CRLF without `-binary`, as MIME has them (RFC 8551
section 3.1.1).
"""


def every(*verdicts: Verdict) -> Verdict:
    """Join verdicts that must all hold: no if one is no, else unknown if one is, else yes.

    The reasons are those of all, each once, with those of the worst answers first.
    """
    ranked = sorted(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.answer))
    reasons: list[Reason] = []
    for verdict in ranked:
        reasons += [reason for reason in verdict.reasons if reason not in reasons]
    return Verdict(ranked[0].answer if ranked else Answer.YES, tuple(reasons))


@dataclass(frozen=True, slots=True)
class TimestampStatus:
    """A timestamp token (RFC 3161) on a signature; `verdict` is about what the token attests.

    A yes says: it is over this signature value, its own signature verifies, and its authority
    reached an anchor and is not known to be revoked. Only then is `gen_time` more than a claim.
    `revocation` is what is known of that. A token that can't be read has None for its fields.
    """

    gen_time: datetime.datetime | None
    policy: str | None
    serial_number: int | None
    verdict: Verdict
    authority: Certificate | None
    revocation: Verdict


@dataclass(frozen=True, slots=True)
class SignerStatus:
    """What was found out about one signer of a signature.

    `number` counts from 1 in the order of the signature. `intact`: the digests match the content.
    `valid`: the signature value verifies with the key of `certificate` over what it must cover.
    `path`: an anchor was reached at the decisive time, over `chain` (from the signer to the anchor,
    or as far as it went). `revocation`: no certificate of that chain was revoked by then; nor is
    that of the authority whose timestamp the answer stands on.

    A timestamp of which it isn't known whether it holds turns no answer: anybody can add one that
    says that a certificate had not expired, or not been revoked.
    """

    number: int
    certificate: Certificate
    intact: Verdict
    valid: Verdict
    path: Verdict
    revocation: Verdict
    decisive_time: datetime.datetime
    decisive_time_source: Literal["timestamp", "given"]
    timestamp: TimestampStatus | None
    chain: tuple[Certificate, ...]

    @property
    def fits_with_crlf(self) -> bool:
        """Whether the content given is intact but for line ends, CRLF in place of LF."""
        is_said = FITS_WITH_CRLF.reasons[0] in self.intact.reasons
        return is_said and self.intact.answer is Answer.UNKNOWN

    @property
    def trusted(self) -> Verdict:
        """Return whether the certificate reached an anchor and was not revoked."""
        return every(self.path, self.revocation)

    @property
    def whole(self) -> Verdict:
        """Return the three answers in one: whether nothing is left to doubt."""
        return every(self.intact, self.valid, self.trusted)
