"""Servers to which claims are enough: what counts as signed has tests of its own."""

import pytest
from flask import Flask

from tests.conftest import AppMaker, claiming_maker


@pytest.fixture(name="make_app")
def make_apps_that_take_claims(start_app: AppMaker, database_url: str) -> AppMaker:
    """Provide a function that makes applications on the test's database; none has an anchor."""
    return claiming_maker(start_app, DATABASE_URL=database_url)


@pytest.fixture(name="sqlite_app")
def usual_sqlite_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application for what doesn't depend on the kind of database."""
    return claiming_maker(start_app, DATABASE_URL=sqlite_url)()
