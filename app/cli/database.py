"""The database: `db upgrade` and `stats`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from app.cli.json_failures import JsonCommand
from app.cli.running import make_database, needs, print_database
from app.cms import gost_providers, iso_moment
from app.extensions import current_trust, db
from app.store.database import engine as database
from app.store.migrations import upgrade
from app.store.search.kept_counts import keep_each
from app.store.signatures.packing import Progress, pack
from app.store.statistics import statistics

database_commands = AppGroup("db", help="The database's schema.")


@database_commands.command("upgrade")
@needs("nothing")
def upgrade_database() -> None:
    """Create or migrate the tables; does nothing if they are up to date.

    Waits for PostgreSQL. Creates a missing database or schema, if the role may.
    """
    url = current_app.config["MIGRATION_URL"]
    print_database(url)
    make_database()
    with _engine_at(url) as engine:
        upgrade(engine, current_app.config["DATABASE_SCHEMA"])


@database_commands.command("pack")
def pack_signatures() -> None:
    """Store signatures of before release 1.1 as bytes, in two thirds of the room.

    What was sent is given back to the character. May be stopped at any time, and continues when it
    is started again. Servers may serve meanwhile, but none of an earlier release.
    """
    read = Progress(0, 0)
    for read in pack(db.engine):
        click.echo(f"read: {read.versions}")
    click.echo(
        f"done: {read.packed} are stored as bytes now, {read.versions - read.packed} as text"
        " (XML, PEM and other forms remain text)"
    )


@contextmanager
def _engine_at(url: URL) -> Iterator[Engine]:
    """Return the application's engine, or one for the migration address, if that differs."""
    if url == db.engine.url:
        yield db.engine
        return
    options = database.engine_options(url, current_app.config["DATABASE_SCHEMA"], 1)
    engine = create_engine(url, **options)
    database.prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@click.command(cls=JsonCommand)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def stats(as_json: bool) -> None:
    """Print statistics of the store, and which code computes GOST; times are in UTC.

    They are exact, but in a large store some are estimates: these follow "about". People are
    counted by the number that their certificates claim; they and the tags are those of current
    versions.
    """
    with db.engine.connect() as connection:
        numbers, about, to_keep = statistics(connection, current_trust().trusted())
    keep_each(db.engine, to_keep)
    numbers["newest_save"] = iso_moment(numbers["newest_save"])
    numbers |= gost_providers()
    if as_json:
        click.echo(json.dumps({**numbers, "about": about}))
        return
    for name, number in numbers.items():
        shown = "none" if number is None else f"about {number}" if name in about else number
        click.echo(f"{name.replace('_', ' ')}: {shown}")


COMMANDS = (database_commands, stats)
