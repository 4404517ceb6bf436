"""What is kept: `db upgrade` and `stats`."""

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.store import reading
from app.store.migrations import upgrade

database_commands = AppGroup("db", help="The database's schema.")


@database_commands.command("upgrade")
def upgrade_database() -> None:
    """Create or migrate the tables; does nothing where all is done."""
    try:
        upgrade(db.engine, current_app.config["DATABASE_SCHEMA"])
    except SQLAlchemyError as error:
        # The first line says why; the others repeat the statement.
        reason = str(error).partition("\n")[0]
        raise click.ClickException(f"DATABASE_URL can't be used: {reason}") from error


@click.command()
@with_appcontext
def stats() -> None:
    """Print how much the store holds."""
    with db.engine.connect() as connection:
        for name, number in reading.statistics(connection).items():
            click.echo(f"{name}: {number}")


COMMANDS = (database_commands, stats)
