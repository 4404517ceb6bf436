"""What is counted, and how it is told to Prometheus.

No label ever has a value that a client chooses: a route is its rule, a method or a reason one of
those that exist. So the number of series is bounded, and no person's number can get among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    values,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.cms import Answer, SignerStatus
from app.observability import worker_slots
from app.observability.metrics_queue import count_later, write_down
from app.version import VERSION

#: The route of a request for which there is none.
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Seconds: the upper ends of the histogram's buckets.
BUCKETS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

# The library chooses by an environment variable alone, which commands may find set, too.
values.ValueClass = (
    values.MultiProcessValue(worker_slots.name_of_process)
    if worker_slots.shared_folder()
    else values.MutexValue
)
# When a series began is of no use, and there are as many of them as of others.
disable_created_metrics()

_OWN = CollectorRegistry()

_REQUESTS = Counter(
    "qoltanba_http_requests_total",
    "Requests answered, by the rule of their route.",
    ["route", "method", "status"],
    registry=_OWN,
)
_SECONDS = Histogram(
    "qoltanba_http_request_duration_seconds",
    "Time until an answer is ready to be sent; of a long list, its first part.",
    ["route", "method"],
    buckets=BUCKETS,
    registry=_OWN,
)
_SAVES = Counter(
    "qoltanba_saves_total",
    "Versions saved: as cms, xml, or text that is neither; the first of a thread or a next one.",
    ["format", "kind"],
    registry=_OWN,
)
_REFUSALS = Counter(
    "qoltanba_refusals_total",
    "Requests refused, by the kind of error.",
    ["reason"],
    registry=_OWN,
)
_CONFLICTS = Counter(
    "qoltanba_version_conflicts_total",
    "Saves that another save was ahead of.",
    registry=_OWN,
)
_LOSSES = Counter(
    "qoltanba_cosign_losses_total",
    "Saves that dropped a signer of the version before, or signed other content.",
    ["loss", "guard"],
    registry=_OWN,
)
_VERIFICATIONS = Counter(
    "qoltanba_verification_answers_total",
    "What verification answers of a signer, by question.",
    ["question", "answer"],
    registry=_OWN,
)
DATABASE_OPEN = Gauge(
    "qoltanba_database_connections_open",
    "Connections to the database that are open.",
    multiprocess_mode="livesum",
    registry=_OWN,
)
DATABASE_IN_USE = Gauge(
    "qoltanba_database_connections_in_use",
    "Connections to the database that a request is using.",
    multiprocess_mode="livesum",
    registry=_OWN,
)
DATABASE_MOST = Gauge(
    "qoltanba_database_connections_max",
    "Connections that the processes which have used the database may open.",
    multiprocess_mode="livesum",
    registry=_OWN,
)

_SAVED = {
    (form, first): _SAVES.labels(form or "text", "first" if first else "next")
    for form in ("cms", "xml", None)
    for first in (True, False)
}
_ANSWERED = {
    (question, answer): _VERIFICATIONS.labels(question, answer.value)
    for question in ("intact", "valid", "trusted")
    for answer in Answer
}

#: What counts a request, by route, method and status: looked up once.
_COUNTING: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    count_later(_count_request, route, method, status, seconds)


def _count_request(route: str, method: str, status: int, seconds: float) -> None:
    counting = _COUNTING.get((route, method, status))
    if counting is None:
        known = known_method(method)
        counting = (
            _REQUESTS.labels(route, known, str(status)).inc,
            _SECONDS.labels(route, known).observe,
        )
        if known == method:
            _COUNTING[route, method, status] = counting
    increase, observe = counting
    increase()
    observe(seconds)


def known_method(method: str) -> str:
    """Return a method of HTTP as it is called, and whatever a client made up as `other`."""
    return method if method in METHODS else "other"


def count_save(form: str | None, version: int) -> None:
    """Count a version that was saved: `cms`, `xml`, or None for text that is neither."""
    count_later(_SAVED[form, version == 1].inc)


def count_refusal(reason: str) -> None:
    """Count a request that was refused; `reason` is the name of an error's class."""
    _REFUSALS.labels(reason).inc()
    if reason == "VersionConflict":
        _CONFLICTS.inc()


def count_losses(losses: Iterable[Exception], guard: str) -> None:
    """Count what a save loses of the version before, and what COSIGN_GUARD made of it."""
    for loss in losses:
        _LOSSES.labels(type(loss).__name__, guard).inc()


def count_verification(statuses: Iterable[SignerStatus]) -> None:
    """Count what was found out about each signer of a signature."""
    for status in statuses:
        _ANSWERED["intact", status.intact.answer].inc()
        _ANSWERED["valid", status.valid.answer].inc()
        _ANSWERED["trusted", status.trusted.answer].inc()


class _Build(Collector):
    """Which program this is: the same in all processes, so that none has to keep it."""

    def collect(self) -> Iterator[Metric]:
        """Return the version."""
        yield InfoMetricFamily("qoltanba_build", "This program.", {"version": VERSION})


def tell(accept: str) -> tuple[bytes, str]:
    """Write all counters of all processes, in the form that a client prefers.

    Args:
        accept: the request's header Accept; empty: the oldest form, which all understand.

    Returns:
        the text, and its content type.
    """
    write_down()
    registry = _OWN
    if worker_slots.shared_folder():
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    try:
        encode, content_type = choose_encoder(accept)
    except TypeError:  # It asks for a version that is no number.
        encode, content_type = choose_encoder("")
    every = CollectorRegistry()
    every.register(_Build())
    every.register(registry)
    return encode(every), content_type
