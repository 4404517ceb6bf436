"""Links to one version: made and revoked by the office, followed by whoever has one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import PublicLink
from app.store.public_links import MOST
from app.web import limits
from app.web.qr import LONGEST
from tests.api import people
from tests.api.asking import message_of, save
from tests.asking_tokens import make_token
from tests.conftest import AppMaker
from tests.web.browsing import ACCEPT, see, send, sign_in, text_of, words
from tests.web.test_version_page import compare, verdicts

NAMED = "document=doc&thread=main&version=1"


@pytest.fixture(name="saved")
def saved_version(office: FlaskClient) -> FlaskClient:
    """Return a client of a store with one version."""
    save(office, cms=people.cms(people.ivan()))
    see(office, f"/app/version?{NAMED}")
    return office


def see_made(client: FlaskClient, named: str, days: str, **fields: str) -> str:
    """Make a link as the office does, and return the page that shows it."""
    response = send(client, f"/app/links?{named}", {"days": days, **fields})
    assert response.status_code == 303, response.text
    return see(client, response.headers["Location"])


def make_link(client: FlaskClient, days: str = "7", **fields: str) -> str:
    """Make a link as the office does, and return its path."""
    html = see_made(client, NAMED, days, **fields)
    [address] = re.findall(r'<a class="code" href="http://localhost(/v/[^"]+)"', html)
    return str(address)


def test_whoever_has_a_link_sees_the_verdict_without_signing_in(
    trusting: Flask, saved: FlaskClient
) -> None:
    path = make_link(saved)
    html = see(trusting.test_client(), path, Host="elsewhere.kz")
    assert verdicts(html) == ["yes"]
    assert people.IIN not in html
    assert "••••••••" + people.IIN[-4:] in html
    assert f"http://elsewhere.kz{path}" in html
    assert '<path d="M4 4' in html
    assert "Compare your copy" in html
    assert trusting.test_client().get(path).headers["X-Robots-Tag"] == "noindex"
    assert "Your copy is not what" in compare(trusting.test_client(), path, document=b"x")


def test_a_link_shows_no_whole_number_wherever_it_stands(
    trusting: Flask, office: FlaskClient
) -> None:
    turned = "\u202e"
    save(office, document=f"form of {people.IIN}{turned}", cms=people.cms(people.ivan()))
    named = NAMED.replace("doc&", f"form+of+{people.IIN}%E2%80%AE&")
    see(office, f"/app/version?{named}")
    html = see_made(office, named, "7")
    [path] = re.findall(r'<a class="code" href="http://localhost(/v/[^"]+)"', html)
    seen = see(trusting.test_client(), path)
    assert people.IIN not in seen
    assert f"form of ••••••••{people.IIN[-4:]}" in seen
    assert turned not in seen


def test_an_address_that_is_too_long_has_no_code(saved: FlaskClient) -> None:
    path = make_link(saved)
    host = f"{'a.' * 1147}kkz"
    assert len(f"http://{host}{path}") == LONGEST
    assert 'class="qr"' in see(saved, path, Host="kz")
    headers = {"Accept": ACCEPT, "Host": host}
    assert "QR code" in saved.get(path, headers=headers).text
    headers["Host"] = f"b{host}"
    response = saved.get(path, headers=headers)
    assert (response.status_code, "QR code" in response.text) == (200, False)


@pytest.mark.parametrize("days", ["", "abc", "-1", "0", "366", "9" * 30, "١"])
def test_days_that_are_none_are_refused_by_name(saved: FlaskClient, days: str) -> None:
    html = text_of(send(saved, f"/app/links?{NAMED}", {"days": days}), 400)
    assert '"days" parameter must be from 1 to 365' in words(html)
    assert 'name="link"' not in see(saved, f"/app/version?{NAMED}")


def test_a_link_offers_files_only_if_the_office_wants_it(saved: FlaskClient) -> None:
    plain, full = make_link(saved), make_link(saved, files="on")
    assert "Downloads" not in see(saved, plain)
    see(saved, f"{plain}/content", 404)
    html = see(saved, full)
    assert "In the files they are whole" in html
    assert f'href="{full}/content"' in html
    assert saved.get(f"{full}/content").status_code == 200
    assert words(see(saved, f"/app/version?{NAMED}")).count("with files") == 1


def test_the_address_begins_with_the_public_one(start_app: AppMaker, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL="http://localhost/signatures")
    client = app.test_client()
    save(client)
    see(client, f"/app/version?{NAMED}")
    html = see_made(client, NAMED, "1")
    assert 'href="http://localhost/signatures/v/' in html


def test_the_page_of_a_new_link_can_be_loaded_again(saved: FlaskClient) -> None:
    response = send(saved, f"/app/links?{NAMED}", {"days": "1"})
    address = response.headers["Location"]
    assert "The link was made" not in see(saved, f"/app/thread?{NAMED}")
    assert "The link was made" in see(saved, address)
    html = see(saved, address)
    assert "The link was made" not in html
    assert html.count('name="link"') == 1
    assert '<option value="1">1 day</option>' in html


def test_links_are_told_apart_by_number_and_second(saved: FlaskClient) -> None:
    html = see_made(saved, NAMED, "7")
    [number] = re.findall(r'name="link" value="(\d+)"', html)
    assert f"It has the number {number} in the list below." in html
    assert re.search(rf"<td>{number}</td><td class=\"time\">[-\d]{{10}} [:\d]{{8}} \(UTC", html)


def test_the_store_has_only_the_hash_of_a_token(trusting: Flask, saved: FlaskClient) -> None:
    token = make_link(saved).removeprefix("/v/")
    assert len(token) == 24
    with trusting.app_context(), db.engine.connect() as connection:
        [row] = connection.execute(PublicLink.__table__.select())
    assert token not in str(row)
    assert token not in see(saved, f"/app/version?{NAMED}")


def test_a_revoked_link_and_one_that_has_expired_lead_nowhere(either: Flask) -> None:
    saved = either.test_client()
    save(saved, cms=people.cms(people.ivan()))
    see(saved, f"/app/version?{NAMED}")
    first, second = make_link(saved), make_link(saved, "30")
    [number, _] = re.findall(r'name="link" value="(\d+)"', see(saved, f"/app/version?{NAMED}"))
    response = send(saved, f"/app/links/revoke?{NAMED}", {"link": number})
    assert response.status_code == 303
    assert "revoked" in see(saved, f"/app/version?{NAMED}")
    assert "This link was revoked Whoever made it has revoked it." in words(see(saved, second, 410))
    see(saved, first)
    ended = datetime.now(UTC) - timedelta(seconds=1)
    with either.app_context(), transaction(db.engine) as connection:
        connection.execute(update(PublicLink).values(expires_at=ended))
    html = see(saved, first, 410)
    assert "ИВАНОВ" not in html
    assert f"This link has ended It ended on {ended:%Y-%m-%d %H:%M:%S}" in words(html)
    assert "ended" in see(saved, f"/app/version?{NAMED}")


@pytest.mark.parametrize("token", ["x", "A" * 24, "ё", "A" * 23 + "=", "%00"])
def test_a_guess_finds_nothing(saved: FlaskClient, token: str) -> None:
    make_link(saved)
    assert "copied in part" in see(saved, f"/v/{token}", 404)
    assert message_of(saved.get(f"/v/{token}"), 404)


def test_a_deleted_thread_takes_its_links_along(saved: FlaskClient) -> None:
    path = make_link(saved)
    assert saved.delete("/signature?document=doc&thread=main").status_code == 200
    see(saved, path, 404)
    save(saved)
    see(saved, path, 404)


def test_the_oldest_link_gives_way(saved: FlaskClient) -> None:
    first = make_link(saved)
    second = make_link(saved)
    for _ in range(MOST - 1):
        make_link(saved)
    see(saved, first, 404)
    see(saved, second)


def test_only_who_may_write_makes_links(locked: Flask) -> None:
    client = locked.test_client()
    writer = make_token(locked, "writer", "read", "write")
    headers = {"Authorization": f"Bearer {writer}"}
    sent = {"document": "doc", "thread": "main", "cms": people.cms(people.ivan())}
    assert client.post("/signature", json=sent, headers=headers).status_code == 201
    reader = locked.test_client()
    sign_in(reader, make_token(locked, "reader", "read"))
    html = see(reader, f"/app/version?{NAMED}")
    assert ["Make a link" in html, "Links for others" in html] == [False, False]
    assert send(reader, f"/app/links?{NAMED}", {"days": "7"}).status_code == 403
    sign_in(client, writer)
    path = make_link(client)
    assert "writer" in words(see(client, f"/app/version?{NAMED}"))
    see(locked.test_client(), path)
    bound = locked.test_client()
    sign_in(bound, make_token(locked, "bound", "read", "write", tag_prefix="x"))
    assert send(bound, f"/app/links?{NAMED}", {"days": "7"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "number"),
    [(NAMED, "x"), (NAMED, "0"), (NAMED, "9" * 30), ("document=doc&thread=main", "1")],
)
def test_what_is_not_there_can_t_be_revoked(saved: FlaskClient, query: str, number: str) -> None:
    assert send(saved, f"/app/links/revoke?{query}", {"link": number}).status_code == 404


def test_a_form_of_another_site_makes_no_link(saved: FlaskClient) -> None:
    evil = send(saved, f"/app/links?{NAMED}", {"days": "7"}, Origin="https://evil.kz")
    assert evil.status_code == 403
    response = saved.post(f"/app/links?{NAMED}", data={"days": "7"}, headers={"Accept": ACCEPT})
    assert response.status_code == 403


def test_a_copy_must_be_given_to_be_compared(saved: FlaskClient) -> None:
    for address in (f"/app/version?{NAMED}", make_link(saved)):
        response = send(saved, address, {"document": (BytesIO(b""), "")})
        assert '"document" parameter must be set' in words(text_of(response, 400))


def test_links_are_followed_only_so_often(
    start_own_app: AppMaker, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AMOUNT", 1)
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    see(client, "/v/x", 404)
    see(client, "/v/x", 429)
