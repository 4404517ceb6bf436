"""A hold that was noted, and the statement that lifted it: as if both were still at hand."""

from datetime import timedelta

import pytest

from app.cms import NotedRevocation
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, Revoked
from app.cms.revocation.noted import digest_of, key_of
from app.cms.verdict import Answer, Verdict
from app.cms.verification.verifier import Verifier
from tests.cms.judging import AT, IVAN, NCA, read, text
from tests.cms.test_hold_table import ANSWERS, LONG, MOMENTS, SHORT, TABLES
from tests.cms.test_holds import say
from tests.pki import DAY


def note(held_at: int, until: timedelta, lifted_at: int | None) -> NotedRevocation:
    """Note a hold, as of a day from the moment that counts."""
    [issuer], [certificate] = read(NCA), read(IVAN)
    said = AT + held_at * DAY
    return NotedRevocation(
        digest_of(certificate),
        key_of(issuer),
        "crl",
        Revoked(AT - 5 * DAY, CERTIFICATE_HOLD),
        said,
        said + until,
        complete=True,
        denied=False,
        public_key=key_of(certificate),
        anchor_key=key_of(issuer),
        lifted_at=None if lifted_at is None else AT + lifted_at * DAY,
    )


def judge(noted: NotedRevocation, *crls: bytes) -> Verdict:
    verifier = Verifier(read(NCA), crls=crls, noted=[noted])
    [certificate] = read(IVAN)
    return verifier.verify_certificate(certificate, at=AT)[1]


@pytest.mark.parametrize("lengths", TABLES)
def test_it_is_no_until_it_is_lifted_and_never_yes_by_itself(
    lengths: tuple[timedelta, timedelta],
) -> None:
    rows = [row.split() for row in TABLES[lengths].split("\n") if row.strip()]
    for held_at, row in zip(MOMENTS, rows, strict=True):
        for said_at, letter in zip(MOMENTS, row, strict=True):
            lifted_at = said_at if said_at > held_at else None
            noted = note(held_at, lengths[0], lifted_at)
            expected = Answer.UNKNOWN if letter == "y" else ANSWERS[letter]
            if lifted_at is None and lengths[0] == SHORT and held_at < 0:
                expected = Answer.UNKNOWN
            assert judge(noted).answer is expected, (held_at, said_at)
            until = AT + said_at * DAY + lengths[1]
            other = say("crl", AT + said_at * DAY, until)["crls"]
            assert judge(noted, *other).answer is ANSWERS[letter], (held_at, said_at)


def test_what_holds_since_then_is_not_known() -> None:
    found = judge(note(-4, LONG, -2))
    assert text(found).startswith("no CRL or OCSP response about ИВАНОВ ИВАН is at hand")
