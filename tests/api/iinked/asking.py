"""How the tests of packages ask, and what they take out of an answer."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.asking import JSON, content_of, filled
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, Person, signed_by

IVAN = {"firstName": "Иван", "lastName": "Иванов", "iin": IVANOV[1]}
ANNA = {"firstName": "Анна", "lastName": "Петрова", "iin": PETROVA[1], "bin": PETROVA[3]}
ERLAN = {"firstName": "Ерлан", "lastName": "Сыдыков", "iin": SYDYKOV[1]}
FUTURE = "2999-12-31T12:00:00Z"


def package(**fields: Any) -> dict[str, Any]:
    """Return what adds an open package of one document and one signer, with `fields` on top."""
    given = {
        "name": "Договор",
        "type": "concurrent",
        "state": "open",
        "thread": "main",
        "documents": [{"externalId": "doc", "fileName": "agreement.pdf"}],
        "signers": [IVAN],
        **fields,
    }
    return {name: value for name, value in given.items() if value is not None}


def answer_of(response: TestResponse, status: int = 200) -> dict[str, Any]:
    """Return an answer that is JSON."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == JSON
    answer: dict[str, Any] = response.get_json()
    return answer


def post(client: FlaskClient, action: str, **fields: Any) -> dict[str, Any]:
    """Do something to packages."""
    return answer_of(client.post(f"/packages/{action}", json=fields))


def add(client: FlaskClient, **fields: Any) -> str:
    """Add a package, and return its UUID."""
    answer = post(client, "add", **package(**fields))
    assert list(answer) == ["packageId", "package"]
    assert answer["package"] == status(client, answer["packageId"])
    public_id: str = answer["packageId"]
    return public_id


def status(client: FlaskClient, name: str) -> dict[str, Any]:
    """Request the status of a package."""
    return answer_of(client.get(f"/packages/{name}/status"))


def refusal(response: TestResponse, status: int = 400) -> tuple[str, str]:
    """Return the code and the sentence of a refusal, whose shape is checked."""
    answer = answer_of(response, status)
    assert list(answer) == ["error", "message"]
    assert answer["message"]
    return answer["error"], answer["message"]


def refuse(client: FlaskClient, action: str, status: int = 400, **fields: Any) -> tuple[str, str]:
    """Try to do something, and return the code and the sentence of the refusal."""
    return refusal(client.post(f"/packages/{action}", json=fields), status)


def sign(client: FlaskClient, *people: Person, document: str = "doc", **fields: Any) -> None:
    """Save a version that these people signed."""
    given = filled(document=document, cms=signed_by(*people), **fields)
    content_of(client.post("/signature", json=given), 201)


def revisions(answer: dict[str, Any], key: str) -> list[list[Any]]:
    """Return one field of the revisions of each document."""
    return [[each[key] for each in document["revisions"]] for document in answer["documents"]]
