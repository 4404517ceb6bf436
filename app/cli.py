"""Commands for operators: `flask --app wsgi …`. Each is one call into the store or cms."""

from __future__ import annotations

import base64
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.extensions import db
from app.store import reading
from app.store.migrations import upgrade

database_commands = AppGroup("db", help="The database's schema.")


def init_app(app: Flask) -> None:
    """Add the commands to an application."""
    app.cli.add_command(database_commands)
    app.cli.add_command(check)
    app.cli.add_command(stats)


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


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say what kind of signature FILE holds, structurally. Nothing is verified.

    FILE is what a client would send as `cms`, or the signature's bytes themselves (DER).
    Exit status 1: it is no well-formed signature.
    """
    try:
        signature = parse(_read_text(file))
    except MalformedSignature as error:
        click.echo(str(error))
        raise SystemExit(1) from error
    for line in describe(signature):
        click.echo(line)


def _read_text(file: Path) -> str:
    """Give a file's text; bytes that are none are taken for DER."""
    content = file.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def describe(signature: SignedCms | SignedXml) -> list[str]:
    """Say in lines of text what a signature consists of."""
    if isinstance(signature, SignedXml):
        return [f"XML, {len(signature.xml)} bytes, signatures: {len(signature.signatures)}"] + [
            f"signature {number}: {one.signature_method}, references: {one.references}"
            for number, one in enumerate(signature.signatures, 1)
        ]
    content = f"{signature.content_size} bytes attached" if signature.attached else "detached"
    return [
        f"CMS, {len(signature.der)} bytes, certificates: {signature.certificates}",
        f"content: {content}, type {signature.content_type}",
    ] + [
        f"signer {number}: digest {one.digest_algorithm}, signature {one.signature_algorithm}, "
        f"identified by {one.identified_by}"
        for number, one in enumerate(signature.signers, 1)
    ]
