"""POST /signature with KEEP_CONTENT=on, and GET /signature/content: the document is kept."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.cms.algorithms.names import SHA_512, STREEBOG_256, STREEBOG_512
from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import Content
from tests import pki
from tests.api import people
from tests.api.asking import content_of, filled, message_of, refuse, save
from tests.api.iinked.asking import add, post
from tests.api.people import chief, ivan
from tests.conftest import AppMaker
from tests.gost_signer import GOST_2015_512
from tests.pki.signed_documents import sign_xml
from tests.store.contents.kept import files_of, find_kept, rows_of

PDF = b"%PDF-1.7 a document\r\n" * 10
#: On disk as it comes in; its line ends are such that none is changed.
LARGE = b"\0line\r\n" * 200_000
NAMED = {"document": "doc", "thread": "main"}
ABOUT = {"name": "договор.pdf", "media_type": "application/pdf"}


@pytest.fixture(name="app")
def app_that_keeps(make_app: AppMaker) -> Flask:
    return make_app(KEEP_CONTENT="on", MAX_CONTENT_MB="3", MAX_BODY_MB="2", COSIGN_GUARD="off")


@pytest.fixture(name="client")
def client_of_it(app: Flask) -> FlaskClient:
    return app.test_client()


def detached(content: bytes = PDF, *, plain: bool = False) -> str:
    """Return a detached signature; if `plain`, without signed attributes."""
    if not plain:
        return people.cms(ivan(), content=content, attached=False)
    info = pki.signer_info(ivan(), content, signed=None)
    return people.text(pki.read(pki.signed_data([info], [ivan(), pki.authority()], None)))


def part(name: str, data: bytes, file: str | None = None) -> bytes:
    """Write a part of a form."""
    head = f'Content-Disposition: form-data; name="{name}"'
    if file is not None:
        head += f'; filename="{file}"\r\nContent-Type: application/pdf'
    return b"--limit\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def send_parts(client: FlaskClient, *parts: bytes, **fields: Any) -> TestResponse:
    """Save as a form does."""
    given = (part(name, str(value).encode()) for name, value in filled(**fields).items())
    body = b"".join((*given, *parts, b"--limit--\r\n"))
    kind = "multipart/form-data; boundary=limit"
    return client.post("/signature", data=body, content_type=kind)


def send(
    client: FlaskClient, data: bytes, name: str = "договор.pdf", **fields: Any
) -> TestResponse:
    """Save with the document as a file."""
    return send_parts(client, part("data", data, name), **fields)


def fetch(client: FlaskClient, **more: Any) -> TestResponse:
    headers = more.pop("headers", {})
    return client.get("/signature/content", query_string={**NAMED, **more}, headers=headers)


def verified(client: FlaskClient, **more: Any) -> dict[str, Any]:
    answer = content_of(client.get("/signature/verify", query_string={**NAMED, **more}))
    found: dict[str, Any] = answer["verification"]
    return found


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["small", "large"])
def test_a_document_is_kept_given_back_and_gone_with_its_thread(
    client: FlaskClient, content: bytes
) -> None:
    saved = content_of(send(client, content, cms=detached(content)), 201)["signature"]
    digest = sha256(content).hexdigest()
    assert saved["content"] == {**ABOUT, "size": len(content), "sha256": digest}
    answer = fetch(client)
    assert answer.data == content
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="_______.pdf"; ')
    assert answer.headers["ETag"] == f'"{digest}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert fetch(client, headers={"If-None-Match": f'"{digest}"'}).status_code == 304
    assert message_of(fetch(client, headers={"If-Match": '"other"'}), 412)
    assert client.head("/signature/content", query_string=NAMED).data == b""
    assert client.delete("/signature", json=NAMED).status_code == 200
    assert message_of(fetch(client), 404) == "Signature was not found"
    with client.application.app_context():
        assert rows_of(db.engine) == (0, 0, 0)


def test_a_document_comes_in_base64_with_its_name_too(client: FlaskClient) -> None:
    fields = {"data": b64encode(PDF).decode(), "data_name": "C:\\a\\x.pdf", "data_type": "TEXT/x"}
    saved = save(client, cms=detached(), **fields)
    assert (saved["content"]["name"], saved["content"]["media_type"]) == ("x.pdf", "text/x")
    assert fetch(client).data == PDF
    wrong = refuse(client, cms=detached(), document="b", data="x", data_type="pdf")
    assert wrong == '"data_type" parameter must be a media type such as application/pdf'


def test_lists_say_what_is_kept(client: FlaskClient) -> None:
    save(client, cms=detached(), data=b64encode(PDF).decode())
    save(client, document="b", cms=detached())
    asked = {"with": "content"}
    rows = content_of(client.get("/signatures", query_string=asked))["signatures"]
    kept = {
        "name": None,
        "size": len(PDF),
        "sha256": sha256(PDF).hexdigest(),
        "media_type": "application/octet-stream",
    }
    assert [row["content"] for row in rows] == [None, kept]
    for path, key in (("/signature", "signature"), ("/signature/versions", "versions")):
        found = content_of(client.get(path, query_string={**NAMED, **asked}))[key]
        assert (found[0] if key == "versions" else found)["content"] == kept
    assert "content" not in content_of(client.get("/signature", query_string=NAMED))["signature"]


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["small", "large"])
def test_another_document_is_refused_and_leaves_nothing(
    client: FlaskClient, content: bytes
) -> None:
    message = message_of(send(client, content + b"!", cms=detached(content)))
    assert message.startswith('"data" parameter: signer 1: the content is not what was signed')
    with client.application.app_context():
        assert rows_of(db.engine) == (0, 0, 0)


def test_the_signature_itself_is_no_document(client: FlaskClient) -> None:
    signed = pki.sign(ivan(), content=b"x" * 1_100_000, attached=True)
    answer = send(client, signed.der, cms=people.text(signed))
    assert "is the signature itself" in message_of(answer)


def test_a_stored_signature_is_verified_by_what_was_kept(client: FlaskClient) -> None:
    content_of(send(client, LARGE, cms=detached(LARGE)), 201)
    found = verified(client)
    assert found["intact"]["answer"] == "yes"
    assert found["compared"]["what"] == "kept"
    assert found["compared"]["digests"]["SHA-256"] == sha256(LARGE).hexdigest()
    other = verified(client, digest="00" * 32, algorithm="SHA-256")
    assert other["intact"]["answer"] == "no"
    evidence = content_of(client.get("/signature/evidence", query_string=NAMED))["evidence"]
    assert evidence["version"] == 1
    asked = {**NAMED, "verify_ocsp": False}
    assert "must be set" not in client.post("/cms/validate", json=asked).get_json()["message"]


def test_a_signature_by_gost_is_verified_without_hashing_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = pki.gost_key("GOST", GOST_2015_512)
    holder = pki.certify(pki.name("GOST"), key, pki.authority(), pki.PERSON)
    cms = people.cms(holder, content=PDF, attached=False)
    save(client, cms=cms, data=b64encode(PDF).decode())
    with client.application.app_context():
        kept = find_kept(db.engine)
    assert kept
    assert {STREEBOG_256, STREEBOG_512} <= set(kept.digests)
    # Nothing reads the document.
    monkeypatch.setattr("app.services.kept_contents.read_content", None)
    assert verified(client)["intact"]["answer"] == "yes"


@pytest.mark.parametrize("content", [PDF, LARGE], ids=["small", "large"])
def test_a_signature_without_signed_attributes_is_verified_with_the_document(
    client: FlaskClient, content: bytes
) -> None:
    content_of(send(client, content, cms=detached(content, plain=True)), 201)
    found = verified(client)
    assert (found["intact"]["answer"], found["valid"]["answer"]) == ("yes", "yes")


@pytest.mark.parametrize("times", [1, 300_000], ids=["small", "large"])
def test_what_was_signed_is_kept_if_a_tool_changed_the_line_ends(
    client: FlaskClient, times: int
) -> None:
    signed, sent = b"line\r\n" * times, b"line\n" * times
    answer = send(client, sent, cms=detached(signed)).get_json()
    assert "with CRLF in place of LF" in answer["warnings"][0]
    assert fetch(client).data == signed
    assert verified(client)["intact"]["answer"] == "yes"


def test_a_document_that_signers_signed_with_different_line_ends_is_not_kept(
    client: FlaskClient,
) -> None:
    infos = [pki.signer_info(ivan(), b"a\n"), pki.signer_info(chief(), b"a\r\n")]
    signers = [ivan(), chief(), pki.authority()]
    cms = people.text(pki.read(pki.signed_data(infos, signers, None)))
    answer = send(client, b"a\n", cms=cms)
    warnings = answer.get_json()["warnings"]
    assert warnings[-1].endswith("since its signers signed it with different line ends")
    assert message_of(fetch(client), 404).startswith("The document of this version is not kept")


def test_a_digest_that_a_later_signature_needs_is_added(client: FlaskClient) -> None:
    save(client, cms=detached(), data=b64encode(PDF).decode())
    save(client, document="b", cms=by_sha_512(), data=b64encode(PDF).decode())
    for document in ("doc", "b"):
        found = verified(client, document=document)
        assert found["intact"]["answer"] == "yes"
        assert {"SHA-256", "SHA-512"} <= set(found["compared"]["digests"])


def test_a_digest_that_is_not_kept_is_unknown_and_no_no(client: FlaskClient) -> None:
    save(client, cms=by_sha_512(), data=b64encode(PDF).decode())
    # As if it had been too costly when the document was kept.
    with client.application.app_context(), transaction(db.engine) as connection:
        connection.execute(update(Content).values(digests={}))
    intact = verified(client)["intact"]
    assert intact["answer"] == "unknown"
    assert intact["reasons"] == ["no SHA-512 digest of the content is known"]


def by_sha_512() -> str:
    """Return a detached signature with another digest."""
    signed = pki.attributes(PDF, SHA_512)
    info = pki.signer_info(ivan(), signed=signed, digest=SHA_512)
    return people.text(pki.read(pki.signed_data([info], [ivan(), pki.authority()], None)))


def test_a_version_that_signs_the_document_at_hand_refers_to_it(client: FlaskClient) -> None:
    save(client, cms=detached(), data=b64encode(PDF).decode(), data_name="a.pdf")
    both = people.cms(ivan(), chief(), content=PDF, attached=False)
    saved = save(client, cms=both, version=1)
    assert saved["content"]["name"] == "a.pdf"
    assert fetch(client).data == PDF
    assert verified(client)["intact"]["answer"] == "yes"
    assert "content" not in save(client, cms=detached(LARGE), version=2)
    assert message_of(fetch(client), 404).startswith("The document of this version")


def test_a_signature_over_the_document_of_a_package_refers_to_it(client: FlaskClient) -> None:
    document = {"externalId": "doc", "fileName": "b.pdf", "content": b64encode(PDF).decode()}
    public_id = add(client, documents=[document])
    assert save(client, cms=detached())["content"]["name"] == "b.pdf"
    post(client, "delete", packageId=public_id)
    assert fetch(client).data == PDF


def test_attached_content_is_given_back_without_being_kept(client: FlaskClient) -> None:
    save(client, cms=people.cms(ivan(), content=PDF))
    answer = fetch(client)
    assert answer.data == PDF
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    save(client, document="b", cms=detached())
    assert message_of(fetch(client, document="b"), 404).startswith("The document of this version")


def test_too_large_a_document_is_refused_before_it_is_kept(client: FlaskClient) -> None:
    for size in (3 * 1024 * 1024 + 1, 5 * 1024 * 1024 + 1):
        assert message_of(send(client, bytes(size), cms=detached()), 413)
    assert message_of(send(client, b"", cms="x" * 2_100_000), 413)
    assert message_of(client.post("/signature", json=filled(cms="x" * 2_100_000)), 413)


def test_json_that_is_called_a_form_is_read_all_the_same(client: FlaskClient) -> None:
    kind = "multipart/form-data; boundary=x"
    body = client.application.json.dumps(filled())
    assert client.post("/signature", data=body, content_type=kind).status_code == 201


def test_of_two_files_of_one_name_the_last_counts(client: FlaskClient) -> None:
    files = [part("data", b"other", "a"), part("data", PDF, "b")]
    answer = send_parts(client, *files, cms=detached())
    assert answer.get_json()["content"]["signature"]["content"]["name"] == "b"
    assert answer.get_json()["warnings"] == [
        '"data" parameter was given several times: the last one counts'
    ]


def test_an_empty_file_field_of_a_browser_is_no_document(client: FlaskClient) -> None:
    assert "content" not in content_of(send(client, b"", name=""), 201)["signature"]


def test_a_document_beside_xml_is_refused(client: FlaskClient) -> None:
    message = message_of(send(client, LARGE, cms=sign_xml()))
    assert "a signed XML document is its own content" in message


def test_by_default_nothing_is_kept_and_nothing_is_different(make_app: AppMaker) -> None:
    client = make_app().test_client()
    saved = content_of(send(client, PDF, cms=detached()), 201)["signature"]
    assert "content" not in saved
    assert message_of(fetch(client), 404).startswith("The document of this version is not kept")
    answer = client.post("/signature", json=filled(document="b", data_name="a.pdf")).get_json()
    assert answer["warnings"] == ['"data_name" parameter is not read here']


def test_a_folder_holds_the_documents_and_a_refusal_leaves_none(
    make_app: AppMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    settings = {"KEEP_CONTENT": "on", "CONTENT_STORE": f"file:{folder}", "COSIGN_GUARD": "refuse"}
    client = make_app(**settings).test_client()
    content_of(send(client, LARGE, cms=detached(LARGE)), 201)
    assert fetch(client).data == LARGE
    # The guard finds that it signs another document only inside the transaction.
    assert message_of(send(client, PDF, cms=detached(PDF), version=1))
    assert files_of(folder) == 1
    assert client.delete("/signature", json=NAMED).status_code == 200
    assert files_of(folder) == 0


def test_a_place_that_is_away_is_a_503_and_nothing_is_saved(
    make_app: AppMaker, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings = {"KEEP_CONTENT": "on", "CONTENT_STORE": f"file:{tmp_path}/file/below"}
    client = make_app(**settings).test_client()
    answer = send(client, PDF, cms=detached())
    assert answer.headers["Retry-After"] == "5"
    assert message_of(answer, 503).startswith("Where documents are kept is not available")
    assert message_of(fetch(client), 404) == "Signature was not found"
