"""What holds once the certificate of a timestamp's authority has ended, and no record shows more.

Such a timestamp changes no answer: what the moment of saving proves stays proven.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cms import Answer, Occasion, SignerStatus, Verifier
from app.evidence.lasting import Preserved, outlast
from app.trust import Trust
from app.trust.loaded import Loaded
from tests import pki
from tests.cms.judging import IVAN, NCA, crl, read, text
from tests.pki import DAY, NOT_BEFORE, SIGNING_TIME, Holder, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
STAMPED, SAVED, NOW = (SIGNING_TIME + DAY * days for days in (1, 5, 20))
INFO = pki.signer_info(IVAN)


def authority(name: str, until: datetime, since: datetime = NOT_BEFORE) -> Holder:
    """Return a timestamp authority whose certificate ends."""
    return pki.certify(pki.name(name), pki.rsa_key(name), NCA, pki.STAMPER, valid=(since, until))


ENDED = authority("ENDED", SIGNING_TIME + 10 * DAY)
ENDED_LATER = authority("ENDED LATER", SIGNING_TIME + 12 * DAY)
IN_FORCE = authority("IN FORCE", SIGNING_TIME + 90 * DAY)


@pytest.fixture(name="loaded")
def loaded_anchors(tmp_path: Path) -> Loaded:
    return Trust(tmp_path, online=False, cache=tmp_path).loaded()


def stamp(by: Holder, moment: datetime = STAMPED, info: bytes = INFO) -> bytes:
    return pki.timestamp(pki.signature_of(info), moment, by=by)


def verify(
    *tokens: bytes, info: bytes = INFO, who: Holder = IVAN, revoked_at: datetime | None = None
) -> SignerStatus:
    """Verify what was saved at SAVED, with tokens that are kept, when the first have ended."""
    listed = [] if revoked_at is None else [Revoked(who.serial, revoked_at)]
    crls = [crl(*listed, this_update=SAVED + DAY, next_update=NOW)]
    signature = pki.read(pki.signed_data([info], [who, NCA]))
    when = Occasion(SAVED, SAVED, now=NOW, stamps_known=SAVED)
    [status] = Verifier(read(NCA), crls=crls).verify(signature, at=when, tokens={1: tokens})
    return status


def outlasting(status: SignerStatus, loaded: Loaded) -> SignerStatus:
    """Return what is left of a result where there is no evidence record."""
    [left] = outlast([status], Preserved(None, (), None, loaded, NOW))
    return left


def test_a_revocation_before_saving_stays_proven(loaded: Loaded) -> None:
    status = verify(stamp(ENDED), revoked_at=STAMPED + DAY)
    assert status.whole.answer is YES
    left = outlasting(status, loaded)
    assert (left.revocation.answer, left.whole.answer) == (NO, NO)
    assert (left.decisive_time, left.decisive_time_source) == (SAVED, "given")
    assert "the timestamp was not renewed before then" in text(left.path)


def test_what_only_the_timestamp_proves_is_unknown(loaded: Loaded) -> None:
    left = outlasting(verify(stamp(ENDED)), loaded)
    assert (left.path.answer, left.whole.answer) == (UNKNOWN, UNKNOWN)
    assert left.timestamp
    assert left.timestamp.verdict.answer is UNKNOWN
    assert "the timestamp was not renewed before then" in text(left.timestamp.verdict)


def test_another_timestamp_that_still_holds_counts(loaded: Loaded) -> None:
    kept = [stamp(ENDED), stamp(IN_FORCE, STAMPED + DAY)]
    status = verify(*kept, revoked_at=STAMPED + 2 * DAY)
    assert status.decisive_time == STAMPED
    left = outlasting(status, loaded)
    assert (left.decisive_time, left.whole.answer) == (STAMPED + DAY, YES)
    left = outlasting(verify(*kept, revoked_at=STAMPED + DAY / 2), loaded)
    assert left.whole.answer is NO


def test_each_that_has_ended_is_asked_for_by_itself(loaded: Loaded) -> None:
    kept = [stamp(IN_FORCE, STAMPED + 2 * DAY), stamp(ENDED_LATER, STAMPED + DAY), stamp(ENDED)]
    times = []
    status: SignerStatus | None = verify(*kept)
    assert status
    assert outlasting(status, loaded).decisive_time == STAMPED + 2 * DAY
    while status:
        times.append(status.decisive_time)
        status = status.otherwise
    assert times == [STAMPED, STAMPED + DAY, STAMPED + 2 * DAY]


def test_a_no_that_only_the_timestamp_proves_is_unknown(loaded: Loaded) -> None:
    """Whoever has the key of the authority may have dated it back before the certificate."""
    valid = (STAMPED + DAY, SIGNING_TIME + 90 * DAY)
    late = pki.certify(pki.name("LATE"), pki.rsa_key("LATE"), NCA, pki.PERSON, valid=valid)
    info = pki.signer_info(late)
    status = verify(stamp(ENDED, info=info), info=info, who=late)
    left = outlasting(status, loaded)
    assert (status.path.answer, left.path.answer) == (NO, UNKNOWN)


def test_an_algorithm_is_not_judged_as_of_a_timestamp_that_proves_nothing(loaded: Loaded) -> None:
    """SHA-1, in a signature of 2018 by what its timestamp says."""
    since, until = (datetime(year, 1, 1, tzinfo=UTC) for year in (2015, 2026))
    ca = pki.certify(pki.name("CA"), pki.rsa_key("CA"), None, pki.AUTHORITY, valid=(since, until))
    by, who = (
        pki.certify(pki.name(name), pki.rsa_key(name, digest), ca, kind, valid=(since, SAVED))
        for name, digest, kind in (("T", pki.SHA256, pki.STAMPER), ("P", pki.SHA1, pki.PERSON))
    )
    info = pki.signer_info(who)
    token = pki.timestamp(pki.signature_of(info), datetime(2018, 1, 1, tzinfo=UTC), by=by)
    signature = pki.read(pki.signed_data([info], [who]))
    when = Occasion(SAVED, SAVED, now=NOW, stamps_known=SAVED)
    [status] = Verifier(read(ca)).verify(signature, at=when, tokens={1: [token]})
    assert (status.intact.answer, status.valid.answer) == (YES, YES)
    left = outlasting(status, loaded)
    assert (left.intact.answer, left.valid.answer) == (UNKNOWN, UNKNOWN)
