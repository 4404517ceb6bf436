"""The stand-in for NCALayer over its own TLS, in each of its modes."""

from __future__ import annotations

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.cms import Certificate, SignedData, Verifier, parse
from app.standin import (
    Behaviour,
    Mode,
    OwnStamper,
    Person,
    StandIn,
    make_authority,
    make_endpoint,
    make_identity,
    make_stamper,
)

STAND_IN = StandIn(make_identity(Person()), make_endpoint())
SIGN = {
    "module": "kz.gov.pki.knca.basics",
    "method": "sign",
    "args": {"format": "cms", "data": "text", "signingParams": {}},
}


@pytest.fixture(name="port", scope="module")
def serve() -> Iterator[int]:
    with STAND_IN.serving() as port:
        yield port


def tls() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=STAND_IN.endpoint.certificate)


@contextmanager
def conversation(port: int, mode: Mode = Mode.OK) -> Iterator[ClientConnection]:
    STAND_IN.behaviour.mode = mode
    with connect(f"wss://127.0.0.1:{port}/", ssl=tls()) as page:
        yield page


def ask(page: ClientConnection, request: object) -> dict[str, object]:
    page.send(json.dumps(request))
    found: dict[str, object] = json.loads(page.recv(5))
    return found


def test_it_tells_its_version_first_and_echoes_heartbeats(port: int) -> None:
    with conversation(port) as page:
        assert json.loads(page.recv(5)) == {"result": {"version": "1.4"}}
        page.send("--heartbeat--")
        assert page.recv(5) == "--heartbeat--"


def test_it_signs_and_echoes_the_request_id(port: int) -> None:
    with conversation(port) as page:
        page.recv(5)
        answer = ask(page, {**SIGN, "uuid": "1"})
    assert (answer["status"], answer["uuid"]) == (True, "1")
    assert "data" not in STAND_IN.asked[-1]["args"]


def test_versions_of_before_lack_the_module(port: int) -> None:
    STAND_IN.behaviour.version = "1.2"
    with conversation(port) as page:
        page.recv(5)
        assert ask(page, SIGN)["errorCode"] == "MODULE_NOT_FOUND"
    STAND_IN.behaviour.version = "1.4"


def test_cancelling_is_an_empty_body_and_an_error_has_a_code(port: int) -> None:
    with conversation(port, Mode.CANCEL) as page:
        page.recv(5)
        assert ask(page, SIGN) == {"status": True, "body": {}}
        STAND_IN.behaviour.mode = Mode.ERROR
        assert ask(page, SIGN)["code"] == "SIGNING_FAILURE"


def test_silence_answers_nothing_and_closed_closes(port: int) -> None:
    with conversation(port, Mode.SILENCE) as page:
        page.recv(5)
        page.send(json.dumps(SIGN))
        with pytest.raises(TimeoutError):
            page.recv(0.2)
        STAND_IN.behaviour.mode = Mode.CLOSED
        page.send(json.dumps(SIGN))
        with pytest.raises(ConnectionClosed):
            page.recv(5)


def test_the_version_may_come_late(port: int) -> None:
    STAND_IN.behaviour.delay = 0.2
    began = time.monotonic()
    with conversation(port, Mode.LATE) as page:
        page.recv(5)
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_what_is_no_json_object_has_the_code_of_ncalayer(port: int, text: str) -> None:
    with conversation(port) as page:
        page.recv(5)
        page.send(text)
        assert json.loads(page.recv(5))["code"] == "COMMON_JSON_WRAPPING_EXCEPTION"
        assert ask(page, {"module": "x", "args": []})["errorCode"] == "MODULE_NOT_FOUND"


def test_a_browser_that_opens_its_address_sees_a_page(port: int) -> None:
    with urlopen(f"https://127.0.0.1:{port}/", context=tls()) as answer:
        assert answer.status == 200
        assert b"stand-in" in answer.read()


@pytest.mark.parametrize("gost", [False, True])
def test_a_page_gets_a_timestamp_with_any_key_where_it_asks_for_one(gost: bool) -> None:
    authority = make_authority()
    stamp = OwnStamper(make_stamper(authority))
    identity = make_identity(Person(iin="900101300017"), authority, gost=gost)
    stand_in = StandIn(identity, make_endpoint(), Behaviour(stamp=stamp))
    context = ssl.create_default_context(cadata=stand_in.endpoint.certificate)
    wanted = {"decode": True, "encapsulate": True, "tsaProfile": {}}
    data = b64encode(b"I agree").decode()
    request = {**SIGN, "args": {"format": "cms", "data": data, "signingParams": wanted}}
    with stand_in.serving() as port, connect(f"wss://127.0.0.1:{port}/", ssl=context) as page:
        page.recv(5)
        body = ask(page, request)["body"]
        del wanted["tsaProfile"]
        plain = ask(page, request)["body"]
    anchor = Certificate.parse(authority.certificate.public_bytes(Encoding.DER))
    at = datetime.now(UTC)
    for answer, source in ((body, "timestamp"), (plain, "given")):
        found = parse(answer["result"][0])  # type: ignore[index]  # of JSON
        [status] = Verifier([anchor]).verify(found, at=at + timedelta(seconds=5))
        assert [one.answer.value for one in (status.intact, status.valid, status.path)] == [
            "yes"
        ] * 3
        assert status.decisive_time_source == source
        assert isinstance(found, SignedData)
        assert found.signers[0].claims.iin == "900101300017"
