"""Tokens of callers: `token create`, `list`, `revoke` and `rotate`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Connection

from app.extensions import db
from app.store import tokens
from app.store.database.engine import transaction
from app.store.errors import TokenError
from app.store.tokens import SCOPES, Bearer

MAX_NAME = 64
MAX_PREFIX = 255
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}

token_commands = AppGroup("token", help="Tokens of callers, for AUTH=on.")


def _read_scopes(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    given = {word.strip() for word in text.split(",") if word.strip()}
    if not given or not given.issubset(SCOPES):
        raise click.BadParameter(f"some of {', '.join(SCOPES)}, separated by commas")
    return tuple(scope for scope in SCOPES if scope in given)


def _read_expiry(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> datetime | None:
    if text is None:
        return None
    given = re.fullmatch(r"([0-9]{1,5})([hdw])", text)
    if given is None or not int(given[1]):
        raise click.BadParameter("a time such as 12h, 90d or 52w")
    try:
        return datetime.now(UTC) + timedelta(**{_UNITS[given[2]]: int(given[1])})
    except OverflowError as error:
        raise click.BadParameter("it is too far away") from error


def _read_name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise click.BadParameter(f"1 to {MAX_NAME} characters in one line")
    return name


def _read_prefix(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text is not None and (not 0 < len(text) <= MAX_PREFIX or not text.isprintable()):
        raise click.BadParameter(f"1 to {MAX_PREFIX} characters in one line")
    return text


@contextmanager
def _writing() -> Iterator[Connection]:
    """Return a transaction; errors are printed in one line."""
    try:
        with transaction(db.engine) as connection:
            yield connection
    except TokenError as error:
        raise click.ClickException(str(error)) from error


_NAME = click.argument("name", callback=_read_name)


@token_commands.command("create")
@_NAME
@click.option(
    "--scope",
    required=True,
    callback=_read_scopes,
    help=f"What it may do, separated by commas: {', '.join(SCOPES)}. admin includes all.",
)
@click.option(
    "--expires", callback=_read_expiry, help="Time to expiry: 12h, 90d, 52w. Default: never."
)
@click.option(
    "--tag-prefix",
    callback=_read_prefix,
    help="Limit access to threads with a tag that begins with this text.",
)
def create(
    name: str, scope: tuple[str, ...], expires: datetime | None, tag_prefix: str | None
) -> None:
    """Create a token named NAME, and print it. It is shown only once."""
    with _writing() as connection:
        text = tokens.create_token(
            connection, name, scope, expires_at=expires, tag_prefix=tag_prefix
        )
    click.echo(text)


@token_commands.command("list")
def list_all() -> None:
    """Print all tokens, those that have ended included, but no secret: that is not kept."""
    with db.engine.connect() as connection:
        found = tokens.list_tokens(connection)
    for bearer in found:
        click.echo(describe(bearer, datetime.now(UTC)))


def describe(bearer: Bearer, now: datetime) -> str:
    """Describe in one line what a token permits, and until when."""
    parts = [",".join(bearer.scopes)]
    if bearer.tag_prefix is not None:
        parts.append(f"tags {bearer.tag_prefix}*")
    parts.append(f"created {_moment(bearer.created_at)}")
    if bearer.expires_at is not None:
        verb = "expires" if bearer.expires_at > now else "expired"
        parts.append(f"{verb} {_moment(bearer.expires_at)}")
    if bearer.old_until is not None and bearer.old_until > now:
        parts.append(f"old secret until {_moment(bearer.old_until)}")
    if bearer.revoked_at is not None:
        parts.append(f"revoked {_moment(bearer.revoked_at)}")
    used = bearer.last_used_on
    parts.append(f"used {used}" if used else "never used")
    return f"{bearer.name}: {'; '.join(parts)}"


def _moment(moment: datetime) -> str:
    local = moment.astimezone(current_app.config["TIMEZONE"])
    return f"{local:%Y-%m-%d %H:%M}"


@token_commands.command("revoke")
@_NAME
def revoke(name: str) -> None:
    """Revoke the token named NAME. Within five seconds no server accepts it."""
    with _writing() as connection:
        tokens.revoke_token(connection, name)


@token_commands.command("rotate")
@_NAME
@click.option(
    "--overlap",
    callback=_read_expiry,
    help="How long the old secret is still accepted: 12h, 2d. Default: not at all.",
)
def rotate(name: str, overlap: datetime | None) -> None:
    """Replace the secret of the token named NAME, and print it.

    Everything else is kept, also its expiry. Within five seconds no server accepts the old secret,
    or, with --overlap, within five seconds after that time.
    """
    with _writing() as connection:
        text = tokens.rotate_token(connection, name, overlap)
    click.echo(text)


COMMANDS = (token_commands,)
