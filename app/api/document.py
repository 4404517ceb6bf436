"""The description of the API for machines: OpenAPI 3.1, made of what the application serves.

It is put together from the route table, the fields of the schemas, the scopes that views demand and
the table of refusals, so it can't say other than what they do; the words come from the chapters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from flask import Flask
from werkzeug.routing import Rule

from app.api.bodies import FORM, body_shape, query_parameters
from app.api.description import JSON, Chapter, Json, Operation, View
from app.api.responses import ResponseWriter, common_components
from app.auth import DEMANDS
from app.limits.requests import UNLIMITED
from app.version import VERSION

#: Methods that need no words of their own: they are answered as the others say.
IMPLIED = {"HEAD", "OPTIONS"}
#: How a token may be sent; each is as good as the others.
SCHEMES: dict[str, Json] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "api_key"},
    "xApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}
_TITLE = "Qoltanba: a store of digital signatures"
_WORDS = """\
Signatures (CMS and XML) are kept under a document code and a thread, in versions that nobody can
change. The same signatures are told in the words of several signing systems, each in a chapter of
its own, with its own shape of errors.

A token, where the server wants one, goes into `Authorization: Bearer`, `api_key` or `X-Api-Key`.
Errors are told in English, Russian or Kazakh, as `api-locale` or `Accept-Language` say. `HEAD` is
answered as `GET`, without the body; a method that an address doesn't have with 405 and `Allow`.
What can't be read as HTTP is refused in the shape `Refusal`, whatever the address.
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """An operation with all that it is described by."""

    chapter: Chapter
    operation: Operation
    view: View
    examples: Json
    #: Whether its view answers at one address to one method.
    alone: bool


def write_document(app: Flask, chapters: Sequence[Chapter]) -> bytes:
    """Write the document of an application as JSON."""
    document = describe_rules(app.url_map.iter_rules(), app.view_functions, chapters)
    if not app.config["AUTH"]:
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["security"].insert(0, {})  # Without any token.
    return orjson.dumps(document)


def describe_rules(
    rules: Iterable[Rule], views: Mapping[str, View], chapters: Sequence[Chapter]
) -> Json:
    """Put the document together.

    Args:
        rules: of the route table.
        views: those that the rules lead to, by endpoint.
        chapters: what the rooms tell of themselves.

    Raises:
        KeyError: nobody describes a view, or words are missing for a parameter.
    """
    served = [
        (views[rule.endpoint], rule, method)
        for rule in rules
        for method in sorted((rule.methods or set()) - IMPLIED)
    ]
    addresses = Counter(view for view, _, _ in served)
    told = {one.view: one for chapter in chapters for one in _operations(chapter, addresses)}
    paths: dict[str, Json] = {}
    components: Json = {**common_components(chapters), "securitySchemes": SCHEMES}
    for view, rule, method in served:
        writer = _Writer(told[view], rule, method, components)
        paths.setdefault(path_of(rule), {})[method.lower()] = writer.write()
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": VERSION, "description": _WORDS},
        "servers": [{"url": "/"}],
        "tags": [{"name": each.name, "description": each.words} for each in chapters],
        "paths": dict(sorted(paths.items())),
        "components": components,
    }


def _operations(chapter: Chapter, addresses: Mapping[View, int]) -> Iterator[_Told]:
    found: Json = orjson.loads(chapter.examples.read_bytes()) if chapter.examples else {}
    for view, operation in chapter.operations.items():
        examples = found.get(view.__name__, {})
        yield _Told(chapter, operation, view, examples, alone=addresses.get(view) == 1)


def path_of(rule: Rule) -> str:
    """Write an address as OpenAPI does: `/x/{name}`."""
    return "".join(part if static else f"{{{part}}}" for static, part in _parts(rule))


def _parts(rule: Rule) -> Iterator[tuple[bool, str]]:
    """Return the parts of an address, each with whether it stands there as it is."""
    for piece in rule.rule.split("<"):
        variable, closing, rest = piece.partition(">")
        if closing:
            yield False, variable.rpartition(":")[2]
            yield True, rest
        else:
            yield True, piece


class _Writer:
    """Writes one operation."""

    def __init__(self, told: _Told, rule: Rule, method: str, components: Json) -> None:
        self.chapter, self.operation, self.view = told.chapter, told.operation, told.view
        self.examples, self.alone = told.examples, told.alone
        self.rule, self.method, self.components = rule, method, components
        self.scope = DEMANDS.get(told.view, "admin")

    def write(self) -> Json:
        """Return the operation."""
        written: Json = {
            "tags": [self.chapter.name],
            "operationId": self._id(),
            "summary": (self.view.__doc__ or "").partition("\n")[0].rstrip("."),
            "description": self._words(),
            "parameters": [*self._variables(), *self._query(), *self._heeded()],
            "responses": self._responses(),
            "security": [{name: [self.scope]} for name in SCHEMES] if self.scope else [],
        }
        if self.operation.reads:
            written["requestBody"] = self._body()
        return written

    def _id(self) -> str:
        """Name the operation by its view; where one has several addresses, by those too."""
        if self.alone:
            return self.view.__name__
        words = [word for static, part in _parts(self.rule) if static for word in part.split("/")]
        return "-".join([self.view.__name__, self.method.lower(), *filter(None, words)])

    def _words(self) -> str:
        scope = f"A token needs the scope `{self.scope}`." if self.scope else "Public."
        return "\n\n".join(filter(None, [self.operation.words, scope]))

    def _variables(self) -> Iterator[Json]:
        given = self.examples.get("variables", {})
        for static, name in _parts(self.rule):
            if not static:
                yield {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "description": self.chapter.parameters[name],
                    "schema": {"type": "string"},
                    **({"example": given[name]} if name in given else {}),
                }

    def _query(self) -> Iterator[Json]:
        example = self.examples.get("query", {})
        yield from query_parameters(self.chapter, self.operation, self.method, example)

    def _heeded(self) -> Iterator[Json]:
        for name, words in self.operation.headers.items():
            yield {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}

    def _responses(self) -> Json:
        writer = ResponseWriter(self.chapter, self.operation, self.examples, self.components)
        limited = self.rule.rule not in UNLIMITED
        answers = writer.write(public=self.scope is None, limited=limited)
        return {str(status): answer for status, answer in sorted(answers)}

    def _body(self) -> Json:
        """Describe the body, whose shape is a component that the view's addresses share."""
        words = [*self.view.__name__.split("_"), "request"]
        if len((self.rule.methods or set()) - IMPLIED) > 1:
            words.insert(0, self.method)
        name = "".join(word.capitalize() for word in words)
        self.components["schemas"][name] = body_shape(self.chapter, self.operation, self.method)
        content: Json = {JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        if "body" in self.examples:
            content[JSON]["example"] = self.examples["body"]
        if self.operation.takes_form:
            content[FORM] = {"schema": {"$ref": f"#/components/schemas/{name}"}}
        return {"required": False, "content": content}
