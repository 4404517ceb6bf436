"""The metrics of the queue for evidence: from the database, at a bounded cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, create_engine

from app.observability import evidence_queue
from app.observability.evidence_queue import EvidenceQueue
from app.store.database.engine import transaction
from app.store.evidence import circuits
from app.store.evidence.counting import count_some
from tests.api.asking import save
from tests.api.evident import sign, text, work
from tests.conftest import AppMaker
from tests.evidence.services import Services
from tests.observability.reading import samples
from tests.store.evidence.queued import queue

PENDING = "tanbahana_evidence_pending"
OLDEST = "tanbahana_evidence_oldest_pending_seconds"
OPEN = "tanbahana_evidence_circuits_open"
FAILURES = "tanbahana_evidence_host_failures"


def read(collector: EvidenceQueue) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(collector)
    return samples(generate_latest(registry).decode())


def test_an_empty_queue_has_zeros(engine: Engine) -> None:
    assert read(EvidenceQueue(engine)) == {PENDING: 0, OLDEST: 0, OPEN: 0}


def test_it_says_how_many_wait_and_since_when(engine: Engine) -> None:
    queue(engine, *"abc")
    found = read(EvidenceQueue(engine))
    assert found[PENDING] == 3
    assert 0 <= found[OLDEST] < 60


def test_the_count_is_bounded(engine: Engine) -> None:
    queue(engine, *"abc")
    with engine.connect() as connection:
        number, oldest_at = count_some(connection, 2)
    assert number == 2
    assert oldest_at is not None
    assert abs(datetime.now(UTC) - oldest_at) < timedelta(minutes=1)


def test_hosts_that_failed_are_named_and_the_others_are_one_series(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_queue, "MAX_HOSTS", 2)
    with transaction(engine) as connection:
        for host, failures in {"a": 6, "b": 2, "c": 1, "d": 1}.items():
            for _ in range(failures):
                circuits.note_failure(connection, host, "it failed")
    found = read(EvidenceQueue(engine))
    named = {name: value for name, value in found.items() if name.startswith(FAILURES)}
    assert named == {
        f"{FAILURES}{{host=a}}": 5,  # One more is not counted while it is left alone.
        f"{FAILURES}{{host=b}}": 2,
        f"{FAILURES}{{host=other}}": 2,
    }
    assert found[OPEN] == 1


def test_the_database_is_looked_at_once_in_a_while(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = EvidenceQueue(engine)
    read(collector)
    queue(engine, "a")
    assert read(collector)[PENDING] == 0
    monkeypatch.setattr(evidence_queue, "FRESH", -1.0)
    assert read(collector)[PENDING] == 1


def test_a_database_that_is_away_leaves_them_out(tmp_path: Path) -> None:
    away = create_engine(f"sqlite:///{tmp_path}/none/store.sqlite3")
    assert read(EvidenceQueue(away)) == {}


def test_what_is_obtained_is_counted_by_kind(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    app = make_app(
        TRUST_DIR=str(services.trust(tmp_path / "trust")),
        EVIDENCE="queue",
        TSA_URL=services.site.url("/tsp"),
        OUTGOING_ALLOW="127.0.0.0/8",
    )
    client = app.test_client()
    before = samples(client.get("/metrics").text)
    save(client, cms=text(sign(services)))
    work(app)
    after = samples(client.get("/metrics").text)
    name = "tanbahana_evidence_obtained_total{{kind={}}}".format
    grown = {
        kind: after[name(kind)] - before[name(kind)]
        for kind in ("timestamp", "ocsp", "crl", "certificate")
    }
    assert grown == {"timestamp": 1, "ocsp": 2, "crl": 1, "certificate": 3}
    assert PENDING in after


def test_a_server_that_obtains_none_has_none_of_them(make_app: AppMaker) -> None:
    client = make_app(EVIDENCE="off").test_client()
    assert PENDING not in samples(client.get("/metrics").text)
