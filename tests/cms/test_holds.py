"""Certificates on hold, delta CRLs, and what was published for an attested moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from app.cms.budget import Budget
from app.cms.path.occasions import Occasion
from app.cms.revocation.checking import RevocationData, check_revocation
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, REMOVE_FROM_CRL
from app.cms.revocation.ocsp import OcspResponse
from app.cms.verdict import Answer, Verdict
from tests import der, pki
from tests.cms.judging import (
    AFTER,
    AT,
    BEFORE,
    IVAN,
    NCA,
    crl,
    ocsp,
    read,
    revocation,
    revoked,
    text,
)
from tests.pki import DAY, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
HELD = revoked(AT - 5 * DAY, CERTIFICATE_HOLD)
MINUTE = timedelta(minutes=1)
#: When a word was said, and until when it holds.
EARLIEST, EARLY, NOW = AT - 4 * DAY, AT - 2 * DAY, AT - MINUTE
EXTENDED_REVOKE = pki.extension("1.3.6.1.5.5.7.48.1.9", der.NULL)
NEVER_ISSUED = Revoked(IVAN.serial, datetime(1970, 1, 1, tzinfo=UTC), CERTIFICATE_HOLD)


def say(kind: str, moment: datetime, until: datetime | None, *held: Revoked) -> dict[str, Any]:
    """Return a CRL or an OCSP response by which Ivan's certificate is, or is not, on hold."""
    if kind == "crl":
        return {"crls": [crl(*held, this_update=moment, next_update=until)]}
    status = held[0] if held else "good"
    return {"ocsp": [ocsp(status, this_update=moment, next_update=until)]}


@pytest.mark.parametrize(("hold", "good"), list(product(("crl", "ocsp"), repeat=2)))
@pytest.mark.parametrize(
    ("held_at", "held_until", "good_at", "good_until", "answer"),
    [
        # An older word says nothing against a hold, however long it claims to hold itself.
        (EARLY, AFTER, EARLIEST, AFTER, NO),
        (EARLY, AT - DAY, EARLIEST, AFTER, UNKNOWN),
        (NOW, AFTER, EARLY, AFTER, NO),
        # Nor does one of the same moment.
        (EARLY, AFTER, EARLY, AFTER, NO),
        (EARLY, AT - DAY, EARLY, AFTER, UNKNOWN),
        # A newer one lifts it, if it is from before the moment that counts: else it may have been
        # in force then.
        (EARLIEST, AFTER, EARLY, AFTER, YES),
        (EARLIEST, EARLY, NOW, AFTER, YES),
        (EARLY, AT - DAY, AFTER, AFTER + DAY, UNKNOWN),
        # A newer one that doesn't reach that moment takes the hold away, and says no more.
        (EARLIEST, AFTER, EARLY, AT - DAY, UNKNOWN),
    ],
)
def test_only_a_newer_word_lifts_a_hold(  # noqa: PLR0917  # A row of the table each.
    hold: str,
    good: str,
    held_at: datetime,
    held_until: datetime,
    good_at: datetime,
    good_until: datetime,
    answer: Answer,
) -> None:
    words: dict[str, list[bytes]] = {"crls": [], "ocsp": []}
    for one in (say(hold, held_at, held_until, HELD), say(good, good_at, good_until)):
        for kind, encoded in one.items():
            words[kind] += encoded
    assert revocation(crls=words["crls"], ocsp=words["ocsp"]).answer is answer


def delta(*entries: Revoked, base: int, number: int, moment: datetime = NOW) -> bytes:
    extensions = pki.numbered(number, base)
    return crl(*entries, this_update=moment, next_update=AFTER, extensions=extensions)


def complete(*entries: Revoked, number: int, moment: datetime = EARLY) -> bytes:
    extensions = pki.numbered(number)
    return crl(*entries, this_update=moment, next_update=AFTER, extensions=extensions)


REMOVED = revoked(AT - 5 * DAY, REMOVE_FROM_CRL)
FINAL = revoked(AT - 3 * DAY, 1)


@pytest.mark.parametrize(
    ("base", "later", "answer"),
    [
        (complete(number=7), delta(base=7, number=9), YES),
        (complete(HELD, number=7), delta(REMOVED, base=7, number=9), YES),
        (complete(HELD, number=7), delta(base=7, number=9), NO),
        (complete(number=7), delta(HELD, base=7, number=9), NO),
        (complete(number=7), delta(FINAL, base=7, number=9), NO),
        (complete(HELD, number=7), delta(FINAL, base=7, number=9), NO),
        # A delta of another base, or an older one, doesn't bring the base up to date.
        (complete(HELD, number=7), delta(base=8, number=9), NO),
        (complete(HELD, number=9), delta(base=7, number=9), NO),
    ],
)
def test_a_delta_crl_is_read_together_with_its_base(
    base: bytes, later: bytes, answer: Answer
) -> None:
    for crls in ([base, later], [later, base]):
        assert revocation(crls=crls).answer is answer


def test_a_delta_crl_makes_its_base_newer() -> None:
    base = crl(
        this_update=EARLIEST,
        next_update=EARLY,
        extensions=pki.numbered(7),
    )
    assert revocation(crls=[base]).answer is UNKNOWN
    assert revocation(crls=[delta(base=7, number=9)]).answer is UNKNOWN
    assert revocation(crls=[base, delta(base=7, number=9)]).answer is YES


def test_a_certificate_that_was_never_issued_is_called_so() -> None:
    """RFC 6960 section 2.2: whatever a CRL of what was issued leaves out."""
    denial = ocsp(NEVER_ISSUED, this_update=EARLY, extensions=[EXTENDED_REVOKE])
    for crls in ([], [crl()], [crl(this_update=AFTER, next_update=AFTER + DAY)]):
        verdict = revocation(crls=crls, ocsp=[denial])
        assert verdict.answer is NO
        assert text(verdict) == (
            "the OCSP responder says that the certificate of ИВАНОВ ИВАН was never issued"
        )
    assert revocation(ocsp=[denial, ocsp()]).answer is YES  # The responder learned of it since.
    older = ocsp(this_update=EARLIEST, next_update=AFTER)
    assert revocation(ocsp=[denial, older]).answer is NO
    plain = revocation(ocsp=[ocsp(NEVER_ISSUED, this_update=EARLY)])
    assert (plain.answer, "was on hold" in text(plain)) == (UNKNOWN, True)


def judge(*, attested: bool, by_sender: bool = True, **given: list[bytes]) -> Verdict:
    """Ask about Ivan's certificate with what came along with the signature."""
    data = RevocationData(
        [CertificateList(one) for one in given.get("crls", [])],
        [OcspResponse(one) for one in given.get("ocsp", [])],
        Budget() if by_sender else None,
    )
    return check_revocation(read(IVAN, NCA), Occasion.of(AT), [data], attested=attested)


def test_at_an_attested_moment_what_was_published_for_it_counts() -> None:
    published = crl(this_update=EARLIEST, next_update=AFTER)
    verdict = judge(attested=True, crls=[published])
    assert verdict.answer is YES
    assert text(verdict) == (
        "by a CRL or OCSP response, no revocation of the certificate of ИВАНОВ ИВАН is known"
        f" as of {EARLIEST:%F %T} UTC"
    )
    assert judge(attested=False, crls=[published]).answer is UNKNOWN
    outdated = crl(this_update=EARLIEST, next_update=EARLY)
    assert judge(attested=True, crls=[outdated]).answer is UNKNOWN


@pytest.mark.parametrize(
    ("age", "attested", "answer"),
    [
        (timedelta(minutes=5), True, YES),
        (timedelta(minutes=5, seconds=1), True, UNKNOWN),
        (timedelta(minutes=10), False, YES),
        (-DAY, True, YES),
        (-DAY, False, YES),
    ],
)
def test_an_answer_without_an_end_holds_for_minutes(
    age: timedelta, attested: bool, answer: Answer
) -> None:
    assert judge(attested=attested, ocsp=[ocsp(this_update=AT - age)]).answer is answer


def test_a_known_revocation_is_not_outweighed_by_older_data() -> None:
    final = revoked(AT - 3 * DAY, 1)
    known = ocsp(final, this_update=AFTER)
    for older in (crl(this_update=EARLIEST, next_update=AFTER), crl(this_update=BEFORE)):
        assert judge(attested=True, crls=[older], ocsp=[known]).answer is NO


def test_a_delta_crl_in_the_shape_of_order_522_lifts_a_hold_too() -> None:
    """By a critical FreshestCRL, without the number of its base; it says nothing more."""
    freshest = [pki.extension("2.5.29.46", der.sequence(), critical=True)]
    lifting = crl(REMOVED, this_update=NOW, next_update=AFTER, extensions=freshest)
    held = ocsp(HELD, this_update=EARLY, next_update=AFTER)
    older = crl(this_update=EARLIEST, next_update=AFTER)
    assert revocation(crls=[older], ocsp=[held]).answer is NO
    assert revocation(crls=[older, lifting], ocsp=[held]).answer is YES
    assert revocation(crls=[lifting], ocsp=[held]).answer is UNKNOWN


@pytest.mark.parametrize(
    ("scope", "answer"),
    [
        ((), YES),
        ((der.implicit(1, b"\xff"),), YES),
        # It is for authorities alone, for some reasons, or of another distribution point.
        ((der.implicit(2, b"\xff"),), NO),
        ((der.implicit(3, b"\x01\x40"),), NO),
        ((der.explicit(0, der.explicit(0, der.implicit(6, b"http://elsewhere"))),), NO),
    ],
)
def test_a_delta_crl_lifts_a_hold_only_within_its_scope(
    scope: tuple[bytes, ...], answer: Answer
) -> None:
    point = [pki.extension("2.5.29.28", der.sequence(*scope), critical=True)] if scope else []
    extensions = [*pki.numbered(9, base=7), *point]
    lifting = crl(REMOVED, this_update=NOW, next_update=AFTER, extensions=extensions)
    held = crl(HELD, this_update=EARLY, next_update=AFTER)
    older = ocsp(this_update=EARLIEST, next_update=AFTER)
    assert revocation(crls=[held, lifting], ocsp=[older]).answer is answer


def test_only_a_delta_crl_takes_something_back() -> None:
    """RFC 5280 section 5.3.1: what a complete list lists isn't cleared by it."""
    assert revocation(crls=[crl(REMOVED)]).answer is UNKNOWN
    assert revocation(crls=[crl(REMOVED, HELD)]).answer is NO


def test_a_word_that_may_be_forged_lifts_no_hold() -> None:
    """Not even if it says nothing of the moment that counts."""
    weak = pki.certify(NCA.subject, pki.rsa_key("NCA", pki.SHA1), None, pki.AUTHORITY)
    held = crl(HELD, this_update=EARLY, next_update=AFTER)
    older = crl(this_update=EARLIEST, next_update=AFTER)
    for until in (AT - DAY / 2, AFTER):
        forged = crl(by=weak, this_update=AT - DAY, next_update=until)
        assert revocation(crls=[held, older, forged]).answer is NO
        genuine = crl(this_update=AT - DAY, next_update=until)
        assert revocation(crls=[held, older, genuine]).answer is YES


@pytest.mark.attacks
def test_a_hold_that_ended_after_the_moment_that_counts_may_have_been_in_force() -> None:
    held = crl(HELD, this_update=EARLY, next_update=AFTER)
    for later in (AFTER, AFTER + DAY):
        verdict = revocation(crls=[held, crl(this_update=later, next_update=later + DAY)])
        assert verdict.answer is UNKNOWN
        assert "was on hold at that time, and the hold was lifted later" in text(verdict)
    before = crl(this_update=NOW, next_update=AFTER + DAY)
    assert revocation(crls=[held, before]) == Verdict(YES)
    assert revocation(crls=[held, before, crl(this_update=AFTER)]) == Verdict(YES)


def test_a_denial_from_before_a_certificate_was_issued_says_nothing() -> None:
    early = pki.NOT_BEFORE - DAY
    denial = ocsp(NEVER_ISSUED, this_update=early, extensions=[EXTENDED_REVOKE])
    verdict = revocation(ocsp=[denial])
    assert verdict.answer is UNKNOWN
    assert "is from before the certificate of ИВАНОВ ИВАН was issued" in text(verdict)
    assert revocation(ocsp=[denial], crls=[crl()]).answer is YES


def test_who_revokes_a_certificate_later_admits_that_it_was_issued() -> None:
    denial = ocsp(NEVER_ISSUED, this_update=EARLY, extensions=[EXTENDED_REVOKE])
    later = ocsp(revoked(AFTER, 1), this_update=AFTER)
    assert revocation(ocsp=[denial, later]).answer is YES
    assert revocation(ocsp=[denial], crls=[crl(revoked(AFTER, 1), this_update=AFTER)]).answer is NO


def test_a_delta_crl_alone_does_not_prove_that_nothing_was_revoked_before() -> None:
    later = delta(revoked(AFTER, 1), base=7, number=9, moment=AFTER)
    assert revocation(crls=[later]).answer is UNKNOWN
    verdict = revocation(crls=[later, complete(number=7)])
    assert verdict.answer is YES
    assert "was revoked on" in text(verdict)
    assert revocation(crls=[later, complete(HELD, number=7)]).answer is NO


def test_a_forged_base_of_the_sender_s_is_no_better_for_a_delta_of_the_operator_s() -> None:
    weak = pki.certify(NCA.subject, pki.rsa_key("NCA", pki.SHA1), None, pki.AUTHORITY)
    number = pki.numbered(7)
    base = crl(by=weak, this_update=EARLY, next_update=AFTER, extensions=number)
    mine = RevocationData([CertificateList(delta(base=7, number=9))])
    when = Occasion(datetime(2019, 6, 1, tzinfo=UTC), AT)
    for budget, answer in ((Budget(), UNKNOWN), (None, YES)):
        theirs = RevocationData([CertificateList(base)], budget=budget)
        verdict = check_revocation(read(IVAN, NCA), when, [mine, theirs], attested=True)
        assert verdict.answer is answer


def test_a_hold_that_is_reported_afterwards_was_in_force_then_though_it_was_lifted_later() -> None:
    """RFC 5280 section 5.3.1 takes a hold back from the moment at which it is removed."""
    later = crl(this_update=AT + 2 * DAY, next_update=AT + 30 * DAY)
    reported = (
        {"crls": [crl(HELD, this_update=AT + MINUTE, next_update=AFTER), later]},
        {"crls": [later], "ocsp": [ocsp(HELD, this_update=AT)]},
    )
    for words in reported:
        for attested in (True, False):
            assert judge(attested=attested, by_sender=False, **words).answer is UNKNOWN


def test_of_a_hold_and_a_final_revocation_in_one_list_the_latter_counts() -> None:
    both = crl(HELD, FINAL, this_update=EARLY, next_update=AFTER)
    assert revocation(crls=[both, crl(this_update=NOW, next_update=AFTER)]).answer is NO


def test_a_revocation_in_the_future_of_its_own_list_clears_nothing() -> None:
    future = crl(revoked(AFTER, 1), this_update=EARLIEST, next_update=EARLY)
    assert revocation(crls=[future]).answer is UNKNOWN


def test_a_responder_that_another_response_calls_revoked_says_nothing() -> None:
    who = pki.responder()
    good = ocsp(by=who)
    status = Revoked(who.serial, BEFORE, 1)
    accusation = ocsp(status, who.serial, this_update=BEFORE, next_update=AFTER)
    assert revocation(ocsp=[good]).answer is YES
    assert revocation(ocsp=[good, accusation]).answer is UNKNOWN
