"""The pages on which people read the description: their files, and what their headers forbid."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.api.openapi.views import ASSETS, POLICY
from tests.api.asking import message_of
from tests.conftest import AppMaker

KINDS = {"css": "text/css", "js": "text/javascript", "png": "image/png"}


def test_the_page_names_our_files_alone_and_each_is_served(sqlite_client: FlaskClient) -> None:
    page = sqlite_client.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href|data-document)="([^"]*)"', page.text)
    assert set(named) == {"/openapi.json", *(f"/docs/{asset}" for asset in ASSETS)}
    for address in named:
        assert sqlite_client.get(address).status_code == 200


def test_the_page_has_no_script_or_style_in_itself(sqlite_client: FlaskClient) -> None:
    page = sqlite_client.get("/docs").text
    assert re.findall(r"<script[^>]*>([^<]*)<", page) == ["", ""]
    assert "<style" not in page
    assert not re.search(r"\s(on\w+|style)=", page)


def test_the_page_is_found_behind_a_proxy_s_prefix(sqlite_client: FlaskClient) -> None:
    page = sqlite_client.get("/docs", environ_overrides={"SCRIPT_NAME": "/store"}).text
    assert 'data-document="/store/openapi.json"' in page
    assert 'src="/store/docs/start.js"' in page


@pytest.mark.parametrize("path", ["/docs", *(f"/docs/{asset}" for asset in ASSETS)])
def test_no_other_host_may_be_asked(sqlite_client: FlaskClient, path: str) -> None:
    headers = sqlite_client.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    sources = {source for rule in POLICY.split("; ") for source in rule.split(" ")[1:]}
    assert sources == {"'none'", "'self'", "data:"}


@pytest.mark.parametrize("asset", ASSETS)
def test_a_file_is_served_once_and_then_kept(sqlite_client: FlaskClient, asset: str) -> None:
    first = sqlite_client.get(f"/docs/{asset}")
    assert first.mimetype == KINDS[asset.rpartition(".")[2]]
    assert "max-age=3600" in first.headers["Cache-Control"]
    again = sqlite_client.get(f"/docs/{asset}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("asset", ["index.css", "docs.html", "LICENSE", "..%2f__init__.py"])
def test_no_other_file_is_served(sqlite_client: FlaskClient, asset: str) -> None:
    message_of(sqlite_client.get(f"/docs/{asset}"), 404)


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/openapi.json"])
def test_no_one_needs_a_token_to_read_it(start_app: AppMaker, sqlite_url: str, path: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, AUTH="on").test_client()
    assert client.get(path).status_code == 200
