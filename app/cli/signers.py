"""Who signed: `signers reindex`."""

import click
from flask.cli import AppGroup

from app.extensions import db
from app.store.reindexing import Progress, count_unread, reindex

signer_commands = AppGroup("signers", help="What is read out of the signatures that are kept.")


@signer_commands.command("reindex")
@click.option("--all", "everything", is_flag=True, help="Also what was read before.")
def reindex_signers(everything: bool) -> None:
    """Read the signers of versions that were saved before this was done on saving.

    May be stopped at any time, and goes on where it was when it is started again. Servers may
    serve meanwhile.
    """
    with db.engine.connect() as connection:
        unread = count_unread(connection)
    click.echo(f"versions to read: {'all' if everything else unread}")
    read = Progress(0, 0)
    for read in reindex(db.engine, everything=everything):
        click.echo(f"read: {read.versions}")
    click.echo(f"done: {read.versions}, without a signature: {read.unsigned}")


COMMANDS = (signer_commands,)
