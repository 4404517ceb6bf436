"""Statements that SQLAlchemy doesn't run: what comes back when they fail."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError

from app.store.database.engine import transaction
from tests.conftest import write_url
from tests.store.threads import get, save

EngineMaker = Callable[[str], Engine]


@pytest.fixture
def postgresql(open_engine: EngineMaker, postgresql_url: str) -> Engine:
    """Provide an engine whose connections carry a name by which they are found."""
    url: URL = make_url(postgresql_url).update_query_dict({"application_name": "prepared"})
    return open_engine(write_url(url))


def signal_waiting(engine: Engine, function: str) -> None:
    """Cancel or end the statement that waits for a lock, as soon as there is one."""
    waiting = text(
        f"SELECT {function}(pid) FROM pg_stat_activity "  # noqa: S608 - one of two names
        "WHERE application_name = 'prepared' AND wait_event_type = 'Lock'"
    )
    until = monotonic() + 5
    while monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(waiting).all():
                return
        sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("function", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_save_that_was_stopped_is_not_tried_again(postgresql: Engine, function: str) -> None:
    save(postgresql)
    with ThreadPoolExecutor(1) as pool, transaction(postgresql) as connection:
        connection.execute(text("SELECT FROM signatures FOR UPDATE"))
        saving = pool.submit(save, postgresql, seen=1)
        signal_waiting(postgresql, function)
        with pytest.raises(OperationalError) as caught:
            saving.result(timeout=5)
    assert "connection already closed" not in str(caught.value)
    assert get(postgresql).version == 1
    assert save(postgresql, seen=1).version == 2
