"""Many ask whether the server is ready, of a database that hangs."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine

from app.store.migrations.readiness import Fault, Readiness

pytestmark = pytest.mark.attacks

ASKING = 8


def waiting_at(listener: socket.socket) -> list[socket.socket]:
    """Return the connections that were not accepted so far."""
    found = []
    try:
        while True:
            found.append(listener.accept()[0])
    except BlockingIOError:
        return found


def test_one_question_is_under_way_and_the_others_wait_no_longer_than_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(ASKING) as pool:
        silent.setblocking(False)
        port = silent.getsockname()[1]
        engine = create_engine(
            f"postgresql+psycopg://a:b@127.0.0.1:{port}/c", connect_args={"connect_timeout": 60}
        )
        readiness = Readiness()
        asked = [pool.submit(readiness.find_fault, engine) for _ in range(ASKING)]
        assert {one.result(30) for one in asked} == {Fault.UNREACHABLE}  # The first one, too.
        [accepted] = waiting_at(silent)
        accepted.close()
        # Told at once while the question is under way, and when it is answered.
        assert readiness.find_fault(engine) is Fault.UNREACHABLE
        assert waiting_at(silent) == []
