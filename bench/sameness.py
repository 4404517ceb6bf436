"""A check before anything is measured: do the floor and the application answer the same?"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.request import Request, urlopen

from bench.servers import WebServer
from tests.pki import person, sign_cms

#: What differs between two threads that were saved one after the other.
_OWN = {"id", "document", "created_at", "updated_at", "version_created_at"}


def check_sameness(floor: WebServer, ours: WebServer, cms: str) -> None:
    """Save two versions of a thread through each, the same ones, and compare all answers.

    Raises:
        RuntimeError: they differ.
    """
    answers = {}
    for name, server in (("floor", floor), ("ours", ours)):
        document = f"same-{name}"
        # Of the first version's tags some stay, and some go.
        other = b64encode(sign_cms(b"other", [person("ПЕТРОВ ПЁТР")])).decode()
        first = {"document": document, "thread": "story", "cms": cms, "tags": ["same", "b", "a"]}
        answers[name] = [
            _ask(server, "/signature", first),
            _ask(server, "/signature", {**first, "cms": other, "tags": ["c", "a"], "version": 1}),
            _ask(server, f"/signature?document={document}&thread=story"),
            *(_ask(server, f"/signatures?limit=1&tags={tag}") for tag in ("a", "b", "c", "same")),
        ]
    if answers["floor"] != answers["ours"]:
        differing = json.dumps(answers, indent=1, ensure_ascii=False)
        raise RuntimeError(f"floor and application don't answer the same: {differing}")


def _ask(server: WebServer, path: str, body: dict[str, Any] | None = None) -> Any:
    request = Request(  # noqa: S310 - our own server
        server.address + path,
        None if body is None else json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request) as answer:  # noqa: S310 - our own server
        content = json.load(answer)["content"]
    rows = content.get("signatures", [content.get("signature")])
    return [{name: value for name, value in row.items() if name not in _OWN} for row in rows]
