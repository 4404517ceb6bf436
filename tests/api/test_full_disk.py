"""What is answered where a temporary file is needed, and there is no room for it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import message_of
from tests.bounds_of_files import small_files, unnamed_files
from tests.conftest import AppMaker
from tests.pki import sign_cms

pytestmark = pytest.mark.attacks

MEGABYTE = 1_000_000
#: Bytes of a file; the database is smaller.
ROOM = MEGABYTE + 200_000


def sent(client: FlaskClient, path: str, **parts: str | bytes) -> Any:
    """Send a form, composed in memory, where the test client would use a temporary file."""
    body = b""
    for name, value in parts.items():
        head = f'--X\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += f'; filename="{name}"\r\nContent-Type: application/octet-stream'
        data = value if isinstance(value, bytes) else value.encode()
        body += head.encode() + b"\r\n\r\n" + data + b"\r\n"
    return client.post(
        path, data=body + b"--X--\r\n", content_type="multipart/form-data; boundary=X"
    )


@contextmanager
def full() -> Iterator[None]:
    """Make the disk full, and require that nothing is left open."""
    with small_files(ROOM):
        before = unnamed_files()
        yield
        assert unnamed_files() == before


def test_a_file_without_room_is_refused(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, KEEP_CONTENT="on").test_client()
    document = b"a" * (3 * MEGABYTE)
    der = sign_cms(document, attached=False)
    with full():
        response = sent(client, "/signature", document="doc", thread="main", cms=der, data=document)
        message_of(response, 503)
        assert response.headers["Retry-After"] == "5"
        assert client.get("/signature?document=doc&thread=main").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/signature?document=doc&thread=main",
        "/signature/file?document=doc&thread=main",
        "/signatures?document=doc",
        "/signature/versions?document=doc&thread=main",
    ],
)
def test_an_answer_without_room_is_refused(start_app: AppMaker, sqlite_url: str, path: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url).test_client()
    cms = b64encode(sign_cms(b"a" * (3 * MEGABYTE))).decode()
    saved = client.post("/signature", json={"document": "doc", "thread": "main", "cms": cms})
    assert saved.status_code == 201
    saved.close()
    with full():
        response = client.get(path)
        message_of(response, 503)
        assert response.headers["Retry-After"] == "5"
        response.close()


def test_a_page_s_form_needs_no_room(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url).test_client()
    with full():
        response = sent(client, "/verify", signature=b"a" * (3 * MEGABYTE))
        assert response.status_code == 400, response.text


def test_a_pdf_without_room_is_refused_alone_or_in_a_batch(
    start_app: AppMaker, sqlite_url: str
) -> None:
    pytest.importorskip("pikepdf")
    client = start_app(DATABASE_URL=sqlite_url).test_client()
    body: dict[str, Any] = {"pdf": b64encode(b"%PDF-1.7\n" + b"a" * (3 * MEGABYTE)).decode()}
    with full():
        response = client.post("/ncanode3/pdf/verify", json=body)
        assert response.status_code == 503, response.text
        assert response.headers["Retry-After"] == "5"
        batch = client.post("/ncanode3/pdf/verify/batch", json={"pdfs": [body["pdf"], "AAAA"]})
        assert [one["status"] for one in batch.get_json()["results"]] == [503, 400]
