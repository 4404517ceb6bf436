"""Whatever verifies takes its turn, and says that too much is verified where it gets none."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread, get_ident
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cms.verification.verifier import Verifier
from app.trust.turns import LARGE, Turns
from tests import pki
from tests.api.asking import content_of, exists, filled, get, message_of, rows, save
from tests.api.people import cms, ivan
from tests.conftest import AppMaker

pytestmark = pytest.mark.attacks

BUSY = "Too much is being verified here, try again in 5 seconds"
DOC = {"document": "doc", "thread": "main"}
LARGE_CMS = cms(ivan(), content=bytes(LARGE))

Ask = Callable[[FlaskClient], TestResponse]

#: Requests that verify, or read large signatures, of clients with a thread each.
DOORS: dict[str, Ask] = {
    "validate_cms": lambda client: client.post("/cms/validate", json={"cms": cms(ivan())}),
    "validate_stored": lambda client: client.post("/cms/validate", json=DOC),
    "validate": lambda client: client.post(
        "/validate", json={"cms": cms(ivan()), "rule": ["sign"]}
    ),
    "validate_certificate": lambda client: client.post(
        "/validate", json={"cms": b64encode(ivan().certificate).decode(), "rule": ["sign"]}
    ),
    "verify": lambda client: client.get("/signature/verify", json=DOC),
    "extract_large": lambda client: client.post("/cms/extract", json={"cms": LARGE_CMS}),
    "save_large": lambda client: client.post("/signature", json=filled(thread="2", cms=LARGE_CMS)),
}


@pytest.fixture(name="client")
def client_with_anchor(make_app: AppMaker, trust_folder: Path) -> FlaskClient:
    """Provide a client of a server that trusts the authority, and has one thread."""
    client = make_app(TRUST_DIR=str(trust_folder)).test_client()
    save(client, cms=cms(ivan()))
    return client


def turns_of(app: Flask) -> Turns:
    turns: Turns = app.extensions["trust"].turns
    return turns


@contextmanager
def busy(app: Flask) -> Iterator[None]:
    """Have another thread verify all the while; no caller waits for it for long."""
    turns, begun, end = turns_of(app), Event(), Event()
    turns.patience = 0.05

    def work() -> None:
        with turns.take():
            begun.set()
            end.wait(60)

    thread = Thread(target=work)
    thread.start()
    try:
        assert begun.wait(60)
        yield
    finally:
        end.set()
        thread.join(60)


@pytest.mark.parametrize("door", DOORS)
def test_whatever_verifies_does_so_in_its_turn(
    client: FlaskClient, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, found = turns_of(client.application), []

    def noting(name: str) -> Callable[..., Any]:
        original = getattr(Verifier, name)

        def verify(*given: Any, **more: Any) -> Any:
            found.append(turns._thread == get_ident())
            return original(*given, **more)

        return verify

    for name in ("verify", "examine_certificate"):
        monkeypatch.setattr(Verifier, name, noting(name))
    assert DOORS[door](client).status_code in (200, 201)
    assert all(found)
    assert bool(found) != door.endswith("_large")
    assert turns._thread is None


@pytest.mark.parametrize("door", DOORS)
def test_whatever_verifies_is_refused_where_too_much_is_verified(
    client: FlaskClient, door: str
) -> None:
    with busy(client.application):
        response = DOORS[door](client)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert message_of(response, 503) == BUSY
    assert not exists(client, thread="2")


@pytest.mark.parametrize("level", ["signature", "trusted"])
def test_a_save_that_demands_verification_waits_too(
    make_app: AppMaker, trust_folder: Path, level: str
) -> None:
    client = make_app(TRUST_DIR=str(trust_folder), CMS_VALIDATION=level).test_client()
    with busy(client.application):
        assert message_of(client.post("/signature", json=filled(cms=cms(ivan()))), 503) == BUSY
        assert not exists(client)
    save(client, cms=cms(ivan()))


def test_the_refusal_is_reported_in_the_client_s_language(client: FlaskClient) -> None:
    with busy(client.application):
        response = client.get("/signature/verify", json=DOC, headers={"api-locale": "ru"})
    assert "проверок" in message_of(response, 503)


def test_who_verifies_nothing_does_not_wait(client: FlaskClient) -> None:
    turns_of(client.application).patience = 60
    with busy(client.application):
        turns_of(client.application).patience = 60
        # What a save would only verify by the way is left to the background.
        save(client, thread="2", cms=cms(ivan()))
        assert get(client, thread="2")["version"] == 1
        assert len(rows(client)) == 2
        assert content_of(client.post("/cms/extract", json={"cms": cms(ivan())}))
        package = client.get("/packages/doc%2F2/status")
        assert package.status_code == 404 or "isSigned" in package.text


def plain_fields(thread: str) -> dict[str, Any]:
    """Return a save with a document, without which its signature can't be verified."""
    info = pki.signer_info(ivan(), signed=None)
    der = pki.signed_data([info], [ivan(), pki.authority()], None)
    sent = b64encode(der).decode(), b64encode(pki.CONTENT).decode()
    return filled(thread=thread, cms=sent[0], data=sent[1])


def test_a_save_that_can_only_be_verified_now_waits_or_is_refused(client: FlaskClient) -> None:
    """The background has no document: left to it, the signer would never count."""
    with busy(client.application):
        response = client.post("/signature", json=plain_fields("2"))
        assert message_of(response, 503) == BUSY
        assert response.headers["Retry-After"] == "5"
        assert not exists(client, thread="2")
    content_of(client.post("/signature", json=plain_fields("2")), 201)
    assert states(client, "2") == ["valid"]


def test_a_line_of_a_batch_that_can_only_be_verified_now_is_refused(client: FlaskClient) -> None:
    lines = [plain_fields("2"), filled(thread="3", cms=cms(ivan()))]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    with busy(client.application):
        answer = client.post(
            "/signature/batch", data=body, content_type="application/x-ndjson"
        ).data.splitlines()
    assert [json.loads(line)["code"] for line in answer] == [503, 201]
    assert json.loads(answer[0])["message"] == BUSY
    assert (exists(client, thread="2"), exists(client, thread="3")) == (False, True)


def states(client: FlaskClient, thread: str) -> list[str]:
    """Return what is known of the signers of a thread."""
    (found,) = rows(client, f"document=doc&thread={thread}&with=signers")
    return [one["standing"]["state"] for one in found["signers"]]


def test_what_a_save_left_is_verified_in_the_background(client: FlaskClient) -> None:
    with busy(client.application):
        save(client, thread="2", cms=cms(ivan()))
    examiner = client.application.extensions["examiner"]
    assert sum(examiner.examine()) == 1
    assert turns_of(client.application)._thread is None
