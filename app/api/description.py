"""How an API tells of itself: what is to be said of each operation beside what its code says.

The addresses, methods, parameters, scopes and statuses are read from the code (`app.api.document`).
Here is what no code tells: words, and the shapes of answers, as JSON Schema (draft 2020-12).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from marshmallow.fields import Field

from app.api.schemas import FieldsSchema

Json: TypeAlias = dict[str, Any]
View: TypeAlias = Callable[..., Any]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an operation.

    `shape` is that of its JSON, None if it has none. `files` are the content types of another body.
    `headers` are words for those that this answer has beside the usual ones.
    """

    words: str
    shape: Json | None = None
    files: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is to be said of a view. Its summary is the first line of its docstring."""

    answers: Mapping[int, Answer]
    #: What there is to know beside the summary.
    words: str = ""
    #: What reads its parameters out of the query string and the body, None if it has none.
    reads: type[FieldsSchema] | None = None
    #: Words for its parameters where they mean something else than elsewhere.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: Fields of that which mean nothing here.
    ignored: tuple[str, ...] = ()
    #: Fields of the query string alone, and words for headers that it heeds.
    query: Mapping[str, Field[Any]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Whether its body may be a form: not where it needs lists of objects.
    takes_form: bool = True
    #: What it refuses beside parameters that can't be used.
    refuses: tuple[type[Exception], ...] = ()
    #: Whether it asks the database, which may be away.
    stored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What a room tells of itself."""

    name: str
    words: str
    operations: Mapping[View, Operation]
    #: The shape of what it answers to every mistake.
    error: Json
    #: The shapes that its answers refer to, by name.
    shapes: Mapping[str, Json] = field(default_factory=dict)
    #: Words for its parameters, by name.
    parameters: Mapping[str, str] = field(default_factory=dict)
    #: Older names of parameters -> the names.
    aliases: Mapping[str, str] = field(default_factory=dict)
    #: A file with requests that were made and answers that were given.
    examples: Path | None = None


def text(words: str = "") -> Json:
    """Describe text."""
    return _worded({"type": "string"}, words)


def number(words: str = "") -> Json:
    """Describe a whole number."""
    return _worded({"type": "integer"}, words)


def flag(words: str = "") -> Json:
    """Describe true or false."""
    return _worded({"type": "boolean"}, words)


def choice(*choices: str | bool | None, words: str = "") -> Json:
    """Describe one of a few values."""
    return _worded({"enum": list(choices)}, words)


def nothing(words: str = "") -> Json:
    """Describe null."""
    return _worded({"type": "null"}, words)


def items(shape: Json, words: str = "") -> Json:
    """Describe a list."""
    return _worded({"type": "array", "items": shape}, words)


def members(shapes: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """Describe an object: all of its members are there, but for the optional ones."""
    properties = {**shapes, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(shapes)}


def named(name: str) -> Json:
    """Refer to a shape of a chapter."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(shape: Json) -> Json:
    """Describe what may be null instead."""
    if "type" in shape:
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


def _worded(shape: Json, words: str) -> Json:
    return {**shape, "description": words} if words else shape
