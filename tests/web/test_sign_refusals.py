"""What signers read where their signature is refused: what it is, and what to do."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.api.people import chief, ivan
from tests.conftest import AppMaker
from tests.web.browsing import ACCEPT, ORIGIN, see, send, text_of, words
from tests.web.test_sign_page import (
    PUBLIC,
    app_with_anchors,
    ask,
    client_of_office,
    cms,
    file,
    upload,
)

__all__ = ["app_with_anchors", "client_of_office"]


def test_a_refused_upload_says_why(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    for signature, said in (
        (cms(chief()), "somebody else"),
        (cms(ivan(), content=b"another"), "not the document"),
        (cms(ivan(), chief()), "Beside your signature, this file has a signature of somebody else"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB", "Never send your key to anyone"),
        ("hello", "no signature in CMS format, or it is damaged. Choose the file"),
    ):
        response = upload(client, first, signature)
        assert said in words(text_of(response, 400))
    see(client, first)
    response = send(client, first, {"signature-1": file(b"", "")})
    assert "Choose the file with your signature." in words(text_of(response, 400))
    response = upload(client, first, cms(ivan()), **{"document-1": file(b"another", "x.txt")})
    assert "The file that you chose as the document is not the one" in words(text_of(response, 400))


def test_a_file_that_is_too_large_leads_back_to_the_page(
    start_app: AppMaker, sqlite_url: str
) -> None:
    app = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=PUBLIC, MAX_BODY_MB="1")
    client = app.test_client()
    _, [first, _] = ask(client)
    see(client, first)
    headers = {"Accept": ACCEPT, "Origin": ORIGIN}
    sent = {"data": b"x" * 1_100_000, "content_type": "multipart/form-data; boundary=x"}
    html = text_of(client.post(first, headers=headers, **sent), 413)
    assert "This file is too large" in html
    assert "(detached)" in html
    assert "JavaScript" not in html
    assert f'href="{first}">Back, to try again' in html


def test_without_scripts_the_page_says_what_ncalayer_needs(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    unscripted = see(client, first).partition("<noscript>")[2].partition("</noscript>")[0]
    assert "JavaScript" in unscripted


def test_who_signs_reads_what_to_do_and_what_the_program_said_below(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    html = text_of(upload(client, first, "hello"), 400)
    folded = html.partition("<details><summary>What the program says")[2].partition("</details>")[0]
    assert "cms" in folded.lower()
    sent = {"Accept": "application/json", "Origin": "https://other.example"}
    answer = client.post(first, data={}, headers=sent)
    assert answer.status_code == 403
    given = answer.get_json()
    assert "Load the page again" in given["message"]
    assert "CORS" not in given["message"]
    assert "CORS_ORIGINS" in given["detail"]
    see(client, first)
    refused = send(client, first, {"signature-1": file(b"hello")}, Accept="application/json")
    assert "(" not in refused.get_json()["message"]
    assert refused.get_json()["detail"]
