"""Common behaviour of all commands: each prints its database, and fails with one line.

A command may take any time: only the operator waits for it.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, Literal, TypeVar

import click
import psycopg
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.extensions import db
from app.store.database import addresses, arrival, timeouts
from app.store.database.arrival import NotThere
from app.store.migrations.steps import WrongStep, read_step, require_step

#: What a command needs of the database: nothing, a configured address, or this program's schema.
#: The last is the default.
Need = Literal["nothing", "any", "migrated"]
Status = Literal[1, 2]

#: The largest number of a version or a signer that both databases store.
MAX_NUMBER: Final = 2**31 - 1

Function = TypeVar("Function", bound=Callable[..., Any])
_TERMS = "terms"


@dataclass(frozen=True, slots=True)
class _Terms:
    need: Need = "migrated"
    #: Exit status of a command that failed: 1, or 2 if 1 is an answer.
    failure: Status = 1


def needs(need: Need, *, failure: Status = 1) -> Callable[[Function], Function]:
    """Declare what a command needs of the database, and its status if it fails."""

    def mark(function: Function) -> Function:
        setattr(function, _TERMS, _Terms(need, failure))
        return function

    return mark


def prepare(command: click.Command) -> None:
    """Add the common behaviour to a command, or to all of a group."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            prepare(one)
    elif command.callback is not None and not hasattr(command.callback, "is_prepared"):
        command.callback = with_appcontext(_prepared(command.callback))


def _prepared(run: Callable[..., Any]) -> Callable[..., Any]:
    terms: _Terms = getattr(run, _TERMS, _Terms())

    @wraps(run)
    def run_prepared(*arguments: Any, **options: Any) -> Any:
        timeouts.lift(db.engine)
        with _no_answer(terms.failure), errors_in_one_line(terms.failure):
            _require_utf_8()
            try:
                if terms.need != "nothing":
                    print_database()
                if terms.need == "migrated":
                    require_migrated()
                return run(*arguments, **options)
            finally:
                # The last connection to a SQLite file cleans it up.
                db.engine.dispose()

    run_prepared.is_prepared = True  # type: ignore[attr-defined]
    return run_prepared


def _require_utf_8() -> None:
    """Refuse options that are not text. Raises click.BadParameter.

    Bytes that aren't UTF-8 are lone surrogates (PEP 383), which no database stores.
    """
    context = click.get_current_context()
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if isinstance(option, click.Option) and isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise click.BadParameter("it must be text in UTF-8", param=option) from error


def print_database(url: URL | None = None) -> None:
    """Print on stderr which database is used: the application's, or the given one."""
    named = addresses.describe(url or db.engine.url, current_app.config["DATABASE_SCHEMA"])
    click.echo(f"database: {named}", err=True)


def make_database() -> None:
    """Wait for PostgreSQL, and create a missing database, if the role may.

    Raises NotThere.
    """
    config = current_app.config
    url = config["MIGRATION_URL"]
    arrival.wait(url, config["DATABASE_WAIT"], config["MIGRATION_VARIABLE"])
    if arrival.ensure_database(url, config["NAME_VARIABLE"]):
        click.echo("the database was missing, and has been made", err=True)


def require_migrated() -> None:
    """Require this program's schema. Raises WrongStep or SQLAlchemyError."""
    with db.engine.connect() as connection:
        require_step(read_step(connection))


@contextmanager
def errors_in_one_line(status: Status = 1) -> Iterator[None]:
    """Report in one line what an operator can fix: the database, its step, a file or a folder.

    Raises click.ClickException with that exit status.
    """
    try:
        yield
    except (WrongStep, NotThere) as error:
        raise _failure(str(error), status) from error
    except SQLAlchemyError as error:
        raise _failure(_describe_database_error(error), status) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            if status == 1:
                raise  # Click handles it: exit status 1, which has another meaning here.
            close_output()
            raise SystemExit(status) from error
        raise _failure(describe_os_error(error), status) from error


@contextmanager
def _no_answer(status: Status) -> Iterator[None]:
    """End with that status whatever happens: 1, that of Python and of click, may be an answer."""
    try:
        yield
    except MemoryError as error:
        raise _failure("there is not enough memory", status) from error
    except KeyboardInterrupt as error:
        raise _failure("it was stopped", status) from error
    except Exception as error:
        if status == 1 or isinstance(error, click.ClickException | click.exceptions.Exit):
            raise
        traceback.print_exc()
        raise SystemExit(status) from error


def close_output() -> None:
    """Discard remaining output after its reader has closed the pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _describe_database_error(error: SQLAlchemyError) -> str:
    """Return the error, and which variable has the address of an unreachable PostgreSQL."""
    cause = error.orig if isinstance(error, OperationalError) else None
    if isinstance(cause, psycopg.Error) and cause.sqlstate is None:
        named = current_app.config["HOST_VARIABLE"]
        return f"the database that {named} names can't be used: {first_line(error)}"
    return f"the database can't be used: {first_line(error)}"


class Undecided(click.ClickException):
    """A command whose status 1 is an answer failed."""

    exit_code = 2


def _failure(sentence: str, status: Status) -> click.ClickException:
    return (click.ClickException if status == 1 else Undecided)(sentence)


def first_line(error: Exception) -> str:
    """Return the first line of a database's message: the others repeat the statement."""
    return str(error).partition("\n")[0]


def describe_os_error(error: OSError) -> str:
    """Return which file or folder can't be used, and why."""
    why = error.strerror or type(error).__name__
    return why if error.filename is None else f"{error.filename} can't be used: {why}"
