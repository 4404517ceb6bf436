"""Stores for which evidence is obtained, and made at the times that a test sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.trust import Trust
from tests.evidence.decades import Archive, Decades
from tests.evidence.office import Office
from tests.evidence.services import Services
from tests.trust.serving import serving


@pytest.fixture(name="archive")
def archive_of_services(engine: Engine, tmp_path: Path) -> Iterator[Archive]:
    """Return the store, with services of its own."""
    with serving() as site:
        services = Decades(site)
        folder = services.trust(tmp_path / "trust")
        yield Archive(engine, Trust(folder, online=False, cache=tmp_path / "cache"), services)


@pytest.fixture(name="trust")
def trust_of_services(services: Services, tmp_path: Path) -> Trust:
    """Return what trusts the anchor of the services."""
    folder = services.trust(tmp_path / "trust")
    return Trust(folder, online=False, cache=tmp_path / "cache")


@pytest.fixture(name="office")
def open_office(engine: Engine, trust: Trust, services: Services) -> Office:
    """Return a worker of that store, which asks the services."""
    return Office(engine, trust, services.site.url("/tsp"))
