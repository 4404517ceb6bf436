"""What holds for every address, every error and every sentence, those to come included."""

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.api import errors
from app.api.ncanode.origin.client import OriginError
from app.auth import AccessRefused
from app.closed import RequestFromOutside
from app.cms.errors import CmsError, UnsupportedAlgorithm
from app.factory import FAMILIES
from app.rate_limit.errors import LimitReached
from app.services.errors import ParameterError
from app.services.translations import LOCALES
from app.sessions import PAGES
from app.store.contents.errors import ContentAway
from app.store.errors import (
    BatchTooSlow,
    EvidenceUnavailable,
    NoRoom,
    SearchesBusy,
    StoreError,
)
from app.trust.errors import FetchFailed
from app.trust.turns import Busy
from app.wording.catalogues import CATALOGUES, LANGUAGES
from tests.api.asking import JSON, message_of

APP = Path(__file__).parents[1] / "app"
#: What is written for other readers than the API's clients.
WITHOUT_ENVELOPE = {"/metrics", "/openapi.json", "/docs"}
#: Members of an error in each family; one has two formats.
ERRORS = {
    "ncanode": [["status", "message", "content"]],
    "solaris": [["id", "status", "code", "title", "detail", "errors"]],
    "iinked": [["error", "message"]],
    "penbox": [["errors"]],
    "ncanode3": [["status", "message"], ["timestamp", "status", "error", "message", "path"]],
}
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"}
Refused = TypeVar("Refused", bound=Exception)
#: Errors that have their sentences in the class; the others where they are raised.
SPOKEN: tuple[type[StoreError | AccessRefused | LimitReached | Busy], ...] = (
    StoreError,
    AccessRefused,
    LimitReached,
    Busy,
)
RAISED = (CmsError, ParameterError, OriginError, FetchFailed)
#: What else is called with a sentence as its first argument.
SPEAKING = {
    "no",
    "unknown",
    "noting",
    "Reason",
    "_failed",
    "answer_unavailable",
    "phrase",
    "CannotAugment",
}
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


def leaves(kind: type[Refused]) -> Iterator[type[Refused]]:
    """Yield the classes below `kind`, itself if there are none, that have none below."""
    below = kind.__subclasses__()
    if not below:
        yield kind
    for one in below:
        yield from leaves(one)


def family(kind: type[Exception]) -> Iterator[type[Exception]]:
    """Yield a class and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from family(below)


def addresses(app: Flask) -> dict[str, set[str]]:
    """Return an address for each rule but pages, and the methods that are defined for it."""
    result: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(PAGES):
            continue
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


def family_of(app: Flask, address: str) -> str:
    """Return the name of the family that an address belongs to."""
    owners = [one.name for one in app.extensions["families"] if one.owns(address)]
    return owners[0] if owners else "ncanode"


def refused(app: Flask, response: TestResponse, address: str, status: int) -> bool:
    """Return whether an address refuses in its family's format."""
    assert response.status_code == status, (address, response.text)
    assert response.headers["Content-Type"] == JSON, address
    return list(response.get_json()) in ERRORS[family_of(app, address)]


def test_every_defined_method_of_the_contract_answers_in_the_envelope(app: Flask) -> None:
    client = app.test_client()
    for address, methods in addresses(app).items():
        if address in WITHOUT_ENVELOPE or family_of(app, address) != "ncanode":
            continue
        for method in methods - {"HEAD", "OPTIONS"}:
            response = client.open(address, method=method)
            assert response.headers["Content-Type"] == JSON, (method, address)
            answer = response.get_json()
            assert list(answer) == ["status", "message", "content"], (method, address)
            assert answer["status"] is (response.status_code < 400)
            assert response.status_code < 500


def test_every_address_of_another_family_answers_a_bare_request_in_its_shape(app: Flask) -> None:
    client = app.test_client()
    for address, methods in addresses(app).items():
        if family_of(app, address) == "ncanode":
            continue
        for method in methods - {"HEAD", "OPTIONS"}:
            response = client.open(address, method=method)
            status = response.status_code
            assert status == 200 or (status < 500 and refused(app, response, address, status))


def test_every_undefined_method_answers_405_in_its_family_s_shape(app: Flask) -> None:
    client = app.test_client()
    for address, methods in addresses(app).items():
        for method in METHODS - methods:
            response = client.open(address, method=method)
            assert refused(app, response, address, 405), (method, address)
            allowed = set(response.headers["Allow"].replace(" ", "").split(","))
            assert allowed == methods, (method, address)


def test_every_address_with_something_behind_it_answers_404_in_its_family_s_shape(
    app: Flask,
) -> None:
    client = app.test_client()
    for address in addresses(app):
        behind = f"{address}/nothing/like/this"
        assert refused(app, client.get(behind), behind, 404), behind


def test_no_file_of_the_project_is_served(client: FlaskClient) -> None:
    for address in ("/static/x", "/app.json", "/../wsgi.py", "/.git/config"):
        message_of(client.get(address), 404)


@pytest.mark.parametrize("root", [*SPOKEN, CmsError, ParameterError, OriginError])
def test_every_kind_of_refusal_has_a_status(root: type[Exception]) -> None:
    statuses = errors.statuses_of(FAMILIES.values())
    missing = [kind for kind in leaves(root) if kind not in statuses]
    assert missing == []


def test_every_status_is_that_of_a_client_error_but_where_others_are_asked_or_wait() -> None:
    for kind, status in errors.statuses_of(FAMILIES.values()).items():
        if kind in (BatchTooSlow, Busy, ContentAway, EvidenceUnavailable, NoRoom, SearchesBusy):
            assert status == 503
            continue
        assert 400 <= status < 500 or (issubclass(kind, OriginError) and status in (501, 502))


def sentences_of(*speaking: str, folder: Path = APP) -> set[str]:
    """Return the sentences with which functions and classes of these names are called."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and call.args and name_of(call.func) in speaking:
                found |= read_sentences(call.args[0], f"{path}:{call.lineno}")
    return found


def name_of(called: ast.expr) -> str | None:
    """Return the name of a function, a method or a class."""
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else None


def read_sentences(argument: ast.expr, place: str) -> set[str]:
    """Return the sentences that an argument may be; none if it hands on what is found elsewhere.

    One that is put together from who knows what could not be looked up in a catalogue: that fails.
    """
    match argument:
        case ast.Constant(value=str(sentence)):
            return {sentence}
        case ast.IfExp(body=one, orelse=other):
            return read_sentences(one, place) | read_sentences(other, place)
        case ast.BinOp(left=ast.Constant(value=str(start)), right=ast.Attribute(attr="template")):
            # Such as path.rules.refuse_broken: whose extension it is that is broken.
            return {start + sentence for sentence in sentences_of("MalformedExtension")}
        case ast.Attribute(attr="template") | ast.Name(id="template"):
            return set()  # That of an error, or a parameter.
        case ast.Subscript(value=ast.Name(id="SENTENCES")):
            return set()
    pytest.fail(f"{place}: what sentence is {ast.unparse(argument)}?")


@cache
def templates() -> set[str]:
    """Return every sentence that an answer may contain."""
    spoken = (*SPOKEN, RequestFromOutside)
    of_store = {str(vars(kind)["template"]) for root in spoken for kind in leaves(root)}
    raised = {kind.__name__ for root in RAISED for kind in family(root)}
    raised.remove("UnsupportedAlgorithm")  # It is given a name, and has its sentence in itself.
    of_algorithms = {UnsupportedAlgorithm("").template}
    written = sentences_of(*SPEAKING, *raised)
    return written | of_store | of_algorithms | set(errors.SENTENCES.values())


def placeholders(template: str) -> list[tuple[str, str | None, str | None]]:
    """Return the names in braces, each with how its value is written."""
    parts = string.Formatter().parse(template)
    return sorted((name, spec, how) for _, name, spec, how in parts if name is not None)


def catalogue(locale: str) -> dict[str, str]:
    """Return a catalogue as its file says."""
    path = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        read = read_po(file, locale=locale, abort_invalid=True)
    assert not [message.id for message in read if message.id and message.fuzzy]
    return {str(message.id): str(message.string or "") for message in read if message.id}


def test_every_language_that_a_client_may_ask_for_is_there() -> None:
    assert set(LOCALES.values()) == set(LANGUAGES)


@pytest.mark.slow
def test_a_moment_in_a_sentence_is_written_late() -> None:
    """In the reader's zone: no sentence has a format of its own for times."""
    named = {text for text in templates() if any(spec for _, spec, _ in placeholders(text))}
    assert named == set()
    assert not [text for text in templates() if re.search(r"\bUTC\b", text)]


def test_sentences_are_found_where_they_are_written() -> None:
    found = templates()
    assert '"{field}" parameter must be set' in found
    assert "cms: SignedData has no signer" in found
    assert "Version must be set" in found
    assert "Internal error" in found
    assert "Database can't be reached" in found
    assert '"{field}" parameter must be {digits} digits' in found
    assert "no element has the Id {id}" in found
    assert "comments are not signed" in found
    assert "the response of {address} can't be read" in found
    assert "{address} does not answer in time" in found
    assert "the certificate of {subject}: extension {oid} is broken" in found
    assert "an entry of the CRL is malformed" in found
    assert "{name} is not supported" in found
    assert len(found) > 150


@pytest.mark.parametrize("code", ['f"{name} is odd"', '"it is " + what', "SENTENCE", "find()"])
def test_a_sentence_that_can_t_be_found_is_noticed(code: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="what sentence"):
        read_sentences(ast.parse(code, mode="eval").body, "here")


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
def test_no_sentence_is_translated_that_is_not_used(locale: str) -> None:
    assert sorted(set(catalogue(locale)) - templates()) == []


@pytest.mark.parametrize("locale", TRANSLATED)
def test_a_sentence_about_a_signature_says_so_in_every_language(locale: str) -> None:
    for text, translation in catalogue(locale).items():
        assert translation.startswith("cms: ") is text.startswith("cms: "), text
