"""Times in all forms that X.680 has for them, object identifiers, and what names algorithms."""

from datetime import UTC, datetime

import pytest

from app.cms.asn1.node import read_node
from app.cms.asn1.oid import AlgorithmIdentifier, dotted
from app.cms.asn1.tags import GENERALIZED_TIME, OCTET_STRING, UTC_TIME
from app.cms.asn1.times import read_any_time
from tests import der

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "text", "moment"),
    [
        (UTC_TIME, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (UTC_TIME, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (UTC_TIME, b"2401020304Z", datetime(2024, 1, 2, 3, 4, tzinfo=UTC)),
        (UTC_TIME, b"240102030405+0530", datetime(2024, 1, 1, 21, 34, 5, tzinfo=UTC)),
        (UTC_TIME, b"240102030405-0100", datetime(2024, 1, 2, 4, 4, 5, tzinfo=UTC)),
        (GENERALIZED_TIME, b"20240102030405", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (GENERALIZED_TIME, b"2024010203", datetime(2024, 1, 2, 3, tzinfo=UTC)),
        (GENERALIZED_TIME, b"2024010203.5Z", datetime(2024, 1, 2, 3, 30, tzinfo=UTC)),
        (GENERALIZED_TIME, b"202401020304,25+03", datetime(2024, 1, 2, 0, 4, 15, tzinfo=UTC)),
        (GENERALIZED_TIME, b"20240102030405.5Z", datetime(2024, 1, 2, 3, 4, 5, 500_000, UTC)),
        (GENERALIZED_TIME, b"00000101000000Z", FIRST),
        (GENERALIZED_TIME, b"00010101000000+1400", FIRST),
        (GENERALIZED_TIME, b"99991231235959-1200", LAST.replace(microsecond=0)),
        (GENERALIZED_TIME, b"99991231235959.9999999Z", LAST.replace(microsecond=0)),
    ],
)
def test_times_are_read_in_all_their_forms(tag: int, text: bytes, moment: datetime) -> None:
    assert read_any_time(tag, text) == moment


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (OCTET_STRING, b"240101000000Z"),
        (UTC_TIME, b"240101000000"),
        (UTC_TIME, b"20240101000000Z"),
        (UTC_TIME, b"240230000000Z"),
        (UTC_TIME, b"240101000060Z"),
        (UTC_TIME, b"240101000000+2400"),
        (UTC_TIME, "24010100000٠Z".encode()),
        (GENERALIZED_TIME, b"240101000000Z"),
        (GENERALIZED_TIME, b"20240101000000.Z"),
        (GENERALIZED_TIME, b"00000230000000Z"),
    ],
)
def test_what_is_no_time_is_refused(tag: int, text: bytes) -> None:
    with pytest.raises(ValueError, match=r"time|offset|day|second"):
        read_any_time(tag, text)


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        (b"\0", "0.0"),
        (b"\x27", "0.39"),
        (b"\x28", "1.0"),
        (b"\x4f", "1.39"),
        (b"\x50", "2.0"),
        (b"\x88\x37\x03", "2.999.3"),
        (bytes.fromhex("2a864886f70d010702"), "1.2.840.113549.1.7.2"),
    ],
)
def test_object_identifiers_are_written_with_dots(contents: bytes, text: str) -> None:
    assert dotted(contents) == text


@pytest.mark.parametrize("contents", [b"", b"\x81", b"\x2a\x86"])
def test_an_object_identifier_that_ends_within_an_arc_is_none(contents: bytes) -> None:
    with pytest.raises(ValueError, match="within an arc"):
        dotted(contents)


def test_an_algorithm_identifier_has_two_fields_at_most() -> None:
    oid = der.oid("1.2.840.113549.1.1.1")
    for parameters in (b"", der.NULL, der.octets(bytes(100))):
        found = read_node(der.sequence(oid, parameters)).algorithm()
        assert found == AlgorithmIdentifier("1.2.840.113549.1.1.1", parameters or None)
    with pytest.raises(ValueError, match="too many"):
        read_node(der.sequence(oid, der.NULL, der.NULL)).algorithm()
