"""From an empty database to a card that is verified: what everyone does, each in their place."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from flask import Flask
from playwright.sync_api import Browser, FilePayload, Page, expect
from werkzeug.serving import make_server

from app.standin import Mode
from app.standin.identity import Identity
from tests.api.evident import work
from tests.conftest import AppMaker
from tests.evidence.services import Services
from tests.live import test_sign_page
from tests.live.test_sign_page import (
    STAND_IN,
    begin,
    check_accessible,
    serve_stand_in,
    start_browser,
    visit,
)
from tests.pki import CONTENT, Holder
from tests.pki.keys import rsa_pair

pytestmark = [pytest.mark.live, pytest.mark.slow]

#: Fixtures of the page that signs.
__all__ = ["serve_stand_in", "start_browser"]

SECOND = "910202400025"
PACKAGE = {
    "name": "Loan",
    "type": "concurrent",
    "state": "open",
    "thread": "main",
    "generateSignerLinks": True,
    "documents": [
        {
            "externalId": "contract",
            "name": "Contract",
            "fileName": "contract.txt",
            "content": b64encode(CONTENT).decode(),
        }
    ],
    "signers": [
        {"lastName": "ИВАНОВ", "iin": "900101300017"},
        {"lastName": "ИВАНОВ", "iin": SECOND},
    ],
}


@pytest.fixture(name="app")
def app_that_keeps_all(
    start_app: AppMaker, sqlite_url: str, port: int, services: Services, tmp_path: Path
) -> Flask:
    return start_app(
        DATABASE_URL=sqlite_url,
        KEEP_CONTENT="on",
        NCALAYER_URL=f"wss://127.0.0.1:{port}/",
        PUBLIC_URL="https://office.example.kz",
        **services.settings(tmp_path),
    )


@pytest.fixture(name="address")
def serve(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="page")
def open_page(browser: Browser) -> Iterator[Page]:
    STAND_IN.behaviour.mode = Mode.OK
    context = browser.new_context(locale="kk-KZ", accept_downloads=True)
    yield context.new_page()
    context.close()
    STAND_IN.identity = test_sign_page.IVAN


def identity(services: Services, who: Holder) -> Identity:
    """Return a person of the authority, as the stand-in signs for them."""
    above = [x509.load_der_x509_certificate(services.authority.certificate)]
    certificate = x509.load_der_x509_certificate(who.certificate)
    return Identity(rsa_pair("ИВАНОВ ИВАН", 2048), certificate, above)


def verify(page: Page, address: str, card: bytes) -> str:
    """Verify a card on anyone's page, and return what it says in Kazakh."""
    page.goto(f"{address}/verify?lang=kk")
    file = FilePayload(name="card.pdf", mimeType="application/pdf", buffer=card)
    page.locator("#signature").set_input_files(file)
    with page.expect_navigation():
        page.click("form[data-busy] button, main form button")
    return page.locator("main").inner_text()


def test_two_sign_and_the_card_is_verified(
    app: Flask, address: str, page: Page, services: Services
) -> None:
    answer = app.test_client().post("/packages/add", json=PACKAGE).get_json()
    signers = answer["package"]["signers"]
    people = services.person, services.colleague(2, SECOND)
    for who, signer in zip(people, signers, strict=True):
        STAND_IN.identity = identity(services, who)
        link = signer["signLink"]["link"].removeprefix("https://office.example.kz")
        visit(page, address + link, content=None)
        begin(page)
        page.wait_for_url("**/sign/*marks=*")
    expect(page.locator("h1")).to_have_text("Барлығы қол қойды")
    work(app)

    page.goto(f"{address}/app/thread?document=contract&thread=main")
    expect(page.locator("main h2")).to_have_count(2)
    check_accessible(page)
    page.goto(f"{address}/app/version?document=contract&thread=main&version=2")
    check_accessible(page)
    with page.expect_download() as download:
        page.locator("a[href*='/app/card']").click()
    card = Path(download.value.path()).read_bytes()

    assert "Карточка жарамды" in verify(page, address, card)
    check_accessible(page)
    place = card.index(b"stream\n", card.index(b"/EmbeddedFile")) + len(b"stream\n") + 8
    altered = card[:place] + bytes([card[place] ^ 1]) + card[place + 1 :]
    assert "Карточка жарамды" not in verify(page, address, altered)
