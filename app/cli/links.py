"""Signers' links: `links revoke`, and `links declined`."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from app.cli.running import MAX_NUMBER
from app.cms import clean_name
from app.extensions import db
from app.store.database.engine import transaction
from app.store.errors import PackageNotFound
from app.store.packages.decisions import find_declines, revoke_links

link_commands = AppGroup("links", help="Links by which the signers of packages sign.")


@link_commands.command("revoke")
@click.argument("package")
@click.option(
    "--signer", type=click.IntRange(1, MAX_NUMBER), help="Number of the signer; without it, of all."
)
def revoke(package: str, signer: int | None) -> None:
    """Revoke the links of a package, given by its UUID, for good. Signatures are kept."""
    try:
        with transaction(db.engine) as connection:
            number = revoke_links(connection, package, signer)
    except PackageNotFound as error:
        raise click.ClickException("there is no such package, or no such signer of it") from error
    click.echo(f"signers whose links were revoked: {number}")


@link_commands.command("declined")
@click.argument("package")
def declined(package: str) -> None:
    """Print who declined to sign a package, given by its UUID, when and why."""
    try:
        with db.engine.connect() as connection:
            found = find_declines(connection, package)
    except PackageNotFound as error:
        raise click.ClickException("there is no such package") from error
    zone = current_app.config["TIMEZONE"]
    for one in found:
        moment = one.decided_at.astimezone(zone).isoformat(timespec="seconds")
        click.echo(f"signer {one.signer}  {moment}  {clean_name(one.reason or '')}")
    click.echo(f"signers who declined: {len(found)}")


COMMANDS = (link_commands,)
