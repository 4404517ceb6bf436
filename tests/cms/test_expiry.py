"""A certificate that has expired by the decisive time: what is proven, and what would prove it."""

from datetime import datetime
from typing import Any

import pytest

from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import NCA, ROOT, path, read, text
from tests.pki import CONTENT, DAY, NOT_AFTER, NOT_BEFORE, SIGNING_TIME, TIMESTAMP, Holder

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
UNTIL = SIGNING_TIME + 30 * DAY
LATER = UNTIL + 30 * DAY
KEY = pki.rsa_key("СРОЧНЫЙ")
WHO = pki.certify(pki.name("СРОЧНЫЙ"), KEY, NCA, pki.PERSON, valid=(NOT_BEFORE, UNTIL))
TSA = pki.stamper()
OWN_TSA = pki.certify(pki.name("OWN TSA"), pki.rsa_key("own TSA"), None, pki.STAMPER)
MISSING = "only a verified timestamp from before then could settle"


def attributes(claimed: datetime | None) -> list[bytes]:
    """Encode signed attributes with that signing time, or none."""
    listed = pki.attributes(CONTENT, moment=claimed or SIGNING_TIME)
    kind = der.oid(pki.SIGNING_TIME_ATTRIBUTE)
    return listed if claimed else [one for one in listed if kind not in one]


def verify(
    claimed: datetime | None = SIGNING_TIME,
    stamped: datetime | None = None,
    *,
    who: Holder = WHO,
    by: Holder = TSA,
    at: datetime = LATER,
    certificates: tuple[Holder, ...] = (),
    **more: Any,
) -> SignerStatus:
    """Verify a signature that says when it was made, perhaps with a timestamp."""
    listed = attributes(claimed)
    info = pki.signer_info(who, signed=listed)
    value = pki.signature_of(info)
    if stamped:
        token = pki.timestamp(value, stamped, by=by, **more)
        unsigned = [der.attribute(TIMESTAMP, token)]
        info = pki.signer_info(who, signed=listed, unsigned=unsigned, signature=value)
    signature = pki.read(pki.signed_data([info], [who, NCA, *certificates]))
    [status] = Verifier(read(ROOT)).verify(signature, at=at)
    return status


@pytest.mark.parametrize("claimed", [SIGNING_TIME, UNTIL, None])
def test_where_nothing_proves_when_it_was_made_it_is_unknown(claimed: datetime | None) -> None:
    status = verify(claimed)
    assert (status.valid.answer, status.path.answer) == (YES, UNKNOWN)
    assert MISSING in text(status.path)


@pytest.mark.parametrize("claimed", [UNTIL + DAY, NOT_BEFORE - DAY])
def test_who_says_to_have_signed_outside_of_the_validity_is_believed(claimed: datetime) -> None:
    status = verify(claimed)
    assert status.path.answer is NO
    assert MISSING not in text(status.path)
    assert "valid only until" in text(status.path)


def test_a_timestamp_that_holds_settles_it() -> None:
    assert verify(stamped=UNTIL - DAY).path.answer is YES
    assert verify(UNTIL + DAY, stamped=UNTIL - DAY).path.answer is YES
    # It was seen after the certificate had expired, which isn't to say that it was made then.
    assert verify(stamped=UNTIL + DAY).path.answer is UNKNOWN


@pytest.mark.parametrize("claimed", [SIGNING_TIME, None, UNTIL + DAY])
def test_a_timestamp_that_may_hold_would_settle_it_and_says_what_it_lacks(
    claimed: datetime | None,
) -> None:
    status = verify(claimed, UNTIL - DAY, by=OWN_TSA)
    assert status.path.answer is UNKNOWN
    assert MISSING in text(status.path)
    assert "the chain ends with OWN TSA, which is no trust anchor" in text(status.path)


def test_a_timestamp_that_settles_nothing_is_left_out_of_the_reasons() -> None:
    status = verify(SIGNING_TIME, UNTIL + DAY, by=OWN_TSA)
    assert status.path.answer is UNKNOWN
    assert "OWN TSA" not in text(status.path)
    # Anybody can add one from after the expiry: it is not the signer who says so.
    assert verify(None, UNTIL + DAY, by=OWN_TSA).path.answer is UNKNOWN


def test_an_unknown_timestamp_takes_a_no_from_nothing_but_what_is_claimed() -> None:
    """It may be valid, and then the signer's clock was wrong; a revocation is a no besides."""
    for stamped, answer in ((UNTIL - DAY, UNKNOWN), (UNTIL + DAY, NO)):
        assert verify(UNTIL + DAY, stamped, by=OWN_TSA).path.answer is answer
    early = verify(SIGNING_TIME, SIGNING_TIME, by=OWN_TSA, at=NOT_BEFORE - DAY)
    assert early.path.answer is NO


@pytest.mark.parametrize("order", [1, -1])
def test_no_order_of_unknown_timestamps_makes_a_no(order: int) -> None:
    """Anyone can add one, of any time, before one that may be valid."""
    listed = attributes(UNTIL + DAY)
    value = pki.signature_of(pki.signer_info(WHO, signed=listed))
    stamps = [
        der.attribute(TIMESTAMP, pki.timestamp(value, moment, by=OWN_TSA))
        for moment in (UNTIL + 2 * DAY, UNTIL - DAY)
    ]
    info = pki.signer_info(WHO, signed=listed, unsigned=stamps[::order], signature=value)
    signature = pki.read(pki.signed_data([info], [WHO, NCA]))
    [status] = Verifier(read(ROOT)).verify(signature, at=LATER)
    assert status.path.answer is UNKNOWN


def test_a_timestamp_on_something_else_is_no_claim() -> None:
    listed = attributes(UNTIL + DAY)
    token = pki.timestamp(b"another", UNTIL - DAY)
    unsigned = [der.attribute(TIMESTAMP, token)]
    info = pki.signer_info(WHO, signed=listed, unsigned=unsigned)
    signature = pki.read(pki.signed_data([info], [WHO, NCA]))
    [status] = Verifier(read(ROOT)).verify(signature, at=LATER)
    assert status.path.answer is NO


def test_an_authority_that_has_expired_since_is_no_proof_either() -> None:
    key = pki.rsa_key("SHORT CA")
    authority = pki.certify(
        pki.name("SHORT CA"), key, ROOT, pki.AUTHORITY, valid=(NOT_BEFORE, UNTIL)
    )
    who = pki.certify(pki.name("P"), KEY, authority, pki.PERSON)
    for claimed, answer in ((SIGNING_TIME, UNKNOWN), (None, UNKNOWN), (LATER, NO)):
        status = verify(claimed, who=who, certificates=(authority,))
        assert status.path.answer is answer
        assert "SHORT CA was valid only until" in text(status.path)


def test_a_certificate_that_was_not_valid_yet_is_refused() -> None:
    status = verify(at=NOT_BEFORE - DAY)
    assert status.path.answer is NO
    assert "was valid only from" in text(status.path)


def test_a_bare_certificate_is_judged_at_the_moment_itself() -> None:
    assert path(WHO, at=UNTIL).answer is YES
    assert path(WHO, at=LATER).answer is NO


def test_everything_in_all_is_no_only_where_something_is() -> None:
    status = verify(None, NOT_AFTER + DAY, by=OWN_TSA, at=NOT_AFTER + 2 * DAY)
    answers = {status.intact.answer, status.valid.answer, status.trusted.answer}
    assert answers == {YES, UNKNOWN}
