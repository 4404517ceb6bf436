"""The card and the document of a version: for the office, and for who has a link."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import PublicLink
from app.web import limits
from tests import pki
from tests.api import people
from tests.api.asking import message_of, save
from tests.api.evident import CONTENT, sign, text, work
from tests.api.evident import NAMED as THREAD
from tests.conftest import AppMaker
from tests.evidence.services import Services
from tests.web.browsing import ACCEPT, see, send, words
from tests.web.test_links import NAMED, make_link

LACKS = "There is no card: signer 1 has no timestamp"


@pytest.fixture(name="keeping")
def app_that_keeps(
    start_own_app: AppMaker, sqlite_url: str, services: Services, tmp_path: Path
) -> Flask:
    """Return an application that keeps documents, with a detached signature and its document."""
    settings = services.settings(tmp_path)
    app = start_own_app(DATABASE_URL=sqlite_url, KEEP_CONTENT="on", **settings)
    cms = text(sign(services, attached=False))
    sent = {**THREAD, "cms": cms, "data": (BytesIO(CONTENT), "Договор.doc")}
    assert app.test_client().post("/signature", data=sent).status_code == 201
    return app


def test_the_office_downloads_the_document_and_the_card(keeping: Flask) -> None:
    client = keeping.test_client()
    html = see(client, f"/app/version?{NAMED}")
    assert f"The document that was signed (Договор.doc, {len(CONTENT)} bytes)" in words(html)
    assert 'href="/app/card?document=doc&amp;thread=main&amp;version=1"' in html
    assert client.get(f"/app/content?{NAMED}").data == CONTENT
    html = see(client, f"/app/card?{NAMED}&lang=en", 409)
    assert "<h1>There is no card of this version</h1>" in html
    assert LACKS in html
    assert "This evidence is still being obtained: try again later." in html
    assert "Карточки этой версии нет" in see(client, f"/app/card?{NAMED}&lang=ru", 409)
    work(keeping)
    answer = client.get(f"/app/card?{NAMED}&lang=kk", headers={"Accept": ACCEPT})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Language"] == "kk"


def test_so_does_whoever_has_a_link(keeping: Flask) -> None:
    office, reader = keeping.test_client(), keeping.test_client()
    see(office, f"/app/version?{NAMED}")
    path = make_link(office, files="on")
    html = see(reader, path)
    assert f'href="{path}/content"' in html
    assert f'href="{path}/card"' not in html
    assert "There is no card here: the evidence that it needs is not there" in html
    answer = reader.get(f"{path}/content")
    assert answer.data == CONTENT
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert LACKS in see(reader, f"{path}/card", 409)
    work(keeping)
    assert f'href="{path}/card"' in see(reader, path)
    card = reader.get(f"{path}/card")
    assert card.mimetype == "application/pdf"
    assert card.headers["X-Robots-Tag"] == "noindex"
    see(reader, f"{path}/file", 404)
    see(reader, f"/v/{'A' * 24}/card", 404)
    [number] = re.findall(r'name="link" value="(\d+)"', see(office, f"/app/version?{NAMED}"))
    assert send(office, f"/app/links/revoke?{NAMED}", {"link": number}).status_code == 303
    assert "This link was revoked" in see(reader, f"{path}/card", 410)
    with keeping.app_context(), transaction(db.engine) as connection:
        connection.execute(delete(PublicLink))
    see(reader, f"{path}/content", 404)


def test_downloads_by_a_link_are_counted(keeping: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = keeping.test_client()
    see(client, f"/app/version?{NAMED}")
    path = make_link(client, files="on")
    monkeypatch.setattr(limits, "AMOUNT", 1)
    assert client.get(f"{path}/content").status_code == 200
    assert message_of(client.get(f"{path}/content"), 429)


def test_the_page_says_where_no_card_can_be(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.ivan(), attached=False))
    html = see(office, f"/app/version?{NAMED}")
    assert "the document is neither kept nor in the signature" in html
    assert "/app/c" not in html
    save(office, document="letter", cms=pki.sign_xml())
    html = see(office, "/app/version?document=letter&thread=main&version=1")
    assert "There is no card of signed XML." in html
    assert "/app/c" not in html
    save(office, document="act", cms=people.cms(people.chief()))
    html = see(office, "/app/version?document=act&thread=main&version=1")
    assert ["/app/card" in html, "/app/content" in html] == [True, True]


def test_where_evidence_is_not_being_obtained_nobody_is_told_to_try_later(
    office: FlaskClient,
) -> None:
    save(office, cms=people.cms(people.ivan()))
    html = see(office, f"/app/card?{NAMED}&lang=en", 409)
    assert "A card needs, for each signer" in html
    assert "try again later" not in html
    see(office, f"/app/version?{NAMED}")
    path = make_link(office, files="on")
    html = see(office, path)
    assert f'href="{path}/card"' not in html
    assert f'href="{path}/content"' in html


def test_without_a_session_there_is_no_file(locked: Flask) -> None:
    client = locked.test_client()
    for name in ("card", "content"):
        message_of(client.get(f"/app/{name}?{NAMED}"), 401)
        response = client.get(f"/app/{name}?{NAMED}", headers={"Accept": ACCEPT})
        assert response.status_code == 303
