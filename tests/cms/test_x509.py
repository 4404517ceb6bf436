"""Certificates taken apart: every field, and each extension for itself."""

import datetime
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509 as reference
from cryptography.hazmat.primitives import serialization

from app.cms.errors import MalformedSignature
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import (
    Certificate,
    MalformedExtension,
    is_lone_certificate,
    read_certificate,
)
from app.cms.x509.extensions import BasicConstraints
from app.cms.x509.names import name_key
from tests import der
from tests.cms.test_ber import tlv
from tests.cms.test_certificates import certificate, other_strings
from tests.cms.test_fuzz import BYTES, damaged, flipped
from tests.pki import profile

PERSON = profile.person().certificate
AUTHORITY = profile.authority().certificate
EMPTY = der.sequence()

# Each reader with the extension that it reads, and what it gives where that is absent.
READERS: list[tuple[Callable[[Certificate], object], str, object]] = [
    (x509.basic_constraints, x509.BASIC_CONSTRAINTS, None),
    (x509.key_usage, x509.KEY_USAGE, None),
    (x509.extended_key_usage, x509.EXTENDED_KEY_USAGE, None),
    (x509.policies, x509.POLICIES, None),
    (x509.subject_key_identifier, x509.SUBJECT_KEY_IDENTIFIER, None),
    (x509.authority_key_identifier, x509.AUTHORITY_KEY_IDENTIFIER, None),
    (x509.subject_alternative_emails, x509.SUBJECT_ALTERNATIVE_NAME, ()),
    (x509.crl_urls, x509.CRL_DISTRIBUTION_POINTS, ()),
    (x509.ocsp_urls, x509.AUTHORITY_INFORMATION_ACCESS, ()),
]


def extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    """Encode an Extension (RFC 5280 section 4.1)."""
    return der.sequence(der.oid(oid), critical, der.octets(value))


def extended(*extensions: bytes) -> Certificate:
    """Return a certificate with just these extensions, encoded."""
    return read_certificate(certificate(extensions=der.explicit(3, der.sequence(*extensions))))


def value_of(reader: Callable[[Certificate], object], oid: str, value: bytes) -> object:
    """Read an extension with this value."""
    return reader(extended(extension(oid, value)))


def test_every_field_is_what_another_reader_finds() -> None:
    read = read_certificate(PERSON)
    known = reference.load_der_x509_certificate(PERSON)
    assert read.der == PERSON
    assert read.fingerprint == hashlib.sha256(PERSON).hexdigest()
    assert read.tbs == known.tbs_certificate_bytes
    assert read.signature == known.signature
    assert read.signature_algorithm.oid == known.signature_algorithm_oid.dotted_string
    assert read.signature_algorithm.parameters == der.NULL
    assert read.signed_algorithm == read.signature_algorithm
    assert read.serial_number == known.serial_number
    assert read.issuer == known.issuer.public_bytes()
    assert read.subject == known.subject.public_bytes()
    assert read.not_before == known.not_valid_before_utc
    assert read.not_after == known.not_valid_after_utc
    key = known.public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    assert read.public_key.der == key.public_bytes(serialization.Encoding.DER, info)
    pkcs1 = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert read.public_key.bits == pkcs1
    assert read.public_key.algorithm.oid == "1.2.840.113549.1.1.1"
    assert {oid: one.critical for oid, one in read.extensions.items()} == {
        one.oid.dotted_string: one.critical for one in known.extensions
    }
    assert not read.extensions_damaged


def test_the_extensions_of_a_person() -> None:
    read = read_certificate(PERSON)
    issuer = read_certificate(AUTHORITY)
    assert x509.basic_constraints(read) == BasicConstraints(ca=False, path_length=None)
    assert x509.key_usage(read) == frozenset({"digitalSignature", "nonRepudiation"})
    assert x509.extended_key_usage(read) == ("1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.1")
    assert x509.policies(read) == ("1.2.398.3.3.2",)
    assert x509.authority_key_identifier(read) == x509.subject_key_identifier(issuer)
    assert x509.ocsp_urls(read) == ("http://ocsp.example.kz/",)
    assert x509.crl_urls(read) == ("http://pki.example.kz/crl/test_rsa.crl",)
    assert x509.subject_alternative_emails(read) == ()


def test_an_authority_is_one_and_has_no_purposes() -> None:
    read = read_certificate(AUTHORITY)
    assert x509.basic_constraints(read) == BasicConstraints(ca=True, path_length=None)
    assert x509.key_usage(read) == frozenset({"keyCertSign", "cRLSign"})
    assert x509.extended_key_usage(read) is None
    assert read.self_issued
    assert not read_certificate(PERSON).self_issued


def test_certificates_are_equal_if_their_bytes_are() -> None:
    read = read_certificate(PERSON)
    read_certificate.cache_clear()
    assert read_certificate(PERSON) is not read
    assert len({read, read_certificate(PERSON), read_certificate(AUTHORITY)}) == 2


def test_names_match_across_types_of_strings() -> None:
    issuer = read_certificate(AUTHORITY)
    other = read_certificate(certificate(issuer=other_strings(issuer.subject)))
    assert other.issuer != issuer.subject
    assert other.issuer_key == issuer.subject_key is not None
    assert other.subject_key != issuer.subject_key
    assert read_certificate(certificate(subject=other.issuer, issuer=issuer.subject)).self_issued


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(EMPTY, id="empty"),
        pytest.param(der.sequence(der.set_of() * 501), id="long"),
        pytest.param(der.sequence(der.octets(b"x")), id="damaged"),
    ],
)
def test_some_names_match_no_other(name: bytes) -> None:
    assert name_key(name) is None
    assert read_certificate(certificate(subject=name)).subject_key is None


def test_version_and_extensions_may_be_absent() -> None:
    read = read_certificate(certificate(version=b"", extensions=b""))
    assert read.serial_number == read_certificate(PERSON).serial_number
    assert (dict(read.extensions), read.extensions_damaged) == ({}, False)
    assert [reader(read) for reader, _, _ in READERS] == [absent for _, _, absent in READERS]


def test_unique_identifiers_may_stand_before_the_extensions() -> None:
    extensions = der.explicit(3, der.sequence(extension("1.2.3", b"x")))
    read = read_certificate(certificate(extensions=der.implicit(1, b"\0x") + extensions))
    assert (read.extensions["1.2.3"].value, read.extensions_damaged) == (b"x", False)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (tlv(0x17, b"491231235959Z"), "2049-12-31T23:59:59+00:00"),
        (tlv(0x17, b"500101000000Z"), "1950-01-01T00:00:00+00:00"),
        (tlv(0x18, b"20240229123456Z"), "2024-02-29T12:34:56+00:00"),
        (tlv(0x18, b"20240229123456+0500"), "2024-02-29T07:34:56+00:00"),
        (tlv(0x18, b"20240229123456"), "2024-02-29T12:34:56+00:00"),
        (tlv(0x18, b"00000101000000Z"), "0001-01-01T00:00:00+00:00"),
        (tlv(0x18, b"00010101000000+0500"), "0001-01-01T00:00:00+00:00"),
        (tlv(0x18, b"99991231235959Z"), "9999-12-31T23:59:59+00:00"),
    ],
)
def test_times_are_in_utc(time: bytes, expected: str) -> None:
    read = read_certificate(certificate(validity=der.sequence(time, time)))
    assert read.not_before == datetime.datetime.fromisoformat(expected)
    assert read.not_after.tzinfo is datetime.UTC


def test_a_serial_number_may_be_negative() -> None:
    read = read_certificate(certificate(serial_number=der.integer(-5)))
    assert read.serial_number == -5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        EMPTY,
        PERSON[:-1],
        PERSON + b"\0",
        certificate(subject=b""),
        # What asn1crypto passes over: a tag for constructed elements on one that isn't so.
        certificate(version=tlv(0x80, der.integer(2))),
        certificate(signature=der.sequence(tlv(6, b"\x2a\x81"))),
        certificate(signature_value=tlv(0x23, der.bits(b"x"))),
        certificate(extensions=der.explicit(3, der.octets(b"x" * 16_384))),
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    assert not is_lone_certificate(data)
    with pytest.raises(MalformedSignature) as caught:
        read_certificate(data)
    assert str(caught.value) == "cms: certificate is malformed"


@pytest.mark.parametrize(("reader", "oid", "_absent"), READERS)
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x30", id="cut"),
        pytest.param(b"\x30\x80", id="without end"),
        pytest.param(tlv(5), id="null"),
        pytest.param(der.sequence(tlv(5)), id="null within"),
        pytest.param(der.sequence(der.sequence()), id="nothing within"),
        pytest.param(EMPTY + b"\0", id="followed"),
    ],
)
def test_a_broken_extension_is_reported(
    reader: Callable[[Certificate], object], oid: str, _absent: object, value: bytes
) -> None:
    harmless = {x509.SUBJECT_ALTERNATIVE_NAME, x509.AUTHORITY_KEY_IDENTIFIER}
    if oid in harmless and value.startswith(b"\x30\x02"):
        return  # Another choice of name or identifier, which isn't looked into.
    if oid == x509.CRL_DISTRIBUTION_POINTS and value == der.sequence(der.sequence()):
        return  # All its fields are optional.
    with pytest.raises(MalformedExtension) as caught:
        value_of(reader, oid, value)
    assert str(caught.value) == f"extension {oid} is broken"


@pytest.mark.parametrize(
    ("reader", "oid", "value"),
    [
        (x509.basic_constraints, x509.BASIC_CONSTRAINTS, der.sequence(der.integer(-1))),
        (
            x509.basic_constraints,
            x509.BASIC_CONSTRAINTS,
            der.sequence(der.boolean(True), der.integer(1), der.integer(1)),
        ),
        (x509.key_usage, x509.KEY_USAGE, tlv(3, b"\0")),
        (x509.key_usage, x509.KEY_USAGE, tlv(3, b"\0\0\0\0")),
        (x509.key_usage, x509.KEY_USAGE, tlv(3, b"\0\6") + b"\0"),
        (x509.subject_key_identifier, x509.SUBJECT_KEY_IDENTIFIER, der.octets(b"")),
        (x509.subject_key_identifier, x509.SUBJECT_KEY_IDENTIFIER, der.octets(b"x" * 128)),
        (x509.extended_key_usage, x509.EXTENDED_KEY_USAGE, der.sequence(tlv(6, b"\x81"))),
        (x509.extended_key_usage, x509.EXTENDED_KEY_USAGE, der.sequence(*[der.oid("1.2.3")] * 65)),
        (
            x509.subject_alternative_emails,
            x509.SUBJECT_ALTERNATIVE_NAME,
            der.sequence(der.implicit(1, b"\xff")),
        ),
    ],
)
def test_an_extension_makes_sense_or_is_broken(
    reader: Callable[[Certificate], object], oid: str, value: bytes
) -> None:
    with pytest.raises(MalformedExtension):
        value_of(reader, oid, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (EMPTY, BasicConstraints(ca=False, path_length=None)),
        (der.sequence(der.boolean(False)), BasicConstraints(ca=False, path_length=None)),
        (
            der.sequence(der.boolean(True), der.integer(0)),
            BasicConstraints(ca=True, path_length=0),
        ),
    ],
)
def test_basic_constraints(value: bytes, expected: BasicConstraints) -> None:
    assert value_of(x509.basic_constraints, x509.BASIC_CONSTRAINTS, value) == expected


def test_key_usage_has_nine_bits() -> None:
    found = value_of(x509.key_usage, x509.KEY_USAGE, tlv(3, b"\7\x08\x80"))
    assert found == {"keyAgreement", "decipherOnly"}


def test_e_mail_stands_among_other_names() -> None:
    names = der.sequence(
        der.implicit(2, b"example.kz"), der.implicit(1, b"a@b.kz"), der.implicit(1, b"c@d.kz")
    )
    found = value_of(x509.subject_alternative_emails, x509.SUBJECT_ALTERNATIVE_NAME, names)
    assert found == ("a@b.kz", "c@d.kz")


def test_the_issuers_key_may_be_named_otherwise() -> None:
    named = der.sequence(der.explicit(1, der.explicit(4, EMPTY)), der.implicit(2, b"\1"))
    oid = x509.AUTHORITY_KEY_IDENTIFIER
    assert value_of(x509.authority_key_identifier, oid, named) is None


def test_two_addresses_in_one_are_distinguished() -> None:
    address = b"http://a.kz/1.crl\n             URL=http://b.kz/2.crl"
    point = der.sequence(der.explicit(0, der.explicit(0, der.implicit(6, address))))
    found = value_of(x509.crl_urls, x509.CRL_DISTRIBUTION_POINTS, der.sequence(point))
    assert found == ("http://a.kz/1.crl", "http://b.kz/2.crl")


def test_what_is_no_address_is_left_out() -> None:
    names = der.explicit(0, der.implicit(6, b"file:///etc/passwd"), der.implicit(1, b"a@b.kz"))
    points = der.sequence(der.sequence(der.explicit(0, names)), der.sequence(der.implicit(1, b"")))
    assert value_of(x509.crl_urls, x509.CRL_DISTRIBUTION_POINTS, points) == ()


def test_an_extension_that_stands_twice_is_not_read() -> None:
    usage = tlv(3, b"\0\x80")
    read = extended(
        extension(x509.KEY_USAGE, usage), extension(x509.KEY_USAGE, b"", der.boolean(True))
    )
    assert read.extensions[x509.KEY_USAGE] == x509.Extension(True, usage, repeated=True)
    with pytest.raises(MalformedExtension, match=r"2\.5\.29\.15 occurs twice"):
        x509.key_usage(read)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(tlv(5), id="no sequence"),
        pytest.param(der.sequence(der.oid("1.2.3")), id="no value"),
        pytest.param(der.sequence(tlv(6, b"\x81"), der.octets(b"")), id="no identifier"),
        pytest.param(extension("1.2.3", b"", tlv(5)), id="neither critical nor not"),
    ],
)
def test_a_broken_extension_among_others_harms_no_other(broken: bytes) -> None:
    read = extended(extension(x509.KEY_USAGE, tlv(3, b"\0\x80")), broken)
    assert read.extensions_damaged
    assert x509.key_usage(read) == frozenset({"digitalSignature"})
    with pytest.raises(MalformedExtension, match="the list of extensions is broken"):
        x509.basic_constraints(read)


@pytest.mark.parametrize(
    "extensions",
    [
        pytest.param(der.explicit(3, der.set_of()), id="no list"),
        pytest.param(der.explicit(3, EMPTY, EMPTY), id="two lists"),
        pytest.param(der.explicit(3, EMPTY) + tlv(5), id="more behind"),
        pytest.param(der.explicit(3) + EMPTY, id="beside it"),
        pytest.param(der.implicit(4, b"\xff"), id="nothing to have anything inside"),
        pytest.param(der.explicit(4, EMPTY), id="something else"),
        pytest.param(der.explicit(3, der.sequence(*[extension("1.2.3", b"")] * 65)), id="too many"),
    ],
)
def test_a_list_that_can_not_be_read_is_damaged(extensions: bytes) -> None:
    assert read_certificate(certificate(extensions=extensions)).extensions_damaged


def damaged_anyhow(data: bytes, chance: random.Random) -> bytes:
    """Damage a certificate by what means something in BER."""
    return damaged(data, BYTES, chance)


def renamed(data: bytes, chance: random.Random) -> bytes:
    """Return one to three elements, in the first half, another identifier octet."""
    octets = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(data) // 2)
        octets[place] = chance.choice(b"\2\3\4\5\6\x0c\x10\x17\x18\x30\x31\x80\x81\xa0\xa1\xa3")
    return bytes(octets)


def test_what_passes_as_a_certificate_can_be_taken_apart() -> None:
    """Parsing accepts by one reader what another reads here: they must agree."""
    chance = random.Random(20_240_601)
    accepted = 0
    for _ in range(1500):
        data = chance.choice((PERSON, AUTHORITY))
        data = chance.choice((renamed, flipped, damaged_anyhow))(data, chance)
        if not is_lone_certificate(data):
            continue
        accepted += 1
        read = read_certificate(data)
        assert isinstance(read.self_issued, bool)
        for reader, _, _ in READERS:
            try:
                reader(read)
            except MalformedExtension:
                continue
    assert 0 < accepted < 1500


def load(path: Path) -> bytes:
    """Read a certificate's file, which may be PEM."""
    data = path.read_bytes()
    return pem.unarmor(data)[2] if pem.detect(data) else data


def test_real_authorities_are_read(vectors: Path) -> None:
    listed = (vectors / "FINGERPRINTS.md").read_text()
    files = sorted((vectors / "ca").glob("*.cer"))
    assert files
    for path in files:
        read = read_certificate(load(path))
        assert f"{path.name} |" in listed
        assert f"`{read.fingerprint}`" in listed
        constraints = x509.basic_constraints(read)
        assert constraints is not None
        assert constraints.ca
        assert x509.key_usage(read) == frozenset({"keyCertSign", "cRLSign"})
        assert x509.subject_key_identifier(read)
        assert read.self_issued is ("root" in path.name)
        assert read.signed_algorithm == read.signature_algorithm
        assert [reader(read) for reader, _, _ in READERS]


def test_real_addresses_that_are_malformed_are_distinguished(vectors: Path) -> None:
    read = read_certificate(load(vectors / "ca" / "prodca_nca_gost.cer"))
    expected = ("http://crl.root.gov.kz/gost.crl", "http://crl1.root.gov.kz/gost.crl")
    assert x509.crl_urls(read) == expected


def test_a_real_gost_key_is_taken_apart(vectors: Path) -> None:
    read = read_certificate(load(vectors / "ca" / "prodca_root_gost_2022.cer"))
    assert read.public_key.algorithm.oid == "1.2.398.3.10.1.1.2.2"
    assert read.public_key.bits[:3] == b"\x04\x81\x80"
    assert (len(read.public_key.bits), len(read.signature)) == (131, 128)
    assert read.signature_algorithm.oid == "1.2.398.3.10.1.1.2.3.2"
