"""POST /signature with `data`: it is what was signed, whatever CMS_VALIDATION says."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.asking import NEITHER, documents, exists, filled, refuse, save
from tests.api.people import chief, ivan
from tests.conftest import AppMaker

LINES = b"first\nsecond\n"
WITH_CRLF = b"first\r\nsecond\r\n"
ANOTHER = "the content is not what was signed: its digest (SHA-256) is another"
ONLY_WITH_CRLF = (
    '"data" parameter: signer 1: the content given is not what was signed, but with CRLF in place '
    "of LF it is: a tool changed the line ends when it signed"
)


def encoded(content: bytes) -> str:
    """Write content as clients send it."""
    return base64.b64encode(content).decode()


@pytest.fixture(params=["off", "structure", "signature", "trusted"], name="checking")
def client_of_each_level(
    request: pytest.FixtureRequest, start_app: AppMaker, sqlite_url: str, trust_folder: Path
) -> FlaskClient:
    """Provide a client of a server that checks as far as CMS_VALIDATION can say."""
    folder = str(trust_folder)
    app = start_app(DATABASE_URL=sqlite_url, CMS_VALIDATION=request.param, TRUST_DIR=folder)
    return app.test_client()


def save_warned(client: FlaskClient, **fields: Any) -> list[str]:
    """Save, and return the warnings, which stand behind the content."""
    response = client.post("/signature", json=filled(**fields))
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.get_json()
    assert list(answer) == ["status", "message", "content", "warnings"]
    assert list(answer["content"]) == ["signature"]
    warnings: list[str] = answer["warnings"]
    return warnings


def detached(*, plain: bool = False, content: bytes = LINES) -> str:
    """Return a detached signature; if `plain`, without signed attributes."""
    if not plain:
        return people.cms(ivan(), content=content, attached=False)
    info = pki.signer_info(ivan(), content, signed=None)
    return encoded(pki.signed_data([info], [ivan(), pki.authority()], None))


def test_content_that_was_signed_is_found_by_its_digest(checking: FlaskClient) -> None:
    save(checking, document="a", cms=detached(), data=encoded(LINES))
    save(checking, document="b", cms=people.cms(ivan(), content=LINES), data=encoded(LINES))
    save(
        checking,
        document="c",
        cms=people.cms(ivan(), chief(), attached=False, content=LINES),
        data=encoded(LINES),
    )
    digest = hashlib.sha256(LINES).hexdigest()
    assert documents(checking, f"sha256={digest}") == ["c", "b", "a"]


def test_content_may_come_in_a_data_uri_or_in_lines(checking: FlaskClient) -> None:
    save(checking, document="a", cms=detached(), data="data:text/plain;base64," + encoded(LINES))
    save(checking, document="b", cms=detached(), data=pki.wrapped(LINES, 8))


def test_content_that_was_not_signed_is_refused_by_its_name(checking: FlaskClient) -> None:
    other = encoded(b"other")
    assert refuse(checking, cms=detached(), data=other) == f'"data" parameter: signer 1: {ANOTHER}'
    message = refuse(checking, cms=people.cms(ivan(), content=LINES), data=other)
    assert message == '"data" parameter: signer 1: the content given is not the one attached'
    both = people.cms(ivan(), chief(), content=LINES, attached=False)
    assert refuse(checking, cms=both, data=other) == f'"data" parameter: signer 1: {ANOTHER}'
    assert not exists(checking)


def test_content_beside_an_altered_one_is_refused(checking: FlaskClient) -> None:
    altered = people.altered_cms(ivan())
    attached = pki.CONTENT.swapcase()
    for data in (pki.CONTENT, attached):
        assert refuse(checking, cms=altered, data=encoded(data)).startswith('"data" parameter: ')


def test_content_of_a_signature_without_signed_attributes_is_compared(
    checking: FlaskClient,
) -> None:
    save(checking, cms=detached(plain=True), data=encoded(LINES))
    message = refuse(checking, document="b", cms=detached(plain=True), data=encoded(b"other"))
    assert message.startswith('"data" parameter: signer 1: the signature does not verify with')


@pytest.mark.parametrize("plain", [False, True])
def test_content_that_fits_but_for_its_line_ends_is_kept_with_a_warning(
    checking: FlaskClient, plain: bool
) -> None:
    cms = detached(plain=plain, content=WITH_CRLF)
    assert save_warned(checking, cms=cms, data=encoded(LINES)) == [ONLY_WITH_CRLF]
    # It is not what was signed, so that it isn't found by it.
    found = {
        content: documents(checking, f"sha256={hashlib.sha256(content).hexdigest()}")
        for content in (LINES, WITH_CRLF)
    }
    assert found == {LINES: [], WITH_CRLF: ["doc"]}
    asked = {"document": "doc", "thread": "main", "data": encoded(LINES)}
    verified = checking.get("/signature/verify", json=asked).get_json()["content"]["verification"]
    assert verified["intact"]["answer"] == "unknown"


def test_content_with_other_line_ends_is_no_other_content(checking: FlaskClient) -> None:
    # Only the change that signing tools make is forgiven, and nothing else.
    for data in (b"first\rsecond\r", b"first\nsecond", b"first second ", LINES + b"\n"):
        cms = detached(content=WITH_CRLF)
        assert refuse(checking, cms=cms, data=encoded(data)).endswith(ANOTHER)
    assert refuse(checking, cms=detached(), data=encoded(WITH_CRLF)).endswith(ANOTHER)


def test_an_attached_content_with_other_line_ends_is_warned_of(checking: FlaskClient) -> None:
    cms = people.cms(ivan(), content=WITH_CRLF)
    assert save_warned(checking, cms=cms, data=encoded(LINES)) == [ONLY_WITH_CRLF]


@pytest.mark.parametrize("level", ["off", "structure"])
def test_content_that_can_t_be_compared_is_warned_of(
    start_app: AppMaker, sqlite_url: str, level: str
) -> None:
    client = start_app(DATABASE_URL=sqlite_url, CMS_VALIDATION=level).test_client()
    info = pki.signer_info(ivan(), LINES, digest="1.2.3.4")
    cms = encoded(pki.signed_data([info], [ivan(), pki.authority()], None))
    assert save_warned(client, cms=cms, data=encoded(LINES)) == [
        '"data" parameter: signer 1: 1.2.3.4 is not supported'
    ]
    assert documents(client, f"sha256={hashlib.sha256(LINES).hexdigest()}") == []


def test_content_that_comes_along_with_xml_is_refused(checking: FlaskClient) -> None:
    # It is verified by nothing, so its digest must not become what was signed.
    message = refuse(checking, cms=pki.sign_xml(), data=encoded(LINES))
    assert message == '"data" parameter is for CMS: a signed XML document is its own content'
    assert not exists(checking)


def test_content_beside_what_is_no_signature_is_refused(open_client: FlaskClient) -> None:
    message = refuse(open_client, cms="anything", data=encoded(LINES))
    assert message == '"data" parameter can\'t be compared: "cms" is no signature'
    assert not exists(open_client)
    save(open_client, cms="anything", data="")


@pytest.mark.parametrize("data", ["no base64!", "a", "data:text/plain,first"])
def test_content_that_is_not_base64_is_refused(checking: FlaskClient, data: str) -> None:
    assert refuse(checking, cms=detached(), data=data) == NEITHER


@pytest.mark.parametrize("locale", ["ru", "kk"])
def test_warnings_are_in_the_clients_language(sqlite_client: FlaskClient, locale: str) -> None:
    body = filled(cms=detached(content=WITH_CRLF), data=encoded(LINES))
    response = sqlite_client.post("/signature", json=body, headers={"Accept-Language": locale})
    [warning] = response.get_json()["warnings"]
    assert warning.startswith(("Параметр", '"data" параметрі'))
