"""Whom this operator trusts: `trust add` and `trust list`."""

from flask.cli import AppGroup

trust_commands = AppGroup("trust", help="The trust anchors of this operator.")

COMMANDS = (trust_commands,)
