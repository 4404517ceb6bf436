"""Words made by chance, in whatever order and wherever they come from, keep to some rules."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.cms.budget import Budget
from app.cms.path.occasions import Occasion
from app.cms.revocation.checking import RevocationData, check_revocation
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD
from app.cms.revocation.ocsp import OcspResponse
from app.cms.verdict import Answer
from tests.cms.judging import AT, IVAN, NCA, crl, ocsp, read, revoked
from tests.pki import DAY

CASES = 400
# In days from the moment that counts.
DAYS = (-4, -3, -2, -1, 0, 1, 2, 3)


@dataclass(frozen=True)
class Said:
    """A CRL or a response about Ivan's certificate; `since` is None if it names no revocation."""

    is_list: bool
    moment: datetime
    until: datetime
    since: datetime | None
    reason: int
    forged: bool
    by_sender: bool

    @classmethod
    def by(cls, dice: random.Random) -> "Said":
        """Make one by chance."""
        moment = AT + dice.choice(DAYS) * DAY
        return cls(
            is_list=dice.random() < 0.5,
            moment=moment,
            until=moment + dice.choice((timedelta(hours=6), 100 * DAY)),
            since=dice.choice((None, None, moment - dice.choice((1, 3)) * DAY)),
            reason=dice.choice((CERTIFICATE_HOLD, CERTIFICATE_HOLD, 4)),
            forged=dice.random() < 0.15,
            by_sender=dice.random() < 0.5,
        )

    @property
    def is_against(self) -> bool:
        """Whether it says that the certificate was bad by then."""
        return not self.forged and self.since is not None and self.since <= AT

    @property
    def is_final(self) -> bool:
        """Whether nothing can take that back."""
        return self.is_against and self.reason != CERTIFICATE_HOLD

    def sign(self) -> CertificateList | OcspResponse:
        """Encode it and read it."""
        entries = [revoked(self.since, self.reason)] if self.since else []
        window: dict[str, Any] = {"this_update": self.moment, "next_update": self.until}
        window["forged"] = self.forged
        if self.is_list:
            return CertificateList(crl(*entries, **window))
        return OcspResponse(ocsp(entries[0] if entries else "good", **window))


def judge(words: list[Said], *, attested: bool) -> Answer:
    """Ask with what the operator and the sender have."""
    sources = []
    for by_sender in (False, True):
        found = [one.sign() for one in words if one.by_sender is by_sender]
        lists = [one for one in found if isinstance(one, CertificateList)]
        responses = [one for one in found if isinstance(one, OcspResponse)]
        sources.append(RevocationData(lists, responses, Budget() if by_sender else None))
    return check_revocation(read(IVAN, NCA), Occasion.of(AT), sources, attested=attested).answer


def is_lifted_by_then(hold: Said, words: list[Said]) -> bool:
    """Return whether a newer word of the moment or before names no revocation."""
    return any(one.since is None and hold.moment < one.moment <= AT for one in words)


def clears(word: Said, *, attested: bool) -> bool:
    """Return whether a statement without a revocation covers the decisive time."""
    if word.forged or word.is_against:
        return False
    if word.since is not None:
        return word.since <= word.moment
    is_fresh = attested or not word.by_sender or word.moment >= AT - timedelta(minutes=10)
    return word.until >= AT and is_fresh


@pytest.mark.parametrize("seed", range(CASES))
def test_words_by_chance(seed: int) -> None:
    dice = random.Random(seed)
    attested = dice.random() < 0.5
    words = [Said.by(dice) for _ in range(dice.randrange(1, 6))]
    answer = judge(words, attested=attested)
    # Neither order nor forgeries count.
    genuine = [one for one in words if not one.forged]
    for others in (dice.sample(words, len(words)), words[::-1], genuine):
        assert judge(others, attested=attested) is answer
    holds = [one for one in genuine if one.is_against and not one.is_final]
    lifting = max((one.moment for one in genuine if one.since is None), default=None)
    standing = [one for one in holds if lifting is None or lifting <= one.moment]
    if any(one.is_final for one in genuine):
        assert answer is Answer.NO
    elif standing:
        newest = max(standing, key=lambda one: one.moment)
        still = any(one.until >= AT for one in standing if one.moment == newest.moment)
        assert answer in ({Answer.NO, Answer.UNKNOWN} if still else {Answer.UNKNOWN})
    elif any(not is_lifted_by_then(one, genuine) for one in holds):
        assert answer is Answer.UNKNOWN
    else:
        is_cleared = any(clears(one, attested=attested) for one in words)
        assert answer is (Answer.YES if is_cleared else Answer.UNKNOWN)
