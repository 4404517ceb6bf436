"""GET and POST /cms/extract: the content out of a signature."""

from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.asking import content_of, message_of
from tests.pki import CONTENT

METHODS = ["GET", "POST"]


@pytest.mark.parametrize("method", METHODS)
def test_text_is_given_as_text(sqlite_client: FlaskClient, method: str) -> None:
    cms = people.cms(people.ivan())
    for query, body in (({}, {"cms": cms}), ({"cms": cms}, {})):
        response = sqlite_client.open("/cms/extract", method=method, query_string=query, json=body)
        assert content_of(response) == {"data": CONTENT.decode()}


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbftext", b"a\0b", "😀\r\n".encode(), b'{"a": 1}', b"x" * 70_000]
)
def test_any_utf_8_comes_back_to_the_byte(sqlite_client: FlaskClient, content: bytes) -> None:
    cms = b64encode(pki.sign_cms(content)).decode()
    written = content_of(sqlite_client.post("/cms/extract", json={"cms": cms}))
    assert list(written) == ["data"]
    assert written["data"].encode() == content


@pytest.mark.parametrize(
    "content", [b"\xff", b"%PDF\x80", "текст".encode("cp1251"), b"\xed\xa0\x80"]
)
def test_anything_else_is_given_in_base64(sqlite_client: FlaskClient, content: bytes) -> None:
    cms = b64encode(pki.sign_cms(content)).decode()
    written = content_of(sqlite_client.post("/cms/extract", json={"cms": cms}))
    assert written == {"data": b64encode(content).decode(), "encoding": "base64"}


@pytest.mark.parametrize("piece", [b"\0", 'ш\u2028"\\\n'.encode(), "😀".encode(), b"\xff"])
def test_large_content_comes_in_pieces(sqlite_client: FlaskClient, piece: bytes) -> None:
    content = piece * 600_000
    written = content_of(
        sqlite_client.post("/cms/extract", json={"cms": people.cms(people.ivan(), content=content)})
    )
    if piece == b"\xff":
        assert written == {"data": b64encode(content).decode(), "encoding": "base64"}
    else:
        assert list(written) == ["data"]
        assert written["data"].encode() == content


def test_content_in_pieces_is_joined(sqlite_client: FlaskClient) -> None:
    content = b"0123456789" * 1000
    cms = b64encode(pki.indefinite_cms(content)).decode()
    written = content_of(sqlite_client.post("/cms/extract", json={"cms": cms}))
    assert written == {"data": content.decode()}


def test_a_detached_signature_has_none(sqlite_client: FlaskClient) -> None:
    for text in (people.cms(people.ivan(), attached=False), pki.sign_xml()):
        message = message_of(sqlite_client.post("/cms/extract", json={"cms": text}))
        assert message == "cms: the content is not attached, so there is nothing to extract"


@pytest.mark.parametrize("method", METHODS)
def test_what_is_no_signature_is_refused(sqlite_client: FlaskClient, method: str) -> None:
    response = sqlite_client.open("/cms/extract", method=method)
    assert message_of(response) == '"cms" parameter must be set'
    response = sqlite_client.open("/cms/extract", method=method, json={"cms": "MIIC"})
    assert message_of(response).startswith("cms: ")


def test_zero_bytes_behind_it_are_removed_and_never_stored(sqlite_client: FlaskClient) -> None:
    """A signature cut out of a PDF has the zeros that fill its place there."""
    cms = b64encode(pki.sign_cms() + bytes(100)).decode()
    written = content_of(sqlite_client.post("/cms/extract", json={"cms": cms}))
    assert written == {"data": CONTENT.decode()}
    saved = sqlite_client.post("/signature", json={"document": "a", "thread": "b", "cms": cms})
    assert message_of(saved) == "cms: 100 bytes follow the ASN.1 value"


def test_a_file_in_place_of_a_signature_is_named(sqlite_client: FlaskClient) -> None:
    pdf = b64encode(b"%PDF-1.4\n").decode()
    response = sqlite_client.post("/cms/extract", json={"cms": pdf})
    assert message_of(response) == "cms: a PDF document, not a signature"
