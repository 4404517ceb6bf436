"""The metrics, and whether they are shared between processes."""

from __future__ import annotations

from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    values,
)

from app.cms import Answer
from app.observability import worker_slots

#: Seconds: the upper ends of the histogram's buckets.
BUCKETS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

EVIDENCE_KINDS = ("timestamp", "ocsp", "crl", "certificate")


class Metrics:
    """All metrics of this program, in one registry."""

    def __init__(self) -> None:
        """Create them; they are shared by all processes if a shared folder was set up before."""
        # The library decides only by an environment variable, which may also be set for commands.
        # Its maintainers recommend a class of one's own for files by worker (their issue 509).
        values.ValueClass = (
            values.MultiProcessValue(worker_slots.name_of_process)
            if worker_slots.shared_folder()
            else values.MutexValue
        )
        # The creation time of a series is of no use, and would double the number of series.
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self._make_counts()
        self._make_series()
        self._make_gauges()

    def _make_counts(self) -> None:
        self.requests = self._count(
            "tanbahana_http_requests_total",
            "Requests answered, by the rule of their route.",
            "route",
            "method",
            "status",
        )
        self.seconds = Histogram(
            "tanbahana_http_request_duration_seconds",
            "Time until an answer is ready to be sent; of a long list, its first part.",
            ["route", "method"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.refusals = self._count(
            "tanbahana_refusals_total", "Requests refused, by the kind of error.", "reason"
        )
        self.conflicts = self._count(
            "tanbahana_version_conflicts_total", "Saves that another save was ahead of."
        )
        self.losses = self._count(
            "tanbahana_cosign_losses_total",
            "Saves that dropped a signer of the version before, or signed other content.",
            "loss",
            "guard",
        )

    def _make_series(self) -> None:
        """Create the counts whose series are all known, so that each is there from the start."""
        saves = self._count(
            "tanbahana_saves_total",
            "Versions saved: as cms, xml, or text that is neither; the first of a thread or a next"
            " one.",
            "format",
            "kind",
        )
        #: By `cms`, `xml` or None, and whether it is the first version of its thread.
        self.saved = {
            (form, first): saves.labels(form or "text", "first" if first else "next")
            for form in ("cms", "xml", None)
            for first in (True, False)
        }
        verifications = self._count(
            "tanbahana_verification_answers_total",
            "What verification answers of a signer, by question.",
            "question",
            "answer",
        )
        self.answered = {
            (question, answer): verifications.labels(question, answer.value)
            for question in ("intact", "valid", "trusted")
            for answer in Answer
        }

        obtained = self._count(
            "tanbahana_evidence_obtained_total",
            "Evidence that this server obtained and kept, by its kind.",
            "kind",
        )
        #: By the kind of evidence.
        self.obtained = {kind: obtained.labels(kind) for kind in EVIDENCE_KINDS}

    def _make_gauges(self) -> None:
        self.database_open = self._gauge(
            "tanbahana_database_connections_open", "Connections to the database that are open."
        )
        self.database_in_use = self._gauge(
            "tanbahana_database_connections_in_use",
            "Connections to the database that a request is using.",
        )
        self.database_most = self._gauge(
            "tanbahana_database_connections_max",
            "Connections that the processes which have used the database may open.",
        )

    def _count(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, multiprocess_mode="livesum", registry=self.registry)


@cache
def metrics() -> Metrics:
    """Return the metrics of this process, created on first use."""
    return Metrics()
