"""The results of verification: three questions, each with yes, no or unknown, and the reasons.

*Intact*: is the content what was signed? *Valid*: does the signature belong to the key of the
signer's certificate? *Trusted*: does that certificate lead to an anchor, and was it valid? No
answer replaces another. An unsupported algorithm, or an anchor, revocation data or content that is
not available, makes an answer unknown, never no and never yes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.cms.sentences import fill


class Answer(StrEnum):
    """Whether something holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


_WORST_FIRST = (Answer.NO, Answer.UNKNOWN, Answer.YES)


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence: an English template in `str.format` notation, and the values that go into it.

    As in CmsError they stay apart, so that the template can be translated first.
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
    """Return no, with the reason."""
    return Verdict(Answer.NO, (Reason(template, values),))


def unknown(template: str, **values: object) -> Verdict:
    """Return unknown: the available data don't decide it; the reason says what is missing."""
    return Verdict(Answer.UNKNOWN, (Reason(template, values),))


CONTENT_NOT_GIVEN = unknown("the content is detached, and was not given")
"""The reason for an unknown *intact* where there is nothing to compare."""

CONTENT_NEEDED = unknown(
    "there are no signed attributes, so the content itself is needed, not its digest"
)
"""The reason where a digest was given of content that was signed as it is (RFC 5652, 5.4)."""

FITS_WITH_CRLF = unknown(
    "the content given is not what was signed, but with CRLF in place of LF it is: a tool changed"
    " the line ends when it signed"
)
"""*Intact* where only the line ends of the given content differ. `openssl smime -sign` without
`-binary` turns them into CRLF, as in MIME (RFC 8551 section 3.1.1).
"""


#: Reasons by which there is nothing to compare: no content, or digests by other algorithms alone,
#: in the words of `signed_data.contents`.
_UNCOMPARED = (
    CONTENT_NOT_GIVEN.reasons[0].template,
    "the digest given is a {given} digest, but a {needed} digest is needed",
    "no {needed} digest of the content is known",
)


def is_uncompared(intact: Verdict) -> bool:
    """Return whether *intact* is unknown only because there is nothing to compare."""
    templates = [reason.template for reason in intact.reasons]
    is_one = len(templates) == 1 and templates[0] in _UNCOMPARED
    return is_one and intact.answer is Answer.UNKNOWN


def every(*verdicts: Verdict) -> Verdict:
    """Combine verdicts that must all hold: no if one is no, else unknown if one is, else yes.

    The reasons are those of all, each once, with those of the worst answers first.
    """
    ranked = sorted(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.answer))
    reasons: list[Reason] = []
    for verdict in ranked:
        reasons += [reason for reason in verdict.reasons if reason not in reasons]
    return Verdict(ranked[0].answer if ranked else Answer.YES, tuple(reasons))
