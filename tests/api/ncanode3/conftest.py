"""Servers that ask authorities."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import AppMaker
from tests.trust.serving import Site, serving


@pytest.fixture(name="site")
def start_site() -> Iterator[Site]:
    """Provide a server on this machine, such as an authority has."""
    with serving() as site:
        yield site


@pytest.fixture(name="asking")
def client_that_asks(
    start_app: AppMaker, sqlite_url: str, trust_folder: Path, tmp_path: Path
) -> FlaskClient:
    """Provide a client of a server that trusts the authority, and asks it."""
    return start_app(
        DATABASE_URL=sqlite_url,
        TRUST_DIR=str(trust_folder),
        REVOCATION="online",
        REVOCATION_CACHE=str(tmp_path / "cache"),
        OUTGOING_ALLOW="127.0.0.0/8",
        EVIDENCE="off",
    ).test_client()
