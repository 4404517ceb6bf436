"""What the tests of pages share."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.conftest import AppMaker


@pytest.fixture(name="pages")
def usual_pages(start_app: AppMaker, sqlite_url: str) -> FlaskClient:
    """Return a client of an application without tokens."""
    return start_app(DATABASE_URL=sqlite_url).test_client()


@pytest.fixture(name="locked")
def locked_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Return an application that wants tokens."""
    return start_app(DATABASE_URL=sqlite_url, AUTH="on")


@pytest.fixture(name="trust_folder")
def folder_of_anchors(tmp_path: Path) -> Path:
    """Return the folder of a server that trusts the authority of `tests.pki`, with its CRL."""
    folder = people.trust(tmp_path / "trust", pki.authority())
    people.publish(folder)
    return folder


@pytest.fixture(name="trusting")
def trusting_app(start_app: AppMaker, sqlite_url: str, trust_folder: Path) -> Flask:
    """Return an application without tokens that trusts the authority."""
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(trust_folder))


@pytest.fixture(name="office")
def trusting_client(trusting: Flask) -> FlaskClient:
    """Return a client of that application."""
    return trusting.test_client()


@pytest.fixture(name="either")
def trusting_app_on_either(start_app: AppMaker, database_url: str, trust_folder: Path) -> Flask:
    """Return such an application, on each kind of database."""
    return start_app(DATABASE_URL=database_url, TRUST_DIR=str(trust_folder))
