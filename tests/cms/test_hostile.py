"""What is built to cost much costs little; what is honestly large is accepted."""

import re
import subprocess
import sys
import time
import timeit
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig import signatures as xml_signatures
from app.cms.xmldsig.parsing import SignedXml
from app.store.signatures.extraction import read_signing
from tests import der, pki
from tests.cms.test_ber import nested, tlv
from tests.cpu import allowed
from tests.pki import xml_signer

# Seconds of CPU and megabytes of memory. The contract says 50 ms and 20 MB; a quiet machine needs
# 47 at most, a shared one gets thrice the time. What these tests are for costs seconds.
MAX_SECONDS = 0.15
# One copy of the text in UTF-8, and a little.
MAX_MEGABYTES = 35
MEGABYTE = 1_000_000


def base64(der: bytes) -> str:
    """Write bytes as clients send them."""
    return b64encode(der).decode()


def signed(*fields: bytes) -> bytes:
    """Put fields where those of a SignedData stand."""
    oid = bytes.fromhex("06092a864886f70d010702")
    return tlv(0x30, oid + tlv(0xA0, tlv(0x30, b"".join(fields))))


def in_certificate(contents: bytes) -> bytes:
    """Put something into a certificate of a SignedData."""
    return signed(tlv(2, b"\1"), tlv(0x31), tlv(0x30), tlv(0xA0, tlv(0x30, contents)))


def wide_names(count: int) -> str:
    """Write an element with that many attributes."""
    return "<a " + " ".join(f"a{number}=''" for number in range(count)) + "/>"


ID_DATA = bytes.fromhex("06092a864886f70d010701")
HEAD = tlv(2, b"\1") + tlv(0x80, b"key") + tlv(0x30, ID_DATA)
ATTRIBUTES = tlv(0xA0, tlv(0x30, b"\5\0") * 60_000) + tlv(0x30, ID_DATA) + tlv(4, b"x")
# Complete, but for a certificate that is costly to look through and then turns out to be none.
INCOMPLETE = re.sub(
    "<X509Certificate>[^<]*",
    "<X509Certificate>" + base64(tlv(0x30, b"\5\0" * 8_000)),
    re.sub(".*(<ds:Signature .*</ds:Signature>).*", r"\1", pki.sign_xml(), flags=re.DOTALL)
    .replace("ds:", "")
    .replace("xmlns:ds", "xmlns"),
)
PIECES = b"\x24\x80" * 30 + b"\4\0" * 190_000 + b"\0\0" * 30


def unmeasured(contents: bytes) -> bytes:
    """Put contents into unsignedAttrs, with indefinite lengths from ContentInfo down to there."""
    oid = bytes.fromhex("06092a864886f70d010702")
    fields = tlv(2, b"\1") + tlv(0x31) + tlv(0x30, ID_DATA)
    signer = HEAD + tlv(0x30, ID_DATA) + tlv(4, b"x")
    outer = b"\x30\x80" + oid + b"\xa0\x80\x30\x80" + fields + b"\x31\x80\x30\x80" + signer
    return outer + b"\xa1\x80" + contents + b"\0\0" * 6


def with_similar_issuers(count: int) -> bytes:
    """Embed certificates with the serial number that is wanted, and long names that differ."""
    part = bytes.fromhex("310d300b06035504030c0474657374")
    listed = [
        tlv(0x30, part * 30 + part[:-2] + number.to_bytes(2, "big"))
        for number in range(0x4141, 0x4141 + count)
    ]
    tbs = [tlv(0x30, tlv(0x30, tlv(2, b"\7") + tlv(0x30) + name)) for name in listed[1:]]
    rest = tlv(0x30, ID_DATA) + tlv(0x30, ID_DATA) + tlv(4, b"x")
    signer = tlv(2, b"\1") + tlv(0x30, listed[0] + tlv(2, b"\7")) + rest
    fields = tlv(2, b"\1"), tlv(0x31), tlv(0x30, ID_DATA), tlv(0xA0, b"".join(tbs))
    return signed(*fields, tlv(0x31, tlv(0x30, signer)))


BOMBS: dict[str, Callable[[], str]] = {
    "nested": lambda: base64(signed(nested(20_000))),
    "nested without lengths": lambda: base64(b"\x30\x80" * 10 * MEGABYTE),
    "an object identifier of 100 KB": lambda: base64(signed(tlv(6, b"\x81" * 100_000))),
    "an object identifier of 400 KB": lambda: base64(signed(tlv(6, b"\x81" * 400_000))),
    "one in a certificate": lambda: base64(in_certificate(tlv(6, b"\x81" * 400_000))),
    "a million empty elements": lambda: base64(signed(b"\5\0" * MEGABYTE)),
    "ten million empty elements": lambda: base64(signed(tlv(0x31, b"\5\0" * 10 * MEGABYTE))),
    "empty elements without length": lambda: base64(b"\x30\x80" + b"\5\0" * 10 * MEGABYTE),
    "empty elements in a certificate": lambda: base64(in_certificate(b"\x30\0" * 190_000)),
    "a huge length": lambda: base64(b"\x30\x84\x7f\xff\xff\xff" + b"x" * 100),
    "a huger length": lambda: base64(b"\x30\xfe" + b"\xff" * 126),
    "a length that is not there": lambda: base64(b"\x30\x84\x7f\xff\xff\xff" + bytes(MEGABYTE)),
    "200,000 attributes": lambda: base64(
        signed(
            tlv(2, b"\1"), tlv(0x31), tlv(0x30, ID_DATA), tlv(0x31, tlv(0x30, HEAD + ATTRIBUTES))
        )
    ),
    "many signers": lambda: base64(
        signed(tlv(2, b"\1"), tlv(0x31), tlv(0x30, ID_DATA), tlv(0x31, b"\x30\0" * 190_000))
    ),
    "many certificates": lambda: base64(
        signed(
            tlv(2, b"\1"), tlv(0x31), tlv(0x30, ID_DATA), tlv(0xA0, b"\x30\0" * 190_000), tlv(0x31)
        )
    ),
    "pieces of content, nested without lengths": lambda: base64(
        signed(tlv(2, b"\1"), tlv(0x31), tlv(0x30, ID_DATA + tlv(0xA0, PIECES)), tlv(0x31))
    ),
    "pieces of a signature": lambda: base64(
        signed(
            tlv(2, b"\1"),
            tlv(0x31),
            tlv(0x30, ID_DATA),
            tlv(0x31, tlv(0x30, HEAD + tlv(0x30, ID_DATA) + PIECES)),
        )
    ),
    "similar issuers": lambda: base64(with_similar_issuers(1000)),
    "nothing has a length": lambda: base64(unmeasured(b"\5\0" * 190_000)),
    "many without length": lambda: base64(unmeasured(b"\x30\x80\0\0" * 95_000)),
    "deep XML": lambda: "<a>" * 10 * MEGABYTE,
    "deep XML within the count": lambda: "<a>" * 90_000,
    "wide XML": lambda: "<a>" + "<b/>" * 7 * MEGABYTE + "</a>",
    "wide XML within the count": lambda: "<a>" + "<b/>" * 90_000 + "</a>",
    "wide XML in base64": lambda: base64(b"<a>" + b"<b/>" * 5 * MEGABYTE + b"</a>"),
    "many attributes": lambda: wide_names(MEGABYTE),
    "many attributes within the count": lambda: wide_names(50_000),
    "ampersands": lambda: "<a>" + "&amp;" * 5 * MEGABYTE + "</a>",
    "ampersands within the count": lambda: "<a>" + "&amp;" * 190_000 + "</a>",
    "comments before a DTD": lambda: "<!---->" * 90_000 + "<!DOCTYPE a><a/>",
    "a long comment before a DTD": lambda: "<!--" + "- " * 10 * MEGABYTE + "--><!DOCTYPE a><a/>",
    "incomplete signatures": lambda: (
        f"<a xmlns='{xml_signer.DS}'>" + INCOMPLETE * xml_signatures.MAX_SIGNATURES + "</a>"
    ),
    "many signatures": lambda: f"<a xmlns='{xml_signer.DS}'>" + "<Signature/>" * 90_000 + "</a>",
    "a long text": lambda: "<a>" + "x" * 29 * MEGABYTE,
    "no base64 at all": lambda: "\0" * 30 * MEGABYTE,
    "blanks": lambda: " " * 30 * MEGABYTE,
    "padding": lambda: "=" * 30 * MEGABYTE,
    "percents": lambda: "%" * 30 * MEGABYTE,
    "dashes": lambda: "-" * 30 * MEGABYTE,
    "beginnings of PEM": lambda: "-----BEGIN " * 2 * MEGABYTE,
    "a bomb in PEM": lambda: pki.pem(signed(b"\5\0" * 5 * MEGABYTE)),
    "a bomb in PEM in base64": lambda: base64(pki.pem(signed(b"\5\0" * 5 * MEGABYTE)).encode()),
    "a bomb in a PEM file in UTF-16": lambda: base64(
        pki.pem(signed(b"\5\0" * MEGABYTE)).encode("utf-16")
    ),
    "a bomb in a data URI of a PEM file": lambda: (
        "data:;base64," + base64(pki.pem(signed(b"\5\0" * 5 * MEGABYTE)).encode())
    ),
    "a bomb in base64 in base64": lambda: base64(base64(signed(b"\5\0" * 5 * MEGABYTE)).encode()),
    "XML in base64 in base64": lambda: base64(
        base64(b"<a>" + b"<b/>" * 3 * MEGABYTE + b"</a>").encode()
    ),
    "beginnings of PEM in base64": lambda: base64(b"-----BEGIN " * 2 * MEGABYTE),
    "beginnings of base64 in base64": lambda: base64(b"MII+" + b"=" * 20 * MEGABYTE),
    "base64 in base64 in base64 in base64": lambda: base64(
        base64(base64(base64(b"\0" * 5 * MEGABYTE).encode()).encode()).encode()
    ),
    "billion laughs": lambda: (
        "<!DOCTYPE a [<!ENTITY a 'ha'>"
        + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in pairwise("abcdefghi"))
        + "]><a>&i;</a>"
    ),
}


def cpu_seconds(text: str) -> float:
    """Return the CPU time in which a text is refused, the best of three."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        with pytest.raises(MalformedSignature):
            parse(text)
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_time(name: str) -> None:
    assert cpu_seconds(BOMBS[name]()) < allowed(MAX_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_little_memory(name: str) -> None:
    text = BOMBS[name]()
    tracemalloc.start()
    try:
        with pytest.raises(MalformedSignature):
            parse(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MAX_MEGABYTES * MEGABYTE


# Run in a process of its own: only the operating system knows what libxml2 allocates.
MEASURE = """
import sys
from app.cms.xmldsig import parsing as signed_xml
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from tests import pki
from tests.pki import xml_signer
from tests.cms.test_hostile import BOMBS
from tests.memory import peak

parse(pki.sign_xml())
text = BOMBS[sys.argv[1]]()
before = peak()
try:
    parse(text)
except MalformedSignature:
    print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "wide XML within the count",
        "many attributes within the count",
        "many signatures",
        "a long text",
    ],
)
def test_libxml2_takes_little_memory_for_a_bomb(name: str) -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, name], cwd=root, capture_output=True, text=True, check=True
    )
    assert float(run.stdout) < MAX_MEGABYTES


@pytest.mark.slow
@pytest.mark.parametrize("size", [1_500_000, 20_000_000])
def test_large_content_is_accepted(size: int) -> None:
    content = b"x" * size
    for encoded in (pki.sign_cms(content), pki.indefinite_cms(content)):
        plain = base64(encoded)
        for text in (plain, pki.wrapped(encoded, 76), plain.replace("+", " ")):
            signed_cms = parse(text)
            assert isinstance(signed_cms, SignedData)
            assert signed_cms.content_size == size


def test_large_xml_is_accepted() -> None:
    text = pki.sign_xml("<a>" + "<b>текст, текст, текст</b>" * 40_000 + "</a>")
    for sent in (text, base64(text.encode())):
        signed_xml = parse(sent)
        assert isinstance(signed_xml, SignedXml)
        assert signed_xml.xml.count(b"<b>") == 40_000


def test_a_large_value_may_be_percent_encoded() -> None:
    der = pki.sign_cms(b"x" * 2 * MEGABYTE)
    # Where the first look ends, it cuts an escape after lines of 73, and none after lines of 76.
    for width in (73, 76):
        signed_cms = parse(pki.wrapped(der, width, "%0D%0A"))
        assert isinstance(signed_cms, SignedData)
        assert signed_cms.der == der


def test_a_truncated_large_value_is_refused_as_truncated() -> None:
    text = base64(pki.sign_cms(b"x" * 2 * MEGABYTE))
    for cut in (text[:1_200_000], text[:-4], text[:-5]):
        with pytest.raises(MalformedSignature, match="truncated"):
            parse(cut)


def test_damage_far_into_a_large_value_is_refused_with_its_place() -> None:
    text = base64(pki.sign_cms(b"x" * 2 * MEGABYTE))
    with pytest.raises(MalformedSignature, match=r"not base64 \(character 2000001\)"):
        parse(text[:2_000_000] + "!" + text[2_000_001:])


@pytest.mark.usefixtures("untraced")
def test_a_usual_signature_is_read_in_well_under_a_millisecond() -> None:
    text = pki.usual_cms()
    assert min(timeit.repeat(lambda: parse(text), number=100, repeat=5)) / 100 < 0.001


@pytest.mark.parametrize("name", ["CanonicalizationMethod", "SignatureMethod", "DigestMethod"])
def test_the_uri_of_an_algorithm_is_no_long_text(name: str) -> None:
    text = pki.sign_xml()
    [found] = re.findall(f'<[a-z:]*{name} Algorithm="([^"]*)"', text)
    with pytest.raises(MalformedSignature, match="a name of more than 1000 characters"):
        parse(text.replace(f'{name} Algorithm="{found}', f'{name} Algorithm="{"x" * 1001}{found}'))


def test_a_message_digest_is_no_long_text() -> None:
    attributes = [
        der.attribute(pki.CONTENT_TYPE, der.oid(pki.DATA)),
        der.attribute(pki.MESSAGE_DIGEST, der.octets(bytes(1_000_000))),
    ]
    info = pki.signer_info(pki.person(), b"x", signed=attributes)
    signature = pki.read(pki.signed_data([info], [pki.person()], b"x"))
    assert signature.signers[0].message_digest is None
    signing = read_signing(signature, datetime.now(UTC))
    assert len(signing.signers) < 5_000
    [status] = Verifier().verify(signature, at=datetime.now(UTC))
    assert status.intact.answer is Answer.NO
