"""The description has the operations that are served, and no other."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.openapi.document import Json, read_part
from app.auth import REQUIREMENTS
from app.factory import FAMILIES
from app.rate_limit.callers import UNLIMITED
from tests.api.asking import JSON
from tests.api.describing import (
    FILES,
    described,
    served,
)
from tests.conftest import AppMaker
from tests.described import document_of


def test_it_is_openapi_3_1(document: Json) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_it_describes_every_address_and_method_and_no_other(sqlite_app: Flask) -> None:
    paths = [path for file in FILES for path in described(read_part(file))]
    assert sorted(paths) == sorted(served(sqlite_app))
    assert set(described(document_of(sqlite_app))) == set(paths)
    assert len(paths) > 25


def test_it_names_every_operation_apart_in_camel_case(document: Json) -> None:
    names = [operation["operationId"] for operation in described(document).values()]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z0-9]*)*", name)] == []


def test_operations_come_in_the_order_of_use(document: Json) -> None:
    tags = [tag["name"] for tag in document["tags"]]
    assert tags[:3] == ["save", "find", "verify"]
    assert tags[-1] == "operations"
    used = [operation["tags"] for operation in described(document).values()]
    assert {tag for one in used for tag in one} == set(tags)
    assert all(len(one) == 1 for one in used)


def test_every_operation_has_a_short_summary_of_its_own(document: Json) -> None:
    for operation in described(document).values():
        summary = operation["summary"]
        assert len(summary) <= 60, summary
        assert re.fullmatch(r"[A-Z].*[^.]", summary), summary
        assert not summary.startswith(("Return", "Tell", "Give")), summary


def test_it_states_for_each_operation_which_token_it_needs(sqlite_app: Flask) -> None:
    document, views = document_of(sqlite_app), served(sqlite_app)
    schemes = set(document["components"]["securitySchemes"])
    for address, operation in described(document).items():
        scope = REQUIREMENTS[views[address]]
        offered = {name: scopes for one in operation["security"] for name, scopes in one.items()}
        assert offered == ({key: [scope] for key in schemes} if scope else {}), address
        words = f"A token needs the scope `{scope}`." if scope else "Public."
        assert operation["description"].strip().endswith(words), address
        assert ({"401", "403"} <= set(operation["responses"])) is (scope is not None)
        assert ("429" in operation["responses"]) is (address[0] not in UNLIMITED)


@pytest.mark.parametrize(("auth", "without"), [("off", True), ("on", False)])
def test_it_says_whether_the_server_wants_tokens(
    start_app: AppMaker, sqlite_url: str, auth: str, without: bool
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, AUTH=auth)
    document = app.test_client().get("/openapi.json").get_json()
    for operation in described(document).values():
        assert operation["security"].count({}) == without


@pytest.mark.parametrize("off", [name for name in FAMILIES if name != "ncanode"])
def test_a_family_that_is_off_is_not_described(
    start_app: AppMaker, sqlite_url: str, off: str
) -> None:
    on = ",".join(name for name in FAMILIES if name != off)
    app = start_app(DATABASE_URL=sqlite_url, FAMILIES=on)
    document = app.test_client().get("/openapi.json").get_json()
    assert off not in [tag["name"] for tag in document["tags"]]
    assert set(described(document)) == set(served(app))


def test_what_is_not_served_is_not_described(start_app: AppMaker, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, METRICS="off")
    assert "/metrics" not in app.test_client().get("/openapi.json").get_json()["paths"]


def test_it_is_written_once(sqlite_client: FlaskClient) -> None:
    first = sqlite_client.get("/openapi.json")
    assert first.headers["Content-Type"] == JSON
    assert sqlite_client.get("/openapi.json").data == first.data
    assert sqlite_client.head("/openapi.json").headers["Content-Length"] == str(len(first.data))
