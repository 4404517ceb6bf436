"""Answers of the original server, and the same requests sent to ours."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.live.server import PATIENCE
from tests.pki import indefinite_cms, sign_cms, sign_xml, usual_cms
from tests.pki.profile import authority

_FILE = Path(__file__).with_name("original_answers.jsonl")


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and what the original answered; `answer` None: it isn't JSON, or is cut."""

    name: str
    method: str
    target: str
    headers: dict[str, str]
    body: str | None
    status: int
    answer: dict[str, Any] | None


def questions() -> Iterator[Question]:
    """Yield the questions in their order, with signatures of our own put in."""
    for line in _FILE.read_text("utf-8").splitlines():
        given = json.loads(line)
        if "skipped" in given:
            continue
        answer = given["answer"]
        for name, signature in signatures().items():
            in_text = json.dumps(signature)[1:-1]
            escaped = quote(signature, safe="+/=" if "not escaped" in given["name"] else "")
            given["target"] = given["target"].replace(name, escaped)
            if given["body"]:
                is_json = given["body"].lstrip()[:1] in ("{", "[")
                given["body"] = given["body"].replace(name, in_text if is_json else escaped)
            answer = answer.replace(name, in_text)
        expected = _as_json(answer)
        if expected and "not escaped" in given["name"]:
            # Each + became a blank: of our signature, as of theirs.
            blanks = signatures()["{ATTACHED}"].replace("+", " ")
            expected["content"]["signature"]["cms"] = blanks
        yield Question(
            given["name"],
            given["method"],
            given["target"],
            given["headers"],
            given["body"],
            given["status"],
            expected,
        )


@cache
def signatures() -> dict[str, str]:
    """Return what stands for each placeholder."""
    attached = usual_cms()
    return {
        "{ATTACHED}": attached,
        "{DETACHED}": b64encode(sign_cms(b"I agree", attached=False)).decode(),
        "{OTHER}": b64encode(sign_cms(b"another content")).decode(),
        "{XML}": sign_xml(),
        "{NCA}": b64encode(indefinite_cms(b"of another kind")).decode(),
        "{CERTIFICATE}": b64encode(authority().certificate).decode(),
    }


def _as_json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def ask(port: int, question: Question) -> tuple[int, dict[str, Any] | None]:
    """Send a request as it stands, byte by byte; return the answer's status and JSON."""
    body = question.body.encode() if question.body is not None else None
    headers = {"Host": f"127.0.0.1:{port}", "Connection": "close", **question.headers}
    if body is not None:
        headers["Content-Length"] = str(len(body))
    lines = [f"{question.method} {question.target.partition('#')[0]} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode()
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(head + (body or b""))
        response = HTTPResponse(connection, method=question.method)
        response.begin()
        return response.status, _as_json(response.read().decode())
