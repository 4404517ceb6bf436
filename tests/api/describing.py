"""What the tests of the description look up in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask

from app.api.openapi.document import COMMON, IMPLIED, Json, path_of
from app.api.operations.health import OPENAPI
from app.factory import FAMILIES
from app.sessions import PAGES
from tests.described import resolve

#: The kind of a body with a JSON object on each line.
NDJSON = "application/x-ndjson"
#: Methods whose parameters are described in the query string; those of others, in the body.
BY_QUERY = {"get", "delete"}
#: Operations that are always refused.
REFUSED = {
    "signCms",
    "addCmsSigner",
    "signXml",
    "signWsse",
    "signPdf",
    "openKeystore",
    "listKeystoreAliases",
    "encodeJwt",
}
#: The files of the description.
FILES = [COMMON, OPENAPI, *(family.openapi for family in FAMILIES.values())]


def served(app: Flask) -> dict[tuple[str, str], Any]:
    """Return the view of each address and method of the API."""
    return {
        (path_of(rule), method.lower()): app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(PAGES)
        for method in (rule.methods or set()) - IMPLIED
    }


def described(document: Json) -> dict[tuple[str, str], Json]:
    """Return the operation of each address and method that a document has."""
    return {
        (path, method): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def answers_of(document: Json, operation: Json) -> dict[str, Json]:
    """Return the answers of an operation by status."""
    return {status: resolve(document, one) for status, one in operation["responses"].items()}


def bare(document: Json, schema: Json) -> Json:
    """Return a schema without words and references: what it demands."""
    found = resolve(document, schema)
    kept = {key: value for key, value in found.items() if key != "description"}
    if "items" in kept:
        kept["items"] = bare(document, kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: bare(document, one) for name, one in kept["properties"].items()}
    return kept


def json_content(operation: Json) -> Json:
    """Return the description of a body in JSON, or of one of its lines."""
    content = operation["requestBody"]["content"]
    if NDJSON in content:
        return {"schema": content[NDJSON]["x-itemSchema"]}
    found: Json = content["application/json"]
    return found


def sent_to(document: Json, method: str, operation: Json) -> tuple[dict[str, Json], set[str]]:
    """Return the schema of each parameter that is described, and the names that are required."""
    if method in BY_QUERY:
        found = [resolve(document, one) for one in operation["parameters"]]
        query = [one for one in found if one["in"] == "query"]
        shapes = {
            one["name"]: bare(document, one["schema"])
            | ({"deprecated": True} if one.get("deprecated") else {})
            for one in query
        }
        return shapes, {one["name"] for one in query if one.get("required")}
    if operation["operationId"] in REFUSED:
        return {}, set()
    body = bare(document, json_content(operation)["schema"])
    return body["properties"], set(body.get("required", ()))


def example_of(document: Json, method: str, operation: Json) -> dict[str, Any]:
    """Return the example of a request."""
    if method in BY_QUERY:
        parameters = [resolve(document, one) for one in operation["parameters"]]
        return {one["name"]: one["example"] for one in parameters if "example" in one}
    if operation["operationId"] in REFUSED:
        return {}
    [*examples] = examples_of(document, json_content(operation))
    return examples[0] if examples else {}


def examples_of(document: Json, content: Json) -> Iterator[Any]:
    """Yield the examples of a content."""
    for example in content.get("examples", {}).values():
        yield resolve(document, example)["value"]
