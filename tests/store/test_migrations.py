"""From an empty database to the newest schema, on both kinds."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select, table, text

from app.store import migrations
from app.store.migrations import HEAD, VERSION_TABLE, upgrade
from app.store.migrations.steps import read_step
from app.store.models import Base, Signature
from app.store.signatures.reindexing import count_unread, reindex
from tests.conftest import EngineMaker, opened, schema_on
from tests.store.evidence import queued as evidence
from tests.store.threads import (
    all_at_once,
    get,
    index_of_tags,
    save,
    tags_of_current_versions,
    versions,
)

PROJECT = Path(__file__).parents[2]
TABLES = {*Base.metadata.tables, VERSION_TABLE}
REVISION = text("SELECT version_num FROM tanbahana_version")
#: A thread, and the first version of each, as the programs of step 0003 kept them.
OLD_THREAD = text(
    "INSERT INTO signatures (document, thread, version, created_at, updated_at) VALUES"
    " (:document, 'main', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000')"
)
OLD_VERSIONS = text(
    "INSERT INTO versions (signature_id, version, cms, tags, created_at, terms)"
    " SELECT id, 1, 'text', '[]', created_at, '[]' FROM signatures"
)
SET_REVISION = text("UPDATE tanbahana_version SET version_num = :number")


def tables(engine: Engine, schema: str | None = None) -> set[str]:
    """Return the names of the tables, but those that SQLite keeps for itself."""
    return set(inspect(engine).get_table_names(schema=schema))


def test_an_empty_database_becomes_the_newest(open_engine: EngineMaker, empty_url: str) -> None:
    engine = open_engine(empty_url)
    assert tables(engine) == set()
    upgrade(engine)
    assert tables(engine) == TABLES
    with engine.connect() as connection:
        assert read_step(connection) == HEAD
    assert save(engine).version == 1


def test_a_second_upgrade_changes_nothing(open_engine: EngineMaker, empty_url: str) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    save(engine, tags=["kept"])
    upgrade(engine)
    assert tables(engine) == TABLES
    assert get(engine).tags == ["kept"]


def upgrade_to(engine: Engine, step: str) -> None:
    """Bring a database to a step that is not the newest."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent))
    settings.attributes.update(engine=engine, schema=None)
    command.upgrade(settings, step)


def test_threads_of_the_step_before_get_public_ids_and_are_unread(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engine = open_engine(empty_url)
    upgrade_to(engine, "0003")
    with engine.connect() as connection:
        for document in ("a", "b", "c"):
            connection.execute(OLD_THREAD, {"document": document})
        connection.execute(OLD_VERSIONS)
    upgrade(engine)
    with engine.connect() as connection:
        ids = connection.execute(select(Signature.public_id)).scalars().all()
        assert len({UUID(each) for each in ids if each}) == 3
        assert [each == str(UUID(each)) for each in ids if each] == [True] * 3
        assert count_unread(connection) == 3
    assert list(reindex(engine)) == [(3, 3)]
    assert save(engine, "a", "main", seen=1).version == 2


#: As a program of before step 0011 calls the function.
SAVED_BY_AN_OLD_PROGRAM = text("""
    SELECT * FROM save_version(seen => 0, compare => false, new_document => 'of before',
        new_thread => 'main', new_cms => 'TUlJ', new_stage => NULL, new_created_by => NULL,
        new_comment => NULL, new_tags => '["x", "y"]', new_terms => '[]', new_signers => '[]',
        new_signature_sha256 => NULL, new_content_sha256 => NULL, new_signed_at => NULL,
        new_format => NULL, new_signature_size => NULL, new_content_size => NULL,
        new_method => NULL, new_saved_by => NULL)""")


def test_a_program_of_before_saves_text_that_is_read(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    """Release phases migrate while servers of the previous release still serve."""
    engine = open_engine(postgresql_url)
    upgrade(engine)
    with engine.connect() as connection:
        connection.execute(SAVED_BY_AN_OLD_PROGRAM)
    assert get(engine, "of before").text == "TUlJ"


@pytest.mark.slow
def test_the_step_of_pairs_can_be_taken_back_and_again(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    few = ["b", "a", "ё"]
    many = [f"{number}" for number in range(20)]
    save(engine, "few", tags=few)
    save(engine, "many", tags=many)
    save(engine, "none")
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent))
    settings.attributes.update(engine=engine, schema=None)
    command.downgrade(settings, "0006")
    with engine.connect() as connection:
        pairs = connection.execute(text("SELECT * FROM signature_tag_pairs")).all()
    assert len(pairs) == 3 + 190
    assert ("a", "b", 1) in pairs
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(SAVED_BY_AN_OLD_PROGRAM)
    upgrade(engine)
    assert index_of_tags(engine) == tags_of_current_versions(engine)
    assert save(engine, "few", seen=1, tags=many).version == 2
    assert index_of_tags(engine) == tags_of_current_versions(engine)


@pytest.mark.slow
def test_the_step_of_evidence_can_be_taken_back_and_again(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    first, _ = evidence.queue(engine, "kept", "waiting")
    evidence.claim(engine, limit=1)
    assert evidence.keep(engine, first)
    assert evidence.left_over(engine) == [1, 2, 2, 1, 1]
    downgrade_to(engine, "0013")
    assert not [name for name in tables(engine) if name.startswith("evidence_")]
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(SAVED_BY_AN_OLD_PROGRAM)
    upgrade(engine)
    assert evidence.left_over(engine) == [0] * 5
    assert get(engine, "kept").version == 1
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(Signature)).scalar_one() >= 2
    [second] = evidence.queue(engine, "kept", seen=1)
    assert evidence.claimed(engine) == [second]


def test_the_step_of_evidence_rewrites_no_table(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    """A table that is rewritten gets another file."""
    files = text("""
        SELECT relname, relfilenode FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace
        AND relname IN ('signatures', 'versions', 'signers', 'signature_terms')""")
    engine = open_engine(postgresql_url)
    save(engine)
    with engine.connect() as connection:
        before = sorted(connection.execute(files).all())
    downgrade_to(engine, "0013")
    upgrade(engine)
    with engine.connect() as connection:
        assert sorted(connection.execute(files).all()) == before


def test_a_program_of_before_goes_on_after_the_step_of_evidence(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    """It saves without a job, and its deletions leave nothing."""
    engine = open_engine(postgresql_url)
    with engine.connect() as connection:
        connection.execute(SAVED_BY_AN_OLD_PROGRAM)
    [key] = evidence.queue(engine, "doc")
    assert evidence.claimed(engine) == [key]
    assert evidence.keep(engine, key)
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM signatures"))
    assert evidence.left_over(engine) == [0, 2, 0, 0, 0]


def downgrade_to(engine: Engine, step: str) -> None:
    """Take back the steps behind one."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent))
    settings.attributes.update(engine=engine, schema=None)
    command.downgrade(settings, step)


@pytest.mark.slow
def test_upgrades_at_once_do_not_disturb_each_other(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engines = [open_engine(empty_url) for _ in range(2)]
    # alembic keeps its context in a global, so that threads of one process can't share it; the
    # processes of a release can.
    program = (
        "import sys; from tests.conftest import opened; from app.store.migrations import upgrade\n"
        "with opened(sys.argv[1]) as engine: upgrade(engine)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_url],
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    assert tables(engines[0]) == TABLES
    with engines[1].connect() as connection:
        assert connection.execute(REVISION).all() == [(HEAD,)]


def test_the_models_are_what_the_steps_build(engine: Engine) -> None:
    options = {"compare_server_default": True, "version_table": VERSION_TABLE}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def description(engine: Engine) -> str:
    """Write down all that can be found out about the tables."""
    inspector = inspect(engine)
    asked = ("get_columns", "get_indexes", "get_pk_constraint", "get_unique_constraints")
    facts = [
        getattr(inspector, ask)(table)
        for table in sorted(Base.metadata.tables)
        for ask in (*asked, "get_foreign_keys", "get_check_constraints")
    ]
    # The condition of a partial index is an object, whose name is its address.
    return "\n".join(re.sub(r" at 0x[0-9a-f]+>", ">", str(fact)) for fact in facts)


@pytest.mark.slow
def test_the_steps_make_the_tables_that_the_models_make(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engine = open_engine(empty_url)
    upgrade(engine)
    migrated = description(engine)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    assert description(engine) == migrated


def test_head_is_the_newest_step() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(settings).get_heads() == [HEAD]


def test_another_step_is_not_the_newest(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(SET_REVISION, {"number": "other"})
        try:
            assert read_step(connection) != HEAD
        finally:
            connection.execute(SET_REVISION, {"number": HEAD})
        assert read_step(connection) == HEAD


def test_a_database_without_tables_is_not_migrated(
    open_engine: EngineMaker, empty_url: str
) -> None:
    with open_engine(empty_url).connect() as connection:
        assert read_step(connection) != HEAD
        assert read_step(connection) is None


@pytest.mark.parametrize("schema", ["ncanode", "MySchema", "_x$1", "select"])
def test_all_tables_go_into_the_schema_that_is_requested(
    open_engine: EngineMaker, postgres_url: str, schema: str
) -> None:
    plain = open_engine(postgres_url)
    before = tables(plain, "public")
    engine = open_engine(postgres_url, schema)
    with plain.connect() as connection:
        connection.execute(text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))
    try:
        upgrade(engine, schema)
        upgrade(engine, schema)
        assert tables(plain, schema) == TABLES
        assert tables(plain, "public") == before
        save(engine, tags=["a", "b"])
        save(engine, seen=1, tags=["b"])
        assert [record.version for record in versions(engine)] == [2, 1]
        with engine.connect() as connection:
            assert read_step(connection) == HEAD
        versions_there = table("versions", schema=schema)
        with plain.connect() as connection:
            rows = connection.execute(select(func.count()).select_from(versions_there))
            assert rows.scalar_one() == 2
    finally:
        with plain.connect() as connection:
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))


def test_a_schema_that_was_renamed_is_saved_into_after_an_upgrade(
    open_engine: EngineMaker, postgres_url: str
) -> None:
    old, new = f"old_{uuid4().hex}", f"new_{uuid4().hex}"
    plain = open_engine(postgres_url)
    try:
        upgrade(open_engine(postgres_url, old), old)
        with plain.connect() as connection:
            connection.execute(text(f"ALTER SCHEMA {old} RENAME TO {new}"))
        renamed, fresh = open_engine(postgres_url, new), open_engine(postgres_url, old)
        upgrade(renamed, new)
        upgrade(fresh, old)
        save(renamed, cms="of the old store")
        save(fresh, cms="of a new one")
        assert [record.cms for record in versions(renamed)] == ["of the old store"]
        assert [record.cms for record in versions(fresh)] == ["of a new one"]
    finally:
        with plain.connect() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {old}, {new} CASCADE"))


def test_two_schemas_of_one_database_know_nothing_of_each_other(postgres_url: str) -> None:
    with (
        schema_on(postgres_url) as one,
        schema_on(postgres_url) as other,
        opened(one) as first,
        opened(other) as second,
    ):
        for engine in (first, second):
            upgrade(engine)
        save(first)
        assert save(second, seen=7).version == 1


def test_a_sqlite_file_is_made_with_the_folders_above_it(
    open_engine: EngineMaker, tmp_path: Path
) -> None:
    path = tmp_path / "not" / "there yet" / "100%.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    assert path.is_file()
    assert save(engine).version == 1


def test_readers_of_a_sqlite_file_do_not_wait_for_its_writer(
    open_engine: EngineMaker, sqlite_url: str
) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


def test_engines_of_one_file_see_each_others_saves(
    open_engine: EngineMaker, database_url: str
) -> None:
    one, other = open_engine(database_url), open_engine(database_url)
    save(one)
    assert get(other).version == 1
    outcomes = all_at_once([partial(save, engine, seen=1) for engine in (one, other)])
    assert sorted(isinstance(outcome, Exception) for outcome in outcomes) == [False, True]
