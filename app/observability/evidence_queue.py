"""Metrics of the queue for evidence, and of the hosts that failed: the same in all processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.store.evidence import circuits
from app.store.evidence.circuits import Circuit
from app.store.evidence.counting import count_some

#: Versions up to which the queue is counted.
BOUND: Final = 100_000
#: Seconds for which a look at the database serves.
FRESH: Final = 15.0
#: Hosts that have a series of their own, those with most failures; the name of all others.
MAX_HOSTS: Final = 20
OTHERS: Final = "other"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database had at a time of the monotonic clock."""

    at: float
    pending: int
    oldest_at: datetime | None
    failed: list[Circuit]


@dataclass(eq=False)
class EvidenceQueue(Collector):
    """Looks at the queue of a store, at most once in `FRESH` seconds. Thread-safe."""

    engine: Engine
    _seen: _Seen | None = None
    _lock: Lock = field(default_factory=Lock)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics; none if the database can't be read."""
        seen = self._look()
        if seen is None:
            return
        now = datetime.now(UTC)
        age = (now - seen.oldest_at).total_seconds() if seen.oldest_at else 0.0
        yield _gauge(
            "tanbahana_evidence_pending",
            f"Versions whose evidence is still to be obtained, up to {BOUND}.",
            float(seen.pending),
        )
        yield _gauge(
            "tanbahana_evidence_oldest_pending_seconds",
            "Time since the oldest of them was saved; 0 if there is none.",
            max(age, 0.0),
        )
        yield _gauge(
            "tanbahana_evidence_circuits_open",
            "Hosts that failed several times, and are left alone now.",
            float(sum(one.open_until is not None and one.open_until > now for one in seen.failed)),
        )
        yield _failures(seen.failed)

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering it reads nothing."""
        return []

    def _look(self) -> _Seen | None:
        with self._lock:
            if self._seen is None or time.monotonic() > self._seen.at + FRESH:
                try:
                    self._seen = self._read()
                except SQLAlchemyError:
                    self._seen = None
            return self._seen

    def _read(self) -> _Seen:
        with self.engine.connect() as connection:
            pending, oldest_at = count_some(connection, BOUND)
            failed = circuits.list_circuits(connection)
        return _Seen(time.monotonic(), pending, oldest_at, failed)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


def _failures(failed: list[Circuit]) -> Metric:
    """Return the failures of each host: certificates say which there are, so that is bounded."""
    family = GaugeMetricFamily(
        "tanbahana_evidence_host_failures",
        "Failures of a host since it last answered a request for evidence.",
        labels=["host"],
    )
    worst = sorted(failed, key=lambda one: (-one.failures, one.host))
    for one in worst[:MAX_HOSTS]:
        family.add_metric([one.host], one.failures)
    if rest := worst[MAX_HOSTS:]:
        family.add_metric([OTHERS], sum(one.failures for one in rest))
    return family
