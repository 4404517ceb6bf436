"""Commands for operators: `flask --app wsgi …`. Each is one call into the store, trust or cms."""

from __future__ import annotations

from flask import Flask

from app.cli import backup, database, evidence, move, running, signature, signers, token, trust


def init_app(app: Flask) -> None:
    """Register the commands with an application."""
    for module in (backup, database, evidence, move, signature, signers, token, trust):
        for command in module.COMMANDS:
            running.prepare(command)
            app.cli.add_command(command)
