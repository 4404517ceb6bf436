"""EVIDENCE=require: a save has its evidence, or is refused and leaves no trace."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy import delete as delete_rows
from werkzeug.test import TestResponse

from app.evidence import requiring
from app.extensions import db
from app.store.database.engine import transaction
from app.store.evidence.reading import Evidence, read_evidence
from app.store.models import EvidenceBlob, Signature, Version
from app.store.signatures.large_texts import Key
from tests.api.asking import filled
from tests.conftest import AppMaker
from tests.evidence.services import Services, now
from tests.pki import Revoked
from tests.store.evidence.queued import KEPT, left_over, number_of_rows


@pytest.fixture(name="app")
def requiring_app(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    return make_app(**services.settings(tmp_path, EVIDENCE="require", EVIDENCE_TIMEOUT="2"))


@pytest.fixture(name="client")
def client_of_app(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(name="engine")
def engine_of_app(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def post(client: FlaskClient, services: Services, **more: object) -> TestResponse:
    fields = {"cms": services.sign(), "thread": "main", **more}
    return client.post("/signature", json=filled(**fields))


def evidence(engine: Engine, key: Key) -> Evidence:
    with engine.connect() as connection:
        return read_evidence(connection, key)


def require_no_trace(engine: Engine) -> None:
    assert left_over(engine) == [0] * (1 + len(KEPT))
    assert number_of_rows(engine, Signature, Version) == [0, 0]


def test_a_save_has_its_evidence_at_once(
    client: FlaskClient, engine: Engine, services: Services
) -> None:
    answer = post(client, services)
    assert answer.status_code == 201, answer.json
    saved = answer.json["content"]["signature"]  # type: ignore[index] # it is JSON
    found = evidence(engine, Key(saved["id"], 1))
    assert found.state == "complete"
    assert {item.kind for item in found.items} == {"timestamp", "ocsp", "crl", "certificate"}
    assert [state.card for state in found.states] == [True]
    assert client.get("/signatures?evidence=complete&count=1").json["content"]["nb_results"] == 1  # type: ignore[index] # it is JSON
    verified = client.get("/signature/verify", json={"document": "doc", "thread": "main"}).json
    assert verified["content"]["verification"]["trusted"]["answer"] == "yes"  # type: ignore[index] # it is JSON


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("en", "Evidence for the signature can't be obtained now"),
        ("ru", "Доказательства для подписи сейчас получить нельзя"),
        ("kk", "Қолтаңбаның дәлелдемелерін қазір алу мүмкін емес"),
    ],
)
def test_without_an_answer_nothing_is_saved(
    client: FlaskClient, engine: Engine, services: Services, language: str, beginning: str
) -> None:
    services.site.answers.pop("/tsp")
    fields = filled(cms=services.sign(), thread="main")
    answer = client.post("/signature", json=fields, headers={"Accept-Language": language})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert beginning in answer.json["message"]  # type: ignore[index] # it is JSON
    require_no_trace(engine)


@pytest.mark.slow
def test_it_takes_no_longer_than_is_set(
    client: FlaskClient, engine: Engine, services: Services
) -> None:
    services.delays["tsp"] = services.delays["ocsp"] = 1.5
    began = time.monotonic()
    answer = post(client, services)
    assert time.monotonic() - began < 4
    assert answer.status_code == 503
    require_no_trace(engine)


def test_a_client_that_tries_again_is_not_stamped_again(
    client: FlaskClient, engine: Engine, services: Services
) -> None:
    root = services.site.answers.pop("/root.crl")
    cms = services.sign()
    assert post(client, services, cms=cms).status_code == 503
    services.site.answers["/root.crl"] = root
    answer = post(client, services, cms=cms)
    assert answer.status_code == 201, answer.json
    assert services.site.asked.count("POST /tsp") == 1
    assert services.site.asked.count("POST /ocsp") == 2
    [state] = evidence(engine, Key(1, 1)).states
    assert state.card


def test_what_was_held_for_long_is_forgotten(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requiring, "HELD", 0)
    root = services.site.answers.pop("/root.crl")
    cms = services.sign()
    post(client, services, cms=cms)
    services.site.answers["/root.crl"] = root
    assert post(client, services, cms=cms).status_code == 201
    assert services.site.asked.count("POST /tsp") == 2


def test_a_revoked_signer_is_refused_with_the_reason(
    client: FlaskClient, engine: Engine, services: Services
) -> None:
    serial = services.person.serial
    services.revoked[serial] = Revoked(serial, now() - timedelta(days=1), 1)
    answer = post(client, services)
    assert answer.status_code == 400
    assert "there can be no evidence" in answer.json["message"]  # type: ignore[index] # it is JSON
    assert "was revoked on" in answer.json["message"]  # type: ignore[index] # it is JSON
    assert "Retry-After" not in answer.headers
    require_no_trace(engine)


def test_a_refusal_of_the_authority_is_told(
    client: FlaskClient, engine: Engine, services: Services
) -> None:
    services.instead["tsp"] = services.refusal(15)
    answer = post(client, services)
    assert answer.status_code == 400
    assert "unacceptedPolicy" in answer.json["message"]  # type: ignore[index] # it is JSON
    require_no_trace(engine)


def test_xml_has_its_evidence_at_once_and_what_is_no_signature_is_refused(
    make_app: AppMaker, client: FlaskClient, engine: Engine, services: Services, tmp_path: Path
) -> None:
    services.know_authority(tmp_path / "trust")
    answer = post(client, services, cms=services.sign_xml(), document="xml")
    assert answer.status_code == 201, answer.json
    assert evidence(engine, Key(1, 1)).state == "complete"
    assert client.delete("/signature", json={"document": "xml", "thread": "main"}).status_code < 300
    with transaction(engine) as connection:
        connection.execute(delete_rows(EvidenceBlob))
    lenient = make_app(EVIDENCE="require", CMS_VALIDATION="off").test_client()
    assert post(lenient, services, cms="no signature").status_code == 400
    require_no_trace(engine)


def test_a_save_that_is_refused_afterwards_keeps_nothing(
    client: FlaskClient, engine: Engine, services: Services
) -> None:
    assert post(client, services).status_code == 201
    before = left_over(engine)
    assert post(client, services).status_code == 400  # No version is given.
    assert left_over(engine) == before
    assert post(client, services, version=1).status_code == 201
    assert evidence(engine, Key(1, 2)).state == "complete"


def test_what_is_refused_in_any_case_is_not_stamped(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    settings = services.settings(tmp_path, EVIDENCE="require", COSIGN_GUARD="refuse")
    client = make_app(**settings).test_client()
    assert post(client, services, version=7).status_code == 201  # There is no thread yet.
    stamped = services.site.asked.count("POST /tsp")
    services.person = services.colleague(1, "900202300027")
    refused = [post(client, services, **more) for more in ({}, {"version": 7}, {"version": 1})]
    assert [answer.status_code for answer in refused] == [400, 400, 400]
    assert "ИВАНОВ ИВАН" in refused[2].json["message"]  # type: ignore[index] # it is JSON
    assert services.site.asked.count("POST /tsp") == stamped
    held = make_app(**settings | {"COSIGN_GUARD": "warn"}).test_client()
    assert post(held, services, version=1).status_code == 201


def test_others_are_served_while_saves_wait(app: Flask, services: Services) -> None:
    gate = threading.Event()
    stamp = services.stamp

    def wait_for_gate(question: bytes) -> bytes:
        assert gate.wait(10)
        return stamp(question)

    services.site.serve("/tsp", make=wait_for_gate)
    answers: list[int] = []

    def save(number: int) -> None:
        answer = post(app.test_client(), services, document=f"doc {number}")
        answers.append(answer.status_code)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(3)]
    for one in threads:
        one.start()
    while services.site.asked.count("POST /tsp") < len(threads):
        time.sleep(0.01)
    assert app.test_client().get("/signatures").status_code == 200
    gate.set()
    for one in threads:
        one.join()
    assert answers == [201, 201, 201]


def test_too_many_that_wait_are_refused_at_once(
    make_app: AppMaker, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requiring, "MAX_AT_ONCE", 0)
    folder = services.trust(tmp_path / "more")
    client = make_app(EVIDENCE="require", TRUST_DIR=str(folder)).test_client()
    answer = post(client, services)
    assert answer.status_code == 503
    assert "too many saves" in answer.json["message"]  # type: ignore[index] # it is JSON
    assert not services.site.asked
