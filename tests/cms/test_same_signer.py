"""The same SignerInfo twice is one signer, with any unsigned attributes."""

from datetime import datetime

from app.cms.claims import describe
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import IVAN, NCA, read
from tests.pki import CONTENT, DAY, SIGNING_TIME, TIMESTAMP

ANNA = pki.person("ПЕТРОВА АННА")
INFO = pki.signer_info(IVAN)
VALUE = pki.signature_of(INFO)
STAMPED = SIGNING_TIME + DAY


def signed(*infos: bytes) -> SignedData:
    return pki.read(pki.signed_data(infos, [IVAN, ANNA, NCA]))


def stamped(moment: datetime) -> bytes:
    token = der.attribute(TIMESTAMP, pki.timestamp(VALUE, moment))
    return pki.signer_info(IVAN, unsigned=[token], signature=VALUE)


def verify(signature: SignedData) -> tuple[SignerStatus, ...]:
    return Verifier(read(NCA)).verify(signature, at=SIGNING_TIME + 9 * DAY)


def test_a_copy_is_no_further_signer() -> None:
    anna = pki.signer_info(ANNA)
    signature = signed(INFO, anna, INFO, anna, INFO)
    statuses = verify(signature)
    assert [status.number for status in statuses] == [1, 2]
    assert [status.certificate for status in statuses] == read(IVAN, ANNA)
    assert {status.valid.answer for status in statuses} == {Answer.YES}
    claims = describe(signature)
    assert [(one.number, one.certificate) for one in claims] == list(enumerate(read(IVAN, ANNA), 1))
    assert len(signature.signers) == 2


def test_the_timestamps_of_all_copies_count() -> None:
    for infos in (
        (INFO, stamped(STAMPED)),
        (stamped(STAMPED), INFO),
        (stamped(STAMPED + DAY), stamped(STAMPED)),
    ):
        signature = signed(*infos)
        [status] = verify(signature)
        assert (status.decisive_time, status.decisive_time_source) == (STAMPED, "timestamp")
        [claims] = describe(signature)
        assert claims.timestamp


def test_a_signer_who_signs_at_two_times_has_signed_twice() -> None:
    later = pki.attributes(CONTENT, moment=STAMPED)
    assert len(verify(signed(INFO, pki.signer_info(IVAN, signed=later)))) == 2


def test_a_copy_that_differs_in_what_counts_is_another_signer() -> None:
    broken = pki.signer_info(IVAN, signature=VALUE[:-1] + bytes((VALUE[-1] ^ 1,)))
    first, second = verify(signed(INFO, broken))
    assert (first.valid.answer, second.valid.answer) == (Answer.YES, Answer.NO)
