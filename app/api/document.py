"""The description of the API for machines: OpenAPI 3.1, made of what the application serves.

It is put together from the route table, the fields of the schemas, the scopes that views demand and
the table of refusals, so it can't say other than what they do; the words come from the chapters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from app.api.bodies import FORM, body_shape, query_parameters
from app.api.description import JSON, Answer, Chapter, Json, Operation, View
from app.api.errors import SENTENCES, STATUS
from app.api.parameters import ParameterError
from app.auth import DEMANDS
from app.version import VERSION

#: Methods that need no words of their own: they are answered as the others say.
IMPLIED = {"HEAD", "OPTIONS"}
#: How a token may be sent; each is as good as the others.
SCHEMES: dict[str, Json] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "api_key"},
    "xApiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}
#: What statuses mean that are answered before a view is asked, or when it fails.
MEANINGS = {
    401: "The server wants a token, and there is none, or none that it knows.",
    403: "The token doesn't allow this.",
    429: "Too many requests.",
    **{status: f"{sentence}." for status, sentence in SENTENCES.items()},
}
#: Headers that answers of all chapters have.
COMMON_HEADERS = {
    "X-Request-ID": "The id of the request: the one that it brought, or a new one.",
    "Content-Language": "The language of what is told: en, ru or kk.",
    "WWW-Authenticate": "How a token is to be sent.",
    "Retry-After": "Seconds after which a request may be made again.",
}
#: Those that go with a status.
HEADERS: dict[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_TITLE = "Qoltanba: a store of digital signatures"
_WORDS = """\
Signatures (CMS and XML) are kept under a document code and a thread, in versions that nobody can
change. The same signatures are told in the words of several signing systems, each in a chapter of
its own, with its own shape of errors.

A token, where the server wants one, goes into `Authorization: Bearer`, `api_key` or `X-Api-Key`.
Errors are told in English, Russian or Kazakh, as `api-locale` or `Accept-Language` say. `HEAD` is
answered as `GET`, without the body; a method that an address doesn't have with 405 and `Allow`.
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
    return orjson.dumps(describe_rules(app.url_map.iter_rules(), app.view_functions, chapters))


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
    components: Json = {
        "schemas": _schemas(chapters),
        "responses": {},
        "headers": {name: _header(words) for name, words in COMMON_HEADERS.items()},
        "securitySchemes": SCHEMES,
    }
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


def _schemas(chapters: Sequence[Chapter]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for chapter in chapters:
        found |= {**chapter.shapes, _error_name(chapter): chapter.error}
    return found


def _header(words: str) -> Json:
    return {"description": words, "schema": {"type": "string"}}


def _operations(chapter: Chapter, addresses: Mapping[View, int]) -> Iterator[_Told]:
    found: Json = orjson.loads(chapter.examples.read_bytes()) if chapter.examples else {}
    for view, operation in chapter.operations.items():
        examples = found.get(view.__name__, {})
        yield _Told(chapter, operation, view, examples, alone=addresses.get(view) == 1)


def _error_name(chapter: Chapter) -> str:
    return f"{chapter.name.capitalize()}Error"


def path_of(rule: Rule) -> str:
    """Write an address as OpenAPI does: `/x/{name}`."""
    return "".join(part if static else f"{{{part}}}" for static, part in _parts(rule))


def _parts(rule: Rule) -> Iterator[tuple[bool, str]]:
    """Give the parts of an address, each with whether it stands there as it is."""
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
        """Give the operation."""
        written: Json = {
            "tags": [self.chapter.name],
            "operationId": self._id(),
            "summary": (self.view.__doc__ or "").partition("\n")[0].rstrip("."),
            "description": self._words(),
            "parameters": [*self._variables(), *self._query(), *self._heeded()],
            "responses": {str(status): answer for status, answer in sorted(self._answers())},
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

    def _answers(self) -> Iterator[tuple[int, Json]]:
        for status, answer in self.operation.answers.items():
            yield status, self._answer(status, answer)
        error = {"$ref": f"#/components/schemas/{_error_name(self.chapter)}"}
        for status, reasons in self._refusals().items():
            words = "\n".join(f"- {one}" for one in reasons) if reasons[1:] else reasons[0]
            headers = ("Content-Language", *HEADERS.get(status, ()))
            answer = Answer(words, error, headers={name: COMMON_HEADERS[name] for name in headers})
            yield status, self._refusal(status, answer)

    def _refusal(self, status: int, answer: Answer) -> Json:
        """Describe a refusal; one that means the same in the whole chapter is a component."""
        if answer.words != MEANINGS.get(status):
            return self._answer(status, answer)
        name = f"{self.chapter.name.capitalize()}{status}"
        self.components["responses"].setdefault(name, self._answer(status, answer))
        return {"$ref": f"#/components/responses/{name}"}

    def _refusals(self) -> dict[int, list[str]]:
        """Give the reasons of each status with which the operation may be refused."""
        found: dict[int, list[str]] = {500: [MEANINGS[500]]}
        if self.operation.stored:
            found[503] = [MEANINGS[503]]
        if self.scope:
            found |= {status: [MEANINGS[status]] for status in (401, 403, 429)}
        if self.operation.reads:
            found[413] = [MEANINGS[413]]
        reads = self.operation.reads or self.operation.query
        for kind in ((ParameterError,) if reads else ()) + self.operation.refuses:
            status, reason = _reason(kind)
            found.setdefault(status, []).append(reason)
        return found

    def _answer(self, status: int, answer: Answer) -> Json:
        named = {"X-Request-ID": COMMON_HEADERS["X-Request-ID"], **answer.headers}
        written: Json = {
            "description": answer.words,
            "headers": {
                name: {"$ref": f"#/components/headers/{name}"}
                if COMMON_HEADERS.get(name) == words
                else _header(words)
                for name, words in named.items()
            },
        }
        content: Json = {kind: {"schema": _FILE} for kind in answer.files}
        if answer.shape:
            content[JSON] = {"schema": answer.shape, **self._example(status)}
        if content:
            written["content"] = content
        return written

    def _example(self, status: int) -> Mapping[str, Any]:
        given = self.examples.get("answers", {})
        return {"example": given[str(status)]} if str(status) in given else {}


_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}


def _reason(kind: type[Exception]) -> tuple[int, str]:
    """Give the status of a kind of error, and what it is, in the words of its docstring."""
    if issubclass(kind, HTTPException):
        status = kind.code or 500
        return status, MEANINGS[status]
    sentence = (kind.__doc__ or kind.__name__).partition("\n")[0].partition(". ")[0]
    return STATUS[kind], f"{sentence.rstrip('.')}."
