"""Transactions, connections and moments, on both databases."""

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, create_engine, event, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from app.store.database.engine import SQLITE_BUSY_TIMEOUT, engine_options, impatient, transaction
from app.store.database.types import UtcDateTime, utc_now
from app.store.models import Signature
from config.settings import Settings
from tests.conftest import EngineMaker, write_url
from tests.store.signings import IVANOV, signed_by
from tests.store.threads import find, get, save

ALMATY = timezone(timedelta(hours=5))


def test_a_moment_of_any_zone_is_kept_and_read_in_utc(engine: Engine) -> None:
    moment = datetime(2024, 2, 29, 23, 30, 15, 123456, tzinfo=ALMATY)
    row = {"document": "a", "thread": "b", "version": 1}
    with engine.connect() as connection:
        connection.execute(
            insert(Signature).values(**row, created_at=moment, updated_at=moment.astimezone(UTC))
        )
        found = connection.execute(select(Signature.created_at, Signature.updated_at)).one()
    assert found == (moment, moment)
    for read in found:
        assert read.utcoffset() == timedelta(0)
        assert read.hour == 18


def test_a_moment_is_searched_by_its_instant(engine: Engine) -> None:
    save(engine)
    moment = get(engine).created_at.astimezone(ALMATY)
    with engine.connect() as connection:
        statement = select(Signature.id).where(Signature.created_at == moment)
        assert connection.execute(statement).scalars().all() == [1]


def test_no_moment_is_none(engine: Engine) -> None:
    assert UtcDateTime().process_bind_param(None, engine.dialect) is None


def test_a_moment_at_the_end_of_the_calendar_can_be_read_in_any_zone(engine: Engine) -> None:
    for end in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        bound = UtcDateTime().process_bind_param(end, engine.dialect)
        assert bound is not None
        for hours in (-14, 14):
            bound.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))


def test_no_result_is_none(engine: Engine) -> None:
    assert UtcDateTime().process_result_value(None, engine.dialect) is None


def test_the_database_reports_the_time_in_utc(engine: Engine) -> None:
    before = datetime.now(UTC)
    with engine.connect() as connection:
        now = connection.execute(select(utc_now())).scalar_one()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - before) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "setting",
    ["timezone=Asia/Almaty", "datestyle=German", "standard_conforming_strings=off"],
)
def test_what_a_server_sets_for_sessions_does_not_matter(
    open_engine: EngineMaker, postgresql_url: str, setting: str
) -> None:
    url = make_url(postgresql_url)
    options = f"{url.query['options']} -c{setting}"
    engine = open_engine(write_url(url.update_query_dict({"options": options})))
    saved = save(engine, cms=signed_by(IVANOV))
    assert saved.cms == signed_by(IVANOV)
    assert abs(saved.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    for record in (saved, get(engine), *find(engine), *find(engine, limit=1)):
        assert record == saved
        assert record.created_at.utcoffset() == timedelta(0)


def test_a_transaction_is_undone_by_an_error(engine: Engine) -> None:
    save(engine)

    def fail() -> None:
        with transaction(engine) as connection:
            connection.execute(text("DELETE FROM signatures"))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert len(find(engine)) == 1


def test_a_transaction_is_kept_without_an_error(engine: Engine) -> None:
    save(engine)
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM signatures"))
    assert find(engine) == []


def test_a_statement_after_a_transaction_commits_by_itself(engine: Engine) -> None:
    save(engine)
    with transaction(engine) as connection:
        connection.execute(select(Signature.id))
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM signatures"))
    assert find(engine) == []


def test_parameters_do_not_get_into_errors(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(Exception, match=r"(?s).+") as caught:
        connection.execute(text("SELECT nothing FROM nowhere\nWHERE x = :x"), {"x": "s3cret"})
    assert "s3cret" not in str(caught.value)


def test_after_the_server_cut_the_connections_the_next_but_one_use_succeeds(
    open_engine: EngineMaker, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.engine.IDLE_BEFORE_PING", float("inf"))
    engine = open_engine(postgresql_url)
    save(engine)
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with open_engine(postgresql_url).connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with pytest.raises((OperationalError, InterfaceError)):
        get(engine)
    assert get(engine).version == 1


def test_an_idle_connection_that_the_server_cut_is_replaced_before_it_is_used(
    open_engine: EngineMaker, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.engine.IDLE_BEFORE_PING", 0)
    engine = open_engine(postgresql_url)
    save(engine)
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with open_engine(postgresql_url).connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert get(engine).version == 1


def test_what_the_address_says_about_the_connection_goes_first() -> None:
    url = make_url("postgresql+psycopg://host/name?connect_timeout=1&application_name=mine")
    arguments = engine_options(url, None, 4)["connect_args"]
    assert "connect_timeout" not in arguments
    assert "application_name" not in arguments
    assert "tcp_user_timeout" in arguments


def test_what_may_be_left_out_waits_for_no_writer(
    open_engine: EngineMaker, sqlite_url: str
) -> None:
    engine = open_engine(sqlite_url)
    with impatient(engine), engine.connect():  # so that both connections are there
        pass
    with transaction(engine), impatient(engine) as connection:
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            connection.execute(text("UPDATE tokens SET name = name"))
        assert time.monotonic() - began < 2
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            assert patience == SQLITE_BUSY_TIMEOUT * 1000


def test_what_may_be_left_out_is_done_where_no_one_writes(engine: Engine) -> None:
    save(engine)
    with impatient(engine) as connection:
        connection.execute(text("UPDATE signatures SET thread = 'other'"))
    assert find(engine)[0].thread == "other"


def test_background_work_keeps_its_connection_while_requests_have_all_others(
    database_url: str,
) -> None:
    requests, made = 2, []
    url = Settings.from_env({"DATABASE_URL": database_url}).database_url
    engine = create_engine(url, **engine_options(url, None, requests))
    event.listen(engine, "connect", lambda connection, _: made.append(connection))
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(requests + 1):
                stack.enter_context(engine.connect())
    engine.dispose()
    assert len(made) == requests + 1
