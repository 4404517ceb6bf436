"""Who may keep an answer."""

import pytest
from flask import Flask

from tests.api.asking import save
from tests.conftest import AppMaker
from tests.test_auth import routes

pytestmark = pytest.mark.attacks


@pytest.fixture(name="app")
def usual_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application for what doesn't depend on the kind of database."""
    return start_app(DATABASE_URL=sqlite_url)


def test_no_answer_but_a_static_asset_may_be_shared(app: Flask) -> None:
    client = app.test_client()
    save(client)
    assets = []
    for rule, method, address in routes(app):
        response = client.open(address, method=method, json={} if method != "GET" else None)
        kept = response.headers["Cache-Control"]
        if rule == "/docs/<asset>" and response.status_code == 200:
            assets.append(kept)
        else:
            expected = "private, no-cache" if "ETag" in response.headers else "private, no-store"
            assert kept == expected, rule
    for address in ("/nothing", "/signature?document=doc&thread=main", "/docs", "/openapi.json"):
        assert client.get(address).headers["Cache-Control"] == "private, no-store"
    asset = client.get("/docs/start.js").headers["Cache-Control"]
    assert {*assets, asset} == {"max-age=3600"}


def test_where_the_language_decides_it_is_said(app: Flask) -> None:
    client = app.test_client()
    save(client)
    plain = client.get("/signature?document=doc&thread=main")
    assert "Vary" not in plain.headers
    for address in ("/nothing", "/signature?document=none&thread=main", "/signature"):
        response = client.get(address, headers={"api-locale": "ru"})
        assert {word.lower() for word in response.vary} == {"accept-language", "api-locale"}
        assert response.headers["Content-Language"] == "ru"
    verdict = client.get("/signature/verify?document=doc&thread=main")
    assert "api-locale" in verdict.vary
