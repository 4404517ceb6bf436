"""Every order of a hold, a word that names no revocation, and the moment that counts."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

import pytest

from app.cms.revocation.crl_entries import CERTIFICATE_HOLD
from app.cms.verdict import Answer
from tests.cms.judging import AT, revocation, revoked
from tests.cms.test_holds import say
from tests.pki import DAY, Revoked

# When each word is said, in days from the moment that counts. Short words hold for some hours, long
# ones for months; those that are said on the day hold for the moment too.
MOMENTS = (-4, -3, -2, 0, 1, 2, 3)
SHORT, LONG = timedelta(hours=6), 100 * DAY
ANSWERS = {"y": Answer.YES, "n": Answer.NO, "?": Answer.UNKNOWN}

# A row for each moment of the hold, a column for each moment of the other word, of the above.
# y: yes; n: no; ?: unknown. What stands on or below the diagonal is not newer than the hold, and
# changes nothing. A hold that is only known to be lifted after the moment may have been in force
# then.
TABLES = {
    # The hold holds for long, and so does the other word.
    (LONG, LONG): """
        n y y y ? ? ?
        n n y y ? ? ?
        n n n y ? ? ?
        n n n n ? ? ?
        n n n n n ? ?
        n n n n n n ?
        n n n n n n n
    """,
    # The other word takes the hold away, but where it was said before says nothing of the moment.
    (LONG, SHORT): """
        n ? ? y ? ? ?
        n n ? y ? ? ?
        n n n y ? ? ?
        n n n n ? ? ?
        n n n n n ? ?
        n n n n n n ?
        n n n n n n n
    """,
    # Of an old hold nothing is known any more but that it was one.
    (SHORT, LONG): """
        ? y y y ? ? ?
        ? ? y y ? ? ?
        ? ? ? y ? ? ?
        n n n n ? ? ?
        n n n n n ? ?
        n n n n n n ?
        n n n n n n n
    """,
    (SHORT, SHORT): """
        ? ? ? y ? ? ?
        ? ? ? y ? ? ?
        ? ? ? y ? ? ?
        n n n n ? ? ?
        n n n n n ? ?
        n n n n n n ?
        n n n n n n n
    """,
}


def judge(
    kinds: Sequence[str], held: tuple[int, timedelta, Revoked], other: tuple[int, timedelta]
) -> Answer:
    """Return what a hold and another word make."""
    day, until, entry = held
    words: dict[str, list[bytes]] = {"crls": [], "ocsp": []}
    for said in (
        say(kinds[0], AT + day * DAY, AT + day * DAY + until, entry),
        say(kinds[1], AT + other[0] * DAY, AT + other[0] * DAY + other[1]),
    ):
        for where, encoded in said.items():
            words[where] = [*encoded, *words[where]]
    return revocation(crls=words["crls"], ocsp=words["ocsp"]).answer


@pytest.mark.parametrize("kinds", list(product(("crl", "ocsp"), repeat=2)))
@pytest.mark.parametrize("lengths", TABLES)
def test_the_newest_statement_decides_about_a_hold(
    kinds: Sequence[str], lengths: tuple[timedelta, timedelta]
) -> None:
    rows = [row.split() for row in TABLES[lengths].split("\n") if row.strip()]
    hold = revoked(AT - 5 * DAY, CERTIFICATE_HOLD)
    for held_at, row in zip(MOMENTS, rows, strict=True):
        for said_at, letter in zip(MOMENTS, row, strict=True):
            found = judge(kinds, (held_at, lengths[0], hold), (said_at, lengths[1]))
            assert found is ANSWERS[letter], (held_at, said_at)


@pytest.mark.parametrize("kinds", list(product(("crl", "ocsp"), repeat=2)))
def test_a_hold_that_began_later_does_no_harm(kinds: Sequence[str]) -> None:
    """At any thisUpdate, and with any other statement."""
    hold = revoked(AT + DAY / 2, CERTIFICATE_HOLD)
    for held_at, said_at, until in product((1, 2, 3), MOMENTS, (SHORT, LONG)):
        found = judge(kinds, (held_at, SHORT, hold), (said_at, until))
        assert found is Answer.YES, (held_at, said_at)
