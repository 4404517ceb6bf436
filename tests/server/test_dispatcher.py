"""Which requests are answered at once, and which wait for others to end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace

import pytest

from app.server.dispatcher import LARGE, Dispatcher, _Place
from tests.live.server import wait_until


class Task:
    """Stands in for a connection with one request, which takes until `go` is set."""

    def __init__(self, size: int, begun: list[Task], go: threading.Event) -> None:
        self.requests = [SimpleNamespace(body_bytes_received=size, error=None)]
        self._begun, self._go = begun, go
        self.is_cancelled = False

    def service(self) -> None:
        """Answer."""
        self._begun.append(self)
        self._go.wait(30)

    def cancel(self) -> None:
        """Return up."""
        self.is_cancelled = True


class Pausing(Task):
    """Waits, until `go` is set, for what no other large request has to wait for."""

    def __init__(self, dispatcher: Dispatcher, begun: list[Task], go: threading.Event) -> None:
        super().__init__(LARGE, begun, go)
        self._dispatcher = dispatcher
        self.goes_on, self.may_end = threading.Event(), threading.Event()

    def service(self) -> None:
        """Wait, then go on until `may_end` is set."""
        with self._dispatcher.extra_thread(), self._dispatcher.letting_pass():
            super().service()
        self.goes_on.set()
        self.may_end.wait(30)


class Growing(Task):
    """Needs the place of a large request before its answer begins, which it has itself."""

    def __init__(self, dispatcher: Dispatcher, begun: list[Task], go: threading.Event) -> None:
        super().__init__(LARGE, begun, go)
        self._dispatcher = dispatcher

    def service(self) -> None:
        """Take it, then answer."""
        with self._dispatcher.large_place():
            super().service()


class Broken(Task):
    """Fails."""

    def service(self) -> None:
        """Raise ValueError."""
        raise ValueError


MakeTask = Callable[..., Task]


@pytest.fixture(name="begun")
def list_begun() -> list[Task]:
    """Those that a thread has begun to answer."""
    return []


@pytest.fixture(name="go")
def make_go() -> threading.Event:
    """Lets all tasks end."""
    return threading.Event()


def started(count: int, begun: list[Task]) -> Callable[[], bool]:
    return lambda: len(begun) == count


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (4, 1), (8, 2)])
def test_large_requests_leave_threads_to_small_ones(
    threads: int, most: int, begun: list[Task], go: threading.Event
) -> None:
    dispatcher = Dispatcher(threads)
    large = [Task(LARGE, begun, go) for _ in range(6)]
    for task in large:
        dispatcher.add_task(task)
    wait_until(started(most, begun), "the first have begun")
    assert len(dispatcher._waiting) == 6 - most
    small = [Task(LARGE - 1, begun, go) for _ in range(threads - most)]
    for task in small:
        dispatcher.add_task(task)
    wait_until(started(threads, begun), "all threads are at work")
    assert set(begun) == {*large[:most], *small}
    go.set()
    wait_until(started(6 + len(small), begun), "all were answered")
    assert set(begun) == {*large, *small}
    assert begun.index(large[0]) < begun.index(large[-1])
    # And once more, as each has given its place back.
    again = Task(LARGE, begun, go)
    dispatcher.add_task(again)
    wait_until(lambda: begun[-1] is again, "it has begun")
    dispatcher.shutdown()


def test_one_that_fails_gives_its_place_back(begun: list[Task], go: threading.Event) -> None:
    dispatcher = Dispatcher(1)
    dispatcher.logger = SimpleNamespace(exception=lambda *_: None)
    go.set()
    for kind in (Broken, Broken, Task):
        dispatcher.add_task(kind(LARGE, begun, go))
    wait_until(started(1, begun), "the last was answered")
    dispatcher.shutdown()


def test_a_connection_whose_request_is_gone_is_not_large(
    begun: list[Task], go: threading.Event
) -> None:
    dispatcher = Dispatcher(1)
    go.set()
    task = Task(LARGE, begun, go)
    task.requests = []
    dispatcher.add_task(task)
    wait_until(started(1, begun), "it was answered")
    dispatcher.shutdown()


def test_what_is_given_up_is_cancelled(begun: list[Task], go: threading.Event) -> None:
    dispatcher = Dispatcher(0)
    task = Task(LARGE, begun, go)
    dispatcher.add_task(task)
    dispatcher.shutdown(cancel_pending=True)
    assert task.is_cancelled


def test_a_thread_that_waits_for_others_is_replaced_meanwhile(
    begun: list[Task], go: threading.Event
) -> None:
    dispatcher = Dispatcher(1)
    dispatcher.add_task(Task(0, begun, go))
    wait_until(started(1, begun), "the only thread is at work")
    with dispatcher.extra_thread(), dispatcher.extra_thread():
        assert dispatcher._lent == 2
        for _ in range(2):
            dispatcher.add_task(Task(0, begun, go))
        wait_until(started(3, begun), "others are at work")
    assert dispatcher._lent == 0
    go.set()
    wait_until(lambda: len(dispatcher.threads) == 1, "there is one thread again")
    dispatcher.add_task(Task(0, begun, go))
    wait_until(started(4, begun), "that one answers")
    dispatcher.shutdown()


@pytest.mark.attacks
def test_background_work_takes_the_place_of_a_large_request(
    begun: list[Task], go: threading.Event
) -> None:
    dispatcher = Dispatcher(8)
    with dispatcher.large_place():
        dispatcher.add_task(Task(LARGE, begun, go))
        small = Task(LARGE - 1, begun, go)
        dispatcher.add_task(small)
        wait_until(started(1, begun), "the small one is answered")
        assert begun == [small]
        assert len(dispatcher._waiting) == 1
    wait_until(started(2, begun), "the large one follows")
    came = threading.Event()

    def work() -> None:
        with dispatcher.large_place():
            came.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert not came.wait(0.1)
    go.set()
    assert came.wait(10)
    thread.join()
    dispatcher.shutdown()


@pytest.mark.parametrize("threads", [4, 16])
def test_a_large_request_does_not_wait_for_itself(
    threads: int, begun: list[Task], go: threading.Event
) -> None:
    dispatcher = Dispatcher(threads)
    go.set()
    for _ in range(3):
        dispatcher.add_task(Growing(dispatcher, begun, go))
    dispatcher.add_task(Task(LARGE, begun, go))
    wait_until(started(4, begun), "all are answered")
    wait_until(lambda: dispatcher._at_work == 0, "all have ended")
    dispatcher.shutdown()


def test_background_work_that_waits_is_let_go_at_the_end(
    begun: list[Task], go: threading.Event
) -> None:
    dispatcher = Dispatcher(4)
    dispatcher.add_task(Task(LARGE, begun, go))
    place = _Place(1)
    dispatcher._waiting.append(place)
    wait_until(started(1, begun), "the large one is answered")
    place.cancel()
    place.wait()
    go.set()
    dispatcher.shutdown()


def test_a_thread_that_cannot_be_begun_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was counted as running, and a real one ended in its place."""
    dispatcher = Dispatcher(2)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    try:
        with monkeypatch.context() as system:
            system.setattr(threading.Thread, "start", refuse)
            for _ in range(3):
                with dispatcher.extra_thread():
                    pass
        for _ in range(3):
            with dispatcher.extra_thread():
                pass
        wait_until(lambda: not dispatcher.stop_count, "additional threads have ended", 10)
        begun: list[Task] = []
        go = threading.Event()
        for _ in range(2):
            dispatcher.add_task(Task(1, begun, go))
        wait_until(lambda: len(begun) == 2, "both threads are at work", 10)
        go.set()
    finally:
        dispatcher.shutdown()


@pytest.mark.attacks
def test_a_large_request_that_waits_lets_others_pass_and_goes_on_before_them() -> None:
    dispatcher = Dispatcher(1)
    begun: list[Task] = []
    waited, ended = threading.Event(), threading.Event()
    pausing = Pausing(dispatcher, begun, waited)
    first, second = Task(LARGE, begun, ended), Task(LARGE, begun, threading.Event())
    for task in (pausing, first, second):
        dispatcher.add_task(task)
    wait_until(lambda: begun == [pausing, first], "another one is answered meanwhile")
    waited.set()
    assert not pausing.goes_on.wait(0.1)
    ended.set()
    assert pausing.goes_on.wait(10)
    assert begun == [pausing, first]
    pausing.may_end.set()
    wait_until(lambda: begun == [pausing, first, second], "it gives its turn back")
    second._go.set()
    wait_until(lambda: not dispatcher._at_work, "all turns are given back")
    dispatcher.shutdown()


@pytest.mark.attacks
def test_a_wait_that_fails_or_is_in_no_large_request_takes_no_turn() -> None:
    dispatcher = Dispatcher(1)
    with dispatcher.letting_pass():  # This thread answers no request.
        pass

    class Failing(Task):
        def service(self) -> None:
            with suppress(KeyError), dispatcher.letting_pass():
                raise KeyError
            with dispatcher.letting_pass():  # It has no turn now.
                super().service()

    begun: list[Task] = []
    go = threading.Event()
    failing, other = Failing(LARGE, begun, go), Task(LARGE, begun, go)
    with dispatcher.extra_thread():
        for task in (failing, other):
            dispatcher.add_task(task)
        wait_until(started(2, begun), "both are at work")
        assert dispatcher._at_work == 1
        go.set()
        wait_until(lambda: not dispatcher._at_work, "the turn is given back")
    dispatcher.shutdown()


@pytest.mark.attacks
def test_a_thread_knows_whether_it_is_replaced() -> None:
    dispatcher = Dispatcher(1)
    known = []
    with dispatcher.extra_thread():
        with dispatcher.extra_thread():
            known.append(dispatcher.is_replaced)
        known.append(dispatcher.is_replaced)
    known.append(dispatcher.is_replaced)
    assert known == [True, True, False]
    dispatcher.shutdown()
