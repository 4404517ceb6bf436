"""A store whose evidence records are made at the times that a test sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.trust import Trust
from tests.evidence.decades import Archive, Decades
from tests.trust.serving import serving


@pytest.fixture(name="archive")
def archive_of_services(engine: Engine, tmp_path: Path) -> Iterator[Archive]:
    """Return the store, with services of its own."""
    with serving() as site:
        services = Decades(site)
        folder = services.trust(tmp_path / "trust")
        yield Archive(engine, Trust(folder, online=False, cache=tmp_path / "cache"), services)
