"""The answers of an operation, described: those of its view, and every refusal that may meet it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from werkzeug.exceptions import HTTPException

from app.api.description import JSON, Answer, Chapter, Json, Operation, named
from app.api.errors import SENTENCES, STATUS
from app.api.ncanode.answer_shapes import ERROR
from app.api.parameters import ParameterError
from app.auth import ScopeMissing, TagsOutOfReach, TokenNeeded
from app.closed import HostRefused, OriginRefused, ProxyRefused
from app.limits.errors import TooManyRequests

#: What statuses mean that are answered before a view is asked, or when it fails.
MEANINGS = {status: f"{sentence}." for status, sentence in SENTENCES.items()}
#: What a view that demands a scope may refuse before it is asked, and every one that is limited.
BY_GUARD = (
    TokenNeeded,
    ScopeMissing,
    TagsOutOfReach,
    OriginRefused,
    HostRefused,
    ProxyRefused,
)
BY_LIMIT = (TooManyRequests,)
#: What the server refuses before the application sees it, whatever the address: in one shape.
BY_SERVER = {
    414: "The address and its query string are too long: parameters may come in the body.",
    431: "The headers are too large.",
}
#: Headers that answers of all chapters have.
COMMON_HEADERS = {
    "X-Request-ID": "The id of the request: the one that it brought, or a new one.",
    "Cache-Control": "Who may keep the answer.",
    "Content-Language": "The language of what is told: en, ru or kk.",
    "WWW-Authenticate": "How a token is to be sent.",
    "Retry-After": "Seconds after which a request may be made again.",
    "RateLimit-Policy": "How many requests a caller has in how many seconds.",
    "RateLimit": "How many are left, and for how many seconds.",
    "RateLimit-Limit": "How many requests a caller has.",
    "RateLimit-Remaining": "How many are left.",
    "RateLimit-Reset": "Seconds after which all are there again.",
}
#: Those of every answer, and of every answer of what is limited.
EVERYWHERE = ("X-Request-ID", "Cache-Control")
LIMITED = tuple(name for name in COMMON_HEADERS if name.startswith("RateLimit"))
#: Those that go with a status.
HEADERS: dict[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}


def common_components(chapters: Sequence[Chapter]) -> Json:
    """Return the shapes, answers and headers that operations refer to."""
    schemas: dict[str, Json] = {"Refusal": ERROR}
    for chapter in chapters:
        schemas |= {**chapter.shapes, _error_name(chapter): chapter.error}
    responses = {
        _server_name(status): _response(Answer(words, named("Refusal")), EVERYWHERE, {})
        for status, words in BY_SERVER.items()
    }
    headers = {name: _header(words) for name, words in COMMON_HEADERS.items()}
    return {"schemas": schemas, "responses": responses, "headers": headers}


class ResponseWriter:
    """Writes the answers of one operation.

    Refusals that mean the same in the whole chapter become components.
    """

    def __init__(
        self, chapter: Chapter, operation: Operation, examples: Json, components: Json
    ) -> None:
        self.chapter, self.operation = chapter, operation
        self.examples: Json = examples.get("answers", {})
        self.components = components
        self.headers: tuple[str, ...] = EVERYWHERE

    def write(self, *, public: bool, limited: bool) -> Iterator[tuple[int, Json]]:
        """Return each status with its answer.

        Args:
            public: whether no token is needed.
            limited: whether a caller may ask only so often.
        """
        self.headers = EVERYWHERE + (LIMITED if limited else ())
        for status, answer in self.operation.answers.items():
            yield status, self._answer(status, answer)
        guards = (() if public else BY_GUARD) + (BY_LIMIT if limited else ())
        for status, reasons in self._reasons(guards, asks=not public).items():
            yield status, self._refusal(status, reasons)
        for status in BY_SERVER:
            yield status, {"$ref": f"#/components/responses/{_server_name(status)}"}

    def _reasons(self, guards: tuple[type[Exception], ...], *, asks: bool) -> dict[int, list[str]]:
        """Return the reasons of each status with which the operation may be refused.

        `asks` says whether the database is asked for tokens.
        """
        found: dict[int, list[str]] = {500: [MEANINGS[500]]}
        if self.operation.stored or asks:
            found[503] = [MEANINGS[503]]
        if self.operation.reads:
            found[413] = [MEANINGS[413]]
        reads = (ParameterError,) if self.operation.reads or self.operation.query else ()
        for kind in guards + reads + self.operation.refuses:
            status, reason = _reason(kind)
            found.setdefault(status, []).append(reason)
        return found

    def _refusal(self, status: int, reasons: list[str]) -> Json:
        words = "\n".join(f"- {one}" for one in reasons) if reasons[1:] else reasons[0]
        headers = ("Content-Language", *HEADERS.get(status, ()))
        told = {name: COMMON_HEADERS[name] for name in headers}
        written = self._answer(status, Answer(words, named(_error_name(self.chapter)), (), told))
        name = f"{self.chapter.name.capitalize()}{status}"
        # The first one is that of most; whatever differs from it, also by an example, stays apart.
        if self.components["responses"].setdefault(name, written) != written:
            return written
        return {"$ref": f"#/components/responses/{name}"}

    def _answer(self, status: int, answer: Answer) -> Json:
        key = str(status)
        example = {"example": self.examples[key]} if key in self.examples else {}
        return _response(answer, self.headers, example)


def _response(answer: Answer, common: tuple[str, ...], example: Mapping[str, Any]) -> Json:
    headers = {**{name: COMMON_HEADERS[name] for name in common}, **answer.headers}
    written: Json = {
        "description": answer.words,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            if COMMON_HEADERS.get(name) == words
            else _header(words)
            for name, words in headers.items()
        },
    }
    content: Json = {kind: {"schema": _FILE} for kind in answer.files}
    if answer.shape:
        content[JSON] = {"schema": answer.shape, **example}
    return {**written, "content": content} if content else written


def _header(words: str) -> Json:
    return {"description": words, "schema": {"type": "string"}}


def _error_name(chapter: Chapter) -> str:
    return f"{chapter.name.capitalize()}Error"


def _server_name(status: int) -> str:
    return f"Server{status}"


def _reason(kind: type[Exception]) -> tuple[int, str]:
    """Return the status of a kind of error, and what it is, in the words of its docstring."""
    if issubclass(kind, HTTPException):
        status = kind.code or 500
        return status, MEANINGS[status]
    sentence = (kind.__doc__ or kind.__name__).partition("\n")[0].partition(". ")[0]
    return STATUS[kind], f"{sentence.rstrip('.')}."
