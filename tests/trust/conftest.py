"""What the tests of trust share."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.trust import Trust
from tests import pki
from tests.trust.asking import pem
from tests.trust.serving import HERE, Site, serving


@pytest.fixture(name="site")
def start_site() -> Iterator[Site]:
    """Provide a server on this machine."""
    with serving() as site:
        yield site


@pytest.fixture(name="folder")
def trust_folder(tmp_path: Path) -> Path:
    """Provide an empty TRUST_DIR."""
    folder = tmp_path / "trust"
    (folder / "intermediates").mkdir(parents=True)
    return folder


@pytest.fixture(name="cache")
def cache_folder(tmp_path: Path) -> Path:
    """Provide a REVOCATION_CACHE that isn't there yet."""
    return tmp_path / "revocation"


@pytest.fixture(name="offline")
def offline_trust(folder: Path, cache: Path) -> Trust:
    """Provide a verifier with that folder, which sends no requests."""
    return Trust(folder, online=False, cache=cache)


@pytest.fixture(name="online")
def online_trust(folder: Path, cache: Path) -> Trust:
    """Provide what verifies with that folder, and may ask."""
    return Trust(folder, online=True, cache=cache, destinations=HERE)


@pytest.fixture(autouse=True)
def heard_logs() -> Iterator[None]:
    """Make pytest capture the application's log, at any level set by another test."""
    logger = logging.getLogger("app")
    level = logger.level
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(level)


@pytest.fixture
def anchored(folder: Path) -> None:
    """Make the CA the trust anchor."""
    (folder / "nca.pem").write_bytes(pem(pki.authority().certificate))
