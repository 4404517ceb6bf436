"""What was kept under the name that this program had before release 1.0.0 is found and used."""

from pathlib import Path
from uuid import UUID, uuid5

import pytest
from sqlalchemy import Engine, inspect, text

from app.store import migrations
from app.store.backups.manifest import FORMER_FORM, Manifest
from app.store.migrations import FORMER_VERSION_TABLE, HEAD, VERSION_TABLE, upgrade
from app.store.migrations.readiness import Fault, find_fault
from app.store.migrations.steps import read_step
from app.store.packages.uuids import PackageUuids
from config.databases import FORMER_NAME, find_embedded
from tests.conftest import EngineMaker
from tests.store.threads import get, save

_RENAME = text(f"ALTER TABLE {VERSION_TABLE} RENAME TO {FORMER_VERSION_TABLE}")


def as_before(engine: Engine, last: str) -> None:
    """Bring a database to a step, under the former name."""
    with migrations.migrating(engine, None) as connection:
        migrations.apply_steps(connection, last)
        connection.execute(_RENAME)


@pytest.mark.parametrize("last", ["0009", HEAD])
def test_a_database_of_before_is_migrated(
    open_engine: EngineMaker, empty_url: str, last: str
) -> None:
    engine = open_engine(empty_url)
    as_before(engine, last)
    with engine.connect() as connection:
        assert read_step(connection) == last
    fault = None if last == HEAD else Fault.OLDER
    assert find_fault(engine) is fault
    upgrade(engine)
    names = inspect(engine).get_table_names()
    assert VERSION_TABLE in names
    assert FORMER_VERSION_TABLE not in names
    with engine.connect() as connection:
        assert read_step(connection) == HEAD
    upgrade(engine)


def test_what_was_kept_is_there_afterwards(open_engine: EngineMaker, empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    save(engine)
    before = get(engine)
    with engine.begin() as connection:
        connection.execute(_RENAME)
    upgrade(engine)
    assert get(engine) == before


def test_the_embedded_file_of_before_is_used_until_there_is_another(tmp_path: Path) -> None:
    file, former = tmp_path / "tanbahana.sqlite3", tmp_path / FORMER_NAME
    assert find_embedded(file) == file
    former.touch()
    assert find_embedded(file) == former
    file.touch()
    assert find_embedded(file) == file


def test_a_backup_of_before_is_read() -> None:
    manifest = Manifest("0.1.0", "now", HEAD, (), {}, ())
    written = manifest.write()
    assert Manifest.read(written.replace(b"tanbahana backup", FORMER_FORM.encode())) == manifest


def test_ids_that_were_derived_are_the_same() -> None:
    uuids = PackageUuids("contract-7")
    space = UUID("43f47f9b-6cf9-5c6b-b2f5-77bc88c957d7")
    for key in map(str, range(50)):
        assert uuids.of_signer(key) == str(uuid5(space, f"signer {key}"))
        assert uuids.of_document(key) == str(uuid5(space, f"document {key}"))
    own = PackageUuids(str(space).upper())
    assert own.of_signer("1") == str(uuid5(space, "signer 1"))
