"""The description has every parameter as it is read, and no other."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from app.api.ncanode.parameters import ALIASES
from app.api.openapi.document import Json
from tests.api.described_fields import READS, SECOND, parameters_of, required_by
from tests.api.describing import (
    BY_QUERY,
    NDJSON,
    REFUSED,
    described,
    example_of,
    sent_to,
)
from tests.described import document_of, resolve

#: What may be asked without any parameter.
WITHOUT_BODY = {"listPackages"}


def test_it_has_every_parameter_that_is_read_as_it_is_read_and_no_other(
    sqlite_app: Flask,
) -> None:
    document, found = document_of(sqlite_app), set()
    for (_, method), operation in described(document).items():
        name = operation["operationId"]
        if "requestBody" not in operation and method not in BY_QUERY:
            continue
        shapes, required = sent_to(document, method, operation)
        assert shapes == parameters_of(name), name
        assert required == set(required_by(name)), name
        found.add(name.removesuffix(SECOND))
    assert set(READS) <= found


def test_only_what_has_a_body_by_custom_is_described_with_one(document: Json) -> None:
    for (_, method), operation in described(document).items():
        name = operation["operationId"].removesuffix(SECOND)
        assert ("requestBody" in operation) is (method not in BY_QUERY and name not in REFUSED)
        if "requestBody" in operation:
            assert operation["requestBody"]["required"] is (name not in WITHOUT_BODY), name


def test_every_parameter_has_words(sqlite_app: Flask) -> None:
    document = document_of(sqlite_app)
    for operation in described(document).values():
        for parameter in operation["parameters"]:
            assert resolve(document, parameter)["description"]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for name, one in words_in(document, content["schema"]):
                assert one.get("description"), (operation["operationId"], name)


def words_in(document: Json, schema: Json) -> Iterator[tuple[str, Json]]:
    """Yield each member of a body, and of the objects in its lists."""
    for name, one in resolve(document, schema).get("properties", {}).items():
        yield name, one
        yield from words_in(document, one.get("items", {}))


def test_an_older_name_says_which_one_it_is_of(sqlite_app: Flask) -> None:
    document = document_of(sqlite_app)
    deprecated = {
        one["name"]: one["description"]
        for operation in described(document).values()
        for one in (resolve(document, each) for each in operation["parameters"])
        if one.get("deprecated")
    }
    older = {**ALIASES, "id": "document"}
    assert set(deprecated) == set(older)
    assert all(f"`{name}`" in deprecated[alias] for alias, name in older.items())


def test_what_must_be_set_is_refused_when_it_is_not(sqlite_app: Flask) -> None:
    document, client = document_of(sqlite_app), sqlite_app.test_client()
    tried = 0
    for (path, method), operation in described(document).items():
        if NDJSON in operation.get("requestBody", {}).get("content", {}):
            continue  # A line is refused, not the request.
        _, required = sent_to(document, method, operation)
        given = example_of(document, method, operation)
        for name in required:
            rest = {key: value for key, value in given.items() if key != name}
            response = client.open(path, method=method, json=rest)
            assert response.status_code == 400, (path, name)
            tried += 1
    assert tried > 20
