"""The description of the API says what the code does, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.answers import json_answer
from app.api.errors import STATUS
from app.api.file_types import ATTACHED, DETACHED, XML
from app.api.iinked.schemas import TYPES
from app.api.iinked.shapes import CODES, STATUS_CODES
from app.api.ncanode import envelope
from app.api.ncanode.schemas import ALIASES
from app.api.openapi.document import COMMON, IMPLIED, Json, path_of, read_part
from app.api.operations import OPENAPI
from app.api.penbox.files import OCTETS
from app.api.solaris.signings import STATES
from app.auth import BOUND_BY_TAGS, DEMANDS
from app.cms.claims import ROLES
from app.factory import FAMILIES
from app.limits.requests import UNLIMITED
from app.store.package_states import State
from tests.api import people
from tests.api.asking import JSON, content_of, filled, save
from tests.api.described_fields import READS, SECOND, demanded_by, parameters_of
from tests.api.examples import SETTINGS, WALKS, kept_in, outline, record, references_in
from tests.conftest import AppMaker
from tests.described import document_of, errors_of, resolve

#: Methods whose parameters are described in the query string; those of others, in the body.
BY_QUERY = {"get", "delete"}
#: What may be asked without any parameter.
WITHOUT_BODY = {"listPackages"}
FILES = [COMMON, OPENAPI, *(family.openapi for family in FAMILIES.values())]
NAMES = [str(file.relative_to(COMMON.parents[1])) for file in FILES]


@pytest.fixture(name="document")
def served_document(sqlite_client: FlaskClient) -> Json:
    """Give the description as it is served."""
    document: Json = sqlite_client.get("/openapi.json").get_json()
    return document


def served(app: Flask) -> dict[tuple[str, str], Any]:
    """Give the view of each address and method that the route table has."""
    return {
        (path_of(rule), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - IMPLIED
    }


def described(document: Json) -> dict[tuple[str, str], Json]:
    """Give the operation of each address and method that a document has."""
    return {
        (path, method): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def answers_of(document: Json, operation: Json) -> dict[str, Json]:
    """Give the answers of an operation by status."""
    return {status: resolve(document, one) for status, one in operation["responses"].items()}


def bare(document: Json, schema: Json) -> Json:
    """Give a schema without words and references: what it demands."""
    found = resolve(document, schema)
    kept = {key: value for key, value in found.items() if key != "description"}
    if "items" in kept:
        kept["items"] = bare(document, kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: bare(document, one) for name, one in kept["properties"].items()}
    return kept


# --- the files --------------------------------------------------------------------------------


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would take the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {keys} {node.start_mark}"
        return node


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_no_key_of_a_file_stands_twice(file: Path) -> None:
    yaml.load(file.read_text(encoding="utf-8"), Loader=Strict)  # noqa: S506  # a SafeLoader


def test_a_key_that_stands_twice_is_noticed() -> None:
    with pytest.raises(AssertionError, match="twice"):
        yaml.load("a: {b: 1, b: 2}", Loader=Strict)  # noqa: S506


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_a_file_has_nothing_that_json_has_not(file: Path) -> None:
    rest: list[Any] = [read_part(file)]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            assert all(isinstance(key, str) for key in one), list(one)
            rest += one.values()
        elif isinstance(one, list):
            rest += one
        else:  # An unquoted date would be one.
            assert one is None or isinstance(one, bool | int | float | str), one


def test_no_two_files_name_a_component_alike() -> None:
    named = [
        (kind, name)
        for file in FILES
        for kind, components in read_part(file)["components"].items()
        for name in components
    ]
    assert sorted(named) == sorted(set(named))


def test_every_component_is_referred_to(document: Json) -> None:
    text = str(document)
    unused = [
        f"{kind}/{name}"
        for kind, components in document["components"].items()
        for name in components
        if kind != "securitySchemes" and f"'#/components/{kind}/{name}'" not in text
    ]
    assert unused == []


# --- the operations ---------------------------------------------------------------------------


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


def test_it_tells_of_each_operation_what_token_it_needs(sqlite_app: Flask) -> None:
    document, views = document_of(sqlite_app), served(sqlite_app)
    schemes = set(document["components"]["securitySchemes"])
    for address, operation in described(document).items():
        scope = DEMANDS[views[address]]
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


# --- what is sent -----------------------------------------------------------------------------


def sent_to(document: Json, method: str, operation: Json) -> tuple[dict[str, Json], set[str]]:
    """Give the schema of each parameter that is described, and the names that are required."""
    if method in BY_QUERY:
        found = [resolve(document, one) for one in operation["parameters"]]
        query = [one for one in found if one["in"] == "query"]
        shapes = {
            one["name"]: bare(document, one["schema"])
            | ({"deprecated": True} if one.get("deprecated") else {})
            for one in query
        }
        return shapes, {one["name"] for one in query if one.get("required")}
    body = bare(document, operation["requestBody"]["content"]["application/json"]["schema"])
    return body["properties"], set(body.get("required", ()))


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
        assert required == set(demanded_by(name)), name
        found.add(name.removesuffix(SECOND))
    assert set(READS) <= found


def test_only_what_has_a_body_by_custom_is_described_with_one(document: Json) -> None:
    for (_, method), operation in described(document).items():
        name = operation["operationId"].removesuffix(SECOND)
        assert ("requestBody" in operation) is (method not in BY_QUERY), name
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
    """Give each member of a body, and of the objects in its lists."""
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
    assert set(deprecated) == set(ALIASES)
    assert all(f"`{name}`" in deprecated[alias] for alias, name in ALIASES.items())


def test_what_must_be_set_is_refused_when_it_is_not(sqlite_app: Flask) -> None:
    document, client = document_of(sqlite_app), sqlite_app.test_client()
    tried = 0
    for (path, method), operation in described(document).items():
        _, required = sent_to(document, method, operation)
        given = example_of(document, method, operation)
        for name in required:
            rest = {key: value for key, value in given.items() if key != name}
            response = client.open(path, method=method, json=rest)
            assert response.status_code == 400, (path, name)
            tried += 1
    assert tried > 20


def example_of(document: Json, method: str, operation: Json) -> dict[str, Any]:
    """Give the example of a request."""
    if method in BY_QUERY:
        parameters = [resolve(document, one) for one in operation["parameters"]]
        return {one["name"]: one["example"] for one in parameters if "example" in one}
    [*examples] = examples_of(document, operation["requestBody"]["content"]["application/json"])
    return examples[0] if examples else {}


# --- what is answered -------------------------------------------------------------------------


#: What is answered before the application is asked.
BY_SERVER = {"414", "431"}
#: Names by which refusals are counted that no error of our own stands for.
OTHERS = {
    "DatabaseAway": "503",
    "NotAcceptable": "406",
    "NotFound": "404",
    "PreconditionFailed": "412",
    "RequestEntityTooLarge": "413",
    "Unexpected": "500",
}


def reasons_of(document: Json) -> Iterator[tuple[tuple[str, str], str, Json]]:
    """Give each refusal that is described, with its address and status."""
    for address, operation in described(document).items():
        for status, answer in answers_of(document, operation).items():
            if int(status) >= 400:
                yield address, status, answer


def test_every_refusal_is_described_with_its_status(document: Json) -> None:
    kinds = {kind.__name__: str(status) for kind, status in STATUS.items()} | OTHERS
    assert len(kinds) == len(STATUS) + len(OTHERS)
    found = set()
    for address, status, answer in reasons_of(document):
        assert ("x-reasons" in answer) is (status not in BY_SERVER), address
        for reason in answer.get("x-reasons", ()):
            assert kinds[reason] == status, address
            found.add(reason)
    assert found == set(kinds)


def test_each_reason_is_told_once(document: Json) -> None:
    for address, _, answer in reasons_of(document):
        reasons = answer.get("x-reasons", [])
        assert len(reasons) == len(set(reasons)), address
        told = re.findall(r"^- (.*)$", answer["description"], re.MULTILINE)
        assert len(told) == len(set(told)) == (len(reasons) if len(reasons) > 1 else 0), address


def test_a_refusal_begins_with_the_name_of_its_status(document: Json) -> None:
    names = {
        "400": "Bad Request",
        "401": "Unauthorized",
        "403": "Forbidden",
        "404": "Not Found",
        "406": "Not Acceptable",
        "412": "Precondition Failed",
        "413": "Content Too Large",
        "414": "URI Too Long",
        "429": "Too Many Requests",
        "431": "Request Header Fields Too Large",
        "500": "Internal Server Error",
        "501": "Not Implemented",
        "502": "Bad Gateway",
        "503": "Service Unavailable",
    }
    for address, status, answer in reasons_of(document):
        assert re.match(rf"{names[status]}[:.]", answer["description"]), address


def test_every_operation_has_the_refusals_that_any_may_meet(sqlite_app: Flask) -> None:
    document, views = document_of(sqlite_app), served(sqlite_app)
    for address, operation in described(document).items():
        view, answers = views[address], answers_of(document, operation)
        assert {"414", "431", "500"} <= set(answers)
        if DEMANDS[view] is not None:
            assert "503" in answers  # Tokens are asked for in the database.
            by_tags = "TagsOutOfReach" in answers["403"]["x-reasons"]
            assert by_tags is (view not in BOUND_BY_TAGS), address
        name = operation["operationId"].removesuffix(SECOND)
        assert ("413" in answers) is (isinstance(READS.get(name), type)), address


def test_answers_have_the_headers_that_all_have(document: Json) -> None:
    for address, operation in described(document).items():
        for status, answer in answers_of(document, operation).items():
            headers = set(answer["headers"])
            assert {"X-Request-ID", "Cache-Control"} <= headers
            assert ("WWW-Authenticate" in headers) is (status == "401")
            assert ("Retry-After" in headers) is (status in ("429", "503"))
            if status not in BY_SERVER:
                is_limited = address[0] not in UNLIMITED and address[0] not in UNCOUNTED
                assert ("RateLimit" in headers) >= is_limited, (address, status)
            if int(status) >= 400 and status not in BY_SERVER:
                assert "Content-Language" in headers, (address, status)


#: Addresses whose failures share what is said of health checks.
UNCOUNTED = {"/docs", "/docs/{asset}", "/openapi.json"}


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("Claimed roles items", dict.fromkeys(ROLES.values())),
        ("NewPackageSigner role", dict.fromkeys(ROLES.values())),
        ("PackageSummary type", TYPES),
        ("PackageSummary state", get_args(State)),
        ("Package state", get_args(State)),
        ("Signing status", STATES),
        ("Signing state", STATES.values()),
        ("IinkedError error", sorted({*CODES.values(), *STATUS_CODES.values()})),
    ],
)
def test_the_words_to_choose_from_are_those_of_the_code(
    document: Json, place: str, values: Any
) -> None:
    schema, name, *rest = place.split()
    found = resolve(document, document["components"]["schemas"][schema]["properties"][name])
    for key in rest:
        found = resolve(document, found[key])
    assert found["enum"] == list(values)


def test_a_signature_by_its_public_id_is_described_in_every_type(document: Json) -> None:
    answer = document["paths"]["/signatures/{public_id}"]["get"]["responses"]["200"]
    assert set(answer["content"]) == {"application/json", OCTETS, DETACHED, ATTACHED, XML}


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


@pytest.mark.parametrize("family", WALKS)
def test_the_examples_are_what_is_really_asked_and_answered(exemplary: Flask, family: str) -> None:
    file = FAMILIES[family].openapi
    kept, recorder = kept_in(file), record(exemplary, family)
    assert set(kept) == references_in(file)
    for name, value in kept.items():
        now = outline(recorder.examples[name])
        assert now == outline(value), f"{name}: python -m tests.api.examples writes it anew"


@pytest.mark.parametrize("family", WALKS)
def test_the_parameters_of_the_examples_are_those_that_were_sent(
    exemplary: Flask, family: str
) -> None:
    document, recorder = document_of(exemplary), record(exemplary, family)
    operations = {one["operationId"]: one for one in described(document).values()}
    asked = {name: sent for name, sent in recorder.parameters.items() if sent}
    assert asked
    for name, sent in asked.items():
        parameters = [resolve(document, one) for one in operations[name]["parameters"]]
        told = {one["name"]: one["example"] for one in parameters if "example" in one}
        assert outline(dict(sorted(told.items()))) == outline(dict(sorted(sent.items()))), name


def test_every_operation_of_a_family_has_a_real_answer_as_example(document: Json) -> None:
    without = {
        "forwardToNcanode",  # There is no server to forward to.
    }
    for operation in described(document).values():
        name = operation["operationId"]
        if operation["tags"] != ["operations"] and name not in without:
            good = operation["responses"][min(operation["responses"])]
            assert list(examples_of(document, good["content"]["application/json"])), name
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                assert list(examples_of(document, content)), name


def test_the_examples_are_as_described(sqlite_app: Flask) -> None:
    document = document_of(sqlite_app)
    examples = list(examples_in(document))
    assert len(examples) > 40
    for schema, example in examples:
        assert errors_of(document, schema, example) == []


def examples_of(document: Json, content: Json) -> Iterator[Any]:
    """Give the examples of a content."""
    for example in content.get("examples", {}).values():
        yield resolve(document, example)["value"]


def examples_in(document: Json) -> Iterator[tuple[Json, Any]]:
    """Give each example with the schema that it is one of."""
    for operation in described(document).values():
        for parameter in (resolve(document, one) for one in operation["parameters"]):
            if "example" in parameter:
                yield parameter["schema"], parameter["example"]
        for one in [operation.get("requestBody", {}), *answers_of(document, operation).values()]:
            for content in one.get("content", {}).values():
                for example in examples_of(document, content):
                    yield content["schema"], example
