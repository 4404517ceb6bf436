"""What the fields of a form may be: small texts, files within the limit, nothing left out."""

from __future__ import annotations

import time
from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.web.posted import MAX_TEXTS
from tests.api import people
from tests.api.asking import good_cms
from tests.conftest import AppMaker
from tests.cpu import allowed
from tests.memory import forget_peak, peak
from tests.web.browsing import ACCEPT, ORIGIN, see, send, text_of, words
from tests.web.test_sign_page import PUBLIC, ask

#: Bytes of a body, below MAX_BODY_MB.
LARGE = 29_000_000
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=X"
NOBODY = "/sign/" + "A" * 40
LINK = "/v/" + "A" * 40
THREAD = "document=doc&thread=main&version=1"
#: The addresses that take forms.
WITHOUT_FILES = (
    "/app/sign-out",
    f"{NOBODY}/decline",
    f"/app/links?{THREAD}",
    f"/app/links/revoke?{THREAD}",
)
WITH_FILES = ("/verify", LINK, f"/app/version?{THREAD}")
OTHER = b"other"
CMS = b64decode(people.cms(people.ivan()))


def part(name: str, value: bytes, more: bytes = b"") -> bytes:
    head = f'--X\r\nContent-Disposition: form-data; name="{name}"'.encode()
    return head + more + b"\r\n\r\n" + value + b"\r\n"


def many_names() -> bytes:
    return b"a&" * (LARGE // 2)


def many_escapes() -> bytes:
    return b"a=" + b"%41" * (LARGE // 3)


def large_heads() -> bytes:
    one = part("a", b"v", b'; filename="b"\r\n' + b"a\n" * 215_000)
    return one * (LARGE // len(one)) + b"--X--\r\n"


def many_hashes() -> bytes:
    return part("digests", b"ab " * (LARGE // 3)) + b"--X--\r\n"


def many_texts() -> bytes:
    return part("a", b"x" * (LARGE // 900)) * 900 + b"--X--\r\n"


def post(client: FlaskClient, path: str, body: bytes, kind: str) -> TestResponse:
    headers = {"Accept": ACCEPT, "Origin": ORIGIN}
    return client.post(path, content_type=kind, headers=headers, data=body)


@pytest.fixture(name="visitor")
def client_with_a_form(start_app: AppMaker, sqlite_url: str) -> FlaskClient:
    """Return a client that has seen a form, of a store with one signature."""
    pages = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=PUBLIC).test_client()
    pages.post("/signature", json={"document": "doc", "thread": "main", "cms": good_cms()})
    see(pages, f"/app/version?{THREAD}")
    pages.set_cookie("tanbahana_form", "0" * 32)
    return pages


@pytest.mark.attacks
@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (many_names, FORM),
        (many_escapes, FORM),
        (large_heads, MULTIPART),
        (many_hashes, MULTIPART),
        (many_texts, MULTIPART),
    ],
)
def test_no_form_costs_more_than_its_fields_are_worth(
    visitor: FlaskClient, make: Any, kind: str, *, is_chunked: bool
) -> None:
    body = make()
    _, [link, _] = ask(visitor)
    for path in (*WITHOUT_FILES, *WITH_FILES, link, NOBODY):
        headers = {"Accept": ACCEPT, "Origin": ORIGIN}
        how: dict[str, Any] = {"data": body}
        if is_chunked:
            headers["Transfer-Encoding"] = "chunked"
            how = {"input_stream": BytesIO(body)}
        forget_peak()
        before, began = peak(), time.process_time()
        response = visitor.post(path, content_type=kind, headers=headers, **how)
        assert time.process_time() - began < allowed(2), path
        assert peak() - before < 200, path
        wanted = (404,) if path == NOBODY else (400, 413)
        assert response.status_code in wanted, path


def test_who_writes_too_much_is_told_so(visitor: FlaskClient) -> None:
    for path in WITHOUT_FILES:
        html = text_of(send(visitor, path, {"reason": "x" * MAX_TEXTS}), 413)
        assert "What was written into this form is too long" in words(html)
    fields = {"digests": "x" * (MAX_TEXTS + 1), "signature": (BytesIO(CMS), "a.cms")}
    html = text_of(send(visitor, "/verify", fields), 413)
    assert "What was written into this form is too long" in words(html)


def test_a_request_is_read_within_limits_alone(locked: Flask) -> None:
    """So no view can have the framework read a form, or a body."""

    def refused(read: Any) -> None:
        with locked.test_request_context("/verify", method="POST", data={"a": "b"}) as context:
            given: Request = context.request
            with pytest.raises(ValueError, match="read by app"):
                read(given)

    refused(lambda given: given.form)
    refused(lambda given: given.files)
    refused(lambda given: given.values)
    refused(lambda given: given.data)
    refused(lambda given: given.get_data())
    refused(lambda given: given.get_json(force=True))


def verify(client: FlaskClient, *parts: tuple[str, str | bytes], path: str = "/verify") -> str:
    """Send parts, bytes as files, which have to be refused; return what the page says."""
    body = b"".join(
        part(name, value, b'; filename="a.bin"')
        if isinstance(value, bytes)
        else part(name, value.encode())
        for name, value in parts
    )
    html = text_of(post(client, path, body + b"--X--\r\n", MULTIPART), 400)
    return words(html)


def test_nothing_that_changes_what_is_verified_is_left_out(pages: FlaskClient) -> None:
    signature, hashes = ("signature", CMS), " ".join(["SHA-512:" + "a" * 128] * 9)
    for parts, reason in (
        ([("document", "other")], '"document" parameter must be a file'),
        ([("signature", "text")], '"signature" parameter must be a file'),
        ([("document", OTHER), ("document", b"hello")], '"document" parameter must be given once'),
        ([("signature", b"nonsense")], '"signature" parameter must be given once'),
        ([("dokument", OTHER)], '"dokument" parameter is not read here'),
        ([("digests", hashes)], '"digests" parameter must have at most 8 items'),
        ([("digests", b"SHA-256:00")], '"digests" parameter must be text'),
        (
            [("digests", f"SHA-256:{'0' * 64}"), ("document", OTHER)],
            '"digests" parameter can\'t be used with "document"',
        ),
    ):
        assert reason in verify(pages, *parts, signature)


def test_a_field_that_is_empty_is_not_given(office: FlaskClient) -> None:
    fields = {"digests": "", "document": "", "signature": (BytesIO(CMS), "a.cms")}
    said = words(text_of(send(office, "/verify", fields)))
    assert "inside the signature" in said


def test_a_copy_is_compared_with_what_is_stored_and_with_no_other(visitor: FlaskClient) -> None:
    path = f"/app/version?{THREAD}"
    said = verify(visitor, ("document", OTHER), ("signature", CMS), path=path)
    assert '"signature" parameter is not read here' in said


def test_fields_of_small_forms_are_known_too(visitor: FlaskClient) -> None:
    path, token = f"/app/links?{THREAD}", b"form_token=" + b"0" * 32
    for fields, reason in (
        (b"day=7", '"day" parameter is not read here'),
        (b"days=7&days=30", '"days" parameter must be given once'),
        (b"days=%ff", "Request parameters are not in UTF-8"),
        (b"days=\xff", "Request parameters are not in UTF-8"),
        (b"a=1&" * 200, "more than 100 parameters"),
    ):
        response = post(visitor, path, token + b"&" + fields, FORM)
        assert reason in words(text_of(response, 400))
    response = send(visitor, path, {"days": "7", "files": (BytesIO(b"on"), "a")})
    assert '"files" parameter must be text' in words(text_of(response, 400))
    assert not visitor.get("/signature/link?document=doc&thread=main").get_json()["content"][
        "links"
    ]
