"""Anchors in the database: when they are looked at, and what holds while they can't be."""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from app.cms.x509.certificate import read_certificate
from app.store.database.engine import transaction
from app.store.trust_certificates import NewCertificate, add_certificate, remove_certificate
from app.trust import Trust, stored
from app.trust.examiner import REST, Examiner
from app.trust.stored import StoredAuthorities
from tests import pki
from tests.conftest import EngineMaker
from tests.postgresql import free_port
from tests.trust.asking import pem

APP = Path(__file__).parents[2] / "app"
ROOT, NCA = (read_certificate(one.certificate) for one in (pki.root(), pki.authority()))


def keep(engine: Engine, role: str = "anchor") -> None:
    """Store the root in the database."""
    new = NewCertificate(ROOT.fingerprint, "anchor", pem(ROOT.der).decode(), "test")
    with transaction(engine) as connection:
        assert add_certificate(connection, new._replace(role=role))  # type: ignore[arg-type]


@pytest.fixture(name="trust")
def trust_over(engine: Engine, folder: Path, cache: Path) -> Trust:
    """Provide what verifies with the folder and the database."""
    trust = Trust(folder, online=False, cache=cache)
    trust.stored = StoredAuthorities(engine)
    return trust


def anchors(trust: Trust) -> int:
    return len(trust.trusted().anchors)


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Yield the statements that are executed meanwhile."""
    statements: list[str] = []

    def note(*given: object) -> None:
        statements.append(str(given[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_they_are_read_once_and_then_no_request_asks(trust: Trust, engine: Engine) -> None:
    keep(engine)
    with counted(engine) as statements:
        assert anchors(trust) == 1
        assert len(statements) == 2
        for _ in range(5):
            assert trust.trusted().anchors
        assert len(statements) == 2


def test_a_look_that_finds_no_change_is_one_small_statement(trust: Trust, engine: Engine) -> None:
    keep(engine)
    assert trust.stored
    before = trust.stored.current()
    with counted(engine) as statements:
        assert trust.stored.refresh() is before
        assert len(statements) == 1
        assert "pem" not in statements[0]


def test_a_look_finds_what_has_changed(trust: Trust, engine: Engine) -> None:
    assert trust.stored
    assert anchors(trust) == 0
    without = trust.trusted()
    keep(engine)
    trust.stored.refresh()
    assert anchors(trust) == 1
    assert trust.trusted().everything != without.everything
    with transaction(engine) as connection:
        assert remove_certificate(connection, ROOT.fingerprint) == 1
    trust.stored.refresh()
    assert anchors(trust) == 0
    assert trust.trusted() == without


def test_without_the_background_a_request_refreshes_it_after_a_while(
    trust: Trust, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anchors(trust) == 0
    keep(engine)
    assert anchors(trust) == 0
    monkeypatch.setattr(stored, "BELIEVED", 0.0)
    assert anchors(trust) == 1


def test_the_background_looks(
    trust: Trust, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    examiner = Examiner(engine, trust)
    assert anchors(trust) == 0
    keep(engine)

    def fail(*_given: object) -> None:
        raise SQLAlchemyError

    event.listen(engine, "checkout", fail)
    try:
        assert examiner.run_once() > REST
    finally:
        event.remove(engine, "checkout", fail)
    assert "verification in the background waits: SQLAlchemyError" in caplog.text
    assert anchors(trust) == 0
    assert examiner.run_once() == REST
    assert anchors(trust) == 1


def test_two_servers_over_one_database_have_the_same_number(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    keep(engine)
    numbers = set()
    for place in (folder, tmp_path / "nowhere"):
        trust = Trust(place, online=False, cache=tmp_path / "cache")
        trust.stored = StoredAuthorities(engine)
        numbers.add(trust.trusted())
    assert len(numbers) == 1
    (folder / "root.pem").write_bytes(pem(ROOT.der))
    trust = Trust(folder, online=False, cache=tmp_path / "cache")
    assert {trust.trusted()} == numbers


def test_nothing_is_said_of_anchors_that_can_not_be_read(
    open_engine: EngineMaker, folder: Path, cache: Path
) -> None:
    (folder / "nca.pem").write_bytes(pem(NCA.der))
    away = open_engine(f"postgresql://postgres@127.0.0.1:{free_port()}/none")
    trust = Trust(folder, online=False, cache=cache)
    trust.stored = StoredAuthorities(away)
    # With CLAIMS=accept a claim would pass where there only seems to be no anchor.
    with pytest.raises(SQLAlchemyError):
        trust.trusted(claims=True)


def test_what_was_read_holds_while_the_database_is_away(
    trust: Trust, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keep(engine)
    known = trust.trusted()

    def fail(*_given: object) -> None:
        raise SQLAlchemyError

    monkeypatch.setattr(stored, "BELIEVED", 0.0)
    event.listen(engine, "checkout", fail)
    try:
        assert trust.trusted() == known
    finally:
        event.remove(engine, "checkout", fail)
    assert "trust anchors in the database can't be read" in caplog.text


def test_no_request_waits_for_one_that_refreshes_it(
    trust: Trust, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anchors(trust) == 0
    keep(engine)
    monkeypatch.setattr(stored, "BELIEVED", 0.0)
    assert trust.stored
    with trust.stored._lock:
        assert anchors(trust) == 0
    assert anchors(trust) == 1


def test_a_database_that_was_not_migrated_so_far_has_none(
    open_engine: EngineMaker, empty_url: str, folder: Path, cache: Path
) -> None:
    (folder / "nca.pem").write_bytes(pem(NCA.der))
    trust = Trust(folder, online=False, cache=cache)
    trust.stored = StoredAuthorities(open_engine(empty_url))
    assert len(trust.trusted().anchors) == 1


def importers(module: str, names: set[str]) -> set[str]:
    """Return the files of the program that import some names of a module."""
    found = set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == module:
                imported = {alias.name for alias in node.names}
                found |= {str(path.relative_to(APP))} if names & imported else set()
    return found


@pytest.mark.slow
def test_nothing_but_the_command_makes_anchors() -> None:
    writing = {"add_certificate", "remove_certificate"}
    assert importers("app.store.trust_certificates", writing) == {"cli/trust.py"}
    assert importers("app.store.models", {"TrustCertificate"}) == {"store/trust_certificates.py"}
    assert importers("app.store", {"trust_certificates"}) == set()
