"""Places for large answers: few at once, in order, and others have their threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.rate_limit.places import LARGE, MAX_HELD, MAX_WAITING, Places
from app.store.errors import NoRoom
from tests.live.server import wait_until

pytestmark = pytest.mark.attacks


class Crowd:
    """Threads that take places; each notes its name when it has one, until released."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.order: list[str] = []
        self.refused: list[str] = []
        self.threads: list[threading.Thread] = []
        self.ends: dict[str, threading.Event] = {}

    def send(self, name: str) -> None:
        """Have a thread take a place, and wait until it has it, waits, or was refused."""
        end = self.ends[name] = threading.Event()

        def work() -> None:
            try:
                with self.places.take():
                    self.order.append(name)
                    end.wait(60)
            except NoRoom:
                self.refused.append(name)

        before = self.reported
        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()
        wait_until(lambda: self.reported > before, "it is somewhere")

    @property
    def reported(self) -> int:
        return len(self.order) + len(self.refused) + len(self.places._waiting)

    def end(self, name: str, following: int) -> None:
        """Have one give its place back, and wait until so many have had one."""
        self.ends[name].set()
        wait_until(lambda: len(self.order) == following, "the next one has it")

    def go(self) -> None:
        """End all threads."""
        for end in self.ends.values():
            end.set()
        for thread in self.threads:
            thread.join(60)


@contextmanager
def crowd_at(places: Places) -> Iterator[Crowd]:
    """Yield a crowd; in the end all places are free."""
    free = places._free
    crowd = Crowd(places)
    try:
        yield crowd
    finally:
        crowd.go()
    assert places._free == free
    assert not places._waiting


@pytest.mark.parametrize(("threads", "number"), [(1, 1), (3, 1), (4, 2), (64, 2)])
def test_so_many_are_sent_at_once(threads: int, number: int) -> None:
    with crowd_at(Places(threads)) as crowd:
        for name in "abcd":
            crowd.send(name)
        assert crowd.order == list("abcd")[:number]


def test_they_have_places_in_the_order_in_which_they_came() -> None:
    with crowd_at(Places(1)) as crowd:
        for name in "abcd":
            crowd.send(name)
        for number, name in enumerate("abc", 2):
            crowd.end(name, number)
            # Who asks again stands behind those who wait.
            crowd.send(f"{name} again")
        assert crowd.order == list("abcd")
    assert crowd.order == ["a", "b", "c", "d", "a again", "b again", "c again"]


def test_who_waits_for_long_is_refused() -> None:
    places = Places(1)
    with crowd_at(places) as crowd:
        crowd.send("a")
        places.patience = 0.01
        with pytest.raises(NoRoom) as refusal, places.take():
            pytest.fail("it has a place")
        assert refusal.value.headers == {"Retry-After": "5"}
        assert not places._waiting


def test_too_many_don_t_wait() -> None:
    with crowd_at(Places(1)) as crowd:
        for number in range(MAX_WAITING + 1):
            crowd.send(str(number))
        crowd.send("one more")
        assert crowd.refused == ["one more"]


def test_their_threads_are_replaced_while_they_have_or_await_a_place() -> None:
    places, lent = Places(1), []

    @contextmanager
    def extra_thread() -> Iterator[None]:
        lent.append(1)
        yield
        lent.append(-1)

    places.extra_thread = extra_thread
    with crowd_at(places) as crowd:
        crowd.send("a")
        crowd.send("b")
        assert sum(lent) == 2
    assert sum(lent) == 0


def test_only_who_waits_lets_others_pass() -> None:
    places, passing = Places(1), []

    @contextmanager
    def letting_pass() -> Iterator[None]:
        passing.append(1)
        yield
        passing.append(-1)

    places.letting_pass = letting_pass
    with crowd_at(places) as crowd:
        crowd.send("a")
        assert not passing
        crowd.send("b")
        wait_until(lambda: passing == [1], "others pass")
        crowd.end("a", 2)
        assert passing == [1, -1]


def test_a_place_is_given_back_where_others_can_not_pass_any_more() -> None:
    places = Places(1)

    @contextmanager
    def letting_pass() -> Iterator[None]:
        yield
        raise KeyError

    places.letting_pass = letting_pass
    refused: list[KeyError] = []

    def wait() -> None:
        try:
            with places.take():
                pytest.fail("it has a place")
        except KeyError as error:
            refused.append(error)

    with places.take():
        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: places._waiting, "it waits")
    thread.join(60)
    assert refused
    assert places._free == 1


def test_bodies_of_those_who_wait_are_bounded() -> None:
    places = Places(1)

    def wait(held: int) -> threading.Thread:
        def work() -> None:
            with places.take(held):
                pass

        before = len(places._waiting)
        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: len(places._waiting) > before, "it waits")
        return thread

    with places.take(2 * MAX_HELD):  # It doesn't wait.
        waiting = [wait(MAX_HELD - 1), wait(1), wait(0)]
        with pytest.raises(NoRoom), places.take(1):
            pytest.fail("it has a place")
        with pytest.raises(NoRoom), places.take_if(LARGE + 1, 1):
            pytest.fail("it has a place")
    for thread in waiting:
        thread.join(60)
    with places.take(1):
        assert places._free == 0


def test_what_fails_gives_its_place_back() -> None:
    places = Places(1)
    for _ in range(2):
        with pytest.raises(KeyError), places.take():
            raise KeyError
    assert places._free == 1


def test_small_answers_need_none() -> None:
    places = Places(1)
    with places.take(), places.take_if(LARGE):
        assert places._free == 0
    with places.take_if(LARGE + 1):
        assert places._free == 0
