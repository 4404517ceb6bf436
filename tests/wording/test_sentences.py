"""One sentence for one reader: in a language, with moments in a zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.cms.errors import CmsError, MalformedSignature
from app.cms.sentences import write_time
from app.cms.verdict import Reason
from app.wording.catalogues import CATALOGUES, LANGUAGES, read_catalogue, translate
from app.wording.sentences import Wording

PATH = CATALOGUES / "ru" / "LC_MESSAGES" / "messages.po"
ALMATY = ZoneInfo("Asia/Almaty")
MOMENT = datetime(2025, 12, 31, 20, 30, 5, 999_999, tzinfo=UTC)
UNTIL = "the certificate of {subject} was valid only until {until}"
REASON = Reason(UNTIL, {"subject": "ИВАН", "until": MOMENT})


def test_a_sentence_by_itself_is_in_english_and_in_utc() -> None:
    expected = "the certificate of ИВАН was valid only until 2025-12-31 20:30:05 UTC"
    assert str(REASON) == str(CmsError(UNTIL, **REASON.values)) == expected
    assert Wording().sentence(REASON) == expected


def test_a_moment_is_reported_in_the_reader_s_zone() -> None:
    reported = Wording("ru", ALMATY).sentence(REASON)
    assert reported == "сертификат ИВАН действителен только до 2026-01-01 01:30:05 +05"


def test_so_is_one_within_a_sentence_within_a_sentence() -> None:
    reported = Wording("en", ALMATY).phrase(
        "cms: signer {number}: {reason}", number=2, reason=REASON
    )
    assert reported.endswith(
        "signer 2: the certificate of ИВАН was valid only until 2026-01-01 01:30:05 +05"
    )


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "Asia/Almaty", "9999-12-31 23:59:59 UTC"),
        (datetime(1, 1, 1, tzinfo=UTC), "America/New_York", "0001-01-01 00:00:00 UTC"),
        (datetime(9999, 12, 31, tzinfo=UTC), "UTC", "9999-12-31 00:00:00 UTC"),
        (datetime(2023, 6, 1, tzinfo=UTC), "Asia/Almaty", "2023-06-01 06:00:00 +06"),
        (datetime(2025, 7, 1, tzinfo=UTC), "Europe/Berlin", "2025-07-01 02:00:00 CEST"),
    ],
)
def test_a_moment_is_written_wherever_the_zone_has_such_a_day(
    moment: datetime, zone: str, expected: str
) -> None:
    assert (
        write_time(moment, ZoneInfo(zone)) == Wording("kk", ZoneInfo(zone)).time(moment) == expected
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_begins_with_the_parameter_that_was_sent(language: str) -> None:
    templates = [one for one in read_catalogue(PATH, "ru") if one.startswith("cms: ")]
    assert len(templates) > 40
    for template in templates:
        assert translate(template, language).startswith("cms: "), template
    error = MalformedSignature("cms: XML is truncated")
    usual = Wording(language).sentence(error).removeprefix("cms: ")
    assert Wording(language).sentence(error.named("xml")) == f"xml: {usual}"
    assert Wording(language).sentence(error.named("")) == usual
    assert str(error.named("xml")) == "xml: XML is truncated"
