"""What all pages have in common: languages, headers, files, errors, and what others still get."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from app.web import texts
from app.web.assets import FOLDER
from app.web.masking import mask_numbers
from tests.api.asking import message_of
from tests.conftest import AppMaker
from tests.web.browsing import ACCEPT, see, words

TEMPLATES = Path(texts.__file__).with_name("templates")


def test_a_browser_is_led_from_the_root_to_the_office(pages: FlaskClient) -> None:
    response = pages.get("/", headers={"Accept": ACCEPT})
    assert (response.status_code, response.headers["Location"]) == (303, "/app")


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json,text/html"])
@pytest.mark.parametrize("address", ["/", "/app/nothing", "/verify/x", "/assets/x/style.css"])
def test_who_doesn_t_ask_for_html_first_gets_the_api_s_answer(
    pages: FlaskClient, address: str, accept: str | None
) -> None:
    headers = {"Accept": accept} if accept else {}
    assert message_of(pages.get(address, headers=headers), 404)


def test_an_address_of_the_api_answers_json_to_browsers_too(pages: FlaskClient) -> None:
    message_of(pages.get("/nothing", headers={"Accept": ACCEPT}), 404)
    message_of(pages.get("/signature?document=a&thread=b", headers={"Accept": ACCEPT}), 404)


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
@pytest.mark.parametrize("address", ["/", "/app", "/verify", "/v/x", "/sign/x", "/nothing"])
def test_a_host_that_is_no_name_is_refused(locked: Flask, address: str, host: str) -> None:
    headers = {"Accept": ACCEPT, "Host": host}
    message_of(locked.test_client().get(address, headers=headers), 400)


def test_an_error_below_the_pages_is_a_page_for_a_browser(pages: FlaskClient) -> None:
    html = see(pages, "/app/nothing", 404)
    assert "<h1>There is nothing here</h1>" in html
    response = pages.put("/app", headers={"Accept": ACCEPT})
    assert response.status_code == 405
    assert response.headers["Allow"]
    assert "can&#39;t be done here" in response.text


@pytest.mark.parametrize(
    ("query", "wanted", "language"),
    [
        ("", "", "en"),
        ("", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("", "kk", "kk"),
        ("?lang=kk", "ru", "kk"),
        ("?lang=en", "ru", "en"),
        ("?lang=xx", "ru", "ru"),
    ],
)
def test_the_language_is_that_of_the_address_else_of_the_browser(
    pages: FlaskClient, query: str, wanted: str, language: str
) -> None:
    headers = {"Accept-Language": wanted} if wanted else {}
    for path, status in (("/verify", 200), ("/verify/nothing", 404)):
        html = see(pages, path + query, status, **headers)
        assert f'<html lang="{language}">' in html
    assert 'href="/verify?lang=ru"' in see(pages, "/verify?lang=en")
    assert 'href="/verify?lang=en">Verify a file' in words_of_links(see(pages, "/verify?lang=en"))


def test_an_error_leads_to_the_first_page_of_its_kind(pages: FlaskClient) -> None:
    for path, first in (("/app/nothing", "/app"), ("/verify/nothing", "/verify")):
        assert f'<a href="{first}">To the first page' in see(pages, path, 404)


def words_of_links(html: str) -> str:
    return re.sub(r' aria-current="page"', "", html)


def test_the_api_takes_no_language_from_an_address(pages: FlaskClient) -> None:
    assert message_of(pages.get("/signature?lang=ru"), 400).startswith('"Thread" and')


def test_files_are_kept_for_a_year_by_the_hash_in_their_address(pages: FlaskClient) -> None:
    html = see(pages, "/verify")
    addresses = re.findall(r'(?:href|src)="(/assets/[^"]+)"', html)
    assert len(addresses) >= 2
    for address in addresses:
        response = pages.get(address)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert len(response.data) < 20_000
        of_digits = re.sub("[0-9a-f]{13}/", f"a{'1' * 12}/", address)
        assert mask_numbers(of_digits) == of_digits != address
    message_of(pages.get("/assets/0000/style.css"), 404)


def test_without_web_there_are_no_pages(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, WEB="off").test_client()
    for address in ("/", "/app", "/verify"):
        message_of(client.get(address, headers={"Accept": ACCEPT}), 404)


def test_without_public_verify_there_is_no_page_to_verify(
    start_app: AppMaker, sqlite_url: str
) -> None:
    client = start_app(DATABASE_URL=sqlite_url, PUBLIC_VERIFY="off").test_client()
    see(client, "/verify", 404)
    assert "/verify" not in see(client, "/app")


# --- texts ------------------------------------------------------------------------------------


def used_texts() -> set[str]:
    """Return every text of templates and of code."""
    found: set[str] = set()
    for template in TEMPLATES.glob("*.html"):
        found.update(re.findall(r"""\bt\("([^"]+)\"""", template.read_text(encoding="utf-8")))
        found.update(re.findall(r"""\bt\('([^']+)'""", template.read_text(encoding="utf-8")))
    for module in TEMPLATES.parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("translated", "text") and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_every_text_is_translated_and_no_other(language: str) -> None:
    with (texts.CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)
    catalogue = {str(one.id): str(one.string) for one in read if one.id}
    assert len(catalogue) > 20
    assert set(catalogue) == used_texts()
    assert all(catalogue.values())
    assert [text for text in catalogue if fields(text) != fields(catalogue[text])] == []


def test_templates_have_no_words_of_their_own() -> None:
    for template in TEMPLATES.glob("*.html"):
        plain = re.sub(r"{[{%#].*?[}%#]}", "", template.read_text(encoding="utf-8"), flags=re.S)
        left = re.sub(r'Tanbahana|[a-z-]+="[^"]*"', "", words(plain))
        assert re.findall(r"[A-Za-z]{2,}", left) == [], template.name


def test_nothing_is_fetched_from_other_hosts() -> None:
    for path in [*TEMPLATES.iterdir(), *FOLDER.iterdir()]:
        written = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert not re.search(r"https?:|url\(|@import", written), path.name
