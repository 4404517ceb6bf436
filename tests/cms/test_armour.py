"""Every bent form in which clients send base64 gives the signature; a damaged one, a reason."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest

from app.cms.errors import CmsError
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from tests import builders
from tests.cms.conftest import Refusal

# Content whose base64 is full of pluses and slashes.
DER = builders.sign_cms(b"\xfb\xef\xbe\xff\xff\xff" * 40)
PLAIN = b64encode(DER).decode()
URLSAFE = urlsafe_b64encode(DER).decode()
WRAPPED = builders.wrapped(DER, 64)


def ending_in_plus() -> bytes:
    """Give a CMS whose base64 has no padding and ends with a plus, thanks to its last byte."""
    der = next(der for size in range(3) if len(der := builders.sign_cms(b"x" * size)) % 3 == 0)
    return der[:-1] + bytes([der[-1] & 0xC0 | 62])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(WRAPPED, id="lines of 64, CR LF"),
        pytest.param(builders.wrapped(DER, 76, "\n"), id="lines of 76"),
        pytest.param(builders.wrapped(DER, 76, " "), id="lines joined by blanks"),
        pytest.param(f"\ufeff  {PLAIN}\r\n", id="byte order mark and margin"),
        pytest.param(PLAIN.replace("+", " "), id="lost pluses"),
        pytest.param(WRAPPED.replace("+", " "), id="lost pluses in lines"),
        pytest.param(PLAIN.replace("+", "%2B"), id="percent-encoded pluses"),
        pytest.param(quote(PLAIN, safe=""), id="percent-encoded"),
        pytest.param(quote(WRAPPED, safe=""), id="percent-encoded lines"),
        pytest.param(URLSAFE, id="base64url"),
        pytest.param(URLSAFE.rstrip("="), id="base64url without padding"),
        pytest.param(builders.pem(DER), id="PEM CMS"),
        pytest.param(builders.pem(DER, "PKCS7", "\r\n"), id="PEM PKCS7"),
        pytest.param(builders.pem(DER).replace("\n", " "), id="PEM in one line"),
        pytest.param("data:application/pkcs7-signature;base64," + PLAIN, id="data URI"),
        pytest.param("DATA:;base64," + quote(PLAIN, safe=""), id="percent-encoded data URI"),
    ],
)
def test_every_form_in_which_clients_send_base64_is_opened(text: str) -> None:
    signed = parse(text)
    assert isinstance(signed, SignedCms)
    assert signed.der == DER


def test_a_plus_lost_at_the_very_end_is_found() -> None:
    der = ending_in_plus()
    text = b64encode(der).decode()
    assert text.endswith("+")
    signed = parse(text.replace("+", " "))
    assert isinstance(signed, SignedCms)
    assert signed.der == der


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (PLAIN[:112] + "!" + PLAIN[113:], 113),
        (PLAIN[:112] + "ж" + PLAIN[113:], 113),
        (PLAIN[:112] + "\0" + PLAIN[113:], 113),
        (PLAIN[:112] + "%41" + PLAIN[113:], 113),
        (PLAIN[:112] + "=" + PLAIN[112:], 114),
        (PLAIN[:112] + "%3d%0A" + PLAIN[112:], 119),
        ("\ufeff" + PLAIN[:112] + "!" + PLAIN[113:], 114),
        ("data:;base64,!", 14),
        ("привет", 1),
        ("MIIB===", 7),
        ("MIIB====", 7),
        (b64encode(b"<a>" + b"x" * 900_000).decode() + "!", 1_200_005),
        (builders.pem(DER).replace("-----\n", "-----\nProc-Type: 4\n", 1), 30),
    ],
)
def test_a_foreign_character_is_refused_with_its_place(
    text: str, position: int, refusal: Refusal
) -> None:
    assert refusal(text) == f"cms: not base64 (character {position})"


@pytest.mark.parametrize("length", [1, 2, 5, 30, 100, 1000, len(PLAIN) - 5, len(PLAIN) - 4])
@pytest.mark.parametrize("margin", ["", "\ufeff", "\n"])
def test_a_truncated_value_is_refused_as_truncated(
    length: int, margin: str, refusal: Refusal
) -> None:
    assert "truncated" in refusal(margin + PLAIN[:length])


def test_wrong_padding_is_refused_as_truncated(refusal: Refusal) -> None:
    for text in ("MIIB=", "MII==", "MI="):
        assert "truncated" in refusal(text)


def test_truncated_lines_with_lost_pluses_are_refused_as_truncated(refusal: Refusal) -> None:
    assert "truncated" in refusal(WRAPPED.replace("+", " ")[:2000])


@pytest.mark.parametrize("length", [5, 12, 19, 25, 400, -3, -20])
def test_truncated_pem_is_refused_as_truncated(length: int, refusal: Refusal) -> None:
    assert refusal(builders.pem(DER)[:length].rstrip()) == "cms: PEM armour is truncated"


def test_pem_of_something_else_is_refused(refusal: Refusal) -> None:
    text = builders.pem(DER, "CERTIFICATE")
    assert refusal(text) == "cms: PEM armour holds CERTIFICATE, not CMS"


def test_text_around_pem_is_not_ignored(refusal: Refusal) -> None:
    text = builders.pem(DER)
    assert refusal("see:" + text) == "cms: text stands outside the PEM armour (character 1)"
    after = f"cms: text stands outside the PEM armour (character {len(text) + 1})"
    assert refusal(text + text) == after


@pytest.mark.parametrize("text", ["", " \r\n", "\ufeff"])
def test_an_empty_value_is_refused(text: str, refusal: Refusal) -> None:
    assert refusal(text) == "cms: value is empty"


@pytest.mark.parametrize("text", ["hello world", "0000", "bnVsbA==", "MAA="])
def test_base64_of_something_else_is_refused(text: str, refusal: Refusal) -> None:
    assert refusal(text) == "cms: neither CMS nor XML"


def test_an_error_keeps_its_template_apart_from_its_values() -> None:
    error = CmsError("cms: signer {number} is odd", number=2)
    assert (error.template, error.values) == ("cms: signer {number} is odd", {"number": 2})
    assert str(error) == "cms: signer 2 is odd"
