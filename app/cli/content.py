"""Documents that are kept beside signatures: `content move`, `sweep` and `status`."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

import click
from flask.cli import AppGroup

from app.extensions import current_place, db
from app.store.contents.addresses import DATABASE, read_address
from app.store.contents.errors import ContentAway
from app.store.contents.moving import Move, Step
from app.store.contents.places import open_place
from app.store.contents.sweeping import LEAST_AGE, count_contents, sweep

content_commands = AppGroup("content", help="Documents that are kept beside signatures.")

#: Seconds between two lines about progress.
_PAUSE = 5.0
_LEAST_HOURS = int(LEAST_AGE.total_seconds()) // 3600
#: A hundred years.
_MOST_HOURS = 876_600


@content_commands.command("status")
def show_status() -> None:
    """Print how many documents are kept, and how large they are."""
    with db.engine.connect() as connection:
        inside, outside = count_contents(connection)
    click.echo(f"in the database: {inside.number}, {inside.size} bytes")
    click.echo(f"in CONTENT_STORE: {outside.number}, {outside.size} bytes")


@content_commands.command("sweep")
@click.option(
    "--hours",
    type=click.IntRange(_LEAST_HOURS, _MOST_HOURS),
    default=24,
    show_default=True,
    help="Hours since a file or an object was written that no row refers to.",
)
def sweep_contents(*, hours: int) -> None:
    """Delete documents that nothing refers to, and what killed servers left in CONTENT_STORE.

    Servers may save meanwhile, and the command may be stopped at any time.
    """
    try:
        swept = sweep(db.engine, current_place(), timedelta(hours=hours))
    except ContentAway as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"documents that nothing referred to: {swept.unused}")
    click.echo(f"files or objects that no row referred to: {swept.left}")


def _address(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        if text != DATABASE:
            read_address(text)
    except ValueError as error:
        raise click.BadParameter(
            f"it must be {DATABASE}, file:/folder or s3://bucket/prefix"
        ) from error
    return text


@content_commands.command("move")
@click.option(
    "--from",
    "address",
    required=True,
    callback=_address,
    help="Where they are: database, file:/folder or s3://bucket/prefix.",
)
def move_contents(*, address: str) -> None:
    """Move all documents to where CONTENT_STORE says; without it, into the database.

    Each is compared by its SHA-256 before it is removed where it was. Servers may work meanwhile,
    and the command may be stopped at any time, and begun again.
    """
    source, target = (None if address == DATABASE else open_place(address)), current_place()
    settled = target.address if target else DATABASE
    if (source.address if source else DATABASE) == settled:
        raise click.ClickException(f"documents are kept in {settled}: there is nothing to move")
    move = Move(db.engine, source, target)
    problems: list[Step] = []
    try:
        moved, size = _move(move, problems)
    except ContentAway as error:
        raise click.ClickException(f"{error}; begin again once that is mended") from error
    click.echo(f"moved to {settled}: {moved}, {size} bytes")
    for one in problems:
        click.echo(f"left where it was: SHA-256 {one.sha256}, {one.size} bytes: {one.problem}")
    if problems:
        raise click.exceptions.Exit(1)


def _move(move: Move, problems: list[Step]) -> tuple[int, int]:
    """Move, and tell how far it is; return how many were moved, and their bytes."""
    moved = size = 0
    total = move.count()
    told = monotonic()
    for seen, step in enumerate(move.run(), 1):
        if step.problem is not None:
            problems.append(step)
        elif step.is_moved:
            moved, size = moved + 1, size + step.size
        if monotonic() - told > _PAUSE:
            told = monotonic()
            click.echo(f"{seen} of {total}, {size} bytes", err=True)
    return moved, size


COMMANDS = (content_commands,)
