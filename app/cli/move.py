"""Moving data from an original server: `move`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import click
import psycopg
from flask import current_app
from sqlalchemy import Engine

from app.cli.json_failures import JsonCommand
from app.cli.running import needs
from app.extensions import db
from app.moving import comparison, mover
from app.moving.ciphertext import read_key
from app.moving.errors import MoveError
from app.moving.findings import SENTENCES, Findings, Kind
from app.moving.original import Original, opened

#: Ids in one line of the report.
_LINE = 10
#: The note about encrypted texts if no key was given.
_NO_KEY = (
    "version",
    "encrypted, left out with all of the thread: NCANODE_ENCRYPTION_KEY is not set",
)


class _Refused(click.ClickException):
    """The work could not be done, so nothing was compared."""

    exit_code = 2


@click.command("move", cls=JsonCommand)
@click.option(
    "--from",
    "address",
    envvar="MOVE_FROM",
    metavar="ADDRESS",
    help="The original's database, postgresql://…; better in MOVE_FROM, if it has a password. "
    "Without one, it is the store's own, of DATABASE_URL or PG_HOST.",
)
@click.option(
    "--from-schema",
    "schema",
    metavar="NAME",
    help="The schema of the original's tables (its PG_SCHEMA), if several have such tables.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@needs("migrated", failure=2)
def move_over(address: str | None, schema: str | None, as_json: bool) -> None:
    """Move the data of a perfumerlabs/ncanode server here, with its ids and times.

    Its database is only read. Encrypted texts are decrypted with the key in NCANODE_ENCRYPTION_KEY.
    Everything is compared afterwards; the exit status is 0 only if every thread and version was
    moved, 1 if not, 2 if that could not be determined. May be stopped at any time, and continues
    when it is started again; existing data are never overwritten.
    """
    try:
        key = os.environ.get("NCANODE_ENCRYPTION_KEY", "").strip()
        reveal = mover.reveal_with(read_key(key) if key else None)
        with opened(address or _own_address(), schema) as original:
            findings = _move(original, db.engine, reveal)
    except MoveError as error:
        raise _Refused(str(error)) from error
    except psycopg.Error as error:
        reason = str(error).partition("\n")[0]
        raise _Refused(f"the original's database can't be read: {reason}") from error
    _print_findings(findings, has_key=bool(key))
    if as_json:
        click.echo(json.dumps(findings.report()))
    if not findings.is_complete:
        click.get_current_context().exit(1)


def _own_address() -> Mapping[str, Any]:
    """Return the address of the store's own database, which may also have the original's tables."""
    if db.engine.dialect.name != "postgresql":
        raise MoveError("MOVE_FROM must be set: the address of the original's database")
    positional, parameters = db.engine.dialect.create_connect_args(db.engine.url)
    return {**({"conninfo": positional[0]} if positional else {}), **parameters}


def _move(original: Original, engine: Engine, reveal: mover.Reveal) -> Findings:
    totals = original.totals()
    findings = Findings(totals)
    there = f"{_count(totals.threads, 'thread')} with {_count(totals.versions, 'version')}"
    _print(f"the original has {there}")
    with _bar("moving", totals.versions) as bar:
        schema = current_app.config["DATABASE_SCHEMA"]
        for versions, added in mover.move(original, engine, reveal, schema):
            findings.moved += added
            bar(versions)
    with _bar("comparing", totals.versions) as bar:
        for versions in comparison.compare(original, engine, reveal, findings):
            bar(versions)
    return findings


@contextmanager
def _bar(label: str, length: int) -> Iterator[Any]:
    """Show progress on a terminal; return a function to call for each step."""
    if not sys.stderr.isatty():
        yield lambda _versions: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True) as bar:
        yield bar.update


def _print_findings(findings: Findings, *, has_key: bool) -> None:
    """Print the findings, each id with its note."""
    for name, number in findings.counts().items():
        _print(f"{name.replace('_', ' ')}: {number}")
    for kind, listed in findings.listed.items():
        if not listed:
            continue
        sentence = SENTENCES[kind]
        if kind is Kind.UNDECRYPTABLE and not has_key:
            sentence = _NO_KEY
        _print(f"{_count(len(listed), sentence[0])} {sentence[1]}:")
        numbers = iter(listed)
        while some := list(islice(numbers, _LINE)):
            _print("  " + ", ".join(f"{one}/{two}" if two else str(one) for one, two in some))
    _print("the move is complete" if findings.is_complete else "the move is NOT complete")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _print(line: str) -> None:
    click.echo(line, err=True)


COMMANDS = (move_over,)
