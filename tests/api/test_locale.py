"""The language of an error."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.asking import content_of, filled, message_of, save
from tests.api.people import cms, expired

DOC = {"document": "doc", "thread": "main"}
CYRILLIC = re.compile("[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]")
Ask = Callable[[FlaskClient, dict[str, str]], TestResponse]


def lack_document(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Save without a document."""
    return client.post("/signature", json={}, headers=headers)


def lack_both(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Read without names."""
    return client.get("/signature", headers=headers)


def find_nothing(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Read what is not there."""
    return client.get("/signature", json={"document": "no", "thread": "no"}, headers=headers)


def lack_version(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Save to an existing thread without a version."""
    save(client)
    return client.post("/signature", json=filled(), headers=headers)


def meet_conflict(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Save on a version that is not the current one."""
    save(client)
    return client.post("/signature", json=filled(version=9), headers=headers)


def send_prose(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Save what is no signature."""
    cms = "a signature!"
    return client.post("/signature", json=filled(cms=cms), headers=headers)


def shorten_number(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Search by a number that is too short."""
    return client.get("/signatures?iin=123", headers=headers)


def shorten_digest(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Search by a digest that is too short."""
    return client.get("/signatures?sha256=123", headers=headers)


def get_lost(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Ask at an unknown address."""
    return client.get("/nowhere", headers=headers)


def break_json(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Send what is no JSON."""
    return client.post("/signature", data=b"{", headers=headers)


ERRORS: dict[Ask, tuple[int, str]] = {
    lack_document: (400, '"document" parameter must be set'),
    lack_both: (400, '"Thread" and "document" parameters must be set'),
    find_nothing: (404, "Signature was not found"),
    lack_version: (400, "Version must be set"),
    meet_conflict: (400, "Version provided is not equal to actual signature version"),
    send_prose: (400, "cms: not base64 (character 12)"),
    shorten_number: (400, '"iin" parameter must be 12 digits'),
    shorten_digest: (400, '"sha256" parameter must be 64 hexadecimal digits'),
    get_lost: (404, "There is nothing at this address"),
    break_json: (400, "Request body is not valid JSON (line 1, column 2)"),
}


@pytest.mark.parametrize("ask", ERRORS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"api-locale": "en"},
        {"api-locale": "fr"},
        {"api-locale": "../../en"},
        {"Accept-Language": "en"},
        {"Accept-Language": "fr, de;q=0.5"},
        {"Accept-Language": "nonsense;;q=x"},
        {"Accept-Language": "en-US, ru;q=0.8"},
        {"api-locale": "en", "Accept-Language": "ru"},
    ],
    ids=str,
)
def test_an_error_is_reported_in_english_unless_asked_otherwise(
    sqlite_client: FlaskClient, ask: Ask, headers: dict[str, str]
) -> None:
    status, english = ERRORS[ask]
    assert message_of(ask(sqlite_client, headers), status) == english


@pytest.mark.parametrize("ask", ERRORS)
@pytest.mark.parametrize("locale", ["ru", "kk", "kz"])
def test_an_error_is_reported_in_the_language_of_api_locale(
    sqlite_client: FlaskClient, ask: Ask, locale: str
) -> None:
    status, english = ERRORS[ask]
    message = message_of(ask(sqlite_client, {"api-locale": locale}), status)
    assert message != english
    assert CYRILLIC.search(message)
    assert "{" not in message


@pytest.mark.parametrize("ask", [lack_document, lack_both, find_nothing])
def test_kazakh_is_not_russian(sqlite_client: FlaskClient, ask: Ask) -> None:
    status, _ = ERRORS[ask]
    russian, kazakh, older = (
        message_of(ask(sqlite_client, {"api-locale": locale}), status)
        for locale in ("ru", "kk", "kz")
    )
    assert russian != kazakh == older


@pytest.mark.parametrize(
    ("headers", "like"),
    [
        ({"Accept-Language": "ru"}, "ru"),
        ({"Accept-Language": "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7"}, "ru"),
        ({"Accept-Language": "kk"}, "kk"),
        ({"Accept-Language": "kk-KZ, ru;q=0.5"}, "kk"),
        ({"Accept-Language": "fr, ru;q=0.5, en;q=0.1"}, "ru"),
        ({"Accept-Language": "ru;q=0.1, kk;q=0.9"}, "kk"),
        ({"api-locale": "RU"}, "ru"),
        ({"api-locale": "ru-KZ"}, "ru"),
        ({"api-locale": "kk_KZ"}, "kk"),
        ({"api-locale": "ru", "Accept-Language": "kk"}, "ru"),
        ({"api-locale": "kz", "Accept-Language": "en, ru"}, "kk"),
    ],
    ids=str,
)
def test_api_locale_goes_before_accept_language(
    sqlite_client: FlaskClient, headers: dict[str, str], like: str
) -> None:
    expected = message_of(find_nothing(sqlite_client, {"api-locale": like}), 404)
    assert CYRILLIC.search(expected)
    assert message_of(find_nothing(sqlite_client, headers), 404) == expected


@pytest.mark.parametrize("locale", ["ru", "kk"])
def test_a_value_is_put_into_the_translation(sqlite_client: FlaskClient, locale: str) -> None:
    headers = {"api-locale": locale}
    sent = filled(document="{thread}" * 100)
    message = message_of(sqlite_client.post("/signature", json=sent, headers=headers))
    assert '"document"' in message or "document" in message
    assert "255" in message


ENDED = {
    "en": "the certificate of ИВАНОВ ИВАН was valid only until 2025-12-31 00:00:00 UTC; only a "
    "verified timestamp from before then could settle that the signature is older",
    "ru": "сертификат ИВАНОВ ИВАН действителен только до 2025-12-31 00:00:00 UTC; что подпись "
    "старше, могла бы доказать только проверенная метка времени, сделанная до этого",
    "kk": "ИВАНОВ ИВАН сертификаты 2025-12-31 00:00:00 UTC уақытына дейін ғана жарамды; "
    "қолтаңбаның одан бұрын қойылғанын тек сол уақытқа дейінгі тексерілген уақыт белгісі дәлелдей "
    "алар еді",
}


@pytest.mark.parametrize("locale", ENDED)
def test_a_reason_within_an_error_is_translated_with_it(anchored: FlaskClient, locale: str) -> None:
    headers = {"api-locale": locale}
    response = anchored.post("/cms/validate", json={"cms": cms(expired())}, headers=headers)
    signer = {"en": "signer 1", "ru": "подписавший 1", "kk": "1-қол қоюшы"}[locale]
    assert message_of(response) == f"cms: {signer}: {ENDED[locale]}"


@pytest.mark.parametrize("locale", ENDED)
def test_a_reason_within_a_success_is_translated(sqlite_client: FlaskClient, locale: str) -> None:
    save(sqlite_client, cms=cms(expired()))
    headers = {"api-locale": locale}
    response = sqlite_client.get("/signature/verify", json=DOC, headers=headers)
    (signer,) = content_of(response)["verification"]["signers"]
    assert ENDED[locale] in signer["path"]["reasons"]


def test_a_success_is_the_same_in_every_language(sqlite_client: FlaskClient) -> None:
    expected = save(sqlite_client)
    for locale in ("ru", "kk", "fr"):
        response = sqlite_client.get("/signature", json=DOC, headers={"api-locale": locale})
        assert response.get_json()["content"]["signature"] == expected
