"""`/openapi.json`, assembled from the description files of the families.

Each file is a part of an OpenAPI 3.1 document (`tags`, `paths`, `components`), written by hand;
`common.yaml` has the parts that all refer to. Other top-level keys of a file are YAML anchors for
its own use. Tests hold the files against the routes, the parameters and every answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson
from flask import Flask
from werkzeug.routing import Rule
from yaml import CSafeLoader, load

from app.version import VERSION

Json: TypeAlias = dict[str, Any]

COMMON = Path(__file__).with_name("common.yaml")
#: Methods that are not described: HTTP defines them.
IMPLIED = {"HEAD", "OPTIONS"}


class Mounted(NamedTuple):
    """A part whose paths begin with `written` in its file, and with `served` here."""

    file: Path
    written: str
    served: str


def write_document(app: Flask, files: Iterable[Path | Mounted]) -> bytes:
    """Return the document of an application as JSON.

    Args:
        app: only its existing addresses are described.
        files: the parts, in the order in which their tags are listed.
    """
    document = build_document(files, map(path_of, app.url_map.iter_rules()))
    if not app.config["AUTH"]:
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["security"] = [{}, *operation["security"]]  # Public, without a token.
    return orjson.dumps(document)


def build_document(files: Iterable[Path | Mounted], served: Iterable[str]) -> Json:
    """Assemble the parts.

    Args:
        files: the parts; of two operations at the same address the later one is served.
        served: the paths to describe, in OpenAPI's notation; others are omitted.
    """
    document = read_part(COMMON)
    document["info"]["version"] = VERSION
    wanted = set(served)
    for part in map(read_part, files):
        document["tags"] += part["tags"]
        for path, item in part["paths"].items():
            if path in wanted:
                document["paths"][path] = document["paths"].get(path, {}) | item
        for kind, components in part["components"].items():
            document["components"].setdefault(kind, {}).update(components)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def read_part(file: Path | Mounted) -> Json:
    """Return the contents of a YAML file, with the paths at which they are served."""
    if isinstance(file, Mounted):
        part = read_part(file.file)
        paths = part["paths"].items()
        part["paths"] = {file.served + path.removeprefix(file.written): one for path, one in paths}
        return part
    read: Json = load(file.read_bytes(), Loader=CSafeLoader)
    return read


def path_of(rule: Rule) -> str:
    """Return a route in OpenAPI's notation: `/x/{name}`."""
    return "".join(_parts(rule))


def _parts(rule: Rule) -> Iterator[str]:
    for piece in rule.rule.split("<"):
        variable, closing, rest = piece.partition(">")
        if closing:
            yield f"{{{variable.rpartition(':')[2]}}}"
            yield rest
        else:
            yield piece
