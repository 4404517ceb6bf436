"""gunicorn's worker over waitress: gunicorn keeps the processes, waitress the connections."""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Flask
from gunicorn.workers.base import Worker as BaseWorker

from app.rate_limit.places import Places
from app.rate_limit.searches import Searches
from app.server.adjustments import adjust
from app.server.channel import Channel
from app.server.client_limits import Limits
from app.server.connections import CONNECTIONS
from app.server.dispatcher import Dispatcher
from app.server.hall import Hall
from app.server.listener import Server
from app.server.memory import Watch
from app.server.watched import Watched
from app.trust.turns import Turns

#: Seconds after which a computing thread lets another waiting one run. Python's default of 5 ms
#: adds up while one verifies megabytes: a small request has to wait some ten times.
_SWITCH = 0.001
#: Seconds after which a worker checks whether it should stop.
_ROUND = 0.5
#: Seconds between two calls of what needs no haste: memory, the master, its own sign of life.
_HOUSEKEEPING = 0.25
#: Seconds for which a worker leaves a connection to a worker with fewer, and after which it checks
#: whether that one accepted it.
_PATIENCE, _SHORT_ROUND = 0.05, 0.005
#: Connections that are accepted at once.
_AT_ONCE = 16
#: Descriptors of a worker that are no connections, and that its soft limit is raised to if the hard
#: one allows it: a connection may take two, for itself and for a body.
_OTHER_DESCRIPTORS, _DESCRIPTORS = 128, 8192
#: Added to the number of connections of a worker whose threads are all busy.
_BUSY = 100_000
#: Bits for the total connections of a worker: of two with the same number now, the one with the
#: lower total accepts the next.
_ACCEPTED_BITS = 40
#: Seconds for running requests to end after the master was killed.
_ORPHAN_SECONDS = 1.0
#: Seconds for which an idle connection stays open after a stop, for a request in transit.
_LINGER = 1.0


class Worker(BaseWorker):  # type: ignore[misc]  # gunicorn is written without types
    """Reads requests and writes answers in one thread; other threads get complete requests."""

    #: Headers of a refusal for browsers, if the application sets none.
    cors_headers: Mapping[str, str] = {}
    #: The slot of this worker, from 0.
    place = 0
    #: Limits of a connection; set by the configuration.
    limits: Limits
    #: Where requests wait for each other, while other requests need their threads.
    lending: tuple[Turns | Places | Searches, ...] = ()

    def run(self) -> None:
        """Serve until the worker is stopped."""
        sys.setswitchinterval(_SWITCH)
        self._memory = Watch()
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        is_ours = isinstance(self.wsgi, Flask)  # The baseline of the benchmark is a bare function.
        self._hall = Hall(self.limits, self.log, self.cors_headers, is_ours)
        self._hall.most_channels = min(self.cfg.worker_connections, _most_connections())
        self._watched = Watched()
        self._kept_house_at = 0.0
        dispatcher = Dispatcher(self.cfg.threads)
        for each in self.lending:
            lent = each.places if isinstance(each, Searches) else each
            lent.extra_thread = dispatcher.extra_thread
            if isinstance(lent, Turns):
                lent.large_place = dispatcher.large_place
            else:
                lent.letting_pass = dispatcher.letting_pass
        self._dispatcher = dispatcher
        self._listeners = [self._listen(listener.sock, dispatcher) for listener in self.sockets]
        try:
            while self.alive and self._round():
                pass
            self._stop()
        finally:
            CONNECTIONS.set_load(self.place, None)
            self._watched.close()

    def _listen(self, listener: Any, dispatcher: Dispatcher) -> _SharingServer:
        listener = listener.dup()
        return _SharingServer(
            self.wsgi,
            self._hall,
            listener,
            map=self._watched,
            dispatcher=dispatcher,
            adj=adjust(self.limits, listener, self._hall.most_channels + _OTHER_DESCRIPTORS),
            place=self.place,
        )

    def _round(self) -> bool:
        """Serve for one poll interval; return whether to continue."""
        now = time.monotonic()
        if now >= self._kept_house_at + _HOUSEKEEPING:
            self._kept_house_at = now
            self._keep_house()
        for listener in self._listeners:
            self._watched.look_at(listener)
        leaves = any(listener.leaves for listener in self._listeners)
        self._watched.serve(_SHORT_ROUND if leaves else _ROUND)
        return not self.max_requests or self._hall.requests < self.max_requests

    def _keep_house(self) -> None:
        self.notify()
        self._memory.trim_if_grown()
        self._dispatcher.refuse_late()
        for each in self.lending:
            if isinstance(each, Searches):
                each.lend_threads()
        if self.ppid != os.getppid():
            self._end_orphaned()

    def _stop(self) -> None:
        """Accept no more connections; answer running requests, within the grace period."""
        self._hall.is_closing = True
        CONNECTIONS.set_load(self.place, None)
        for listener in self._listeners:
            listener.accept_waiting()
            listener.del_channel()
            listener.accepting = False
            listener.socket.close()
        for (
            shared
        ) in self.sockets:  # Open, it would keep the port for as long as this worker lives.
            shared.sock.close()
        began = time.monotonic()
        deadline = began + self.cfg.graceful_timeout
        while self._hall.channels and time.monotonic() < deadline:
            self.notify()
            if self.ppid != os.getppid():
                self._end_orphaned()
            now = time.monotonic()
            for channel in tuple(self._hall.channels):
                if not _is_idle(channel) or now > began + _LINGER:
                    self._watched.shield(channel, partial(channel.check_deadlines, now))
                self._watched.look_at(channel)
            self._watched.serve(0.05)

    def _end_orphaned(self) -> None:
        """End immediately when the master is gone: the next one needs the port."""
        self.log.info("the master is gone")
        for listener in self._listeners:
            listener.del_channel()
            listener.socket.close()
        deadline = time.monotonic() + _ORPHAN_SECONDS
        while time.monotonic() < deadline and any(
            channel.requests for channel in self._hall.channels
        ):
            self._watched.serve(0.05)
        os._exit(1)


def _most_connections() -> int:
    """Raise the limit of descriptors; return how many connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    known = _DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    return max((known - _OTHER_DESCRIPTORS) // 2, 1)


def _is_idle(channel: Channel) -> bool:
    return not (channel.requests or channel.request or channel.total_outbufs_len)


class _SharingServer(Server):
    """Leaves a connection briefly to a worker with fewer, or with free threads."""

    def __init__(self, *arguments: Any, place: int, **more: Any) -> None:
        self._place = place
        self._left_at: float | None = None
        self._accepted = 0
        self._is_busy, self._load = False, -1
        super().__init__(*arguments, **more)

    @property
    def leaves(self) -> bool:
        """Whether a waiting connection is left to others."""
        return self._left_at is not None and time.monotonic() - self._left_at < _PATIENCE

    def readable(self) -> bool:
        """Return whether to poll for connections."""
        self._set_load()
        return bool(super().readable()) and not (self.leaves and not self._is_our_turn())

    def handle_accept(self) -> None:
        """Accept waiting connections, some at most, or leave them to others."""
        for _ in range(_AT_ONCE):
            self._set_load()
            if not self._is_our_turn() and (self._left_at is None or self.leaves):
                self._left_at = self._left_at or time.monotonic()
                return
            self._left_at, accepted = None, self._accepted
            super().handle_accept()
            if self._accepted == accepted:
                return

    def accept(self) -> Any:
        """Accept a connection, and count it; None if there is none."""
        found = super().accept()
        self._accepted += found is not None
        return found

    def accept_waiting(self) -> None:
        """Accept all waiting connections."""
        count = -1
        while count != len(self.hall.channels):
            count = len(self.hall.channels)
            super().handle_accept()

    def end_task(self) -> None:
        """Let other workers know when this one is no longer busy."""
        if self._is_busy:
            self._set_load()

    def _set_load(self) -> None:
        if self.hall.is_closing:
            return
        self._is_busy = self.task_dispatcher.is_full
        load = (len(self.hall.channels) + _BUSY * self._is_busy << _ACCEPTED_BITS) + self._accepted
        if load != self._load:
            self._load = load
            CONNECTIONS.set_load(self._place, load)

    def _is_our_turn(self) -> bool:
        return CONNECTIONS.is_turn_of(self._place)
