"""A client that holds every answer against the API's description of itself.

So each test of the API is one of the description too: a status, a content type or a member that it
doesn't know fails the test that first gets it.
"""

from __future__ import annotations

import copy
from typing import Any
from weakref import WeakKeyDictionary

import jsonschema_rs
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.api.openapi.document import Json, build_document, path_of
from app.api.openapi.views import PARTS
from app.sessions import PAGES

#: Descriptions by the route tables that they are of: they depend on nothing else.
_DESCRIPTIONS: dict[tuple[str, ...], Description] = {}
#: The same, by the applications.
_FOUND: WeakKeyDictionary[Flask, Description] = WeakKeyDictionary()


class Description:
    """The document of an application, and what its answers are validated by."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._shapes = closed(document["components"]["schemas"])
        self._validators: dict[tuple[str, str], jsonschema_rs.Draft202012Validator] = {}

    def operation(self, rule: Rule, method: str) -> Json | None:
        """Return what describes an operation, None for one described by others, or a page."""
        if rule.endpoint.startswith(PAGES):
            return None
        operation: Json | None = self.document["paths"][path_of(rule)].get(method.lower())
        return operation

    def hold(self, operation: Json, response: TestResponse) -> None:
        """Compare an answer with the description of its operation."""
        name, status = operation["operationId"], str(response.status_code)
        assert status in operation["responses"], (name, status, response.text[:300])
        answer = resolve(self.document, operation["responses"][status])
        content = answer.get("content", {})
        if not content:
            assert not response.data, (name, status)
            return
        assert {response.mimetype, "*/*"} & content.keys(), (name, status, response.mimetype)
        # An answer without a length is streamed: whether all of it is read is the test's matter.
        if response.mimetype == "application/json" and "Content-Length" in response.headers:
            schema = content["application/json"]["schema"]
            self._validator(name, status, schema).validate(response.get_json())

    def _validator(
        self, name: str, status: str, schema: Json
    ) -> jsonschema_rs.Draft202012Validator:
        if (name, status) not in self._validators:
            whole = {**closed(schema), "components": {"schemas": self._shapes}}
            self._validators[name, status] = jsonschema_rs.Draft202012Validator(
                whole, validate_formats=True
            )
        return self._validators[name, status]


class DescribedClient(FlaskClient):
    """Flask's client, whose answers are compared with the description."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        request, app = response.request, self.application
        try:
            found = app.url_map.bind("").match(request.path, request.method, return_rule=True)
        except HTTPException:
            return response
        rule, _ = found
        # A view that a test made itself is described nowhere.
        if app.view_functions[rule.endpoint].__module__.startswith("app."):
            description = description_of(app)
            operation = description.operation(rule, request.method)
            if operation is not None:
                description.hold(operation, response)
        return response


def description_of(app: Flask) -> Description:
    """Return the description of an application, without what a test added to it."""
    if app in _FOUND:
        return _FOUND[app]
    views = {name: view.__module__ for name, view in app.view_functions.items()}
    rules = [rule for rule in app.url_map.iter_rules() if views[rule.endpoint].startswith("app.")]
    key = tuple(sorted(f"{rule.rule} {rule.endpoint}" for rule in rules))
    if key not in _DESCRIPTIONS:
        document = build_document(app.extensions[PARTS], map(path_of, rules))
        _DESCRIPTIONS[key] = Description(document)
    _FOUND[app] = _DESCRIPTIONS[key]
    return _FOUND[app]


def document_of(app: Flask) -> Json:
    """Return the document of an application."""
    return description_of(app).document


def resolve(document: Json, described: Json) -> Json:
    """Follow a reference to a component."""
    while "$ref" in described:
        _, kind, name = described["$ref"].removeprefix("#/").split("/")
        described = document["components"][kind][name]
    return described


def errors_of(document: Json, schema: Json, value: Any) -> list[str]:
    """Return what is wrong with a value of a shape; a member that is not described is an error."""
    whole = {**closed(schema), "components": closed(document["components"])}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def closed(schema: Any) -> Any:
    """Return a copy of shapes in which no object has members that are not described."""
    copied = copy.deepcopy(schema)
    rest = [copied]
    while rest:
        one = rest.pop()
        if isinstance(one, list):
            rest += one
        elif isinstance(one, dict):
            if isinstance(one.get("properties"), dict) and "type" in one:
                one["additionalProperties"] = False
            rest += one.values()
    return copied
