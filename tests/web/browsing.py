"""How the tests of pages ask, as a browser does, and what they take out of a page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

#: What Chromium sends for a page.
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
ORIGIN = "http://localhost"


def see(client: FlaskClient, address: str, status: int = 200, **headers: str) -> str:
    """Return the text of a page, whose headers are checked."""
    return text_of(client.get(address, headers={"Accept": ACCEPT, **headers}), status)


def text_of(response: TestResponse, status: int = 200) -> str:
    """Return the text of a page, whose headers are checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "'unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert not re.search(r"\s(?:style|on\w+)=", response.text)
    assert len(response.data) < 60_000
    return response.text


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def send(client: FlaskClient, address: str, fields: dict[str, Any], **headers: str) -> TestResponse:
    """Send a form of ours, as a browser does after it has shown the page."""
    known = client.get_cookie("tanbahana_form")
    token = {"form_token": known.value} if known else {}
    sent = {"Accept": ACCEPT, "Origin": ORIGIN, **headers}
    return client.post(address, data={**token, **fields}, headers=sent)


def sign_in(client: FlaskClient, token: str) -> None:
    """Sign in as the office does."""
    see(client, "/app/sign-in")
    response = send(client, "/app/sign-in", {"token": token})
    assert response.status_code == 303, response.text
