"""What is accepted as a signature, and that it is returned character by character."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests import pki
from tests.api.asking import content_of, documents, filled, get, good_cms, refuse, save
from tests.pki import profile
from tests.store.threads import index_of_tags, stored_versions

FORMS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda der: b64encode(der).decode(),
    "lines of 64": partial(pki.wrapped, width=64, line_end="\n"),
    "lines of 76, CR LF": partial(pki.wrapped, width=76),
    "PEM CMS": pki.pem,
    "PEM PKCS7, CR LF": partial(pki.pem, label="PKCS7", line_end="\r\n"),
    "plus as blank": lambda der: b64encode(der).decode().replace("+", " "),
    "percent-encoded": lambda der: quote(b64encode(der).decode(), safe=""),
    "base64url": lambda der: urlsafe_b64encode(der).decode().rstrip("="),
    "data URI": lambda der: f"data:application/cms;base64,{b64encode(der).decode()}",
    "byte order mark": lambda der: f"\ufeff{b64encode(der).decode()}",
    "margin": lambda der: f" \r\n\t{b64encode(der).decode()} \r\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_cms_is_given_back_as_it_was_sent(client: FlaskClient, form: str) -> None:
    text = FORMS[form](pki.sign_cms(b"\xfb\xef\xbe\xff" * 40))
    signature = save(client, cms=text)
    assert signature["cms"] == signature["signature"] == text
    assert get(client)["cms"] == get(client)["signature"] == text
    listed = content_of(client.get("/signatures"))["signatures"]
    assert [row["cms"] for row in listed] == [text]


def test_a_cms_of_a_form_is_given_back_as_it_was_sent(client: FlaskClient) -> None:
    text = pki.pem(pki.sign_cms(), line_end="\r\n")
    response = client.post("/signature", data=filled(cms=text))
    assert content_of(response, 201)["signature"]["cms"] == text
    assert get(client)["cms"] == text


@pytest.mark.parametrize(
    "xml",
    [
        pki.sign_xml(),
        pki.sign_xml().replace(">", ">\r\n", 3),
        "\ufeff" + pki.sign_xml("<имя>Қазақ 😀</имя>"),
        b64encode(pki.sign_xml().encode()).decode(),
    ],
    ids=["plain", "CR LF", "byte order mark", "base64"],
)
def test_an_xml_signature_is_given_back_as_it_was_sent(client: FlaskClient, xml: str) -> None:
    assert save(client, cms=xml)["cms"] == xml
    assert get(client)["cms"] == xml


@pytest.mark.parametrize(
    "options",
    [
        {"attached": False},
        {"signed_attributes": False},
        {"by_key_identifier": True},
        {"signers": [profile.person(), profile.person("ПЕТРОВА АННА")]},
    ],
    ids=["detached", "no signed attributes", "key identifier", "two signers"],
)
def test_every_kind_of_cms_is_saved(sqlite_client: FlaskClient, options: dict[str, Any]) -> None:
    text = b64encode(pki.sign_cms(**options)).decode()
    assert save(sqlite_client, cms=text)["cms"] == text


REFUSED = {
    "prose": "this is no signature",
    "base64 of nothing known": "AAAA",
    "a foreign character": good_cms()[:112] + "!" + good_cms()[113:],
    "something after it": good_cms() + "AAAA",
    "an unsigned CMS": b64encode(pki.sign_cms(signers=[])).decode(),
    "a missing certificate": b64encode(pki.sign_cms(certificates=[])).decode(),
    "an unsigned XML": "<a/>",
    "a broken XML": pki.sign_xml()[:-3],
    "an XML with a DTD": f"<!DOCTYPE a>{pki.sign_xml().partition('?>')[2]}",
    "a PEM of something else": pki.pem(pki.sign_cms(), "CERTIFICATE"),
    "a JSON": '{"a": 1}',
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_signature_is_refused_with_a_reason_and_leaves_no_trace(
    client: FlaskClient, engine: Engine, kind: str
) -> None:
    message = refuse(client, cms=REFUSED[kind], tags=["new"])
    assert message.startswith("cms: ")
    assert len(message) > len("cms: ")
    assert stored_versions(engine) == []
    save(client, tags=["kept"])
    assert refuse(client, cms=REFUSED[kind], tags=["lost"], version=1) == message
    assert stored_versions(engine) == [(1, 1)]
    assert index_of_tags(engine) == {(1, "kept")}
    assert get(client)["version"] == 1


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("a foreign character", "cms: not base64 (character 113)"),
        ("an unsigned CMS", "cms: SignedData has no signer"),
        ("a missing certificate", "cms: signer 1: certificate is not embedded"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(
    sqlite_client: FlaskClient, kind: str, message: str
) -> None:
    assert refuse(sqlite_client, cms=REFUSED[kind]) == message


def test_a_refusal_names_the_signer(sqlite_client: FlaskClient) -> None:
    signers = [profile.person(), profile.person("ПЕТРОВА АННА")]
    der = pki.sign_cms(signers=signers, certificates=[signers[0].certificate])
    message = refuse(sqlite_client, cms=b64encode(der).decode())
    assert message == "cms: signer 2: certificate is not embedded"


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("form", ["base64", "lines of 64", "PEM CMS"])
def test_a_truncated_cms_is_refused_as_truncated(
    sqlite_client: FlaskClient, form: str, kept: float
) -> None:
    text = FORMS[form](pki.sign_cms())
    message = refuse(sqlite_client, cms=text[: int(len(text) * kept)])
    assert message.startswith("cms: ")
    assert "truncated" in message


def test_a_refusal_comes_before_the_version_is_examined(client: FlaskClient) -> None:
    save(client)
    assert refuse(client, cms="nonsense").startswith("cms: ")


@pytest.mark.parametrize(
    "cms",
    [
        "x",
        "CMS",
        "-",
        "0",
        " leading and trailing \r\n",
        "\ufeffа\r\nб\rв\n\tг\u2028\u00a0",
        "{\"json\": 'too'}\\",
        "<a>&amp;",
        "%s %(x)s :x {y} %2B + ",
        "😀" * 300,
        "\x01\x1f\x7f",
        "x" * 300_000,
    ],
)
def test_without_validation_any_text_is_kept_exactly(open_client: FlaskClient, cms: str) -> None:
    assert save(open_client, cms=cms)["cms"] == cms
    signature = get(open_client)
    assert signature["cms"] == signature["signature"] == cms


def test_without_validation_a_signature_must_still_be_set(open_client: FlaskClient) -> None:
    assert refuse(open_client, cms="") == '"cms" parameter must be set'
    assert documents(open_client) == []


@pytest.mark.parametrize("cms", [12, 123456789012345678901234567890])
def test_without_validation_a_number_is_taken_as_its_text(
    open_client: FlaskClient, cms: int
) -> None:
    assert save(open_client, cms=cms)["cms"] == str(cms)
