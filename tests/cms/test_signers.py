"""What a signature says of its signers and its content, before anything is verified."""

import datetime
import hashlib
from pathlib import Path

import pytest

from app.cms.asn1.node import DAMAGE, read_node
from app.cms.claims import SignedContent, attached_content, describe, describe_content
from app.cms.fingerprints import Fingerprints, fingerprints
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.timestamp_token import TimestampClaims, TimestampToken
from app.cms.xmldsig.parsing import SignedXml
from tests import der, pki
from tests.cms.test_ber import tlv
from tests.cms.test_signed_data import ANNA, read, rebuilt, signer_info, signer_info_of
from tests.pki import profile

CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, TIMESTAMP = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.14"
DATA, TST_INFO = "1.2.840.113549.1.7.1", "1.2.840.113549.1.9.16.1.4"
SHA256, RSA = "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"
GENERALIZED_TIME, UTC_TIME = 0x18, 0x17

STAMPED = datetime.datetime(2025, 6, 1, 12, 0, 1, 250_000, tzinfo=datetime.UTC)
POLICY = "1.2.398.3.3.2.6.4"
TSA = profile.person("TIME-STAMPING AUTHORITY")


def time_attribute(*values: bytes) -> bytes:
    return der.attribute(SIGNING_TIME, *values)


def timed(*attributes: bytes) -> SignedData:
    """Return a signature with the attributes that it must have and these."""
    digest = der.octets(hashlib.sha256(pki.CONTENT).digest())
    required = (
        der.attribute(CONTENT_TYPE, der.oid(DATA)),
        der.attribute(MESSAGE_DIGEST, digest),
    )
    return read(signer_info(signed_attrs=der.explicit(0, *required, *attributes)))


def tst_info(
    *,
    gen_time: bytes = b"20250601120001.25Z",
    serial: int = -77,
    policy: str = POLICY,
    between: bytes = b"",
    tsa: bytes = b"",
) -> bytes:
    """Encode a TSTInfo (RFC 3161 section 2.4.2); `between` stands before the authority's name."""
    imprint = der.sequence(der.algorithm(SHA256), der.octets(b"i" * 32))
    return der.sequence(
        der.integer(1),
        der.oid(policy),
        imprint,
        der.integer(serial),
        tlv(GENERALIZED_TIME, gen_time),
        between,
        tsa,
    )


def token(info: bytes, content_type: str = TST_INFO, **options: object) -> bytes:
    """Sign a TSTInfo as a TSA does."""
    return pki.sign_cms(
        info,
        [TSA],
        content_type=content_type,
        **options,  # type: ignore[arg-type]
    )


def read_token(encoded: bytes) -> TimestampClaims:
    """Read the claims of an encoded token."""
    return TimestampToken(read_node(encoded)).claims_with_authority


def stamped(*unsigned: bytes) -> SignedData:
    """Return a signature with these unsigned attributes, encoded."""
    return read(signer_info(unsigned_attrs=der.explicit(1, *unsigned)))


def directory_name(name: bytes) -> bytes:
    """Encode the field tsa with a name of an authority."""
    return der.explicit(0, der.explicit(4, name))


def test_what_a_usual_signature_claims_of_its_signer() -> None:
    [signer] = describe(read(pki.sign_cms(b"content")))
    assert signer.number == 1
    assert signer.certificate.der == profile.person().certificate
    assert signer.claims.common_name == "ИВАНОВ ИВАН"
    assert signer.digest_algorithm == SHA256
    assert signer.signature_algorithm.oid == RSA
    assert signer.signature_algorithm.parameters == der.NULL
    assert signer.claimed_signing_time == pki.SIGNING_TIME
    assert signer.message_digest == hashlib.sha256(b"content").digest()
    assert (signer.timestamp, signer.notes) == (None, ())


def test_several_signers_keep_their_order() -> None:
    signers = describe(read(pki.sign_cms(signers=[ANNA, profile.person()])))
    assert [signer.number for signer in signers] == [1, 2]
    assert {signer.claims.surname for signer in signers} == {"ПЕТРОВА", "ИВАНОВ"}
    parsed = read(pki.sign_cms(signers=[ANNA, profile.person()]))
    assert [one.certificate.der for one in parsed.signers] == [
        one.certificate.der for one in signers
    ]


def test_without_signed_attributes_nothing_is_claimed() -> None:
    [signer] = describe(read(pki.sign_cms(signed_attributes=False)))
    assert (signer.claimed_signing_time, signer.message_digest, signer.notes) == (None, None, ())


def test_a_signer_who_is_named_by_key_is_described() -> None:
    [signer] = describe(read(pki.sign_cms(by_key_identifier=True)))
    assert signer.claimed_signing_time == pki.SIGNING_TIME


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (tlv(UTC_TIME, b"491231235959Z"), "2049-12-31T23:59:59+00:00"),
        (tlv(UTC_TIME, b"500101000000Z"), "1950-01-01T00:00:00+00:00"),
        (tlv(GENERALIZED_TIME, b"20500101000000Z"), "2050-01-01T00:00:00+00:00"),
    ],
)
def test_the_signing_time_has_two_forms(value: bytes, expected: str) -> None:
    [signer] = describe(timed(time_attribute(value)))
    assert signer.claimed_signing_time == datetime.datetime.fromisoformat(expected)
    assert signer.notes == ()


GOOD_TIME = tlv(UTC_TIME, b"250601120000Z")


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param([time_attribute(tlv(UTC_TIME, b"251301120000Z"))], id="month 13"),
        pytest.param([time_attribute(tlv(UTC_TIME, b""))], id="empty"),
        pytest.param([time_attribute(der.octets(b"250601120000Z"))], id="another type"),
        pytest.param([time_attribute(GOOD_TIME, GOOD_TIME)], id="two values"),
        pytest.param([time_attribute(GOOD_TIME), time_attribute(GOOD_TIME)], id="two attributes"),
    ],
)
def test_a_broken_signing_time_becomes_a_note(attributes: list[bytes]) -> None:
    [signer] = describe(timed(*attributes))
    assert signer.claimed_signing_time is None
    assert tuple(map(str, signer.notes)) == ("the signing time is broken",)


def test_a_signing_time_without_value_is_none() -> None:
    [signer] = describe(timed(time_attribute()))
    assert (signer.claimed_signing_time, signer.notes) == (None, ())


def test_a_timestamp_is_read_as_a_claim() -> None:
    stamp = token(tst_info())
    [signer] = describe(stamped(der.attribute(TIMESTAMP, stamp)))
    timestamp = signer.timestamp
    assert timestamp is not None
    assert (timestamp.gen_time, timestamp.policy) == (STAMPED, POLICY)
    assert timestamp.serial_number == -77
    assert timestamp.authority == "TIME-STAMPING AUTHORITY"
    assert (timestamp.imprint_algorithm, timestamp.imprint) == (SHA256, b"i" * 32)
    assert timestamp.token == stamp
    assert signer.notes == ()


ACCURACY = der.sequence(der.integer(1))
OTHER_NAME = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.10"), der.utf8("РМК"))))


@pytest.mark.parametrize(
    ("info", "authority"),
    [
        pytest.param(tst_info(tsa=directory_name(OTHER_NAME)), "РМК", id="named"),
        pytest.param(
            tst_info(
                between=ACCURACY + der.boolean(True) + der.integer(5),
                tsa=directory_name(OTHER_NAME),
            ),
            "РМК",
            id="all fields",
        ),
        pytest.param(
            tst_info(tsa=der.explicit(0, der.implicit(6, b"http://tsp.kz"))),
            "TIME-STAMPING AUTHORITY",
            id="an address",
        ),
        pytest.param(
            tst_info(tsa=directory_name(der.sequence())), "TIME-STAMPING AUTHORITY", id="no name"
        ),
    ],
)
def test_the_authority_is_named_by_the_token_or_by_its_certificate(
    info: bytes, authority: str
) -> None:
    assert read_token(token(info)).authority == authority


def test_a_token_may_come_without_certificate() -> None:
    claimed = read_token(token(tst_info(), certificates=[]))
    assert (claimed.gen_time, claimed.authority) == (STAMPED, None)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(der.NULL, id="null"),
        pytest.param(der.sequence(), id="empty"),
        pytest.param(token(tst_info(), content_type=pki.DATA), id="another content"),
        pytest.param(token(tst_info(), attached=False), id="no content"),
        pytest.param(token(b"x"), id="no record"),
        pytest.param(token(tst_info(gen_time=b"2025")), id="no time"),
        pytest.param(token(tst_info(gen_time=b"20250601120001")), id="no zone"),
        pytest.param(token(tst_info(serial=2**600)), id="a giant serial number"),
        pytest.param(token(tst_info(tsa=der.explicit(0))), id="nameless authority"),
        pytest.param(token(tst_info() + b"\0"), id="more behind"),
    ],
)
def test_a_broken_token_becomes_a_note(broken: bytes) -> None:
    [signer] = describe(stamped(der.attribute(TIMESTAMP, broken)))
    assert signer.timestamp is None
    assert tuple(map(str, signer.notes)) == ("the timestamp token is broken",)
    with pytest.raises(DAMAGE):
        read_token(broken)


def test_the_first_token_that_can_be_read_counts() -> None:
    attribute = der.attribute(TIMESTAMP, der.NULL, token(tst_info()))
    [signer] = describe(stamped(attribute))
    assert signer.timestamp is not None
    assert signer.notes == ()


@pytest.mark.parametrize(
    "unsigned",
    [
        pytest.param(der.NULL, id="null"),
        pytest.param(der.sequence(), id="empty"),
        pytest.param(der.sequence(der.oid(TIMESTAMP)), id="no values"),
        pytest.param(der.sequence(der.oid(TIMESTAMP), der.octets(b"x")), id="no set"),
        pytest.param(der.attribute(TIMESTAMP), id="an empty set"),
        pytest.param(der.attribute("1.2.3", der.NULL), id="another attribute"),
    ],
)
def test_unsigned_attributes_may_be_anything(unsigned: bytes) -> None:
    [signer] = describe(stamped(unsigned))
    assert (signer.timestamp, signer.notes) == (None, ())


def test_each_signer_has_the_own_timestamp() -> None:
    plain = signer_info_of(signature=der.octets(b"another"))
    with_token = signer_info_of(
        unsigned_attrs=der.explicit(1, der.attribute(TIMESTAMP, token(tst_info())))
    )
    signers = describe(read(rebuilt(signer_infos=tlv(0x31, plain + with_token))))
    assert [signer.timestamp is None for signer in signers] == [True, False]


def test_lengths_may_be_indefinite() -> None:
    content = bytes(range(256)) * 10
    signed = read(pki.indefinite_cms(content))
    [signer] = describe(signed)
    assert signer.claimed_signing_time == pki.SIGNING_TIME
    assert signer.message_digest == hashlib.sha256(content).digest()
    assert attached_content(signed) == content
    assert describe_content(signed) == SignedContent(True, len(content), "data")


@pytest.mark.parametrize("content", [b"", b"content", b"x" * 100_000])
def test_attached_content_is_given_without_its_wrapping(content: bytes) -> None:
    signed = read(pki.sign_cms(content))
    assert attached_content(signed) == content
    assert describe_content(signed) == SignedContent(True, len(content), "data")


def test_detached_content_is_not_there() -> None:
    signed = read(pki.sign_cms(attached=False))
    assert attached_content(signed) is None
    assert describe_content(signed) == SignedContent(False, None, "data")


@pytest.mark.parametrize(
    ("content_type", "expected"), [(TST_INFO, "TSTInfo"), ("1.2.3.4.5", "1.2.3.4.5")]
)
def test_content_types_have_names(content_type: str, expected: str) -> None:
    signed = read(pki.sign_cms(content_type=content_type))
    assert describe_content(signed).content_type == expected


def xml(text: str) -> SignedXml:
    """Parse a document that must be accepted."""
    signed = parse(text)
    assert isinstance(signed, SignedXml)
    return signed


#: A Reference to it, which is only read here, not verified.
NAMED = (
    '<ds:Reference URI="#p"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)


def xades(time: str, version: str = "v1.3.2", identifier: str = "p") -> str:
    """Write the object in which XAdES keeps the signing time."""
    names = ("QualifyingProperties", "SignedProperties", "SignedSignatureProperties", "SigningTime")
    opened = "".join(f"<x:{name}>" for name in names)
    opened = opened.replace(">", f' xmlns:x="http://uri.etsi.org/01903/{version}#">', 1)
    opened = opened.replace("<x:SignedProperties", f'<x:SignedProperties Id="{identifier}"', 1)
    closed = "".join(f"</x:{name}>" for name in reversed(names))
    return f"<ds:Object>{opened}{time}{closed}</ds:Object></ds:Signature>"


def test_what_signed_xml_claims_of_its_signers() -> None:
    signed = xml(pki.sign_xml(signers=[profile.person(), ANNA]))
    first, second = describe(signed)
    assert (first.number, second.number) == (1, 2)
    assert [first.claims.surname, second.claims.surname] == ["ИВАНОВ", "ПЕТРОВА"]
    assert (first.digest_algorithm, first.signature_algorithm.oid) == (SHA256, RSA)
    assert (first.claimed_signing_time, first.message_digest, first.timestamp) == (None,) * 3
    assert first.notes == ()
    assert describe_content(signed) == SignedContent(True, len(signed.xml), "xml")
    assert attached_content(signed) is None


def test_unknown_methods_of_xml_stay_addresses() -> None:
    text = pki.sign_xml().replace("rsa-sha256", "new").replace("xmlenc#sha256", "new")
    [signer] = describe(xml(text))
    assert signer.digest_algorithm == "http://www.w3.org/2001/04/new"
    assert signer.signature_algorithm.oid == "http://www.w3.org/2001/04/xmldsig-more#new"
    assert signer.signature_algorithm.parameters is None


@pytest.mark.parametrize(
    ("time", "expected", "notes"),
    [
        ("2025-06-01T17:00:00+05:00", pki.SIGNING_TIME, ()),
        (" 2025-06-01T12:00:00Z\n", pki.SIGNING_TIME, ()),
        ("2025-06-01T12:00:00", None, ("the signing time is broken",)),
        ("0001-01-01T00:00:00+05:00", None, ("the signing time is broken",)),
        ("yesterday", None, ("the signing time is broken",)),
        ("", None, ("the signing time is broken",)),
    ],
)
@pytest.mark.parametrize("version", ["v1.3.2", "v1.1.1"])
def test_xades_has_a_signing_time(
    time: str, expected: datetime.datetime | None, notes: tuple[str, ...], version: str
) -> None:
    text = pki.sign_xml().replace("</ds:SignedInfo>", NAMED)
    [signer] = describe(xml(text.replace("</ds:Signature>", xades(time, version))))
    assert (signer.claimed_signing_time, tuple(map(str, signer.notes))) == (expected, notes)


def test_the_signing_time_goes_to_the_signature_that_states_it() -> None:
    text = pki.sign_xml(signers=[profile.person(), ANNA])
    before, closing, after = text.rpartition("</ds:Signature>")
    assert closing
    draft = "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>"
    earlier, last, later = before.rpartition("</ds:SignedInfo>")
    before = earlier.replace("<b>", f"{draft}<b>") + last.replace(last, NAMED) + later
    text = before + xades("2025-06-01T12:00:00Z") + after
    times = [signer.claimed_signing_time for signer in describe(xml(text))]
    assert times == [None, pki.SIGNING_TIME]


@pytest.mark.attacks
def test_a_signing_time_that_no_reference_names_does_not_count() -> None:
    """It can be inserted into another person's signature."""
    added = xades("2019-01-01T00:00:00Z", identifier="added")
    for text in (pki.sign_xml(), pki.sign_xml().replace("</ds:SignedInfo>", NAMED)):
        [signer] = describe(xml(text.replace("</ds:Signature>", added)))
        assert (signer.claimed_signing_time, signer.notes) == (None, ())
    own = xades("2025-06-01T12:00:00Z").removesuffix("</ds:Signature>")
    [signer] = describe(xml(text.replace("</ds:Signature>", own + added)))
    assert signer.claimed_signing_time == pki.SIGNING_TIME


def test_another_element_of_that_name_is_no_signing_time() -> None:
    text = pki.sign_xml("<a><SigningTime>2025-06-01T12:00:00Z</SigningTime></a>")
    [signer] = describe(xml(text))
    assert (signer.claimed_signing_time, signer.notes) == (None, ())


def test_by_what_a_signature_is_found_again() -> None:
    signed = read(pki.sign_cms(b"content", [profile.person(), ANNA]))
    digest = hashlib.sha256(b"content").hexdigest()
    found = fingerprints(signed)
    assert found == Fingerprints(
        signature=hashlib.sha256(signed.der).hexdigest(),
        content=digest,
        message_digests=((SHA256, digest),),
        signature_size=len(signed.der),
        content_size=len(b"content"),
    )
    assert fingerprints(signed, describe(signed)) == found


def test_detached_content_is_found_by_the_message_digest_alone() -> None:
    found = fingerprints(read(pki.sign_cms(b"content", attached=False)))
    assert found.content is None
    assert found.message_digests == ((SHA256, hashlib.sha256(b"content").hexdigest()),)


def test_signed_xml_is_found_by_itself_alone() -> None:
    signed = xml(pki.sign_xml())
    assert fingerprints(signed) == Fingerprints(
        hashlib.sha256(signed.xml).hexdigest(), None, (), len(signed.xml), None
    )


GOST_512, GOST_2004 = "1.2.398.3.10.1.3.3", "1.2.398.3.10.1.3.1"


@pytest.mark.parametrize(
    ("name", "digests", "surnames", "content"),
    [
        ("rsa_attached", [SHA256], ["ТЕСТОВ"], b"test123"),
        (
            "two_signers_gost2015_rsa_attached",
            [GOST_512, SHA256],
            ["ТЕСТТОВ", "ТЕСТОВ"],
            b"test123",
        ),
        ("two_signers_gost2015_rsa_detached", [GOST_512, SHA256], ["ТЕСТТОВ", "ТЕСТОВ"], None),
        ("two_signers_detached_over_b5eb2dd76d", [GOST_512, SHA256], ["ТЕСТТОВ", "ТЕСТОВ"], None),
        ("gost2004_legal_detached", [GOST_2004], ["ТЕСТОВ"], None),
    ],
)
def test_real_signatures(
    vectors: Path, name: str, digests: list[str], surnames: list[str], content: bytes | None
) -> None:
    signed = parse((vectors / "cms" / f"{name}.b64").read_text())
    signers = describe(signed)
    assert [signer.digest_algorithm for signer in signers] == digests
    assert [signer.claims.surname for signer in signers] == surnames
    assert all(signer.claimed_signing_time and not signer.notes for signer in signers)
    assert attached_content(signed) == content
    found = fingerprints(signed, signers)
    assert [algorithm for algorithm, _ in found.message_digests] == digests
    if content is not None:
        assert (SHA256, found.content) in found.message_digests


def test_a_real_detached_signature_is_found_by_its_content(vectors: Path) -> None:
    signed = parse((vectors / "cms" / "two_signers_detached_over_b5eb2dd76d.b64").read_text())
    digest = hashlib.sha256(bytes.fromhex("b5eb2dd76d")).hexdigest()
    assert (SHA256, digest) in fingerprints(signed).message_digests


def test_a_real_timestamp(vectors: Path) -> None:
    path = vectors / "cms" / "gost2015_individual_attached_timestamp.b64"
    signed = parse(path.read_text())
    [signer] = describe(signed)
    assert signer.claims.usage == ("AUTH", "SIGN")
    assert signer.claims.policies == ("1.2.398.3.3.2",)
    timestamp = signer.timestamp
    assert timestamp is not None
    assert timestamp.gen_time.isoformat() == "2026-07-20T09:08:07+00:00"
    assert (timestamp.policy, timestamp.authority) == (POLICY, "TIME-STAMPING AUTHORITY")
    assert timestamp.imprint_algorithm == GOST_512
    assert len(attached_content(signed) or b"") == 86


def test_a_real_token(vectors: Path) -> None:
    path = vectors / "timestamps" / "gost2004_token_over_cafebabe_sha1.tst"
    claimed = read_token(path.read_bytes())
    assert claimed.gen_time.isoformat() == "2022-09-18T13:20:14+00:00"
    assert claimed.policy == "1.2.398.3.3.2.6.1"
    assert claimed.imprint_algorithm == "1.3.14.3.2.26"
    expected = hashlib.sha1(bytes.fromhex("cafebabe"), usedforsecurity=False).digest()
    assert claimed.imprint == expected
    assert claimed.authority


@pytest.mark.parametrize(
    ("name", "surnames"),
    [("rsa_enveloped", ["ТЕСТОВ"]), ("two_signers_rsa_then_gost2015", ["ТЕСТОВ", "ТЕСТТОВ"])],
)
def test_real_documents(vectors: Path, name: str, surnames: list[str]) -> None:
    signers = describe(xml((vectors / "xml" / f"{name}.xml").read_bytes().decode()))
    assert [signer.claims.surname for signer in signers] == surnames
    assert (signers[0].digest_algorithm, signers[0].signature_algorithm.oid) == (SHA256, RSA)
    if len(signers) > 1:
        assert signers[1].digest_algorithm == GOST_512
        assert signers[1].signature_algorithm.oid == "1.2.398.3.10.1.1.2.3.2"
