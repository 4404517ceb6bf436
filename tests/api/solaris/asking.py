"""How the tests of the family ask."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.asking import JSON

#: Members of an error.
ERROR = ["id", "status", "code", "title", "detail"]


def signings(client: FlaskClient, person_id: str, query: str = "") -> list[dict[str, Any]]:
    """List the signings of a person."""
    response = client.get(f"/v1/persons/{person_id}/signings?{query}")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == JSON
    found: list[dict[str, Any]] = response.get_json()
    return found


def references(client: FlaskClient, person_id: str, query: str = "") -> list[str]:
    """List what the signings of a person are called."""
    return [signing["reference"] for signing in signings(client, person_id, query)]


def error_of(response: TestResponse, status: int) -> dict[str, str]:
    """Return an error, whose shape is checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == JSON
    answer: dict[str, Any] = response.get_json()
    assert list(answer) == [*ERROR, "errors"]
    error: dict[str, str] = {name: answer[name] for name in ERROR}
    assert answer["errors"] == [error]
    assert error["status"] == str(status)
    assert error["detail"]
    return error
