"""Who added a package, and who may."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.store.database.engine import transaction
from app.store.tokens import create_token
from tests.api.iinked.asking import IVAN, answer_of, package, refusal
from tests.conftest import AppMaker


@pytest.fixture(name="locked")
def app_with_tokens(make_app: AppMaker) -> Flask:
    """Provide an application that asks for tokens."""
    return make_app(AUTH="on")


def token(app: Flask, name: str, *scopes: str) -> dict[str, str]:
    """Make a token, and return the header that shows it as the family's clients do."""
    with app.app_context(), transaction(db.engine) as connection:
        return {"api_key": create_token(connection, name, scopes)}


def test_a_package_belongs_to_who_added_it(locked: Flask) -> None:
    client, headers = locked.test_client(), token(locked, "back office", "read", "write")
    added = answer_of(client.post("/packages/add", json=package(), headers=headers))
    assert added["package"]["memberId"] == "back office"
    listed = answer_of(client.post("/packages/list", headers=headers))
    assert [item["memberId"] for item in listed["items"]] == ["back office"]


def refused(client: FlaskClient, action: str, status: int, headers: dict[str, str]) -> str:
    """Try to do something, and return the code of the refusal."""
    if action == "status":
        return refusal(client.get("/packages/main/status", headers=headers), status)[0]
    return refusal(client.post(f"/packages/{action}", headers=headers), status)[0]


@pytest.mark.parametrize(
    ("scope", "actions"),
    [
        ("read", ["status", "list"]),
        ("write", ["add", "send", "rescind"]),
        ("delete", ["delete"]),
    ],
)
def test_each_action_demands_its_scope(locked: Flask, scope: str, actions: list[str]) -> None:
    client = locked.test_client()
    others = {"read", "write", "delete"} - {scope}
    headers = token(locked, "other", *others)
    for action in actions:
        assert refused(client, action, 401, {}) == "not_authenticated"
        assert refused(client, action, 403, headers) == "package_not_authorized"


@pytest.fixture(name="linking")
def app_with_tokens_and_links(make_app: AppMaker) -> Flask:
    """Provide an application that asks for tokens, and makes links."""
    return make_app(AUTH="on", PUBLIC_URL="https://sign.example.kz")


@pytest.mark.attacks
@pytest.mark.parametrize("prefix", ["/packages", "/api/v1/packages"])
def test_who_may_only_read_gets_no_signer_s_link(linking: Flask, prefix: str) -> None:
    """Whoever has one opens the document, and signs or declines as the signer."""
    client = linking.test_client()
    office = token(linking, "office", "read", "write")
    admin = token(linking, "admin", "admin")
    reader = token(linking, "reader", "read", "delete", "metrics")
    given = package(generateSignerLinks=True)
    added = answer_of(client.post(f"{prefix}/add", json=given, headers=office))["package"]
    (signer,) = added["signers"]
    assert signer["links"][0]["link"]
    assert signer["signLink"]["link"]
    for name in (added["packageId"], "main"):
        address = f"{prefix}/{name}/status"
        assert answer_of(client.get(address, headers=office)) == added
        assert answer_of(client.get(address, headers=admin)) == added
        seen = answer_of(client.get(address, headers=reader))
        assert seen["signers"] == [{**signer, "links": [], "signLink": None}]
        assert seen["documents"][0]["revisions"][0]["link"] is None
        assert "/sign/" not in str(seen)


@pytest.mark.attacks
@pytest.mark.parametrize("prefix", ["/packages", "/api/v1/packages"])
def test_who_may_only_write_gets_the_links_of_what_it_adds_alone(
    linking: Flask, prefix: str
) -> None:
    client = linking.test_client()
    office, writer = token(linking, "office", "read", "write"), token(linking, "writer", "write")
    given = package(generateSignerLinks=True, state="draft")
    shown = []
    for headers in (office, writer):
        public_id = answer_of(client.post(f"{prefix}/add", json=given, headers=office))["packageId"]
        for action in ("send", "rescind"):
            named = {"packageId": public_id, "rescindMessage": "no"}
            named = named if action == "rescind" else {"packageId": public_id}
            answer = client.post(f"{prefix}/{action}", json=named, headers=headers)
            answer_of(answer)
            shown.append("/sign/" in answer.text)
    assert shown == [True, True, False, False]
    own = client.post(f"{prefix}/add", json=given, headers=writer)
    (signer,) = answer_of(own)["package"]["signers"]
    assert signer["signLink"]["link"]


@pytest.mark.attacks
def test_no_list_and_no_page_has_a_signer_s_link(linking: Flask) -> None:
    client = linking.test_client()
    office, reader = token(linking, "office", "write"), token(linking, "reader", "read")
    given = package(generateSignerLinks=True)
    added = answer_of(client.post("/packages/add", json=given, headers=office))
    pages = [f"/app/package?id={added['packageId']}", "/app/packages", "/app"]
    answers = [
        client.post("/packages/list", headers=reader),
        client.get(f"/v1/persons/{IVAN['iin']}/signings", headers=reader),
        *(client.get(page, headers={**reader, "Accept": "text/html"}) for page in pages),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert "/sign/" not in answer.text
