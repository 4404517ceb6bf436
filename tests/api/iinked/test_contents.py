"""Documents that come with a package are kept with it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.store.contents.reading import find_package_contents, read_content
from tests.api import people
from tests.api.asking import filled, save
from tests.api.iinked.asking import add, package, post, refusal
from tests.api.people import IIN, ivan
from tests.conftest import AppMaker
from tests.pki import CONTENT
from tests.store.contents.kept import rows_of

PDF = b"%PDF-1.7 a document"
DIGEST = sha256(PDF).hexdigest()


@pytest.fixture(name="app")
def app_that_keeps(make_app: AppMaker) -> Flask:
    return make_app(KEEP_CONTENT="on", MAX_CONTENT_MB="1", MAX_BODY_MB="3")


def item(code: str = "doc", data: bytes = PDF, **more: Any) -> dict[str, Any]:
    """Return a document with its content."""
    content = b64encode(data).decode()
    named = {"externalId": code, "fileName": f"{code}.pdf", "mediaType": "application/pdf"}
    return {**named, "content": content, **more}


def test_the_documents_of_a_package_are_kept_once_and_go_with_it(
    app: Flask, client: FlaskClient
) -> None:
    documents = [item("a"), {"externalId": "b"}, item("c"), item("d", b"other", sha256=None)]
    public_id = add(client, documents=documents)
    with app.app_context(), db.engine.connect() as connection:
        kept = find_package_contents(connection, public_id)
        assert sorted(kept) == [1, 3, 4]
        assert (kept[1].name, kept[1].media_type) == ("a.pdf", "application/pdf")
        assert kept[1].sha256 == kept[3].sha256 == DIGEST
        assert b"".join(read_content(db.engine, kept[4], None)) == b"other"
        assert rows_of(db.engine) == (2, 2, 0)
    post(client, "delete", packageId=public_id)
    with app.app_context():
        assert rows_of(db.engine) == (0, 0, 0)


def test_only_a_signature_over_that_very_document_counts(client: FlaskClient) -> None:
    public_id = add(client, documents=[item(sha256=DIGEST.upper())])
    assert client.post("/signature", json=filled(thread="main")).status_code == 201
    state = client.get(f"/packages/{public_id}/status").get_json()
    assert not state["isExecuted"]


def test_a_document_that_can_not_be_kept_is_refused(client: FlaskClient) -> None:
    def refused(document: dict[str, Any], status: int = 400) -> str:
        answer = client.post("/packages/add", json=package(documents=[document]))
        return refusal(answer, status)[1]

    where = '"documents[0].content" parameter'
    assert refused(item(content="?")) == f"{where} must be base64"
    assert refused(item(content=7)) == f"{where} must be base64"
    assert refused(item(sha256="0" * 64)) == f'{where} is not what "sha256" says'
    large = item(data=bytes(1024 * 1024 + 1))
    assert refused(large, 413) == f"{where} must be at most 1048576 bytes, decoded"
    assert "media type" in refused(item(mediaType="pdf"))


@pytest.fixture(name="dropping")
def app_that_keeps_nothing(make_app: AppMaker, trust_folder: Path) -> Flask:
    """Provide an application with the default of KEEP_CONTENT, which trusts the authority."""
    return make_app(TRUST_DIR=str(trust_folder), CMS_VALIDATION="structure")


def test_by_default_none_is_kept(dropping: Flask) -> None:
    answer = dropping.test_client().post("/packages/add", json=package(documents=[item()]))
    assert answer.status_code == 200
    assert answer.headers["X-Unread-Parameters"] == "documents[0].mediaType"
    with dropping.app_context():
        assert rows_of(db.engine) == (0, 0, 0)


@pytest.mark.attacks
@pytest.mark.parametrize("state", ["open", "draft"])
def test_by_default_too_only_a_signature_over_that_very_document_counts(
    dropping: Flask, state: str
) -> None:
    client = dropping.test_client()
    documents = [item("a"), item("b", CONTENT, sha256=None), {"externalId": "c"}]
    public_id = add(client, documents=documents, signers=[{"iin": IIN}], state=state)
    if state == "draft":
        post(client, "send", packageId=public_id)
    for code in "abc":
        assert save(client, document=code, thread="main", cms=people.cms(ivan()))
    found = client.get(f"/packages/{public_id}/status").get_json()
    assert [one["isExecuted"] for one in found["documents"]] == [False, True, True]
    assert not found["isExecuted"]


def test_by_default_too_a_document_that_is_another_is_refused(dropping: Flask) -> None:
    client = dropping.test_client()
    where = '"documents[0].content" parameter'
    for document, message in (
        (item(sha256="0" * 64), f'{where} is not what "sha256" says'),
        (item(content="?"), f"{where} must be base64"),
    ):
        answer = client.post("/packages/add", json=package(documents=[document]))
        assert refusal(answer)[1] == message
    assert post(client, "list")["total"] == 0
    add(client, documents=[item(sha256=DIGEST.upper()), item("empty", b"")])
