"""Bodies that are no request: each is refused with a sentence, none is an inner error."""

import json
import time

import pytest
from flask.testing import FlaskClient

from app.api.params import merging as parameters
from app.cms import texts
from tests.api.asking import content_of, filled, message_of, rows
from tests.cpu import allowed
from tests.memory import forget_peak, peak

#: Bytes of a text, below MAX_BODY_MB.
LARGE = 29_000_000


def post(client: FlaskClient, body: bytes, content_type: str = "application/json") -> str:
    """Send a body that has to be refused, and return the message."""
    headers = {"Content-Type": content_type}
    message = message_of(client.post("/signature", data=body, headers=headers))
    assert rows(client) == []
    return message


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"document"',
        b'{"document": "doc",}',
        b"{'document': 'doc'}",
        b'{"document": "doc"} trailing',
        b'{"document": doc}',
        b'{"document": "a\nb"}',
        b'{"document": "\\x"}',
        b"nonsense",
        b"document=doc&thread=main",
        b"\x00",
        b"<xml/>",
    ],
)
def test_a_body_that_is_no_json_is_refused(sqlite_client: FlaskClient, body: bytes) -> None:
    assert "JSON" in post(sqlite_client, body)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("address", ["/signature", "/signatures", "/signature/versions"])
def test_a_body_that_is_no_json_is_refused_by_every_method(
    sqlite_client: FlaskClient, method: str, address: str
) -> None:
    if method == "DELETE" and address != "/signature":
        assert sqlite_client.open(address, method=method, data=b"{").status_code == 405
    else:
        assert "JSON" in message_of(sqlite_client.open(address, method=method, data=b"{"))


@pytest.mark.parametrize("body", [b"[]", b'["a"]', b'"text"', b"12", b"1.5", b"null", b"true"])
def test_json_that_is_no_object_is_refused(sqlite_client: FlaskClient, body: bytes) -> None:
    assert "object" in post(sqlite_client, body)


def test_json_that_is_no_object_is_refused_in_a_form_too(sqlite_client: FlaskClient) -> None:
    assert "object" in post(sqlite_client, b"[]", "application/x-www-form-urlencoded")


@pytest.mark.parametrize("deep", [10_000, 90_000, 200_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_that_is_too_deep_is_refused(
    sqlite_client: FlaskClient, deep: int, brackets: tuple[bytes, bytes]
) -> None:
    body = b'{"tags":' + brackets[0] * deep + b"1" + brackets[1] * deep + b"}"
    assert "JSON" in post(sqlite_client, body)


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity", b"nan", b"01", b".5", b"+1"])
def test_numbers_that_json_does_not_know_are_refused(
    sqlite_client: FlaskClient, word: bytes
) -> None:
    for field in (b"document", b"unknown"):
        assert "JSON" in post(sqlite_client, b'{"' + field + b'": ' + word + b"}")


def test_an_integer_of_very_many_digits_is_refused(sqlite_client: FlaskClient) -> None:
    post(sqlite_client, b'{"document": ' + b"9" * 100_000 + b"}")


@pytest.mark.parametrize("field", ["document", "thread", "cms", "stage", "version_comment", "tags"])
@pytest.mark.parametrize("text", ["\\ud800", "a\\udfffb", "\\udc00\\ud800"])
def test_half_of_a_surrogate_pair_is_refused(
    sqlite_client: FlaskClient, field: str, text: str
) -> None:
    value = ["HALF"] if field == "tags" else "HALF"
    body = json.dumps(filled(**{field: value})).replace("HALF", text)
    assert f'"{field}"' in post(sqlite_client, body.encode())


def test_a_whole_surrogate_pair_is_one_character(sqlite_client: FlaskClient) -> None:
    body = json.dumps(filled(document="😀"))
    assert "\\ud83d\\ude00" in body
    signature = content_of(sqlite_client.post("/signature", data=body), 201)["signature"]
    assert signature["document"] == "😀"


def test_half_of_a_surrogate_pair_in_what_is_ignored_is_ignored(
    sqlite_client: FlaskClient,
) -> None:
    body = json.dumps(filled(unknown="HALF", HALF=1)).replace("HALF", "\\ud800")
    warnings = ['"unknown" parameter is not read here', '"?" parameter is not read here']
    content_of(sqlite_client.post("/signature", data=body), 201, warnings)


@pytest.mark.parametrize(
    "body",
    [
        '{"document": "ё"}'.encode("utf-16"),
        '{"document": "ё"}'.encode("cp1251"),
        b'{"document": "\xff"}',
        b'{"document": "\xed\xa0\x80"}',
        b'{"document": "\xc0\x80"}',
    ],
)
def test_a_body_that_is_not_utf_8_is_refused(sqlite_client: FlaskClient, body: bytes) -> None:
    assert "UTF-8" in post(sqlite_client, body)


@pytest.mark.parametrize(
    "values", [b"1," * 1_000_000 + b"1", b"[]," * 1_000_000 + b"1", b'"",' * 1_000_000 + b"1"]
)
@pytest.mark.parametrize("field", [b"tags", b"unknown"])
def test_a_million_small_values_are_refused(
    sqlite_client: FlaskClient, values: bytes, field: bytes
) -> None:
    assert "JSON" in post(sqlite_client, b'{"' + field + b'": [' + values + b"]}")


def test_a_million_small_members_are_refused(sqlite_client: FlaskClient) -> None:
    members = b",".join(b'"%d":1' % number for number in range(300_000))
    assert "JSON" in post(sqlite_client, b"{" + members + b"}")


def test_a_string_without_end_costs_no_more_than_its_length(sqlite_client: FlaskClient) -> None:
    # The square of this length would be hours.
    body = b'{"x":[' + b"," * 100_001 + b'"' + b'\\"' * 500_000
    assert "JSON" in post(sqlite_client, body)


def test_text_is_not_taken_for_a_million_values(open_client: FlaskClient) -> None:
    cms = '{[,"\\' * 100_000
    body = json.dumps(filled(cms=cms))
    response = open_client.post("/signature", data=body)
    assert content_of(response, 201)["signature"]["cms"] == cms


@pytest.mark.parametrize("number", [1_001, 50_000])
def test_more_tags_than_a_version_can_have_are_refused(
    sqlite_client: FlaskClient, number: int
) -> None:
    body = json.dumps(filled(tags=[str(tag) for tag in range(number)]))
    assert '"tags"' in post(sqlite_client, body.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&b=2&a=3",
        b"",
        b"&&a&b=&=c&",
        b"a=b=c&d=%3D%26+x&%61=1",
        "имя=значение&ш=%D1%88+".encode(),
        b"a=%zz&b=%&c=%4",
    ],
)
def test_a_large_form_is_read_as_a_small_one(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    small = parameters._from_form(body, ("a",))
    monkeypatch.setattr(parameters, "LARGE_FORM", 0)
    assert parameters._from_form(body, ("a",)) == small


@pytest.mark.attacks
@pytest.mark.parametrize("wide", ["😀", "\\ud83d\\ude00", "\\uD83D\\uDE00"])
def test_a_character_of_four_bytes_makes_no_large_value_larger(
    sqlite_client: FlaskClient, wide: str
) -> None:
    large = "x" * texts.MAX_WIDE
    assert "beyond U+FFFF" in post(sqlite_client, f'{{"cms":"{large}{wide}"}}'.encode())
    # Beside one, or in one that isn't large, it may be.
    beside = post(sqlite_client, f'{{"cms":"{large}","document":"{wide}"}}'.encode())
    assert "beyond" not in beside
    assert "beyond" not in post(sqlite_client, f'{{"cms":"{large[99:]}{wide}"}}'.encode())


@pytest.mark.attacks
@pytest.mark.parametrize("wide", ["😀", "%F0%9F%98%80", "%f0%9f%98%80"])
def test_a_character_of_four_bytes_makes_no_large_field_larger(
    sqlite_client: FlaskClient, wide: str
) -> None:
    form, large = "application/x-www-form-urlencoded", "x" * texts.MAX_WIDE
    assert "beyond U+FFFF" in post(sqlite_client, f"cms={large}{wide}".encode(), form)
    assert "beyond" not in post(sqlite_client, f"cms={large}&document={wide}".encode(), form)


@pytest.mark.attacks
@pytest.mark.parametrize("text", ["ab,", ","])
@pytest.mark.parametrize(
    ("method", "address", "field"),
    [
        ("GET", "/signature", "with"),
        ("GET", "/signatures", "with"),
        ("GET", "/signature/versions", "with"),
        ("POST", "/ncanode3/cms/verify", "revocationCheck"),
        ("POST", "/ncanode3/x509/info", "revocationCheck"),
    ],
)
def test_a_choice_is_a_short_text(
    sqlite_client: FlaskClient, method: str, address: str, field: str, text: str
) -> None:
    many = text * (LARGE // len(text))
    wanted = {"document": "a", "thread": "b", "cms": "AA==", "certs": ["AA=="]}
    for value in (many, [many[: LARGE // 2], many[: LARGE // 2]], ["signers," * 10] * 20):
        body = json.dumps({**wanted, field: value}).encode()
        forget_peak()
        before, began = peak(), time.process_time()
        response = sqlite_client.open(address, method=method, data=body)
        assert response.status_code == 400
        reported = response.get_json()["message"]
        assert reported == f'"{field}" parameter must be at most 1000 characters long'
        assert time.process_time() - began < allowed(2)
        assert peak() - before < 200
