"""What the tests of the API share."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.openapi.document import Json
from tests import pki
from tests.api import people
from tests.conftest import AppMaker


@pytest.fixture(name="sqlite_app")
def usual_sqlite_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application for what doesn't depend on the kind of database."""
    return start_app(DATABASE_URL=sqlite_url)


@pytest.fixture(name="file")
def file_of_sqlite(sqlite_url: str) -> Path:
    """Provide the path of the SQLite file that `sqlite_url` names."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture(name="sqlite_client")
def usual_sqlite_client(sqlite_app: Flask) -> FlaskClient:
    """Provide a client for what doesn't depend on the kind of database."""
    return sqlite_app.test_client()


@pytest.fixture(name="open_client")
def client_without_validation(make_app: AppMaker) -> FlaskClient:
    """Provide a client of an application that takes any text for a signature."""
    return make_app(CMS_VALIDATION="off").test_client()


@pytest.fixture(name="trust_folder")
def folder_of_anchors(tmp_path: Path) -> Path:
    """Provide the folder of a server that trusts the authority of `tests.pki`."""
    return people.trust(tmp_path / "trust", pki.authority())


@pytest.fixture(name="anchored")
def client_with_anchors(start_app: AppMaker, sqlite_url: str, trust_folder: Path) -> FlaskClient:
    """Provide a client of that server, which knows of no revocation yet."""
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(trust_folder)).test_client()


@pytest.fixture(name="unanchored")
def client_without_anchors(start_app: AppMaker, sqlite_url: str, tmp_path: Path) -> FlaskClient:
    """Provide a client of a server without a trust anchor."""
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(tmp_path / "none")).test_client()


@pytest.fixture(name="claiming")
def client_to_which_claims_are_enough(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> FlaskClient:
    """Provide a client of a server without a trust anchor, which accepts claims."""
    folder = str(tmp_path / "none")
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=folder, CLAIMS="accept").test_client()


@pytest.fixture(name="document")
def served_document(sqlite_client: FlaskClient) -> Json:
    """Provide the description of the API as it is served."""
    document: Json = sqlite_client.get("/openapi.json").get_json()
    return document
