"""The answers of an operation, described: those of its view, and every refusal that may meet it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from werkzeug.exceptions import HTTPException

from app.api.description import JSON, Answer, Chapter, Json, Operation, named
from app.api.errors import SENTENCES, STATUS
from app.api.ncanode.answer_shapes import ERROR
from app.api.parameters import ParameterError

#: What statuses mean that are answered before a view is asked, or when it fails.
MEANINGS = {
    401: "The server wants a token, and there is none, or none that it knows.",
    403: "The token doesn't allow this.",
    429: "Too many requests.",
    **{status: f"{sentence}." for status, sentence in SENTENCES.items()},
}
#: What the server refuses before the application sees it, whatever the address: in one shape.
BY_SERVER = {
    414: "The address and its query string are too long: parameters may come in the body.",
    431: "The headers are too large.",
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
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}


def common_components(chapters: Sequence[Chapter]) -> Json:
    """Give the shapes, answers and headers that operations refer to."""
    schemas: dict[str, Json] = {"Refusal": ERROR}
    for chapter in chapters:
        schemas |= {**chapter.shapes, _error_name(chapter): chapter.error}
    responses = {
        _server_name(status): _response(Answer(words, named("Refusal")), {})
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

    def write(self, *, public: bool) -> Iterator[tuple[int, Json]]:
        """Give each status with its answer; `public` says whether no token is needed."""
        for status, answer in self.operation.answers.items():
            yield status, self._answer(status, answer)
        for status, reasons in self._reasons(public=public).items():
            yield status, self._refusal(status, reasons)
        for status in BY_SERVER:
            yield status, {"$ref": f"#/components/responses/{_server_name(status)}"}

    def _reasons(self, *, public: bool) -> dict[int, list[str]]:
        """Give the reasons of each status with which the operation may be refused."""
        found: dict[int, list[str]] = {500: [MEANINGS[500]]}
        if self.operation.stored:
            found[503] = [MEANINGS[503]]
        if not public:
            found |= {status: [MEANINGS[status]] for status in (401, 403, 429)}
        if self.operation.reads:
            found[413] = [MEANINGS[413]]
        reads = self.operation.reads or self.operation.query
        for kind in ((ParameterError,) if reads else ()) + self.operation.refuses:
            status, reason = _reason(kind)
            found.setdefault(status, []).append(reason)
        return found

    def _refusal(self, status: int, reasons: list[str]) -> Json:
        words = "\n".join(f"- {one}" for one in reasons) if reasons[1:] else reasons[0]
        headers = ("Content-Language", *HEADERS.get(status, ()))
        told = {name: COMMON_HEADERS[name] for name in headers}
        written = self._answer(status, Answer(words, named(_error_name(self.chapter)), (), told))
        if words != MEANINGS.get(status):
            return written
        name = f"{self.chapter.name.capitalize()}{status}"
        self.components["responses"].setdefault(name, written)
        return {"$ref": f"#/components/responses/{name}"}

    def _answer(self, status: int, answer: Answer) -> Json:
        key = str(status)
        return _response(answer, {"example": self.examples[key]} if key in self.examples else {})


def _response(answer: Answer, example: Mapping[str, Any]) -> Json:
    headers = {"X-Request-ID": COMMON_HEADERS["X-Request-ID"], **answer.headers}
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
    """Give the status of a kind of error, and what it is, in the words of its docstring."""
    if issubclass(kind, HTTPException):
        status = kind.code or 500
        return status, MEANINGS[status]
    sentence = (kind.__doc__ or kind.__name__).partition("\n")[0].partition(". ")[0]
    return STATUS[kind], f"{sentence.rstrip('.')}."
