"""What is kept: `db upgrade` and `stats`."""

import json

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app.cms.facts import iso_moment
from app.cms.gost.implementations import CURVES, DIGESTS
from app.extensions import current_trust, db
from app.store.migrations import upgrade
from app.store.statistics import statistics

database_commands = AppGroup("db", help="The database's schema.")


@database_commands.command("upgrade")
def upgrade_database() -> None:
    """Create or migrate the tables; does nothing where all is done."""
    try:
        upgrade(db.engine, current_app.config["DATABASE_SCHEMA"])
    except SQLAlchemyError as error:
        raise _unusable(error) from error


def _unusable(error: SQLAlchemyError) -> click.ClickException:
    # The first line says why; the others repeat the statement.
    reason = str(error).partition("\n")[0]
    return click.ClickException(f"DATABASE_URL can't be used: {reason}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@with_appcontext
def stats(as_json: bool) -> None:
    """Print how much the store holds, exactly, and whose code computes GOST; times are in UTC.

    People are told apart by the number that their certificates claim; they and the tags are those
    of current versions.
    """
    try:
        with db.engine.connect() as connection:
            numbers = statistics(connection, current_trust().trusted())
    except SQLAlchemyError as error:
        raise _unusable(error) from error
    numbers["newest_save"] = iso_moment(numbers["newest_save"])
    numbers |= {"gost_digests": DIGESTS.provider, "gost_curves": CURVES.provider}
    if as_json:
        click.echo(json.dumps(numbers))
        return
    for name, number in numbers.items():
        click.echo(f"{name.replace('_', ' ')}: {'none' if number is None else number}")


COMMANDS = (database_commands, stats)
