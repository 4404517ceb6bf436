"""Revocation data that came with a signature, about the authority of its timestamp."""

from datetime import timedelta

import pytest

from app.cms.augmentation.profiles import Profile, augment
from app.cms.verdict import Answer, Verdict
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.augmenting import STAMPED, TSA, evidence, sign
from tests.cms.judging import IVAN, NCA, ROOT, read, text
from tests.pki import DAY, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def verify(*brought: bytes) -> SignerStatus:
    """Verify a stamped signature with these data in it, and the root; data are of the root, too."""
    of_root = pki.crl(ROOT, this_update=STAMPED - 30 * DAY, next_update=STAMPED + 30 * DAY)
    cms = sign(IVAN, revocation=[of_root, *brought])
    stamped = augment(cms, {1: evidence(cms, IVAN.serial)[1]}, Profile.T)
    [status] = Verifier(read(ROOT), intermediates=read(NCA)).verify(
        pki.read(stamped), at=STAMPED + 90 * DAY
    )
    return status


def of_stamp(status: SignerStatus) -> Verdict:
    assert status.timestamp is not None
    return status.timestamp.revocation


def listed(*entries: Revoked, begin: timedelta, end: timedelta) -> bytes:
    return pki.crl(NCA, *entries, this_update=STAMPED + begin, next_update=STAMPED + end)


def test_what_was_current_at_its_time_counts_with_a_remark() -> None:
    status = verify(listed(begin=-DAY, end=DAY))
    assert of_stamp(status).answer is YES
    assert "no revocation of the certificate of" in text(of_stamp(status))
    assert status.revocation.answer is YES


@pytest.mark.parametrize("end", [-timedelta(seconds=1), -DAY / 2])
def test_what_had_ended_by_then_says_nothing(end: timedelta) -> None:
    status = verify(listed(begin=-DAY, end=end))
    assert of_stamp(status).answer is UNKNOWN
    assert status.revocation.answer is UNKNOWN


def test_a_response_without_an_end_counts_for_minutes() -> None:
    kind = der.oid("1.3.6.1.5.5.7.16.2")
    for age, expected in ((timedelta(minutes=9), YES), (timedelta(minutes=11), UNKNOWN)):
        response = pki.ocsp(NCA, TSA.serial, this_update=STAMPED - age)
        status = verify(der.explicit(1, kind, response))
        assert of_stamp(status).answer is expected


def test_a_revocation_by_then_counts_against_it_however_old_the_list() -> None:
    entry = Revoked(TSA.serial, STAMPED - 2 * DAY)
    status = verify(listed(entry, begin=-DAY, end=DAY))
    assert status.timestamp is not None
    assert status.timestamp.verdict.answer is NO
