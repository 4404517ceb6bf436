"""A save queues its version, and what was obtained counts when it is verified over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.extensions import db, make_evidence_worker
from app.store.models import EvidenceState
from tests.api.asking import filled, save
from tests.conftest import AppMaker
from tests.evidence.services import Services


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    return make_app(**services.settings(tmp_path))


def work(app: Flask, *arguments: str) -> str:
    result = app.test_cli_runner().invoke(args=["evidence", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def verdict(client: FlaskClient) -> dict[str, str]:
    answer = client.get("/signature/verify", json={"document": "doc", "thread": "main"})
    [signer] = answer.json["content"]["verification"]["signers"]  # type: ignore[index] # it is JSON
    return {name: signer[name]["answer"] for name in ("valid", "trusted")}


def found(client: FlaskClient, state: str) -> int:
    answer = client.get(f"/signatures?evidence={state}&count=1")
    return int(answer.json["content"]["nb_results"])  # type: ignore[index] # it is JSON


def test_evidence_is_obtained_after_a_save_and_counts(app: Flask, services: Services) -> None:
    client = app.test_client()
    save(client, cms=services.sign(), thread="main")
    assert found(client, "pending") == 1
    assert verdict(client) == {"valid": "yes", "trusted": "unknown"}
    assert "pending: 1, of which due now: 1" in work(app, "status")
    assert "versions tried: 1" in work(app, "work", "--once")
    assert "pending: 0" in work(app, "status")
    assert (found(client, "pending"), found(client, "complete")) == (0, 1)
    assert verdict(client) == {"valid": "yes", "trusted": "yes"}


def test_a_failure_is_named_and_tried_again(app: Flask, services: Services) -> None:
    client = app.test_client()
    tsp = services.site.answers.pop("/tsp")
    save(client, cms=services.sign(), thread="main")
    work(app, "work", "--once")
    assert "1 failures" in work(app, "status")
    assert verdict(client)["trusted"] == "unknown"
    services.site.answers["/tsp"] = tsp
    assert "due now: 1" in work(app, "retry")
    work(app, "work", "--once")
    assert found(client, "complete") == 1


def test_xml_is_queued_and_saves_without_the_setting_are_not(
    app: Flask, make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    services.know_authority(tmp_path / "trust")
    save(app.test_client(), cms=services.sign_xml())
    assert "pending: 1" in work(app, "status")
    work(app, "work", "--once")
    assert "pending: 0" in work(app, "status")
    client = make_app(EVIDENCE="off").test_client()
    answer = client.post("/signature", json=filled(thread="other", cms=services.sign()))
    assert answer.status_code == 201
    assert "pending: 0" in work(app, "status")


def test_evidence_records_are_made_after_the_evidence_and_listed_when_they_end(
    app: Flask, services: Services
) -> None:
    client = app.test_client()
    save(client, cms=services.sign(), thread="main")
    assert "trees of evidence records: 1" in work(app, "work", "--once")
    assert "without an evidence record: 0, trees: 1" in work(app, "status")
    assert "nothing is late" in work(app, "due", "--within", "30d")
    late = app.test_cli_runner().invoke(args=["evidence", "due", "--within", "9999d"])
    assert late.exit_code == 1
    assert "1 versions, whose timestamp ends at 2034-01-01" in late.output
    wrong = app.test_cli_runner().invoke(args=["evidence", "due", "--within", "soon"])
    assert wrong.exit_code == 2
    assert "a number of days, such as 180d" in wrong.output


def test_versions_that_wait_too_long_for_a_record_are_late(app: Flask, services: Services) -> None:
    client = app.test_client()
    save(client, cms=services.sign(), thread="main")
    with app.app_context():
        sum(make_evidence_worker().work())
        with db.engine.connect() as connection:
            connection.execute(
                update(EvidenceState).values(updated_at=datetime(2026, 1, 1, tzinfo=UTC))
            )
    late = app.test_cli_runner().invoke(args=["evidence", "due"])
    assert late.exit_code == 1
    assert "waited for a record for more than a day: 1" in late.output


def test_records_wait_for_an_authority(app: Flask, services: Services) -> None:
    client = app.test_client()
    save(client, cms=services.sign(), thread="main")
    with app.app_context():
        worker = make_evidence_worker()
        sum(worker.work())
        services.instead["tsp"] = services.refusal(25)
        assert worker.record() == 0
    assert "without an evidence record: 0, trees: 0" in work(app, "status")
