"""How the tests of the API ask, and what they take out of an answer."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.pki import usual_cms

#: The message about `data` that is neither.
NEITHER = '"data" parameter must be base64, or the text that was signed'
JSON = "application/json; charset=utf-8"


@cache
def good_cms() -> str:
    """Return one signature that is well-formed, the same throughout the process."""
    return usual_cms()


def filled(**fields: Any) -> dict[str, Any]:
    """Return what a first save needs, with `fields` on top; one that is None is left out."""
    given = {"document": "doc", "thread": "main", "cms": good_cms(), **fields}
    return {name: value for name, value in given.items() if value is not None}


def content_of(
    response: TestResponse, status: int = 200, warnings: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the content of a success, whose envelope is checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == JSON
    answer: dict[str, Any] = response.get_json()
    response.close()  # As a server does.
    assert answer.pop("warnings", []) == list(warnings)
    assert list(answer) == ["status", "message", "content"]
    assert answer["status"] is True
    assert answer["message"] is None
    content: dict[str, Any] = answer["content"]
    return content


def message_of(response: TestResponse, status: int = 400) -> str:
    """Return the message of an error, whose envelope is checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == JSON
    answer = response.get_json()
    assert list(answer) == ["status", "message", "content"]
    assert answer["status"] is False
    assert answer["content"] is None
    message: str = answer["message"]
    assert message
    assert "\n" not in message
    return message


def save(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    """Save a version, and return the signature that is answered."""
    content = content_of(client.post("/signature", json=filled(**fields)), 201)
    assert list(content) == ["signature"]
    signature: dict[str, Any] = content["signature"]
    return signature


def refuse(client: FlaskClient, **fields: Any) -> str:
    """Try to save, and return the message of the refusal."""
    return message_of(client.post("/signature", json=filled(**fields)))


def get(client: FlaskClient, document: str = "doc", thread: str = "main") -> dict[str, Any]:
    """Read the current version of a thread."""
    asked = {"document": document, "thread": thread}
    signature: dict[str, Any] = content_of(client.get("/signature", query_string=asked))[
        "signature"
    ]
    return signature


def exists(client: FlaskClient, document: str = "doc", thread: str = "main") -> bool:
    """Return whether there is such a thread."""
    asked = {"document": document, "thread": thread}
    return client.get("/signature", query_string=asked).status_code == 200


def rows(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    """List signatures by a query string."""
    content = content_of(client.get(f"/signatures?{query}"))
    found: list[dict[str, Any]] = content["signatures"]
    return found


def documents(client: FlaskClient, query: str = "") -> list[str]:
    """List the documents of signatures by a query string."""
    return [row["document"] for row in rows(client, query)]
