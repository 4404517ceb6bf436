"""The two databases, fresh for each test, and the application on top of them."""

import gc
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, delete, text
from sqlalchemy.engine import URL, make_url

from app.store.database import engine as database
from app.store.migrations import upgrade
from app.store.models import Base
from config.settings import Settings
from tests.applications import Loans, SharedApplications
from tests.evidence.services import Services, running
from tests.leaks import SHARED_SOCKETS, leave_nothing_open
from tests.postgresql import INSTALL_HINT, PostgresServer

#: Makes an application on the test's database; keywords are further variables of its environment.
AppMaker = Callable[..., Flask]
#: Makes a prepared engine for an address; a second argument is the schema.
EngineMaker = Callable[..., Engine]

#: Fixtures of other files.
__all__ = ["leave_nothing_open"]

BOTH = ["sqlite", "postgresql"]
#: Markers of what takes long, beside `attacks`; and the folder of servers and their clients.
SLOW = ("slow", "live")
LIVE = Path(__file__).parent / "live"
#: Of these `--quick` leaves out the cases on PostgreSQL.
API = Path(__file__).parent / "api"
#: Threads that use an engine at once in the tests of writers that meet.
CONNECTIONS = 20
#: No statement takes longer than this on PostgreSQL, milliseconds: one that does has gone astray.
STATEMENT_TIMEOUT = 10_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options by which `make` chooses tests."""
    parser.addoption("--quick", action="store_true", help="leave out what takes long")
    parser.addoption(
        "--part",
        choices=("side-by-side", "alone"),
        help="run what may run beside other tests, or what is measured or serves, and must not",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an option leaves out."""
    part = config.getoption("part")
    kept = [
        item
        for item in items
        if not (config.getoption("quick") and _takes_long(item))
        and (part is None or (part == "alone") == _must_be_alone(item))
    ]
    config.hook.pytest_deselected(items=list(set(items).difference(kept)))
    items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave the tests and all modules to no garbage collection: they stay to the end."""
    del session
    gc.collect()
    gc.freeze()


def _takes_long(item: pytest.Item) -> bool:
    if _must_be_alone(item) or any(item.get_closest_marker(name) for name in SLOW):
        return True
    callspec = getattr(item, "callspec", None)
    return API in item.path.parents and "postgresql" in getattr(callspec, "id", "").split("-")


def _must_be_alone(item: pytest.Item) -> bool:
    return LIVE in item.path.parents or item.get_closest_marker("attacks") is not None


@pytest.fixture(name="services")
def run_services() -> Iterator[Services]:
    """Run a timestamp authority, an OCSP responder and CRLs."""
    with running() as services:
        yield services


def write_url(url: URL) -> str:
    """Write an address as an operator would, with its password."""
    return url.render_as_string(hide_password=False)


@contextmanager
def opened(url: str, schema: str | None = None) -> Iterator[Engine]:
    """Return an engine made as the application makes it."""
    address = Settings.from_env({"DATABASE_URL": url}).database_url
    engine = create_engine(address, **database.engine_options(address, schema, CONNECTIONS))
    database.prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def schema_on(server_url: str) -> Iterator[str]:
    """Return the address of an empty schema on a PostgreSQL server, dropped afterwards.

    The schema is what connections to that address find as their default.
    """
    name = f"tanbahana_test_{uuid.uuid4().hex}"
    with opened(server_url) as engine, engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    options = f"-csearch_path={name} -cstatement_timeout={STATEMENT_TIMEOUT}"
    address = make_url(server_url).update_query_dict({"options": options})
    try:
        yield write_url(address)
    finally:
        with opened(server_url) as engine, engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))


@pytest.fixture(scope="session", name="postgres_url")
def start_postgresql() -> Iterator[str]:
    """Return the address of a PostgreSQL database that may be filled and emptied."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield write_url(Settings.from_env({"DATABASE_URL": given}).database_url)
        return
    try:
        # No statistics, or those that a test makes: plans must not depend on when a vacuum ran.
        server = PostgresServer(durable=False, settings={"autovacuum": "off"})
    except RuntimeError:
        pytest.fail(INSTALL_HINT, pytrace=False)
    with server:
        yield server.url


@pytest.fixture(scope="session", name="migrated_schema")
def migrate_schema(postgres_url: str) -> Iterator[tuple[str, Engine]]:
    """Return the address of a PostgreSQL schema that has the tables, and an engine on it."""
    with schema_on(postgres_url) as url, opened(url) as engine:
        upgrade(engine)
        SHARED_SOCKETS.append("the connection that empties the schema")
        yield url, engine


@pytest.fixture(scope="session", name="migrated_file")
def migrate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file that has the tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "store.sqlite3"
    with opened(f"sqlite:///{path}") as engine:
        upgrade(engine)
    return path


@pytest.fixture(params=BOTH, name="database_url")
def fresh_database(request: pytest.FixtureRequest) -> str:
    """Return the address of a migrated, empty database: one test on each kind."""
    # Asked for by name, so that a test on SQLite starts no server.
    name = "sqlite_url" if request.param == "sqlite" else "postgresql_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(name="sqlite_url")
def fresh_file(migrated_file: Path, file_folder: Path, shared_apps: SharedApplications) -> str:
    """Return the address of a migrated, empty SQLite file."""
    file_folder.chmod(0o700)
    for file in file_folder.iterdir():
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink()
    path = file_folder / "store.sqlite3"
    shutil.copy(migrated_file, path)
    url = f"sqlite:///{path}"
    shared_apps.urls.add(url)
    return url


@pytest.fixture(scope="session", name="file_folder")
def folder_of_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the SQLite file, which is the same for all tests that share it."""
    return tmp_path_factory.mktemp("database")


#: Bytes of tables from which on they are truncated. A row that is deleted stays in its file, and
#: without a vacuum every test is slower than the one before it.
_MUCH = 1_000_000
_SIZE = """
    SELECT sum(pg_relation_size(oid)) FROM pg_class
    WHERE relnamespace = current_schema::regnamespace AND relkind = 'r'"""
_TRUNCATE = f"TRUNCATE {', '.join(map(str, Base.metadata.sorted_tables))} RESTART IDENTITY"
#: TRUNCATE creates a new file for each table and index: 80 ms, while this takes 2.
_EMPTY = "; ".join(
    [str(delete(table)) for table in reversed(Base.metadata.sorted_tables)]
    + [f"ALTER SEQUENCE {table}_id_seq RESTART" for table in ("signatures", "packages")]
)


@pytest.fixture(name="postgresql_url")
def emptied_schema(migrated_schema: tuple[str, Engine], shared_apps: SharedApplications) -> str:
    """Return the address of a migrated, emptied PostgreSQL schema."""
    url, engine = migrated_schema
    shared_apps.urls.add(url)
    with engine.connect() as connection:
        is_large = connection.exec_driver_sql(_SIZE).scalar_one() > _MUCH
        connection.exec_driver_sql(_TRUNCATE if is_large else _EMPTY)
    return url


@pytest.fixture(params=BOTH, name="empty_url")
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    with schema_on(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture(name="open_engine")
def open_engines() -> Iterator[EngineMaker]:
    """Return a function that makes engines; they are closed after the test."""
    with ExitStack() as stack:

        def make(url: str, schema: str | None = None) -> Engine:
            context: AbstractContextManager[Engine] = opened(url, schema)
            return stack.enter_context(context)

        yield make


@pytest.fixture(name="engine")
def open_database(open_engine: EngineMaker, database_url: str) -> Engine:
    """Return an engine on the test's database."""
    return open_engine(database_url)


@pytest.fixture(scope="session", name="shared_apps")
def shared_applications() -> SharedApplications:
    """Return the applications that tests share."""
    return SharedApplications()


@pytest.fixture(name="loans")
def lend_apps(shared_apps: SharedApplications) -> Iterator[Loans]:
    """Return what lends applications to one test."""
    loans = Loans(shared_apps)
    with loans.stack:
        yield loans


@pytest.fixture(name="start_app")
def start_apps(loans: Loans) -> AppMaker:
    """Return a function that gives applications, all variables being its keywords."""
    return loans.start


@pytest.fixture(name="start_own_app")
def start_own_apps(loans: Loans) -> AppMaker:
    """Return a function that makes applications which the test may alter."""
    return loans.start_own


@pytest.fixture(name="make_app")
def make_apps(start_app: AppMaker, database_url: str) -> AppMaker:
    """Return a function that makes applications on the test's database."""

    def make(**env: str) -> Flask:
        return start_app(DATABASE_URL=database_url, **env)

    return make


def claiming_maker(start_app: AppMaker, **database: str) -> AppMaker:
    """Return a function that makes applications to which claims are enough without an anchor."""

    def make(**env: str) -> Flask:
        return start_app(**{**database, "CLAIMS": "accept", **env})

    return make


@pytest.fixture(name="app")
def usual_app(make_app: AppMaker) -> Flask:
    """Return the application as it is without any further variable."""
    return make_app()


@pytest.fixture(name="own_app")
def own_usual_app(start_own_app: AppMaker, database_url: str) -> Flask:
    """Return such an application that the test may alter."""
    return start_own_app(DATABASE_URL=database_url)


@pytest.fixture(name="client")
def usual_client(app: Flask) -> FlaskClient:
    """Return a client of that application."""
    return app.test_client()
