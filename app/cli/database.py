"""What is kept: `db upgrade` and `stats`."""

import json

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from app.cli.running import needs
from app.cms.facts import iso_moment
from app.cms.gost.implementations import CURVES, DIGESTS
from app.extensions import current_trust, db
from app.store.migrations import upgrade
from app.store.statistics import statistics

database_commands = AppGroup("db", help="The database's schema.")


@database_commands.command("upgrade")
@needs("any")
def upgrade_database() -> None:
    """Create or migrate the tables; does nothing where all is done."""
    upgrade(db.engine, current_app.config["DATABASE_SCHEMA"])


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@with_appcontext
def stats(as_json: bool) -> None:
    """Print how much the store holds, exactly, and whose code computes GOST; times are in UTC.

    People are told apart by the number that their certificates claim; they and the tags are those
    of current versions.
    """
    with db.engine.connect() as connection:
        numbers = statistics(connection, current_trust().trusted())
    numbers["newest_save"] = iso_moment(numbers["newest_save"])
    numbers |= {"gost_digests": DIGESTS.provider, "gost_curves": CURVES.provider}
    if as_json:
        click.echo(json.dumps(numbers))
        return
    for name, number in numbers.items():
        click.echo(f"{name.replace('_', ' ')}: {'none' if number is None else number}")


COMMANDS = (database_commands, stats)
