"""A save queues its version, and what was obtained counts when it is verified over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import pki
from tests.api.asking import filled, save
from tests.conftest import AppMaker
from tests.evidence.services import Services, running


@pytest.fixture(name="services")
def run_services() -> Iterator[Services]:
    with running() as services:
        yield services


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    folder = services.trust(tmp_path / "trust")
    return make_app(
        TRUST_DIR=str(folder),
        EVIDENCE="queue",
        TSA_URL=services.site.url("/tsp"),
        OUTGOING_ALLOW="127.0.0.0/8",
    )


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


def test_xml_and_saves_without_the_setting_are_not_queued(
    app: Flask, make_app: AppMaker, services: Services
) -> None:
    save(app.test_client(), cms=pki.sign_xml())
    assert "pending: 0" in work(app, "status")
    client = make_app(EVIDENCE="off").test_client()
    answer = client.post("/signature", json=filled(thread="other", cms=services.sign()))
    assert answer.status_code == 201
    assert "pending: 0" in work(app, "status")
