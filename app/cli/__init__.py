"""Commands for operators: `flask --app wsgi …`. Each is one call into the store, trust or cms."""

from __future__ import annotations

from flask import Flask

from app.cli import (
    backup,
    content,
    database,
    dev,
    evidence,
    links,
    move,
    running,
    signature,
    signers,
    structure,
    token,
    trust,
)

_MODULES = (
    backup,
    content,
    database,
    dev,
    evidence,
    links,
    move,
    signature,
    signers,
    structure,
    token,
    trust,
)


def init_app(app: Flask) -> None:
    """Register the commands with an application."""
    for module in _MODULES:
        for command in module.COMMANDS:
            running.prepare(command)
            app.cli.add_command(command)
