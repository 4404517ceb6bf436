"""A thread by its public id, as a file."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, update
from werkzeug.test import TestResponse

from app.api.signature_files import file_name
from app.cms.parsing import parse
from app.cms.xmldsig.parsing import SignedXml
from app.store.models import Version
from tests import pki
from tests.api.asking import JSON, content_of, save
from tests.api.penbox.test_signature import error_of, id_of
from tests.store.signings import IVANOV, signed_by

OCTETS = "application/octet-stream"
MIME, DETACHED, XML = "application/pkcs7-mime", "application/pkcs7-signature", "application/xml"


def fetch(client: FlaskClient, engine: Engine, accept: str | None, **headers: str) -> TestResponse:
    """Request the only thread."""
    if accept is not None:
        headers["Accept"] = accept
    return client.get(f"/v1/signatures/{id_of(engine)}", headers=headers)


def test_the_file_is_the_decoded_signature(client: FlaskClient, engine: Engine) -> None:
    cms = signed_by(IVANOV)
    save(client, cms=cms)
    response = fetch(client, engine, OCTETS)
    der = b64decode(cms)
    assert (response.status_code, response.data) == (200, der)
    assert response.headers["Content-Type"] == OCTETS
    assert response.headers["Content-Length"] == str(len(der))
    assert response.headers["ETag"] == f'"{sha256(der).hexdigest()}"'
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"doc-main.p7m\"; filename*=UTF-8''doc-main.p7m"
    )


def test_a_head_request_has_the_headers_alone(client: FlaskClient, engine: Engine) -> None:
    save(client, cms=signed_by(IVANOV))
    address, headers = f"/signatures/{id_of(engine)}", {"Accept": OCTETS}
    get, head = client.get(address, headers=headers), client.head(address, headers=headers)
    assert (head.status_code, head.data) == (200, b"")
    own = dict.fromkeys(("Date", "X-Request-ID", "RateLimit", "RateLimit-Remaining"), "")
    assert {**head.headers, **own} == {**get.headers, **own}


@pytest.mark.parametrize("weak", ["", "W/"])
def test_a_client_that_has_the_file_already_gets_304(
    client: FlaskClient, engine: Engine, weak: str
) -> None:
    save(client, cms=signed_by(IVANOV))
    first = fetch(client, engine, OCTETS)
    etag = first.headers["ETag"]
    again = fetch(client, engine, OCTETS, **{"If-None-Match": f'"x", {weak}{etag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == etag
    assert again.headers["Vary"] == "Accept"
    assert "Content-Length" not in again.headers
    assert fetch(client, engine, OCTETS, **{"If-None-Match": "*"}).status_code == 304
    assert fetch(client, engine, OCTETS, **{"If-None-Match": '"x"'}).status_code == 200
    save(client, cms=signed_by(IVANOV, attached=False), version=1)
    changed = fetch(client, engine, OCTETS, **{"If-None-Match": etag})
    assert changed.status_code == 200
    assert fetch(client, engine, None, **{"If-None-Match": "*"}).status_code == 200


@pytest.mark.attacks
@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2020 00:00:00 +99999999999999999999",
        "Mon, 01 Jan 2020 00:00:00 GMT",
        "none",
    ],
)
def test_no_condition_by_a_date_means_anything(
    sqlite_client: FlaskClient, name: str, date: str
) -> None:
    save(sqlite_client, cms=signed_by(IVANOV))
    asked = {"document": "doc", "thread": "main", "with": "public_id"}
    found = content_of(sqlite_client.get("/signature", query_string=asked))["signature"]
    address = f"/signatures/{found['public_id']}"
    for path in (address, "/docs/start.js"):
        headers = {name: date, "Range": "bytes=0-1", "Accept": OCTETS}
        assert sqlite_client.get(path, headers=headers).status_code == 200
        etag = sqlite_client.get(path, headers={"Accept": OCTETS}).headers["ETag"]
        known = sqlite_client.get(path, headers={**headers, "If-None-Match": etag})
        assert known.status_code == 304


def test_who_wants_another_file_gets_none(client: FlaskClient, engine: Engine) -> None:
    save(client, cms=signed_by(IVANOV))
    etag = fetch(client, engine, OCTETS).headers["ETag"]
    for wanted in (etag, "*", f'"x", {etag}'):
        assert fetch(client, engine, OCTETS, **{"If-Match": wanted}).status_code == 200
    for wanted in ('"x"', f"W/{etag}"):
        error = error_of(fetch(client, engine, OCTETS, **{"If-Match": wanted}), 412)
        assert error["detail"] == "The content here is not what the request names in If-Match"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("APPLICATION/JSON", JSON),
        ("application/json, text/plain, */*", JSON),
        (f"application/json;q=0.5, {OCTETS}", OCTETS),
        (f"application/json, {OCTETS};q=0.5", JSON),
        (f"application/json;q=0, {OCTETS};q=0.1", OCTETS),
        ("application/json;q=0, */*", OCTETS),
        (f"{OCTETS}, */*", OCTETS),
        (f"{OCTETS};q=0.3, */*;q=0.2", OCTETS),
        (f"{OCTETS};q=0.2, */*;q=0.3", JSON),
        ("application/*;q=0.1, application/json;q=0", OCTETS),
        (MIME, MIME),
        (f"{MIME}, {OCTETS};q=0.9", MIME),
        (f"{DETACHED}, {MIME};q=0.1", MIME),
        ("*/*;q=0.001", JSON),
        ("text/html, image/*;q=0.8, */*;q=0.1", JSON),
    ],
)
def test_the_type_is_what_the_request_prefers(
    client: FlaskClient, engine: Engine, accept: str | None, chosen: str
) -> None:
    save(client, cms=signed_by(IVANOV))
    response = fetch(client, engine, accept)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == chosen


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/pdf",
        XML,
        DETACHED,
        f"{OCTETS};q=0",
        "*/*;q=0",
        "nonsense",
        "*/json",
        "/",
        ";;;",
        "application/json;q=0",
        "\xff",
        "x" * 5000,
    ],
)
def test_a_request_that_nothing_satisfies_is_refused(
    client: FlaskClient, engine: Engine, accept: str
) -> None:
    save(client, cms=signed_by(IVANOV))
    error = error_of(fetch(client, engine, accept), 406)
    assert error["title"] == "Not Acceptable"
    assert error["detail"] == "Nothing here has a type that the request accepts"


@pytest.mark.parametrize("accept", ["application/json;q=nan", "a/b;q=1e999", ",,,", "*/*;q=9"])
def test_an_odd_accept_is_no_error_of_ours(
    client: FlaskClient, engine: Engine, accept: str
) -> None:
    save(client)
    assert fetch(client, engine, accept).status_code in (200, 406)


def test_a_detached_signature_has_its_own_type(client: FlaskClient, engine: Engine) -> None:
    save(client, cms=signed_by(IVANOV, attached=False))
    response = fetch(client, engine, DETACHED)
    assert response.headers["Content-Type"] == DETACHED
    assert 'filename="doc-main.p7s"' in response.headers["Content-Disposition"]
    error_of(fetch(client, engine, MIME), 406)


@pytest.mark.parametrize("form", ["pem", "wrapped", "url", "uri"])
def test_whatever_the_armour_the_file_is_the_same(
    client: FlaskClient, engine: Engine, form: str
) -> None:
    der = b64decode(signed_by(IVANOV))
    base64 = signed_by(IVANOV)
    sent = {
        "pem": pki.pem(der),
        "wrapped": pki.wrapped(der, 64),
        "url": base64.replace("+", " "),
        "uri": f"data:application/pkcs7-mime;base64,{quote(base64)}",
    }[form]
    save(client, cms=sent)
    assert fetch(client, engine, OCTETS).data == der


@pytest.mark.parametrize("encoded", [False, True])
def test_a_signed_document_of_xml_is_given_in_utf_8(
    client: FlaskClient, engine: Engine, encoded: bool
) -> None:
    text = f"\n{pki.sign_xml('<a>текст</a>')}\r\n"
    text = text.lstrip() if encoded else text
    signature = parse(text)
    assert isinstance(signature, SignedXml)
    save(client, cms=b64encode(text.encode()).decode() if encoded else text)
    for accept in (XML, OCTETS):
        response = fetch(client, engine, accept)
        assert response.headers["Content-Type"] == accept
        assert response.data == signature.xml
        assert response.headers["ETag"] == f'"{sha256(signature.xml).hexdigest()}"'
        assert 'filename="doc-main.xml"' in response.headers["Content-Disposition"]
    error_of(fetch(client, engine, MIME), 406)


def test_a_data_uri_without_base64_is_opened_too(client: FlaskClient, engine: Engine) -> None:
    xml = pki.sign_xml()
    save(client, cms=f"data:application/xml,{quote(xml)}")
    signature = parse(xml)
    assert isinstance(signature, SignedXml)
    assert fetch(client, engine, XML).data == signature.xml


@pytest.mark.parametrize("text", ["anything", "MIIB", "<a/>", "-----BEGIN CMS-----", "текст"])
def test_text_that_is_no_signature_is_given_as_it_is(
    open_client: FlaskClient, engine: Engine, text: str
) -> None:
    save(open_client, cms=text)
    response = fetch(open_client, engine, f"{XML}, {MIME}, {DETACHED}, {OCTETS};q=0.1")
    assert response.headers["Content-Type"] == OCTETS
    assert response.data == text.encode()
    disposition = response.headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"doc-main\"; filename*=UTF-8''doc-main"


@pytest.mark.parametrize(
    ("cms", "accept"), [(signed_by(IVANOV), MIME), (pki.sign_xml(), XML), ("AAAA", OCTETS)]
)
def test_a_version_that_was_not_read_yet_is_a_file_too(
    open_client: FlaskClient, engine: Engine, cms: str, accept: str
) -> None:
    save(open_client, cms=cms)
    read = fetch(open_client, engine, accept)
    unread: dict[str, Any] = dict.fromkeys(
        ("format", "signature_size", "content_size", "signature_sha256")
    )
    with engine.connect() as connection:
        connection.execute(update(Version).values(unread))
    response = fetch(open_client, engine, accept)
    assert response.headers["Content-Type"] == accept
    assert response.data == read.data


def test_the_name_of_the_file_is_reported_in_utf_8(client: FlaskClient, engine: Engine) -> None:
    names = {"document": 'Договор "№ 1"', "thread": "основной/2"}
    save(client, cms=signed_by(IVANOV), **names)
    response = client.get(
        f"/signatures/{id_of(engine, **names)}", headers={"Accept": "application/octet-stream"}
    )
    disposition = response.headers["Content-Disposition"]
    plain, _, encoded = disposition.partition("; filename*=UTF-8''")
    assert unquote(encoded) == "Договор _№ 1_-основной_2.p7m"
    assert plain.isascii()
    assert plain.startswith('attachment; filename="')
    assert plain.count('"') == 2


@pytest.mark.parametrize(
    ("document", "thread", "name"),
    [
        ("doc", "main", "doc-main"),
        ("../../etc/passwd", "x", "_.._etc_passwd-x"),
        ("..\\..\\x", "y", "_.._x-y"),
        (".hidden", "x", "hidden-x"),
        ("a\r\nSet-Cookie: x", "y", "a__Set-Cookie_ x-y"),
        ("a%2e%2e", "y", "a_2e_2e-y"),
        ("invoice\u202egpj", "x", "invoice_gpj-x"),
        ("x", "end...", "x-end"),
        ("...", "...", "...-"),
        ("а" * 255, "б", "а" * 100),
        ("😀" * 255, "б", "😀" * 50),
    ],
)
def test_a_name_neither_hides_nor_leads_elsewhere(document: str, thread: str, name: str) -> None:
    assert file_name(document, thread) == name.lstrip(".")
    assert len(file_name(document, thread).encode()) <= 200
