"""A simulator of eGov Mobile reads the code on the page, signs, and sends back what it got."""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.store.packages.passing_links import make_passing, read_passing
from config.settings import LONGEST_ADDRESS
from tests import pki
from tests.api import people
from tests.api.asking import message_of
from tests.api.people import chief, ivan
from tests.conftest import AppMaker
from tests.cpu import allowed
from tests.memory import forget_peak, peak
from tests.pki import CONTENT, Holder
from tests.signing.kept import keep
from tests.web.browsing import ACCEPT, see, words
from tests.web.test_sign_page import PUBLIC, ask

SCALE = 4


@pytest.fixture(name="office")
def app_with_codes(start_app: AppMaker, sqlite_url: str, tmp_path: Path) -> Flask:
    """Provide an application whose signers may use eGov Mobile."""
    trust = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    return start_app(
        DATABASE_URL=sqlite_url,
        TRUST_DIR=str(trust),
        PUBLIC_URL=PUBLIC,
        EGOV_QR="on",
        ORGANIZATION_NAME="ТОО ПРИМЕР",
        ORGANIZATION_BIN=people.BIN,
    )


@pytest.fixture(name="client")
def client_of_office(office: Flask) -> FlaskClient:
    """Provide a client of it."""
    return office.test_client()


def put(office: Flask, client: FlaskClient, *data: bytes) -> list[str]:
    """Add a package whose documents are kept; return the paths of its links."""
    documents = [{"externalId": f"doc{at}", "name": f"Contract {at}"} for at in range(len(data))]
    package, links = ask(client, documents=documents)
    with office.app_context():
        for number, one in enumerate(data, 1):
            keep(db.engine, package, one, number=number, media_type="application/pdf")
    return links


def scan(html: str) -> str:
    """Return the text of the code on a page, as a camera sees it."""
    path = re.findall(r'<svg viewBox="0 0 (\d+) \d+"[^>]*><path d="([^"]+)"', html)[-1]
    size = int(path[0]) * SCALE
    rows = [bytearray(b"\xff" * size) for _ in range(size)]
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", path[1]):
        for row in rows[int(y) * SCALE : (int(y) + int(height)) * SCALE]:
            start, stop = int(x) * SCALE, (int(x) + int(width)) * SCALE
            row[start:stop] = bytes(stop - start)
    image = memoryview(b"".join(rows)).cast("B", (size, size))
    [found] = zxingcpp.read_barcodes(image)
    return found.text


def test_the_longest_address_of_a_server_is_in_the_code(
    start_app: AppMaker, sqlite_url: str
) -> None:
    public = f"{PUBLIC}/".ljust(LONGEST_ADDRESS, "a")
    app = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=public, EGOV_QR="on")
    client = app.test_client()
    [link, _] = put(app, client, CONTENT)
    page = client.get(f"/sign/{link.rpartition('/')[2]}/egov", headers={"Accept": ACCEPT})
    assert scan(page.text).startswith(f"mobileSign:{public}/sign/egov/")


class EgovMobile:
    """What the app does: API 1, API 2, sign, and send the same documents back."""

    def __init__(self, client: FlaskClient, code: str) -> None:
        scheme, _, address = code.partition(":")
        assert (scheme, " " in code) == ("mobileSign", False)
        self._client = client
        self.request: dict[str, Any] = client.get(address.removeprefix(PUBLIC)).get_json()
        document = self.request["document"]
        assert document["auth_type"] == "Token"
        self.address = document["uri"].removeprefix(PUBLIC)
        self.headers = {"Authorization": f"Bearer {document['auth_token']}"}

    def fetch(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get(self.address, headers=self.headers).get_json()
        return found

    def sign(self, who: Holder, language: str = "ru") -> tuple[int, str]:
        """Sign all documents; return the status and the message of the answer."""
        given = self.fetch()
        for one in given["documentsToSign"]:
            file = one["document"]["file"]
            file["data"] = people.cms(who, content=b64decode(file["data"]), attached=False)
        return self.send(given, language)

    def send(self, given: object, language: str = "ru") -> tuple[int, str]:
        headers = {**self.headers, "Accept-Language": language}
        answer = self._client.put(self.address, json=given, headers=headers)
        return answer.status_code, answer.get_json()["message"]


def scanned(client: FlaskClient, link: str) -> EgovMobile:
    return EgovMobile(client, scan(see(client, f"{link}/egov")))


def test_documents_are_signed_with_the_app(office: Flask, client: FlaskClient) -> None:
    first, _ = put(office, client, CONTENT, b"%PDF-1.7 second")
    assert "scan it with the phone that has eGov Mobile" in words(see(client, first))
    app = scanned(client, f"{first}")
    assert app.request["description"] == "Loan"
    assert app.request["organisation"]["nameKz"] == "ТОО ПРИМЕР"
    assert app.request["organisation"]["bin"] == people.BIN
    assert re.search(r"[+-]\d\d:\d\d$", app.request["expiry_date"])
    given = app.fetch()
    assert given["signMethod"] == "CMS_SIGN_ONLY"
    assert [one["nameRu"] for one in given["documentsToSign"]] == ["Contract 0", "Contract 1"]
    assert given["documentsToSign"][0]["document"]["file"] == {
        "mime": "@file/pdf",
        "data": b64encode(CONTENT).decode(),
    }
    assert client.get(f"{first}/state").get_json() == {"state": "ready"}
    assert app.sign(ivan()) == (200, "OK")
    assert client.get(f"{first}/state").get_json() == {"state": "signed"}
    signings = client.get(f"/v1/persons/{people.IIN}/signings").get_json()
    assert {one["method"] for one in signings} == {"egov-mobile"}
    # A code is of no use once all is signed.
    assert client.get(app.address, headers=app.headers).status_code == 404


def test_the_app_is_told_why_a_signature_is_refused(office: Flask, client: FlaskClient) -> None:
    first, _ = put(office, client, CONTENT)
    app = scanned(client, first)
    status, message = app.sign(chief())
    assert status == 403
    assert message.startswith("Этот ключ принадлежит другому лицу")
    lacking = "Not all documents were signed."
    broken: list[object] = [None, [], {"documentsToSign": [{"id": 1}]}, {"documentsToSign": []}]
    for given in broken:
        assert app.send(given, "en") == (403, lacking)
    number = {"documentsToSign": [{"id": 1, "document": {"file": {"data": 7}}}]}
    assert app.send(number, "en") == (403, lacking)
    assert app.sign(ivan()) == (200, "OK")


def test_a_code_passes_and_can_t_be_made_up(office: Flask, client: FlaskClient) -> None:
    first, _ = put(office, client, CONTENT)
    token, now = first.rpartition("/")[2], int(time.time())
    with office.app_context(), db.engine.connect() as connection:
        text = make_passing(connection, token, now + 60)
        assert text
        assert read_passing(connection, text, now) == token
        assert read_passing(connection, text, now + 60) is None
        later = text.replace(f"{now + 60:x}", f"{now + 90:x}")
        for forged in (later, text[:-1], text[:-1] + "A", f"A{text}", "B" + text[1:], token):
            assert read_passing(connection, forged, now) is None
        assert make_passing(connection, token[:-1], now) is None
    message_of(client.get("/sign/egov/nothing"), 404)
    message_of(client.get("/sign/egov/documents"), 404)
    headers = {"Authorization": f"Bearer {later}"}
    message_of(client.put("/sign/egov/documents", json={}, headers=headers), 404)


def test_no_code_is_shown_where_it_would_be_of_no_use(office: Flask, client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    assert "phone" not in words(see(client, first))
    see(client, f"{first}/egov", 404)
    app = scanned(client, put(office, client, CONTENT)[0])
    office.config["EGOV_QR"] = False
    message_of(client.get(app.address, headers=app.headers), 404)
    see(client, f"{first}x/egov", 404)
    message_of(client.get(f"{first}x/state"), 404)
    office.config["EGOV_QR"] = True


def test_too_much_for_one_text_is_not_offered(
    office: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = put(office, client, CONTENT)
    app = scanned(client, first)
    monkeypatch.setattr("app.web.sign_page.MAX_DOCUMENTS", 3)
    message_of(client.get(app.address, headers=app.headers), 404)
    see(client, f"{first}/egov", 404)


@pytest.mark.attacks
def test_what_the_app_sends_is_bounded(office: Flask, client: FlaskClient) -> None:
    first, _ = put(office, client, CONTENT)
    app = scanned(client, first)
    for body in (
        b'{"documentsToSign":[' + b"[]," * 9_000_000 + b"[]]}",
        b'{"documentsToSign":["' + b"x" * 28_000_000 + "😀".encode() + b'"]}',
    ):
        forget_peak()
        before, began = peak(), time.process_time()
        response = client.put(app.address, data=body, headers=app.headers)
        message_of(response, 400)
        assert time.process_time() - began < allowed(2)
        assert peak() - before < 200
    assert app.sign(ivan()) == (200, "OK")


def test_two_signatures_for_one_document_are_refused(office: Flask, client: FlaskClient) -> None:
    first, _ = put(office, client, CONTENT)
    app = scanned(client, first)
    signed, other = (
        {"id": 1, "document": {"file": {"data": people.cms(who, attached=False)}}}
        for who in (ivan(), chief())
    )
    given = {"documentsToSign": [other, signed]}
    assert app.send(given, "en") == (403, "Not all documents were signed.")
    assert app.send({"documentsToSign": [signed, signed]}, "en") == (200, "OK")
