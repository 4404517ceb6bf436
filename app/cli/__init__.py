"""Commands for operators: `flask --app wsgi …`. Each is one call into the store, trust or cms."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext

from app.cli import database, signature, signers, token, trust
from app.extensions import db
from app.store import timeouts


def init_app(app: Flask) -> None:
    """Add the commands to an application."""
    for module in (database, signature, signers, token, trust):
        for command in module.COMMANDS:
            _let_take_its_time(command)
            app.cli.add_command(command)


def _let_take_its_time(command: click.Command) -> None:
    """Let a command's statements take any time: nothing waits for it but the operator."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _let_take_its_time(one)
    elif command.callback is not None and not hasattr(command.callback, "takes_its_time"):
        command.callback = with_appcontext(_unbounded(command.callback))


def _unbounded(run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def run_unbounded(*arguments: Any, **options: Any) -> Any:
        timeouts.lift(db.engine)
        return run(*arguments, **options)

    run_unbounded.takes_its_time = True  # type: ignore[attr-defined]
    return run_unbounded
