"""Searches that take long: how many go on at once, and what the others do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event

import pytest

from app.rate_limit import searches as module
from app.rate_limit.searches import Searches
from app.store.errors import SearchesBusy

THREADS = 4


@contextmanager
def slow(searches: Searches, number: int) -> Iterator[Event]:
    """Yield while so many searches go on for long; the event ends them."""
    with ThreadPoolExecutor(number) as pool:
        ended, begun = Event(), [Event() for _ in range(number)]

        def search(mine: Event) -> None:
            with searches.one():
                mine.set()
                ended.wait(10)

        for one in begun:
            pool.submit(search, one)
        try:
            assert all(one.wait(10) for one in begun)
            time.sleep(1.2 * module.LONG)
            yield ended
        finally:
            ended.set()


def test_quick_searches_take_no_place() -> None:
    searches = Searches(THREADS)
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(searches.one())
        assert searches.places._free == 1
    assert not searches._going_on


def test_a_search_beside_few_slow_ones_takes_no_place() -> None:
    searches = Searches(THREADS)
    with slow(searches, 1), searches.one():
        assert searches.places._free == 1


def test_beside_many_slow_ones_a_thread_serves_the_others() -> None:
    searches, extra = Searches(THREADS), []

    @contextmanager
    def thread() -> Iterator[None]:
        extra.append("begun")
        yield
        extra.append("ended")

    searches.places.extra_thread = thread
    with slow(searches, 2):
        with searches.one():
            assert extra == ["begun"]
            assert searches.places._free == 0
        assert extra == ["begun", "ended"]
    with searches.one():
        assert searches.places._free == 1


def test_slow_ones_that_began_at_once_get_a_thread_each() -> None:
    searches, extra = Searches(THREADS), []

    @contextmanager
    def thread() -> Iterator[None]:
        extra.append(1)
        yield
        extra.append(-1)

    searches.places.extra_thread = thread
    with slow(searches, 1):
        searches.lend_threads()
        assert not extra
    with slow(searches, THREADS):
        searches.lend_threads()
        searches.lend_threads()
        assert extra == [1] * THREADS
    assert sum(extra) == 0


def test_who_waits_for_long_is_refused() -> None:
    searches = Searches(THREADS)
    searches.places.patience = 0.05
    with (
        slow(searches, 2),
        searches.one(),
        pytest.raises(SearchesBusy, match="Other searches take long here"),
        searches.one(),
    ):
        pytest.fail("it must not begin")
    assert not searches._going_on
    assert searches.places._free == 1
