"""Times from the future, by the clock of the caller: a timestamp's holds for nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.path.occasions import TOLERANCE, Occasion, is_future
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import IVAN, NCA, ROOT, read, text
from tests.cms.test_key_info import XADES
from tests.cms.test_timestamps import STAMPED, VALUE, stamp
from tests.pki import DAY, SIGNING_TIME, TIMESTAMP, xml_signer
from tests.pki.xml_signer import DS

YES, UNKNOWN = Answer.YES, Answer.UNKNOWN
SECOND = timedelta(seconds=1)
FROM_THE_FUTURE = "the timestamp is from the future, by the clock of this server"
CLAIMED = "the signing time, which the signer claims, is in the future by the clock of this server"


def verify(*tokens: bytes, now: datetime | None, at: datetime = STAMPED) -> SignerStatus:
    """Verify Ivan's signature with timestamps, at a moment by the caller's clock."""
    unsigned = [der.attribute(TIMESTAMP, *tokens)] if tokens else []
    info = pki.signer_info(IVAN, unsigned=unsigned, signature=VALUE)
    signature = pki.read(pki.signed_data([info], [IVAN, NCA]))
    [status] = Verifier(read(ROOT)).verify(signature, at=Occasion(at, at, now=now))
    return status


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        (None, YES),  # The library has no clock of its own.
        (STAMPED + DAY, YES),
        (STAMPED, YES),
        (STAMPED - TOLERANCE, YES),
        (STAMPED - TOLERANCE - SECOND, UNKNOWN),
        (STAMPED - 365 * DAY, UNKNOWN),
    ],
)
def test_a_timestamp_from_the_future_attests_nothing(now: datetime | None, answer: Answer) -> None:
    saved = STAMPED - DAY
    status = verify(stamp(), now=now, at=saved)
    assert status.timestamp
    assert status.timestamp.verdict.answer is answer
    attests = answer is YES
    assert (FROM_THE_FUTURE in text(status.timestamp.verdict)) is not attests
    assert status.decisive_time == (STAMPED if attests else saved)
    assert status.decisive_time_source == ("timestamp" if attests else "given")


def test_another_timestamp_counts_beside_it() -> None:
    past = SIGNING_TIME + SECOND
    status = verify(stamp(), stamp(moment=past), now=STAMPED - DAY / 2)
    assert (status.decisive_time, status.decisive_time_source) == (past, "timestamp")


def test_a_certificate_that_is_not_valid_yet_is_not_saved_by_it() -> None:
    before = datetime(2023, 6, 1, tzinfo=UTC)
    status = verify(stamp(), now=before, at=before)
    assert status.path.answer is Answer.NO


def test_what_is_broken_besides_stays_a_no() -> None:
    status = verify(stamp(b"another"), now=STAMPED - DAY)
    assert status.timestamp
    assert status.timestamp.verdict.answer is Answer.NO


def test_a_signing_time_in_the_future_is_remarked() -> None:
    for now, remarked in ((SIGNING_TIME - DAY, True), (SIGNING_TIME, False), (None, False)):
        status = verify(now=now)
        assert status.valid.answer is YES
        assert (CLAIMED in text(status.valid)) is remarked


def test_that_of_xml_too() -> None:
    root = etree.fromstring("<a/>")
    references = [xml_signer.Reference(), xml_signer.Reference("#p", [], signed=b"")]
    signature = xml_signer.sign(root, pki.person(), *references)
    around = etree.SubElement(signature, f"{{{DS}}}Object")
    names = ("QualifyingProperties", "SignedProperties", "SignedSignatureProperties", "SigningTime")
    for name in names:
        around = etree.SubElement(around, f"{{{XADES}}}{name}")
    around.text = "2025-06-01T12:00:00Z"
    properties = signature.find(f".//{{{XADES}}}SignedProperties")
    assert properties is not None
    properties.set("Id", "p")
    signed = parse(xml_signer.text(root))
    for now, remarked in ((SIGNING_TIME - DAY, True), (SIGNING_TIME, False), (None, False)):
        [status] = Verifier(read(ROOT)).verify(
            signed, at=Occasion(SIGNING_TIME, SIGNING_TIME, now=now)
        )
        assert (CLAIMED in text(status.valid)) is remarked


def test_a_clock_in_another_zone_reports_the_same() -> None:
    zone = datetime(2025, 6, 1, tzinfo=UTC).astimezone(None).tzinfo
    now = (SIGNING_TIME - DAY).astimezone(zone)
    assert Occasion.of(Occasion(now, now, now=now)).now == SIGNING_TIME - DAY
    assert is_future(SIGNING_TIME, now)
    assert not is_future(None, now)
