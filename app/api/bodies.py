"""The parameters of an operation, described: as a body has them, and as a query string has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.api.description import Chapter, Json, Operation
from app.api.schemas import shape_of

FORM = "application/x-www-form-urlencoded"
#: Methods whose parameters are told as those of the query string, though a body is read as well.
BY_QUERY = ("GET", "DELETE")
#: What of the shape of each kind of value holds for its text too.
_KEPT = {
    "array": ("maxItems",),
    "integer": ("minimum", "maximum"),
    "string": ("minLength", "maxLength", "pattern"),
}


def body_shape(chapter: Chapter, operation: Operation, method: str) -> Json:
    """Describe the body.

    Where the query string is the usual place of the parameters, the body may lack those that must
    be set; so may it lack a name where it has the older one.
    """
    shapes, words = _shapes(chapter, operation), words_of(chapter, operation)
    demanded = operation.reads.DEMANDED if operation.reads and method not in BY_QUERY else ()
    older = {name: alias for alias, name in chapter.aliases.items() if name in shapes}
    shape: Json = {
        "type": "object",
        "properties": {name: _worded(words, name, one) for name, one in shapes.items()},
    }
    plain = [name for name in demanded if name not in older]
    if plain:
        shape["required"] = plain
    either = [
        {"anyOf": [{"required": [name]}, {"required": [older[name]]}]}
        for name in demanded
        if name in older
    ]
    return {**shape, "allOf": either} if either else shape


def query_parameters(
    chapter: Chapter, operation: Operation, method: str, example: Mapping[str, Any]
) -> Iterator[Json]:
    """Describe the query string; that of a method with a usual body in words only."""
    words = words_of(chapter, operation)
    shapes = {name: shape_of(field) for name, field in operation.query.items()}
    if method in BY_QUERY:
        shapes |= _shapes(chapter, operation)
    for name, shape in shapes.items():
        yield {
            "name": name,
            "in": "query",
            "description": words[name],
            "schema": in_query(shape),
            **({"deprecated": True} if shape.get("deprecated") else {}),
            **({"example": example[name]} if name in example else {}),
        }


def in_query(shape: Json) -> Json:
    """Turn the shape of a JSON value into that of the text that stands for it."""
    kept: Json
    if "enum" in shape:
        words = [word for word in shape["enum"] if word and isinstance(word, str)]
        kept = {"type": "boolean"} if True in shape["enum"] else {"type": "string", "enum": words}
    else:
        kind = next(kind for kind in shape["type"] if kind != "null")
        kept = {"type": kind, **{name: shape[name] for name in _KEPT[kind] if name in shape}}
        if kind == "array":
            kept["items"] = in_query(shape["items"])
    return {**kept, "default": shape["default"]} if "default" in shape else kept


def _shapes(chapter: Chapter, operation: Operation) -> dict[str, Json]:
    """Return the shape of each parameter, older names included, by name."""
    if operation.reads is None:
        return {}
    shapes = operation.reads().shapes()
    shapes = {name: one for name, one in shapes.items() if name not in operation.ignored}
    older = {
        alias: {**shapes[name], "deprecated": True}
        for alias, name in chapter.aliases.items()
        if name in shapes
    }
    return shapes | older


def words_of(chapter: Chapter, operation: Operation) -> dict[str, str]:
    """Return the words for each parameter, by name."""
    older = {
        alias: f"Older name of `{name}`, read where that is not given."
        for alias, name in chapter.aliases.items()
    }
    return {**older, **chapter.parameters, **operation.parameters}


def _worded(words: Mapping[str, str], name: str, shape: Json) -> Json:
    """Add the words for a parameter, and for all that is in it."""
    worded = {**shape, "description": words[name]}
    if "properties" in shape.get("items", {}):
        inner = shape["items"]["properties"]
        properties = {each: _worded(words, each, one) for each, one in inner.items()}
        worded["items"] = {**shape["items"], "properties": properties}
    return worded
