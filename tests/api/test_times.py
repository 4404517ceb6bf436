"""Times, as the API writes them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update
from sqlalchemy.engine import make_url

from app.store.models import Signature, Version
from tests.api.asking import content_of, get, message_of, rows, save
from tests.api.people import cms, expired
from tests.conftest import AppMaker, EngineMaker, write_url

TIMES = ("created_at", "updated_at", "version_created_at")
FORMAT = "%Y-%m-%d %H:%M:%S"


def set_moment(engine: Engine, moment: datetime) -> None:
    """Set the same time of saving for everything in the store."""
    with engine.connect() as connection:
        connection.execute(update(Signature).values(created_at=moment, updated_at=moment))
        connection.execute(update(Version).values(created_at=moment))


def times_of_all_answers(client: FlaskClient) -> set[str]:
    """Return every time in the answers about the only signature."""
    asked = {"document": "doc", "thread": "main"}
    versions = content_of(client.get("/signature/versions", json=asked))["versions"]
    return {row[name] for row in [get(client), *rows(client), *versions] for name in TIMES}


def test_the_zone_of_the_database_does_not_matter(
    start_app: AppMaker, postgresql_url: str, open_engine: EngineMaker
) -> None:
    url = make_url(postgresql_url)
    options = f"{url.query['options']} -ctimezone=America/New_York"
    address = write_url(url.update_query_dict({"options": options}))
    client = start_app(DATABASE_URL=address).test_client()
    moment = datetime.now(UTC)
    saved = save(client)["created_at"]
    assert abs(datetime.strptime(saved, FORMAT).replace(tzinfo=UTC) - moment) < timedelta(minutes=5)
    set_moment(open_engine(postgresql_url), datetime(2025, 6, 1, 20, 30, 5, tzinfo=UTC))
    assert times_of_all_answers(client) == {"2025-06-01 20:30:05"}


def test_times_have_a_fixed_form_and_are_those_of_utc(client: FlaskClient) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    signature = save(client)
    for name in TIMES:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", signature[name])
        moment = datetime.strptime(signature[name], FORMAT).replace(tzinfo=UTC)
        assert before < moment < before + timedelta(minutes=10)


def test_the_answer_to_a_save_reports_the_times_that_are_read_later(client: FlaskClient) -> None:
    save(client)
    saved = save(client, version=1)
    assert {name: get(client)[name] for name in TIMES} == {name: saved[name] for name in TIMES}
    assert saved["updated_at"] == saved["version_created_at"]


def test_an_earlier_version_reports_its_own_time(client: FlaskClient, engine: Engine) -> None:
    save(client)
    moment = datetime(2021, 2, 18, 15, 0, 7, 999_999, tzinfo=UTC)
    set_moment(engine, moment)
    second = save(client, version=1)
    assert second["created_at"] == "2021-02-18 15:00:07"
    assert second["updated_at"] > "2024"
    asked = {"document": "doc", "thread": "main", "version": 1}
    first = content_of(client.get("/signature", json=asked))["signature"]
    assert first["version_created_at"] == "2021-02-18 15:00:07"
    assert first["updated_at"] == second["updated_at"]


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("UTC", datetime(2023, 6, 1, 20, 30, 5, tzinfo=UTC), "2023-06-01 20:30:05"),
        # Kazakhstan left UTC+6 on 1 March 2024.
        ("Asia/Almaty", datetime(2023, 6, 1, 20, 30, 5, tzinfo=UTC), "2023-06-02 02:30:05"),
        ("Asia/Almaty", datetime(2025, 6, 1, 20, 30, 5, tzinfo=UTC), "2025-06-02 01:30:05"),
        ("Europe/Berlin", datetime(2025, 1, 1, tzinfo=UTC), "2025-01-01 01:00:00"),
        ("Europe/Berlin", datetime(2025, 7, 1, tzinfo=UTC), "2025-07-01 02:00:00"),
        ("America/St_Johns", datetime(2025, 1, 1, tzinfo=UTC), "2024-12-31 20:30:00"),
        ("UTC", datetime(2025, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC), "2025-01-01 00:00:00"),
    ],
)
def test_times_are_reported_in_the_zone_of_the_settings(
    make_app: AppMaker, engine: Engine, zone: str, moment: datetime, expected: str
) -> None:
    client = make_app(TIMEZONE=zone).test_client()
    save(client)
    set_moment(engine, moment)
    assert times_of_all_answers(client) == {expected}


def test_reasons_have_their_times_in_the_zone_of_the_answer(
    make_app: AppMaker, trust_folder: Path
) -> None:
    """An answer about a verification is in UTC throughout; an error is in that of the settings."""
    client = make_app(TRUST_DIR=str(trust_folder), TIMEZONE="Asia/Almaty").test_client()
    save(client, cms=cms(expired()))
    answer = client.post("/signature/verify", json={"document": "doc", "thread": "main"})
    [signer] = content_of(answer)["verification"]["signers"]
    assert signer["certificate"]["not_after"] == "2025-12-31T00:00:00Z"
    assert "valid only until 2025-12-31 00:00:00 UTC;" in signer["path"]["reasons"][0]
    message = message_of(client.post("/cms/validate", json={"cms": cms(expired())}))
    assert "valid only until 2025-12-31 05:00:00 +05;" in message
