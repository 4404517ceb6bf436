"""Times without an offset, in zones whose clocks were set back or forward."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.api.datetimes import read_local
from tests.api.asking import documents, save
from tests.conftest import AppMaker
from tests.store.signings import IVANOV, signed_by

#: At 18:00 UTC, midnight, the clocks of Almaty went back to 23:00: that hour came twice.
TWICE = {"first": "2024-02-29 17:30", "second": "2024-02-29 18:30", "next": "2024-02-29 19:30"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("signed_from=2024-02-29&signed_to=2024-02-29", ["second", "first"]),
        ("signed_to=2024-02-29", ["second", "first"]),
        ("signed_from=2024-03-01", ["next"]),
        ("signed_from=2024-02-29T23:00&signed_to=2024-02-29T23:45", ["second", "first"]),
        ("signed_from=2024-02-29T23:45", ["next", "second"]),
        ("signed_to=2024-02-29T23:15", ["first"]),
        ("signed_to=2024-02-29T23:45%2B06:00", ["first"]),
    ],
)
def test_a_day_that_was_an_hour_longer_is_found_whole(
    make_app: AppMaker, query: str, found: list[str]
) -> None:
    client = make_app(TIMEZONE="Asia/Almaty").test_client()
    for document, moment in TWICE.items():
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        save(client, document=document, cms=signed_by(IVANOV, at=at))
    assert documents(client, query) == found


@pytest.mark.parametrize(
    ("zone", "local", "first", "last"),
    [
        ("UTC", "2024-03-01 00:00", "2024-03-01 00:00", "2024-03-01 00:00"),
        ("Asia/Almaty", "2024-02-29 22:59:59", "2024-02-29 16:59:59", "2024-02-29 16:59:59"),
        ("Asia/Almaty", "2024-02-29 23:00", "2024-02-29 17:00", "2024-02-29 18:00"),
        ("Asia/Almaty", "2024-03-01 00:00", "2024-02-29 19:00", "2024-02-29 19:00"),
        # From 2:00 the clocks of Berlin went on to 3:00, at 01:00 UTC.
        ("Europe/Berlin", "2025-03-30 02:00", "2025-03-30 01:00", "2025-03-30 00:59:59.999999"),
        ("Europe/Berlin", "2025-03-30 02:59", "2025-03-30 01:00", "2025-03-30 00:59:59.999999"),
        ("Europe/Berlin", "2025-03-30 03:00", "2025-03-30 01:00", "2025-03-30 01:00"),
        # A day of Samoa that never was: 30 December 2011.
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00", "2011-12-30 09:59:59.999999"),
        # A day of Beirut that began at 1:00.
        ("Asia/Beirut", "2024-03-31 00:00", "2024-03-30 22:00", "2024-03-30 21:59:59.999999"),
    ],
)
def test_a_local_time_is_the_moment_at_which_clocks_show_it(
    zone: str, local: str, first: str, last: str
) -> None:
    moment = datetime.fromisoformat(local)
    reported = [
        read_local(moment, ZoneInfo(zone), last=is_last).replace(tzinfo=None)
        for is_last in (False, True)
    ]
    assert reported == [datetime.fromisoformat(first), datetime.fromisoformat(last)]
