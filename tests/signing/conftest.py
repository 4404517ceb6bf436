"""What the tests of signing share."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests import pki
from tests.api import people
from tests.conftest import EngineMaker
from tests.signing.desk import Desk


@pytest.fixture(name="desk")
def desk_with_an_anchor(engine: Engine, tmp_path: Path) -> Desk:
    """Provide a store that trusts the authority of the tests."""
    return Desk(engine, people.trust(tmp_path / "trust", pki.root(), pki.authority()))


@pytest.fixture(name="desk_on_file")
def desk_on_sqlite(open_engine: EngineMaker, sqlite_url: str, tmp_path: Path) -> Desk:
    """Provide the same on SQLite, where the database makes no difference."""
    folder = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    return Desk(open_engine(sqlite_url), folder)
