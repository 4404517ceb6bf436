"""A store in one file: `backup`, `restore` and `compare`."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app

from app.cli.running import make_database, needs
from app.cms import title_of_name
from app.extensions import current_trust, db
from app.store.backups.archive import Archive
from app.store.backups.errors import BackupError
from app.store.backups.manifest import Manifest
from app.store.backups.restoring import require_known, restore
from app.store.backups.tables import Place
from app.store.backups.taking import TrustFile, back_up, compare
from app.store.contents.sweeping import count_contents
from app.store.models import Content
from app.store.tokens import list_in_force
from app.store.trust_certificates import list_certificates
from app.trust.errors import TrustError
from app.trust.replacing import find_others, read_files, replacing
from app.trust.stored import read_stored

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


def _place() -> Place:
    return Place(db.engine, current_app.config["DATABASE_SCHEMA"])


@contextmanager
def _errors_in_one_line(file: Path) -> Iterator[None]:
    try:
        yield
    except BackupError as error:
        raise click.ClickException(f"{click.format_filename(file)}: {error}") from error
    except TrustError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        if error.filename is not None or error.errno == errno.EPIPE:
            raise
        # Such as a full disk, an error that names no file.
        why = error.strerror or type(error).__name__
        raise click.ClickException(f"{click.format_filename(file)}: {why}") from error


def _print_table(table: str, rows: int) -> None:
    click.echo(f"{table}: {rows}")


@click.command("backup")
@_FILE
@click.option("--replace", is_flag=True, help="FILE may exist already.")
@needs("any")
def back_up_store(file: Path, *, replace: bool) -> None:
    """Write the whole store into FILE: the database, and the files of TRUST_DIR.

    Servers may serve meanwhile: the backup is a snapshot. FILE exists only once it is complete, on
    disk and compared with the database; only its owner may read it. It contains no keys and no
    settings, but signatures and personal numbers.
    """
    folder = current_trust().folder
    with _errors_in_one_line(file):
        trust_files = (TrustFile(name, pieces) for name, pieces in read_files(folder))
        manifest = back_up(_place(), file, trust_files, replace=replace, progress=_print_table)
    click.echo(f"files of TRUST_DIR: {len(manifest.trust)}")
    _report_documents(manifest)
    click.echo(f"written and compared: {click.format_filename(file)}, {file.stat().st_size} bytes")


@click.command("restore")
@_FILE
@click.option(
    "--replace",
    is_flag=True,
    help="Delete the database's data; rename the files of TRUST_DIR.",
)
@needs("any")
def restore_store(file: Path, *, replace: bool) -> None:
    """Restore the store from FILE: the database, and the files of TRUST_DIR.

    Everything is restored, compared row by row, and migrated to the step of this program, or
    nothing is changed. Stop all servers before. The database may be of the other kind. The command
    waits for PostgreSQL, and creates a missing database or schema, if the role may.
    """
    trust = current_trust()
    with _errors_in_one_line(file), Archive(file) as archive:
        require_known(archive.manifest)
        make_database()
        wanted = {one.name: one.sha256 for one in archive.manifest.trust}
        members = {one.name: one.member for one in archive.manifest.trust}
        files = replacing(
            trust.folder,
            wanted,
            lambda name: archive.pieces(members[name], wanted[name]),
            replace=replace,
        )
        with files as put_in_place:
            restore(_place(), archive, replace=replace, finish=put_in_place, progress=_print_table)
        _report(archive.manifest)


def _report_documents(manifest: Manifest) -> None:
    """Print where the documents are, if any are kept: those outside need a backup of their own."""
    if not any(table.name == Content.__tablename__ and table.rows for table in manifest.tables):
        return
    with db.engine.connect() as connection:
        inside, outside = count_contents(connection)
    click.echo(f"documents that are kept, in the database and so in FILE: {inside.number}")
    if outside.number:
        click.echo(
            f"documents in CONTENT_STORE, which FILE does not have: {outside.number};"
            " back it up after this, by its own means"
        )


def _report(manifest: Manifest) -> None:
    """Print what was restored that decides on access and trust."""
    with db.engine.connect() as connection:
        stored = read_stored(list_certificates(connection))
        tokens = list_in_force(connection)
    for one in stored.anchors:
        click.echo(
            f"trust anchor that came with it: {title_of_name(one.value.subject)}, {one.sha256}"
        )
    for file in manifest.trust:
        click.echo(f"file of TRUST_DIR that came with it: {file.name}")
    click.echo(f"tokens in force that came with it: {len(tokens)}")
    click.echo(f"restored and compared: as of {manifest.made_at}")


@click.command("compare")
@_FILE
@needs("any")
def compare_store(file: Path) -> None:
    """Compare the store, each row and each file of TRUST_DIR, with FILE, a backup of it.

    Exit status 0: it holds the same. 1: something is different, or can't be compared.
    """
    folder = current_trust().folder
    with _errors_in_one_line(file), Archive(file) as archive:
        manifest = archive.manifest
        require_known(manifest)
        differences = compare(_place(), manifest)
        wanted = {one.name: one.sha256 for one in manifest.trust}
        differences += [
            f"{folder / name}: it is missing" for name in wanted if not (folder / name).is_file()
        ]
        differences += [f"{folder / name}: it is another" for name in find_others(folder, wanted)]
    for difference in differences:
        click.echo(difference)
    if differences:
        raise SystemExit(1)
    click.echo(f"the same as on {manifest.made_at}")


COMMANDS = (back_up_store, restore_store, compare_store)
