"""What vendor_client.php does, for machines without PHP: the same bytes are sent."""

from __future__ import annotations

import json
import re
import socket
import sys
from base64 import b64encode
from http.client import HTTPResponse
from typing import Any

#: What the client looks for in `content`: as in vendor_client.php, which says it in PHP.
PARTS = {
    "post /signature": ["signature"],
    "get /signature": ["signature"],
    "delete /signature": [],
    "get /signatures": ["nb_results", "signatures"],
    "post /validate": [
        *("iin", "bin", "first_name", "last_name", "mid_name", "org_name", "gender", "email"),
        *("birthday", "validate"),
    ],
    "post /cms/validate": ["signer", "cms"],
    "post /cms/extract": ["data", "cms"],
    "post /origin": ["origin"],
}


def as_php_writes(value: Any) -> str:
    """Return what PHP makes of a value: `[]` of what is empty, a slash behind a backslash."""
    written = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return re.sub(r"{}", "[]", written)


def written(host: str, port: str, token: str, question: dict[str, Any]) -> bytes:
    """Return the bytes of a request."""
    lines = [
        f"{question['method'].upper()} {question['path']} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Authorization: Basic {b64encode(f'application:{token}'.encode()).decode()}",
        "User-Agent: GuzzleHttp/7",
        "Connection: close",
        *(f"{name}: {value}" for name, value in question["headers"].items()),
    ]
    body = ""
    if question["body"] is not None:
        body = as_php_writes(question["body"])
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body]).encode()


def seen(question: dict[str, Any], status: int, body: bytes) -> dict[str, Any]:
    """Return what the client sees; PHP's `isset` takes null for what isn't there."""
    try:
        decoded = json.loads(body)
    except ValueError:
        decoded = {}
    content = decoded.get("content") or {}
    parts = PARTS[f"{question['method']} {question['path']}"]
    return {
        "http": status,
        "status": decoded.get("status"),
        "message": decoded.get("message"),
        "parts": {part: content[part] for part in parts if content.get(part) is not None},
    }


def main() -> None:
    """Ask what standard input says, line by line."""
    host, port, token = sys.argv[1:]
    for line in sys.stdin:
        question = json.loads(line)
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(written(host, port, token, question))
            answer = HTTPResponse(connection)
            answer.begin()
            sys.stdout.write(json.dumps(seen(question, answer.status, answer.read())) + "\n")


if __name__ == "__main__":
    main()
