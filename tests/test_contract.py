"""What holds for every address, every error and every sentence, those to come included."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from app.api import errors, operations
from app.api.locale import CATALOGUES, LOCALES
from app.api.ncanode.forwarding import OriginError
from app.api.parameters import ParameterError
from app.cms.errors import CmsError
from app.store.errors import StoreError
from tests.api.asking import JSON, message_of

APP = Path(__file__).parents[1] / "app"
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"}
Refused = TypeVar("Refused", bound=Exception)
#: Errors whose sentences are written where they are raised.
RAISED = (
    "ParameterError",
    "MalformedSignature",
    "UnverifiedSignature",
    "CheckFailed",
    "OriginNotSet",
    "OriginFailed",
)
TRANSLATED = sorted(set(LOCALES.values()) - {"en"})


def leaves(kind: type[Refused]) -> Iterator[type[Refused]]:
    """Give the classes below `kind`, itself if there are none, that have none below."""
    below = kind.__subclasses__()
    if not below:
        yield kind
    for one in below:
        yield from leaves(one)


def addresses(app: Flask) -> dict[str, set[str]]:
    """Give an address for each rule, and the methods that are defined for it."""
    result: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        built = rule.build(dict.fromkeys(rule.arguments, "1"))
        assert built is not None, rule
        result.setdefault(built[1], set()).update(rule.methods or ())
    return result


def test_the_addresses_of_the_contract_are_there(app: Flask) -> None:
    found = addresses(app)
    assert found["/signature"] >= {"GET", "POST", "DELETE"}
    assert found["/signatures"] >= {"GET"}
    assert found["/signature/versions"] >= {"GET"}
    assert found["/signature/verify"] >= {"GET"}
    assert found["/cms/validate"] >= {"POST"}
    assert found["/cms/extract"] >= {"GET", "POST"}
    assert found["/validate"] >= {"POST"}
    assert found["/origin"] >= {"POST"}
    assert found["/health/live"] >= {"GET"}
    assert found["/health/ready"] >= {"GET"}


def test_every_defined_method_answers_in_the_envelope(app: Flask) -> None:
    client = app.test_client()
    for address, methods in addresses(app).items():
        for method in methods - {"HEAD", "OPTIONS"}:
            response = client.open(address, method=method)
            assert response.headers["Content-Type"] == JSON, (method, address)
            answer = response.get_json()
            assert list(answer) == ["status", "message", "content"], (method, address)
            assert answer["status"] is (response.status_code < 400)
            assert response.status_code < 500


def test_every_undefined_method_answers_405_in_the_envelope(app: Flask) -> None:
    client = app.test_client()
    for address, methods in addresses(app).items():
        for method in METHODS - methods:
            response = client.open(address, method=method)
            message_of(response, 405)
            allowed = set(response.headers["Allow"].replace(" ", "").split(","))
            assert allowed == methods, (method, address)


def test_every_address_with_something_behind_it_answers_404_in_the_envelope(
    app: Flask,
) -> None:
    client = app.test_client()
    for address in addresses(app):
        message_of(client.get(f"{address}/nothing/like/this"), 404)


def test_no_file_of_the_project_is_served(client: FlaskClient) -> None:
    for address in ("/static/x", "/app.json", "/../wsgi.py", "/.git/config"):
        message_of(client.get(address), 404)


@pytest.mark.parametrize("root", [StoreError, CmsError, ParameterError, OriginError])
def test_every_kind_of_refusal_has_a_status(root: type[Exception]) -> None:
    missing = [kind for kind in leaves(root) if kind not in errors.STATUS]
    assert missing == []


def test_every_status_is_that_of_a_client_error_but_where_another_server_is_asked() -> None:
    for kind, status in errors.STATUS.items():
        assert 400 <= status < 500 or (issubclass(kind, OriginError) and status in (501, 502))


def extracted() -> set[str]:
    """Give the templates that are written where an error is raised."""
    found = extract_from_dir(
        APP,
        method_map=[("**.py", "python")],
        keywords=dict.fromkeys(RAISED),
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def calls_of(function: str, module: str) -> set[str]:
    """Give the texts with which a module calls one of its functions."""
    calls = [
        node
        for node in ast.walk(ast.parse(Path(module).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
    ]
    texts = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    assert len(calls) == len(texts)
    return {text for text in texts if isinstance(text, str)}


def templates() -> set[str]:
    """Give every sentence that an error may tell."""
    of_store = {kind.template for kind in leaves(StoreError)}
    of_operations = calls_of("tell_unavailable", str(operations.__file__))
    return extracted() | of_store | set(errors.SENTENCES.values()) | of_operations


def placeholders(template: str) -> set[str]:
    """Give the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def catalogue(locale: str) -> dict[str, str]:
    """Give a catalogue as its file says."""
    path = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        read = read_po(file, locale=locale, abort_invalid=True)
    assert not [message.id for message in read if message.id and message.fuzzy]
    return {str(message.id): str(message.string or "") for message in read if message.id}


def test_sentences_are_found_where_they_are_written() -> None:
    found = templates()
    assert '"{field}" parameter must be set' in found
    assert "cms: SignedData has no signer" in found
    assert "Version must be set" in found
    assert "Internal error" in found
    assert len(found) > 40


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_sentence_is_translated(locale: str) -> None:
    translated = catalogue(locale)
    missing = sorted(text for text in templates() if not translated.get(text))
    assert missing == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_sentence(locale: str) -> None:
    different = [
        text
        for text, translation in catalogue(locale).items()
        if placeholders(text) != placeholders(translation)
    ]
    assert different == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_no_sentence_is_translated_that_nobody_tells(locale: str) -> None:
    assert sorted(set(catalogue(locale)) - templates()) == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_sentence_about_a_signature_says_so_in_every_language(locale: str) -> None:
    for text, translation in catalogue(locale).items():
        assert translation.startswith("cms: ") is text.startswith("cms: "), text
