"""Evidence of stored signatures: `evidence work`, `evidence status` and `evidence retry`."""

import click
from flask.cli import AppGroup

from app.extensions import db, make_evidence_worker
from app.store.database.engine import transaction
from app.store.evidence import circuits, jobs

evidence_commands = AppGroup("evidence", help="Evidence by which signatures outlive certificates.")


@evidence_commands.command("work")
@click.option("--once", is_flag=True, help="End when nothing is due.")
def work(*, once: bool) -> None:
    """Obtain the evidence of the versions in the queue, until the command is stopped.

    May be stopped at any time, and several may run at once.
    """
    worker = make_evidence_worker()
    if not once:
        worker.run()
    for done in worker.work():
        click.echo(f"versions tried: {done}")


@evidence_commands.command("status")
def show_status() -> None:
    """Print the length of the queue, and the hosts that failed lately."""
    with db.engine.connect() as connection:
        found = jobs.count(connection)
        failed = circuits.list_circuits(connection)
    click.echo(f"pending: {found.pending}, of which due now: {found.due}")
    if found.oldest_at:
        click.echo(f"the oldest was saved at {found.oldest_at:%Y-%m-%d %H:%M:%S} UTC")
    for one in failed:
        until = f", left alone until {one.open_until:%H:%M:%S} UTC" if one.open_until else ""
        click.echo(f"{one.host}: {one.failures} failures{until}: {one.reason}")


@evidence_commands.command("retry")
def retry() -> None:
    """Make everything in the queue due now."""
    with transaction(db.engine) as connection:
        click.echo(f"due now: {jobs.retry_now(connection)}")


COMMANDS = (evidence_commands,)
