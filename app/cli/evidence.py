"""Evidence of stored signatures: `evidence work`, `status`, `retry`, `enqueue` and `due`."""

import re
import sys
from datetime import UTC, datetime, timedelta

import click
from flask import current_app
from flask.cli import AppGroup

from app.cms import clean_name
from app.extensions import db, make_evidence_worker
from app.store.database.engine import transaction
from app.store.evidence import backlog, circuits, jobs, records
from app.store.signatures.large_texts import Key

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
    if trees := worker.record():
        click.echo(f"trees of evidence records: {trees}")


@evidence_commands.command("status")
def show_status() -> None:
    """Print the length of the queue, and the hosts that failed lately."""
    with db.engine.connect() as connection:
        found = jobs.count(connection)
        failed = circuits.list_circuits(connection)
        recorded = records.count_records(connection)
    click.echo(f"pending: {found.pending}, of which due now: {found.due}")
    if found.oldest_at:
        click.echo(f"the oldest was saved at {found.oldest_at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"without an evidence record: {recorded.unrecorded}, trees: {recorded.batches}")
    for one in failed:
        until = f", left alone until {one.open_until:%H:%M:%S} UTC" if one.open_until else ""
        click.echo(f"{one.host}: {one.failures} failures{until}: {clean_name(one.reason)}")


@evidence_commands.command("retry")
def retry() -> None:
    """Make everything in the queue due now."""
    with transaction(db.engine) as connection:
        click.echo(f"due now: {jobs.retry_now(connection)}")


@evidence_commands.command("enqueue")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Leave out what was saved before this day, in UTC.",
)
def enqueue(since: datetime | None) -> None:
    """Add the versions to the queue that were saved while no evidence was obtained.

    May be stopped at any time, and repeated: what is in the queue, or has a result, is left out.
    """
    begin = since.replace(tzinfo=UTC) if since else None
    added = 0
    last: Key | None = backlog.BEGINNING
    while last:
        with transaction(db.engine) as connection:
            some = backlog.enqueue_some(connection, last, since=begin)
        added, last = added + some.added, some.last
    click.echo(f"added to the queue: {added}")
    if not current_app.config["EVIDENCE"]:
        click.echo("no server works on the queue while evidence is off (EVIDENCE)", err=True)


#: Lines that are printed at most.
_LISTED = 20
_TIME = re.compile(r"([1-9][0-9]{0,4})d")


@evidence_commands.command("due")
@click.option(
    "--within",
    default="180d",
    show_default=True,
    help="Days that the newest timestamp of each record is to last from now on.",
)
def list_due(within: str) -> None:
    """List evidence that is late; exit with 1 if there is any.

    Late are records whose newest timestamp ends within that time, and versions that have waited for
    a record for more than a day.
    """
    read = _TIME.fullmatch(within)
    if read is None:
        raise click.BadParameter("a number of days, such as 180d", param_hint="--within")
    now = datetime.now(UTC)
    with db.engine.connect() as connection:
        ending = records.list_ending(connection, now + timedelta(days=int(read[1])), _LISTED + 1)
        waiting = records.count_late(connection, now - timedelta(days=1))
    for one in ending[:_LISTED]:
        click.echo(
            f"tree {one.batch_id}: {one.versions} versions, whose timestamp ends at"
            f" {one.ends_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    if len(ending) > _LISTED:
        click.echo("and more")
    if waiting:
        click.echo(f"versions that have waited for a record for more than a day: {waiting}")
    if ending or waiting:
        sys.exit(1)
    click.echo("nothing is late")


COMMANDS = (evidence_commands,)
