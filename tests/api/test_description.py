"""The description of the API says what the code does, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.answers import json_answer
from app.api.bodies import BY_QUERY, words_of
from app.api.description import Chapter, Json, Operation, View
from app.api.document import IMPLIED, path_of
from app.api.errors import STATUS
from app.api.ncanode import envelope
from app.api.parameters import ParameterError
from app.api.responses import BY_GUARD, BY_LIMIT
from app.api.self_description import CHAPTERS
from app.auth import DEMANDS
from app.limits.requests import UNLIMITED
from tests.api import people
from tests.api.asking import JSON, content_of, filled, save
from tests.api.examples import SETTINGS, WALKS, file_of, outline, record
from tests.conftest import AppMaker
from tests.described import document_of, errors_of, resolve

FORM = "application/x-www-form-urlencoded"
FAMILIES = list(WALKS)


@pytest.fixture(name="document")
def told_document(sqlite_client: FlaskClient) -> Json:
    """Give the description as it is served."""
    document: Json = sqlite_client.get("/openapi.json").get_json()
    return document


@pytest.fixture(name="chapters")
def told_chapters(sqlite_app: Flask) -> list[Chapter]:
    """Give what each room tells."""
    return [describe() for describe in sqlite_app.extensions[CHAPTERS]]


def served(app: Flask) -> dict[tuple[str, str], View]:
    """Give the view of each address and method that the route table has."""
    return {
        (path_of(rule), method): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - IMPLIED
    }


def described(document: Json) -> dict[tuple[str, str], Json]:
    """Give the operation of each address and method that the document has."""
    return {
        (path, method.upper()): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def operations_of(
    app: Flask, chapters: list[Chapter]
) -> list[tuple[Json, Chapter, Operation, str]]:
    """Give each described operation with what it was made of, and its method."""
    document = document_of(app)
    told = {view: (one, op) for one in chapters for view, op in one.operations.items()}
    return [
        (operation, *told[served(app)[address]], address[1])
        for address, operation in described(document).items()
    ]


def test_it_is_openapi_3_1(document: Json) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"] == "3.1.0"


def test_it_describes_every_address_and_method_and_no_other(
    sqlite_app: Flask, document: Json
) -> None:
    assert set(described(document)) == set(served(sqlite_app))
    assert len(served(sqlite_app)) > 25


def test_it_names_every_operation_apart(document: Json) -> None:
    names = [operation["operationId"] for operation in described(document).values()]
    assert len(names) == len(set(names))


def test_it_has_every_field_of_a_schema_as_parameter_and_property_and_no_other(
    sqlite_app: Flask, chapters: list[Chapter]
) -> None:
    document = document_of(sqlite_app)
    for told, chapter, operation, method in operations_of(sqlite_app, chapters):
        own = set(operation.reads().shapes()) if operation.reads else set()
        assert set(operation.ignored) <= own
        own -= set(operation.ignored)
        own |= {alias for alias, name in chapter.aliases.items() if name in own}
        query = {one["name"] for one in told["parameters"] if one["in"] == "query"}
        assert query == set(operation.query) | (own if method in BY_QUERY else set())
        contents = told.get("requestBody", {}).get("content", {})
        assert set(contents) == (
            set()
            if not own
            else {"application/json", FORM}
            if operation.takes_form
            else {"application/json"}
        )
        for content in contents.values():
            assert set(resolve(document, content["schema"])["properties"]) == own


def test_it_has_words_for_every_parameter_and_none_for_another(chapters: list[Chapter]) -> None:
    for chapter in chapters:
        named: set[str] = set()
        for operation in chapter.operations.values():
            own = operation.reads().shapes() if operation.reads else {}
            assert set(operation.parameters) <= set(own)
            named |= names_in(own) | set(operation.query)
        variables = {"person_id", "public_id", "name", "asset"}
        assert set(chapter.parameters) - variables <= named
        assert all(words_of(chapter, one) for one in chapter.operations.values())


def names_in(shapes: dict[str, Json]) -> set[str]:
    """Give the names of parameters, and of members of the objects in them."""
    inner = [one.get("items", {}).get("properties", {}) for one in shapes.values()]
    return set(shapes).union(*inner)


def test_every_refusal_is_described_somewhere(chapters: list[Chapter]) -> None:
    refused = {kind for one in chapters for op in one.operations.values() for kind in op.refuses}
    assert set(STATUS) - refused == {ParameterError, *BY_GUARD, *BY_LIMIT}


def test_it_tells_of_each_operation_what_token_it_needs(sqlite_app: Flask, document: Json) -> None:
    views = served(sqlite_app)
    for address, operation in described(document).items():
        scope = DEMANDS[views[address]]
        scopes = {tuple(needed) for one in operation["security"] for needed in one.values()}
        assert scopes == ({(scope,)} if scope else set())
        assert ({"401", "403"} <= set(operation["responses"])) is (scope is not None)
        assert ("429" in operation["responses"]) is (address[0] not in UNLIMITED)


@pytest.mark.parametrize(("auth", "without"), [("off", True), ("on", False)])
def test_it_says_whether_the_server_wants_tokens(
    start_app: AppMaker, sqlite_url: str, auth: str, without: bool
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, AUTH=auth)
    document = app.test_client().get("/openapi.json").get_json()
    assert ({} in document["paths"]["/signature"]["get"]["security"]) is without


@pytest.mark.parametrize("off", [name for name in FAMILIES if name != "ncanode"])
def test_a_family_that_is_off_is_not_described(
    start_app: AppMaker, sqlite_url: str, off: str
) -> None:
    on = ",".join(name for name in FAMILIES if name != off)
    document = start_app(DATABASE_URL=sqlite_url, FAMILIES=on).test_client().get("/openapi.json")
    assert off not in [tag["name"] for tag in document.get_json()["tags"]]


def test_it_is_written_once(sqlite_client: FlaskClient) -> None:
    first = sqlite_client.get("/openapi.json")
    assert first.headers["Content-Type"] == JSON
    assert sqlite_client.get("/openapi.json").data == first.data
    assert sqlite_client.head("/openapi.json").headers["Content-Length"] == str(len(first.data))


def test_an_answer_that_is_not_as_described_fails_the_test_that_gets_it(
    sqlite_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = json_answer
    odd = {"status": True, "message": None, "content": {"health": "live", "odd": 1}}
    monkeypatch.setattr(envelope, "json_answer", lambda _value, _status=200: write(odd))
    with pytest.raises(jsonschema_rs.ValidationError, match="odd"):
        sqlite_client.get("/health/live")


def test_a_list_that_is_streamed_is_as_described(
    sqlite_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "WHOLE", 1)
    save(sqlite_client, cms=people.cms(people.ivan(), stamped=True))
    other = filled(version=1, cms=people.cms(people.chief()))
    assert "warnings" in content_of(sqlite_client.post("/signature", json=other), 201)
    document: Json = sqlite_client.get("/openapi.json").get_json()
    pair = "document=doc&thread=main"
    more = "with=signers,saver,public_id"
    for path, query in (("/signature/versions", f"{pair}&diff=1"), ("/signatures", "count=1")):
        answer = sqlite_client.get(f"{path}?{query}&{more}")
        assert "Content-Length" not in answer.headers
        shape = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        assert errors_of(document, shape["schema"], answer.get_json()) == []


# --- the examples -----------------------------------------------------------------------------


@pytest.fixture(name="exemplary")
def app_of_examples(make_app: AppMaker, trust_folder: str) -> Flask:
    """Give an application set up as that which the examples were asked of."""
    return make_app(TRUST_DIR=str(trust_folder), **SETTINGS)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_examples_are_what_is_really_asked_and_answered(exemplary: Flask, family: str) -> None:
    kept = json.loads(file_of(family).read_text(encoding="utf-8"))
    now = json.loads(json.dumps(record(exemplary, family)))
    assert outline(now) == outline(kept), "python -m tests.api.examples writes them anew"


def test_every_operation_of_a_family_has_a_real_answer_as_example(
    sqlite_app: Flask, chapters: list[Chapter]
) -> None:
    without = {"ask_origin"}  # There is no server to forward to.
    for told, chapter, operation, _ in operations_of(sqlite_app, chapters):
        name = told["operationId"].partition("-")[0]
        if chapter.name != "operations" and name not in without:
            good = str(min(operation.answers))
            assert "example" in told["responses"][good]["content"]["application/json"], name


def test_the_examples_are_as_described(sqlite_app: Flask) -> None:
    document = document_of(sqlite_app)
    examples = list(examples_in(document))
    assert len(examples) > 40
    for schema, example in examples:
        assert errors_of(document, schema, example) == []


def examples_in(document: Json) -> Any:
    """Give each example with the schema that it is one of."""
    for operation in described(document).values():
        for parameter in operation["parameters"]:
            if "example" in parameter:
                yield parameter["schema"], parameter["example"]
        bodies = [operation.get("requestBody", {})]
        answers = [resolve(document, answer) for answer in operation["responses"].values()]
        for one in bodies + answers:
            for content in one.get("content", {}).values():
                if "example" in content:
                    yield content["schema"], content["example"]


def test_what_must_be_set_is_refused_when_it_is_not(
    sqlite_app: Flask, chapters: list[Chapter]
) -> None:
    client = sqlite_app.test_client()
    tried = 0
    for (path, method), operation in described(document_of(sqlite_app)).items():
        view = served(sqlite_app)[path, method]
        [told] = [one.operations[view] for one in chapters if view in one.operations]
        examples = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        given = examples.get("example") or {
            one["name"]: one["example"] for one in operation["parameters"] if "example" in one
        }
        for name in told.reads.DEMANDED if told.reads else ():
            rest = {key: value for key, value in given.items() if key != name}
            response = client.open(path, method=method, json=rest)
            assert response.status_code == 400, (path, name)
            tried += 1
    assert tried > 20
