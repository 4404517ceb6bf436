"""Turns at verifying: one at a time, in order, and each limited in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from app.trust import turns as module
from app.trust.turns import LARGE, MAX_WAITING, Busy, Turns
from tests.live.server import wait_until

pytestmark = pytest.mark.attacks

Take = Callable[[], AbstractContextManager[None]]


class Crowd:
    """Threads that take turns; each notes its name when it has one."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.order: list[str] = []
        self.refused: list[str] = []
        self.threads: list[threading.Thread] = []

    def send(self, name: str, take: Take | None = None) -> threading.Thread:
        """Have a thread take a turn, and wait until it has it or a place in the queue."""

        def work() -> None:
            try:
                with (take or self.turns.take)():
                    self.order.append(name)
            except Busy:
                self.refused.append(name)

        before = self.waiting
        thread = threading.Thread(target=work, daemon=True)
        self.threads.append(thread)
        thread.start()
        wait_until(lambda: not thread.is_alive() or self.waiting > before, "it waits")
        return thread

    @property
    def waiting(self) -> int:
        return len(self.turns._waiting) + len(self.turns._last)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture(name="turns")
def make_turns() -> Turns:
    return Turns()


@pytest.fixture(name="crowd")
def make_crowd(turns: Turns) -> Iterator[Crowd]:
    """Provide threads for turns, all of which are free again in the end."""
    crowd = Crowd(turns)
    yield crowd
    crowd.join()
    assert (turns._thread, turns._depth, crowd.waiting) == (None, 0, 0)


def test_turns_come_in_order_and_work_in_the_background_goes_last(
    turns: Turns, crowd: Crowd
) -> None:
    with turns.take():
        crowd.send("background", turns.take_last)
        for name in ("first", "second", "third"):
            crowd.send(name)
        assert crowd.order == []
    crowd.join()
    assert crowd.order == ["first", "second", "third", "background"]


def test_never_two_at_once(turns: Turns, crowd: Crowd) -> None:
    inside: list[int] = []
    met: list[int] = []

    def compute() -> None:
        met.extend(inside)
        inside.append(threading.get_ident())
        time.sleep(0.0001)
        inside.pop()

    @contextmanager
    def work() -> Iterator[None]:
        for _ in range(50):
            with turns.take():
                compute()
                with turns.paused():
                    pass
                compute()
        yield

    for number in range(6):
        crowd.send(str(number), work)
    crowd.join()
    assert len(crowd.order) == 6
    assert met == []


def test_a_thread_may_take_a_turn_that_it_has(turns: Turns, crowd: Crowd) -> None:
    with turns.take(), turns.take(0.0), turns.take_last():
        crowd.send("other")
        assert crowd.order == []
    crowd.join()
    assert crowd.order == ["other"]


def test_who_waits_too_long_is_refused_and_leaves_nothing(turns: Turns, crowd: Crowd) -> None:
    with turns.take():
        crowd.send("short", lambda: turns.take(0.0)).join(30)
        crowd.send("longer", lambda: turns.take(0.1)).join(30)
        assert crowd.refused == ["short", "longer"]
        assert crowd.waiting == 0
    refusal = Busy()
    assert str(refusal) == "Too much is being verified here, try again in 5 seconds"
    assert refusal.headers == {"Retry-After": "5"}


def test_a_turn_that_comes_in_the_last_moment_is_taken(turns: Turns) -> None:
    with turns.take():
        pass
    waiting = module._Waiting()
    assert not turns._leave(waiting)


def test_too_many_don_t_wait(turns: Turns, crowd: Crowd) -> None:
    with turns.take():
        for number in range(MAX_WAITING):
            crowd.send(str(number))
        crowd.send("one more").join(30)
        assert crowd.refused == ["one more"]
    crowd.join()
    assert crowd.order == [str(number) for number in range(MAX_WAITING)]


def test_work_in_the_background_is_not_put_off_forever(turns: Turns, crowd: Crowd) -> None:
    with turns.take():
        crowd.send("background", lambda: turns.take_last(0.01))
        wait_until(lambda: turns._waiting, "it waits among the others")
        crowd.send("late")
    crowd.join()
    assert crowd.order == ["background", "late"]


def test_only_what_is_large_takes_a_turn_to_be_read(turns: Turns, crowd: Crowd) -> None:
    with turns.take():
        crowd.send("small", lambda: turns.reading("a" * (LARGE - 1), None, "b")).join(30)
        assert crowd.order == ["small"]
        crowd.send("large", lambda: turns.reading("a" * LARGE, "b"))
    crowd.join()
    assert crowd.order == ["small", "large"]


# --- pauses -----------------------------------------------------------------------------------


def test_others_have_their_turn_while_one_is_paused(turns: Turns, crowd: Crowd) -> None:
    with turns.take(), turns.take():
        with turns.paused():
            crowd.send("other").join(30)
            assert crowd.order == ["other"]
        crowd.send("next")
        assert crowd.order == ["other"]
    crowd.join()
    assert crowd.order == ["other", "next"]


def test_a_pause_ends_also_with_an_error(turns: Turns, crowd: Crowd) -> None:
    with turns.take():
        with pytest.raises(KeyError), turns.paused():
            raise KeyError
        crowd.send("other")
        assert crowd.order == []


def test_without_a_turn_there_is_nothing_to_pause(turns: Turns) -> None:
    with turns.paused():
        assert turns._thread is None
    assert turns._thread is None


def test_a_turn_that_can_t_be_had_again_is_not_given_back_twice(crowd: Crowd) -> None:
    turns = crowd.turns
    turns.patience = 0.0
    go, has_it = threading.Event(), threading.Event()

    @contextmanager
    def holding() -> Iterator[None]:
        with turns.take():
            has_it.set()
            go.wait(30)
            yield

    other = threading.Thread(target=_enter, args=(holding,))

    def pause() -> None:
        with turns.take(), turns.paused():
            other.start()
            assert has_it.wait(30)

    with pytest.raises(Busy):
        pause()
    assert turns._thread == other.ident
    go.set()
    other.join(30)


def _enter(take: Take) -> None:
    with take():
        pass


# --- threads ----------------------------------------------------------------------------------


def test_a_thread_is_lent_to_who_waits_for_long(turns: Turns, crowd: Crowd) -> None:
    lent: list[int] = []

    @contextmanager
    def extra_thread() -> Iterator[None]:
        lent.append(1)
        yield
        lent.append(-1)

    turns.extra_thread = extra_thread
    with turns.take():
        crowd.send("short", lambda: turns.take(module.SHORT_PATIENCE)).join(30)
        assert lent == []
        crowd.send("long")
        wait_until(lambda: lent == [1], "a thread was lent")
    crowd.join()
    assert lent == [1, -1]
    assert crowd.order == ["long"]


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("is_called", [False, True])
def test_nothing_stays_of_one_for_whom_no_thread_could_be_made(
    turns: Turns, is_called: bool
) -> None:
    go = threading.Event()

    @contextmanager
    def fail() -> Iterator[None]:
        if is_called:
            go.set()
            wait_until(lambda: not turns._waiting, "it was called")
        raise MemoryError
        yield  # type: ignore[unreachable]  # It makes this a generator.

    turns.extra_thread = fail
    failed: list[bool] = []

    def work() -> None:
        try:
            _enter(turns.take)
        except MemoryError:
            failed.append(True)

    with turns.take():
        thread = threading.Thread(target=work)
        thread.start()
        if is_called:
            go.wait(30)
        else:
            thread.join(30)
    thread.join(30)
    assert failed == [True]
