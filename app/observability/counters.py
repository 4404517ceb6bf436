"""What is counted, and its output for Prometheus.

No label has a value that a client chooses: a route is its rule, a method or a reason one of a fixed
set. So the number of series is bounded, and none can contain a person's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.cms import SignerStatus
from app.observability import worker_slots
from app.observability.metrics import metrics
from app.observability.metrics_queue import count_later, write_down
from app.version import VERSION

#: The route of a request that matches none.
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

#: The metrics of a request, by route, method and status: looked up once.
_COUNTING: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count an answered request."""
    count_later(_count_request, route, method, status, seconds)


def _count_request(route: str, method: str, status: int, seconds: float) -> None:
    counting = _COUNTING.get((route, method, status))
    if counting is None:
        known = known_method(method)
        counting = (
            metrics().requests.labels(route, known, str(status)).inc,
            metrics().seconds.labels(route, known).observe,
        )
        if known == method:
            _COUNTING[route, method, status] = counting
    increase, observe = counting
    increase()
    observe(seconds)


def known_method(method: str) -> str:
    """Return a known HTTP method, and any other as `other`."""
    return method if method in METHODS else "other"


def count_save(form: str | None, version: int) -> None:
    """Count a saved version: `cms`, `xml`, or None for text that is neither."""
    count_later(metrics().saved[form, version == 1].inc)


def count_refusal(reason: str) -> None:
    """Count a refused request; `reason` is the name of an error's class."""
    metrics().refusals.labels(reason).inc()
    if reason == "VersionConflict":
        metrics().conflicts.inc()


def count_losses(losses: Iterable[Exception], guard: str) -> None:
    """Count what a save loses from the previous version, and the reaction of COSIGN_GUARD."""
    for loss in losses:
        metrics().losses.labels(type(loss).__name__, guard).inc()


def count_verification(statuses: Iterable[SignerStatus]) -> None:
    """Count the results of verifying each signer of a signature."""
    answered = metrics().answered
    for status in statuses:
        answered["intact", status.intact.answer].inc()
        answered["valid", status.valid.answer].inc()
        answered["trusted", status.trusted.answer].inc()


def count_obtained(kind: str) -> None:
    """Count something that was obtained as evidence: one of `metrics.EVIDENCE_KINDS`."""
    count_later(metrics().obtained[kind].inc)


class _Build(Collector):
    """The version of this program: the same in all processes, so none has to store it."""

    def collect(self) -> Iterator[Metric]:
        """Return the version."""
        yield InfoMetricFamily("tanbahana_build", "This program.", {"version": VERSION})


def render(accept: str, more: Iterable[Collector] = ()) -> tuple[bytes, str]:
    """Write all metrics of all processes, in the format that a client prefers.

    Args:
        accept: the request's header Accept; empty: the oldest format, which all clients accept.
        more: what is the same in all processes, and looked at now.

    Returns:
        the text, and its content type.
    """
    write_down()
    registry = metrics().registry
    if worker_slots.shared_folder():
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    try:
        encode, content_type = choose_encoder(accept)
    except TypeError:  # The requested version is no number.
        encode, content_type = choose_encoder("")
    every = CollectorRegistry()
    every.register(_Build())
    every.register(registry)
    for one in more:
        every.register(one)
    return encode(every), content_type
