"""Failures of a command with --json: the error is JSON too, in the API's shape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

_OPTION = "--json"


class JsonCommand(click.Command):
    """A command with the option --json, which prints one JSON object on stdout in every case."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the arguments."""
        with _errors_as_json(args):
            return super().make_context(info_name, list(args), parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _errors_as_json([_OPTION] if ctx.params.get("as_json") else []):
            return super().invoke(ctx)


@contextmanager
def _errors_as_json(arguments: Sequence[str]) -> Iterator[None]:
    """Print a failure as JSON, if the arguments request it, beside the line on stderr."""
    try:
        yield
    except click.ClickException as error:
        if _OPTION in arguments:
            print_json({"status": False, "message": error.format_message(), "content": None})
        raise


def print_json(value: dict[str, Any]) -> None:
    """Print an object as JSON, with non-ASCII characters unescaped."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
