"""Every bent form in which clients send base64 gives the signature; a damaged one, a reason."""

from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from urllib.parse import quote, unquote

import pytest

from app.cms import text_encoding, texts
from app.cms.errors import CmsError, MalformedSignature
from app.cms.files import open_file
from app.cms.parsing import parse, parse_pieces
from app.cms.signed_data.parsing import SignedData
from app.cms.xmldsig.parsing import SignedXml
from tests import pki
from tests.api.people import CHIEF_IIN, IIN, chief, ivan
from tests.cms.conftest import Refusal
from tests.cms.two_readings import text_of_two

# Content whose base64 is full of pluses and slashes.
DER = pki.sign_cms(b"\xfb\xef\xbe\xff\xff\xff" * 40)
PLAIN = b64encode(DER).decode()
URLSAFE = urlsafe_b64encode(DER).decode()
WRAPPED = pki.wrapped(DER, 64)


def ending_in_plus() -> bytes:
    """Return a CMS whose base64 has no padding and ends with a plus, thanks to its last byte."""
    der = next(der for size in range(3) if len(der := pki.sign_cms(b"x" * size)) % 3 == 0)
    return der[:-1] + bytes([der[-1] & 0xC0 | 62])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(WRAPPED, id="lines of 64, CR LF"),
        pytest.param(pki.wrapped(DER, 76, "\n"), id="lines of 76"),
        pytest.param(pki.wrapped(DER, 76, " "), id="lines joined by blanks"),
        pytest.param(f"\ufeff  {PLAIN}\r\n", id="byte order mark and margin"),
        pytest.param(PLAIN.replace("+", " "), id="lost pluses"),
        pytest.param(WRAPPED.replace("+", " "), id="lost pluses in lines"),
        pytest.param(PLAIN.replace("+", "%2B"), id="percent-encoded pluses"),
        pytest.param(quote(PLAIN, safe=""), id="percent-encoded"),
        pytest.param(quote(WRAPPED, safe=""), id="percent-encoded lines"),
        pytest.param(URLSAFE, id="base64url"),
        pytest.param(URLSAFE.rstrip("="), id="base64url without padding"),
        pytest.param(pki.pem(DER), id="PEM CMS"),
        pytest.param(pki.pem(DER, "PKCS7", "\r\n"), id="PEM PKCS7"),
        pytest.param(pki.pem(DER).replace("\n", " "), id="PEM in one line"),
        pytest.param("data:application/pkcs7-signature;base64," + PLAIN, id="data URI"),
        pytest.param("DATA:;base64," + quote(PLAIN, safe=""), id="percent-encoded data URI"),
    ],
)
def test_every_form_in_which_clients_send_base64_is_opened(text: str) -> None:
    signed = parse(text)
    assert isinstance(signed, SignedData)
    assert signed.der == DER


def uri(file: bytes) -> str:
    """Write a file as FileReader.readAsDataURL does."""
    return "data:application/octet-stream;base64," + b64encode(file).decode()


PEM = pki.pem(DER)
PKCS7 = pki.pem(DER, "PKCS7", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b64encode(PEM.encode()).decode(), id="PEM"),
        pytest.param(b64encode(PKCS7.encode()).decode(), id="PKCS7 with CR LF"),
        pytest.param(pki.wrapped(PKCS7.encode(), 76), id="PKCS7 in lines with CR LF"),
        pytest.param(pki.pem(PEM.encode()), id="PEM in PEM"),
        pytest.param(b64encode(PLAIN.encode()).decode(), id="base64"),
        pytest.param(b64encode(WRAPPED.encode()).decode(), id="lines of base64"),
        pytest.param(b64encode(PLAIN.encode() + b"\n").decode(), id="a file of base64"),
        pytest.param(b64encode(URLSAFE.rstrip("=").encode()).decode(), id="base64url"),
        pytest.param(urlsafe_b64encode(PLAIN.encode()).decode().rstrip("="), id="in base64url"),
        pytest.param(
            b64encode(pki.wrapped(DER, 76, " ").encode()).decode().replace("+", " "),
            id="base64 in words, pluses lost",
        ),
        pytest.param(uri(DER), id="URI of DER"),
        pytest.param(uri(PEM.encode()), id="URI of PEM"),
        pytest.param(uri(WRAPPED.encode()), id="URI of base64"),
        pytest.param(quote(uri(PEM.encode()), safe=":,;/"), id="percent-encoded URI of PEM"),
        pytest.param("data:application/x-pem-file," + quote(PEM), id="URI of PEM without base64"),
        pytest.param("data:application/x-pem-file," + PEM, id="URI of PEM as it is"),
        pytest.param(b64encode(uri(DER).encode()).decode(), id="URI"),
        pytest.param(uri(b"\xef\xbb\xbf" + PEM.encode()), id="URI of UTF-8 with its mark"),
        pytest.param(uri(PEM.encode("utf-16")), id="URI of UTF-16"),
        pytest.param(uri(b"\xfe\xff" + PKCS7.encode("utf-16-be")), id="URI of UTF-16, big-endian"),
        pytest.param(uri(b"\xef\xbb\xbf" + PLAIN.encode()), id="URI of base64 with a mark"),
        pytest.param(uri(b"\r\n \t" + PEM.encode() + b"\r\n"), id="URI of PEM with margins"),
    ],
)
def test_a_file_of_text_may_come_in_base64_itself(text: str) -> None:
    signed = parse(text)
    assert isinstance(signed, SignedData)
    assert signed.der == DER
    digest = sha256(DER).hexdigest()
    for known in (digest, None):
        assert open_file(text, known).data == DER


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_xml_in_base64_may_come_in_base64_itself(encoding: str) -> None:
    xml = pki.sign_xml().replace("utf-8", encoding.removesuffix("-sig"))
    text = b64encode(b64encode(xml.encode(encoding))).decode()
    signed = parse(text)
    assert isinstance(signed, SignedXml)
    assert open_file(text, sha256(signed.xml).hexdigest()).format == "xml"


def test_a_file_is_in_base64_twice_and_not_thrice(refusal: Refusal) -> None:
    twice = b64encode(PLAIN.encode())
    assert isinstance(parse(twice.decode()), SignedData)
    thrice = b64encode(twice).decode()
    assert refusal(thrice) == "cms: neither CMS nor XML"
    assert refusal(uri(uri(PEM.encode()).encode())) == "cms: neither CMS nor XML"
    assert open_file(thrice, None).format is None


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (PEM[:-40], "cms: PEM armour is truncated"),
        (PEM + PEM, f"cms: text stands outside the PEM armour (character {len(PEM) + 1})"),
        (pki.pem(DER, "CERTIFICATE"), "cms: PEM armour holds CERTIFICATE, not CMS"),
        (PEM.replace("MII", "MI!", 1), "cms: not base64 (character 23)"),
        (PLAIN[:-7], "cms: base64 is truncated or wrongly padded"),
        (b64encode(b"nothing").decode(), "cms: neither CMS nor XML"),
    ],
)
def test_what_is_wrong_with_a_file_in_base64_is_reported_about_the_file(
    file: str, message: str, refusal: Refusal
) -> None:
    assert refusal(b64encode(file.encode()).decode()) == message


def test_a_plus_lost_at_the_very_end_is_found() -> None:
    der = ending_in_plus()
    text = b64encode(der).decode()
    assert text.endswith("+")
    signed = parse(text.replace("+", " "))
    assert isinstance(signed, SignedData)
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
        (pki.pem(DER).replace("-----\n", "-----\nProc-Type: 4\n", 1), 30),
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
    assert refusal(pki.pem(DER)[:length].rstrip()) == "cms: PEM armour is truncated"


def test_pem_of_something_else_is_refused(refusal: Refusal) -> None:
    text = pki.pem(DER, "CERTIFICATE")
    assert refusal(text) == "cms: PEM armour holds CERTIFICATE, not CMS"


def test_text_around_pem_is_not_ignored(refusal: Refusal) -> None:
    text = pki.pem(DER)
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


def test_a_large_file_in_utf_16_is_not_opened(refusal: Refusal) -> None:
    # In its beginning, which is checked first, too little of a bomb would be visible.
    large = pki.pem(pki.sign_cms(b"x" * 400_000))
    assert isinstance(parse(b64encode(large.encode()).decode()), SignedData)
    assert refusal(b64encode(large.encode("utf-16")).decode())


@pytest.mark.parametrize("size", [1500, 10_000_000])
@pytest.mark.parametrize("margin", ["", "\r\n \ufeff"])
def test_a_text_in_pieces_is_read_as_the_whole(size: int, margin: str) -> None:
    xml = f"{margin}{pki.sign_xml('<a>Ж</a>')}\n"
    for text in (
        xml,
        margin + pki.pem(pki.signed_data([pki.signer_info(pki.person())], [pki.person()])),
    ):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert parse_pieces(pieces) == parse(text)
    for text in ("", " ", "<a", "?", "<a>\ud800</a>"):
        with pytest.raises(MalformedSignature) as refusal:
            parse_pieces([text])
        with pytest.raises(MalformedSignature) as other:
            parse(text)
        assert str(refusal.value) == str(other.value)


def test_a_long_uri_is_decoded_wherever_it_is_cut() -> None:
    piece = text_encoding._PIECE
    for shift in range(4):
        text = "data:," + "x" * (piece - shift) + quote("ж<%") * 3 + "y" * piece + "%2"
        decoded = text_encoding.decode_uri(text, 6, len(text))
        assert decoded == unquote(text[6:], errors="strict").encode()
    with pytest.raises(MalformedSignature, match="beyond U\\+FFFF"):
        parse("data:,<" + "x" * texts.MAX_WIDE + "%F0%9F%98%80")


@pytest.mark.attacks
@pytest.mark.parametrize("junk", [300, 300_000])
def test_a_text_that_is_two_signatures_is_the_one_without_zeros_for_every_reader(junk: int) -> None:
    text = text_of_two(chief(), ivan(), pki.CONTENT, junk)
    as_plus = parse(text.replace(" ", "+"), trailing_zeros=True)
    assert isinstance(as_plus, SignedData)
    assert (as_plus.signers[0].claims.iin, as_plus.trailing_zeros) == (IIN, 15)
    for read in (parse(text), parse(text, trailing_zeros=True), parse_pieces([text[:9], text[9:]])):
        assert isinstance(read, SignedData)
        assert read.signers[0].claims.iin == CHIEF_IIN
        assert read.trailing_zeros == 0


def test_blanks_and_zeros_may_come_together() -> None:
    text = pki.wrapped(DER + bytes(9), 76, " ")
    read = parse(text, trailing_zeros=True)
    assert isinstance(read, SignedData)
    assert (read.der, read.trailing_zeros) == (DER, 9)
