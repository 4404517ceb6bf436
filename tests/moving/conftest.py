"""An original server's database, and the command that moves it over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.cli import FlaskGroup

from tests.conftest import AppMaker, schema_on
from tests.moving.server import TABLES, OriginalServer, connected


@dataclass(frozen=True, slots=True)
class Moved:
    """What a run of `flask move --json` gave."""

    status: int
    report: dict[str, Any]
    reported: str


#: Runs `flask move` on the test's database; arguments follow, keywords are variables.
Move = Callable[..., Moved]


@pytest.fixture(name="original")
def original_server(postgres_url: str) -> Iterator[OriginalServer]:
    """An original server that has just made its tables, in a schema of its own."""
    with schema_on(postgres_url) as written:
        # libpq takes no + for a blank.
        url = written.replace("+", "%20")
        with connected(url) as cursor:
            cursor.execute(TABLES)
            yield OriginalServer(cursor, url)


@pytest.fixture(name="app")
def open_app(make_app: AppMaker) -> Flask:
    """The application; it takes anything."""
    return make_app(CMS_VALIDATION="off", COSIGN_GUARD="off")


@pytest.fixture(name="move")
def mover(app: Flask, original: OriginalServer) -> Move:
    """Provide a function that moves the original over."""

    def run(*arguments: str, **env: str) -> Moved:
        flask = FlaskGroup(create_app=lambda: app, add_default_commands=False, load_dotenv=False)
        result = app.test_cli_runner().invoke(
            flask, ["move", "--json", *arguments], env={"MOVE_FROM": original.url, **env}
        )
        reported = result.exception
        assert reported is None or isinstance(reported, SystemExit), reported
        report = json.loads(result.stdout) if result.stdout else {}
        return Moved(result.exit_code, report, result.stderr)

    return run
