"""Searches of one process: slow ones leave threads, and the database's time, to other requests.

A search that reads millions of rows takes seconds, in which it holds a thread and a connection.
Sixteen clients that sent nothing else made a save wait for three seconds. So once half of the
threads are at searches that take long, additional threads serve the others, and another search
waits until one place for such is free, as up to 32 may, each with a thread that replaces its own.
Where searches are quick, none waits, and no thread is begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from flask import current_app

from app.rate_limit.places import Places
from app.store.errors import NoRoom, SearchesBusy

#: Seconds after which a search takes long, and for which another one waits for a place.
LONG, PATIENCE = 0.1, 10.0


@dataclass(slots=True, eq=False)
class _Search:
    """A search that is going on: when it began, and the thread that serves others meanwhile."""

    has_extra_thread: bool
    began: float = field(default_factory=monotonic)
    lent: ExitStack = field(default_factory=ExitStack)


class Searches:
    """The searches of one process. Thread-safe."""

    def __init__(self, threads: int) -> None:
        """Take the number of threads that answer requests."""
        self._many = max(threads // 2, 1)
        self._lock = Lock()
        self._going_on: set[_Search] = set()
        #: Where a search waits for others that take long; one goes on beside those that began at
        #: once, so that connections are left to other requests, too.
        self.places = Places(1, PATIENCE)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Search within. Raises SearchesBusy: others take long, and enough wait for their end."""
        with ExitStack() as stack:
            takes_place = len(self._slow_ones()) >= self._many
            try:
                stack.enter_context(self.places.take() if takes_place else nullcontext())
            except NoRoom as error:
                raise SearchesBusy from error
            search = _Search(takes_place)
            with self._lock:
                self._going_on.add(search)
            stack.callback(self._end, search)
            yield

    def lend_threads(self) -> None:
        """Begin a thread for each search that takes long, if they are many.

        The worker calls it a few times a second (`Worker._keep_house`).
        """
        slow = self._slow_ones()
        if len(slow) < self._many:
            return
        with self._lock:
            for search in slow:
                if search in self._going_on and not search.has_extra_thread:
                    search.has_extra_thread = True
                    search.lent.enter_context(self.places.extra_thread())

    def _slow_ones(self) -> list[_Search]:
        if len(self._going_on) < self._many:
            return []
        long_ago = monotonic() - LONG
        with self._lock:
            return [search for search in self._going_on if search.began < long_ago]

    def _end(self, search: _Search) -> None:
        with self._lock:
            self._going_on.remove(search)
            search.lent.close()


def current_searches() -> Searches:
    """Return the searches of the current application."""
    searches: Searches = current_app.extensions["searches"]
    return searches
