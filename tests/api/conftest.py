"""What the tests of the API share."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import AppMaker


@pytest.fixture(name="sqlite_app")
def usual_sqlite_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Give an application for what doesn't depend on the kind of database."""
    return start_app(DATABASE_URL=sqlite_url)


@pytest.fixture(name="sqlite_client")
def usual_sqlite_client(sqlite_app: Flask) -> FlaskClient:
    """Give a client for what doesn't depend on the kind of database."""
    return sqlite_app.test_client()


@pytest.fixture(name="open_client")
def client_without_validation(make_app: AppMaker) -> FlaskClient:
    """Give a client of an application that takes any text for a signature."""
    return make_app(CMS_VALIDATION="off").test_client()
