"""States that few stores are in: evidence, text that is no signature, roles, the end of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import Signature
from app.store.public_links import create_link
from app.store.signatures.large_texts import Key
from app.web.masking import mask, mask_numbers
from app.web.texts import write_time
from app.web.verdicts import role_name
from tests.api import people
from tests.api.asking import filled, save
from tests.conftest import AppMaker
from tests.web.browsing import see, words


def test_evidence_that_is_pending_is_counted_found_and_shown(
    start_app: AppMaker, sqlite_url: str
) -> None:
    client = start_app(DATABASE_URL=sqlite_url, EVIDENCE="queue").test_client()
    save(client, cms=people.cms(people.ivan()))
    text = words(see(client, "/app"))
    assert "Evidence pending 1 Evidence can't be had 0" in text
    assert "evidence pending" in words(see(client, "/app?evidence=pending"))
    assert "No thread matches." in see(client, "/app?evidence=complete")
    for page in ("thread", "version"):
        html = see(client, f"/app/{page}?document=doc&thread=main")
        assert "evidence pending" in words(html)
        assert "profile=LT" not in html


def link_to(app: Flask, number: int) -> str:
    """Make a link to the first version of a thread, and return its path."""
    ends = datetime.now(UTC) + timedelta(days=1)
    with app.app_context(), transaction(db.engine) as connection:
        token, _ = create_link(connection, Key(number, 1), created_by=None, expires_at=ends)
    return f"/v/{token}"


def test_a_link_to_what_is_no_signature_says_so(start_app: AppMaker, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, CMS_VALIDATION="off")
    client = app.test_client()
    saved = save(client, cms="any text")
    html = see(client, link_to(app, saved["id"]))
    assert 'role="alert"' in html
    assert 'class="verdict' not in html


def test_a_version_with_unread_text_has_no_signers(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, CMS_VALIDATION="off").test_client()
    save(client, cms="any text")
    assert "None was read" in see(client, "/app/thread?document=doc&thread=main")


def test_a_refusal_of_a_file_is_a_page_where_the_first_family_is_off(
    start_app: AppMaker, sqlite_url: str
) -> None:
    env = {"DATABASE_URL": sqlite_url, "CMS_VALIDATION": "off"}
    client = start_app(**env).test_client()
    assert client.post("/signature", json=filled(cms="any text")).status_code == 201
    off = start_app(**env, FAMILIES="solaris").test_client()
    see(off, "/app/file?document=doc&thread=main&profile=LT", 409)
    assert off.get("/app/file?document=doc&thread=main").data == b"any text"


def test_a_thread_that_is_gone_takes_its_links_along(pages: FlaskClient) -> None:
    app = pages.application
    path = link_to(app, save(pages)["id"])
    see(pages, path)
    with app.app_context(), transaction(db.engine) as connection:
        connection.execute(delete(Signature))
    see(pages, path, 404)


def test_times_are_written_with_their_offset_to_the_last_second_of_all(
    start_app: AppMaker, sqlite_url: str
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, TIMEZONE="Asia/Almaty")
    with app.app_context():
        assert app.config["TIMEZONE"] == ZoneInfo("Asia/Almaty")
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        assert write_time(moment) == "2026-01-01 05:00:00 (UTC+05:00)"
        last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert write_time(last) == "9999-12-31 23:59:59 (UTC+00:00)"


def test_of_a_number_the_end_is_shown_and_rare_roles_are_as_they_are(pages: FlaskClient) -> None:
    assert mask("900101300017") == "••••••••0017"
    assert mask(None) is None
    digest = "900101300017" + "a" * 52
    page = f"<h1>ИП 900101300017</h1><i>№1234567890123 {digest}</i>IIN900101300017."
    hidden = "••••••••0017"
    assert mask_numbers(page) == f"<h1>ИП {hidden}</h1><i>№1234567890123 {digest}</i>IIN{hidden}."
    with pages.application.test_request_context():
        assert role_name("NCA_ADMIN") == "NCA_ADMIN"
        assert role_name("HR") == "human resources"
