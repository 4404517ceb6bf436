"""Signers of stored signatures: `signers reindex` and `signers verify`."""

from itertools import accumulate

import click
from flask.cli import AppGroup

from app.extensions import current_examiner, current_trust, db
from app.store.signatures.judgements import count_waiting
from app.store.signatures.reindexing import Progress, count_unread, count_unsigned, reindex

signer_commands = AppGroup("signers", help="Signers of the stored signatures.")


@signer_commands.command("reindex")
@click.option("--all", "everything", is_flag=True, help="Also versions that were read before.")
def reindex_signers(everything: bool) -> None:
    """Read the signers of versions that were saved before this was done on saving.

    May be stopped at any time, and continues when it is started again. Servers may serve meanwhile.
    """
    with db.engine.connect() as connection:
        unread = count_unread(connection)
    click.echo(f"versions to read: {'all' if everything else unread}")
    read = Progress(0, 0)
    for read in reindex(db.engine, everything=everything):
        click.echo(f"read: {read.versions}")
    click.echo(f"done: {read.versions}, without a signature: {read.unsigned}")
    with db.engine.connect() as connection:
        click.echo(f"versions without a signature, all in all: {count_unsigned(connection)}")
    _verify()


@signer_commands.command("verify")
def verify_signers() -> None:
    """Verify the signers that were not verified yet, or with other anchors.

    Servers do so in the background, at a third of the speed. May be stopped at any time, and
    continues when it is started again.
    """
    _verify()


def _verify() -> None:
    trusted = current_trust().trusted()
    with db.engine.connect() as connection:
        waiting = count_waiting(connection, trusted.everything)
    click.echo(f"signers to verify: {waiting}")
    done = 0
    for done in accumulate(current_examiner().examine()):
        click.echo(f"versions verified: {done}")
    if not trusted.anchors:
        click.echo("There is no trust anchor: none of them counts as having signed.")


COMMANDS = (signer_commands,)
