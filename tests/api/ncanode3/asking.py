"""How the tests of the family ask, and what they take out of an answer."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask.testing import FlaskClient

BASE = "/ncanode3"
BOTH = ["OCSP", "CRL"]
SPRING = ["timestamp", "status", "error", "message", "path"]


def base64(data: bytes) -> str:
    """Write bytes as clients send them."""
    return b64encode(data).decode()


def ask(client: FlaskClient, path: str, **body: Any) -> dict[str, Any]:
    """Post, and return what is answered with 200."""
    response = client.post(BASE + path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.get_json()
    assert (answer["status"], list(answer)[:2]) == (200, ["status", "message"])
    return answer


def refusal(client: FlaskClient, path: str, status: int = 400, **body: Any) -> str:
    """Post, and return the message of a refusal in NCANode's own format."""
    response = client.post(BASE + path, json=body)
    assert response.status_code == status, response.text
    answer = response.get_json()
    assert (list(answer), answer["status"]) == (["status", "message"], status)
    message: str = answer["message"]
    return message


def the_certificate(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the one certificate of the one signer."""
    [signer] = answer["signers"]
    [certificate] = signer.get("certificates", [signer])
    found: dict[str, Any] = certificate
    return found


def answers(verdict: dict[str, Any]) -> dict[str, str]:
    """Return the three answers that are in it."""
    names = ("intact", "valid", "path", "revocation", "trusted")
    return {name: verdict[name]["answer"] for name in names if name in verdict}


def results(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return which source said what about the one certificate."""
    return [(one["by"], one["result"]) for one in the_certificate(answer)["revocations"]]
