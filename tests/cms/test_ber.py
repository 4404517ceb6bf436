"""The walk over BER: what is cut, what does not hold together, what costs too much."""

from collections.abc import Iterable

import pytest

from app.cms.asn1 import ber, oid
from app.cms.asn1.node import Node, root_node
from app.cms.errors import MalformedSignature
from app.cms.signed_data.parsing import parse_signed_data
from tests import pki

DER = pki.sign_cms()


def tlv(tag: int, contents: bytes = b"") -> bytes:
    """Encode one element with the shortest definite length."""
    size = len(contents)
    if size < 0x80:
        return bytes((tag, size)) + contents
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents


def refusal(data: bytes, size: int | None = None) -> str:
    """Scan bytes that must be refused, and return the sentence."""
    with pytest.raises(MalformedSignature) as caught:
        ber.scan(data, size)
    return str(caught.value)


def nested(depth: int, shell: int = 0x30) -> bytes:
    """Encode `depth` elements, one in the other."""
    value = b""
    for _ in range(depth):
        value = tlv(shell, value)
    return value


@pytest.mark.parametrize(
    "data",
    [
        DER,
        pki.indefinite_cms(b"x" * 5000),
        b"\x30\x80\0\0",
        b"\x30\x80\x30\x80\x05\0\0\0\0\0",
        b"\x30\x80\x30\x02\x05\0\x30\0\0\0",
        b"\x30\x04\x30\x80\0\0",
        b"\x30\x81\x02\x05\0",
        nested(ber.MAX_DEPTH),
        tlv(0x30, tlv(0x06, b"\1" * oid.MAX_OBJECT_IDENTIFIER)),
    ],
)
def test_values_that_hold_together_pass(data: bytes) -> None:
    ber.scan(data)


def test_every_beginning_of_a_value_is_refused_as_truncated() -> None:
    for value in (DER, pki.indefinite_cms(b"x" * 2500)):
        for size in range(len(value)):
            if size:
                assert refusal(value[:size]) == "cms: ASN.1 value is truncated"


def test_every_beginning_of_a_longer_value_passes() -> None:
    for value in (DER, pki.indefinite_cms(b"x" * 2500)):
        for size in range(1, len(value)):
            ber.scan(value[:size], len(value))


def test_a_lone_octet_at_the_end_is_a_truncated_header() -> None:
    assert refusal(b"\x30\x04\x04\x01a\x04") == "cms: ASN.1 value is truncated"


def test_a_beginning_is_refused_where_the_announced_whole_is_too_short() -> None:
    assert refusal(DER[:100], len(DER) - 1) == "cms: ASN.1 value is truncated"


def test_bytes_after_the_value_are_refused() -> None:
    assert refusal(DER + b"\0") == "cms: 1 bytes follow the ASN.1 value"
    assert refusal(pki.indefinite_cms(b"x") + DER).endswith("bytes follow the ASN.1 value")


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        pytest.param(b"\x30\x04\x04\x03ab", 2, id="longer than its parent"),
        pytest.param(b"\x30\x02\x04\x80", 2, id="primitive of indefinite length"),
        pytest.param(b"\x30\x02\0\0", 2, id="end-of-contents without beginning"),
        pytest.param(b"\x30\x80\0\1a\0\0", 2, id="end-of-contents with contents"),
        pytest.param(b"\x30\x03\x1f\x81\0", 2, id="a tag number in several octets"),
        pytest.param(b"\x30\x07\x04\x85\0\0\0\0\0", 2, id="five length octets"),
        pytest.param(b"\x30\x04\x30\x80\x05\0", 6, id="never closed, in a definite one"),
    ],
)
def test_elements_that_do_not_hold_together_are_refused(data: bytes, offset: int) -> None:
    assert refusal(data) == f"cms: ASN.1 element is malformed (byte {offset})"


@pytest.mark.parametrize("data", [b"0\0", b"\x31\x80\0\0", b"\x04\x01a"])
def test_what_is_no_sequence_is_refused(data: bytes) -> None:
    assert refusal(data) == "cms: neither CMS nor XML"


@pytest.mark.parametrize("data", [nested(ber.MAX_DEPTH + 1), b"\x30\x80" * 100])
def test_deep_nesting_is_refused(data: bytes) -> None:
    assert "too large or too deep" in refusal(data)


@pytest.mark.parametrize("size", [oid.MAX_OBJECT_IDENTIFIER + 1, 200, 100_000])
def test_a_giant_object_identifier_is_refused(size: int) -> None:
    assert "too large or too deep" in refusal(tlv(0x30, tlv(0x06, b"\x81" * size)))


def test_too_many_elements_are_refused() -> None:
    assert "too large or too deep" in refusal(tlv(0x30, b"\5\0" * ber.MAX_ELEMENTS + b"\5\0"))


def contents(data: bytes, listed: Iterable[ber.Element]) -> list[bytes]:
    """Cut the contents of listed elements out of the bytes."""
    return [data[start:stop] for _, _, start, stop, _ in listed]


def test_elements_are_listed_whatever_their_lengths() -> None:
    long = b"x" * 300
    inner = b"\x30\x80\x30\x80\4\1a\0\0\4\1b\0\0"
    data = b"\x30\x80" + tlv(0x04, b"a") + tlv(0x04, long) + inner + tlv(0x05) + b"\0\0"
    scanned = ber.scan(data)
    [whole] = scanned.elements(0, len(data), 1)
    assert whole == (0x30, 0, 2, len(data) - 2, len(data))
    listed = scanned.elements(whole[2], whole[3], 9)
    assert contents(data, listed) == [b"a", long, inner[2:-2], b""]
    assert b"".join(data[begin:following] for _, begin, _, _, following in listed) == data[2:-2]


def test_a_list_stops_after_its_limit() -> None:
    assert len(ber.scan(tlv(0x30, b"\5\0" * 50)).elements(2, 102, 7)) == 8


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        (tlv(0x04), 0),
        (tlv(0x04, b"x" * 300), 300),
        (tlv(0x24), 0),
        (tlv(0x24, tlv(0x04, b"x" * 200) + tlv(0x24, tlv(0x04, b"y"))), 201),
        (b"\x24\x80\x24\x80" + tlv(0x04, b"abc") + b"\0\0" + tlv(0x04, b"d") + b"\0\0", 4),
        (tlv(0x24, tlv(0x04, b"abc") + tlv(0x05)), None),
        (tlv(0x30, tlv(0x04, b"abc")), None),
    ],
)
def test_octets_are_counted_over_all_pieces(octets: bytes, size: int | None) -> None:
    scanned = ber.scan(tlv(0x30, octets + tlv(0x02, b"\1")))
    [element, _] = scanned.elements(*scanned.elements(0, len(scanned.data), 1)[0][2:4], 2)
    assert Node(scanned, element).count_octets() == size


def test_a_certificate_that_was_walked_before_is_stepped_over_in_its_place_only() -> None:
    value = ber.scan(DER)
    parse_signed_data(root_node(value))
    again = ber.scan(DER)
    assert again == value
    broken = DER[:-1]
    assert refusal(broken) == "cms: ASN.1 value is truncated"
    assert refusal(DER + b"\0") == "cms: 1 bytes follow the ASN.1 value"


def test_a_certificate_that_differs_in_one_byte_is_walked() -> None:
    signed = parse_signed_data(root_node(ber.scan(DER)))
    certificate = signed.signers[0].certificate.der
    # The outermost element of TBSCertificate claims to be longer than the certificate.
    damaged = bytearray(certificate)
    damaged[6] ^= 0x40
    assert refusal(DER.replace(certificate, bytes(damaged))).startswith("cms: ASN.1 element")


def test_no_more_certificates_are_remembered_than_fit() -> None:
    for number in range(2000):
        body = tlv(0x30, number.to_bytes(4, "big") * 100)
        ber.Scanned(body, {}).remember((0x30, 0, 4, len(body), len(body)))
    assert len(ber._remembered) <= 512
