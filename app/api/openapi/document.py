"""`/openapi.json`, put together of the files that describe the families.

Each file is a part of an OpenAPI 3.1 document (`tags`, `paths`, `components`), written by hand;
`common.yaml` has what all of them refer to. What else stands in a file at the top level are anchors
for its own use. Tests hold the files against the routes, the parameters and every answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from flask import Flask
from werkzeug.routing import Rule
from yaml import CSafeLoader, load

from app.version import VERSION

Json: TypeAlias = dict[str, Any]

COMMON = Path(__file__).with_name("common.yaml")
#: Methods that are not described: they are answered as the others say.
IMPLIED = {"HEAD", "OPTIONS"}


def write_document(app: Flask, files: Iterable[Path]) -> bytes:
    """Return the document of an application as JSON.

    Args:
        app: of which the addresses that it has are described.
        files: the parts, in the order in which their tags are listed.
    """
    document = build_document(files, map(path_of, app.url_map.iter_rules()))
    if not app.config["AUTH"]:
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["security"] = [{}, *operation["security"]]  # Without any token.
    return orjson.dumps(document)


def build_document(files: Iterable[Path], served: Iterable[str]) -> Json:
    """Put the parts together.

    Args:
        files: the parts.
        served: the paths that are described, as OpenAPI writes them; others are left out.
    """
    document = read_part(COMMON)
    document["info"]["version"] = VERSION
    wanted = set(served)
    for part in map(read_part, files):
        document["tags"] += part["tags"]
        document["paths"] |= {path: item for path, item in part["paths"].items() if path in wanted}
        for kind, components in part["components"].items():
            document["components"].setdefault(kind, {}).update(components)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return document


def read_part(file: Path) -> Json:
    """Return what a file of YAML says."""
    part: Json = load(file.read_bytes(), Loader=CSafeLoader)
    return part


def path_of(rule: Rule) -> str:
    """Write an address as OpenAPI does: `/x/{name}`."""
    return "".join(_parts(rule))


def _parts(rule: Rule) -> Iterator[str]:
    for piece in rule.rule.split("<"):
        variable, closing, rest = piece.partition(">")
        if closing:
            yield f"{{{variable.rpartition(':')[2]}}}"
            yield rest
        else:
            yield piece
