"""Is the content intact, and is the signature the signer's: each rule with one that breaks it."""

import pytest

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import read_node
from app.cms.errors import MalformedSignature
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import read
from tests.pki import (
    CONTENT,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SHA1,
    SHA256,
    SIGNING_TIME,
    SIGNING_TIME_ATTRIBUTE,
    attributes,
)

SHA512 = "2.16.840.1.101.3.4.2.3"
YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN

ANNA = pki.person("ПЕТРОВА АННА")
IVAN = pki.person()


def verify(signature: SignedData, content: bytes | None = None) -> SignerStatus:
    """Verify a signature of one signer, with nothing at hand but itself."""
    [status] = Verifier().verify(signature, content, at=SIGNING_TIME)
    return status


def signed(info: bytes, content: bytes | None = CONTENT) -> SignedData:
    """Put a SignerInfo of Ivan's into a signature."""
    return pki.read(pki.signed_data([info], [IVAN], content))


def answers(status: SignerStatus) -> tuple[Answer, Answer]:
    """Return the answers that depend on the signature alone."""
    return status.intact.answer, status.valid.answer


def reasons(status: SignerStatus) -> str:
    """Return the reasons why it isn't intact or valid."""
    return "; ".join(map(str, (*status.intact.reasons, *status.valid.reasons)))


@pytest.mark.parametrize("key", [pki.rsa_key("R"), pki.ecdsa_key("E")], ids=["RSA", "ECDSA"])
def test_an_honest_signature_is_intact_and_valid(key: pki.Key) -> None:
    status = verify(pki.sign(pki.person("СИДОРОВ СЕМЁН", key)))
    assert answers(status) == (YES, YES)
    assert (reasons(status), status.number, status.timestamp) == ("", 1, None)


def test_the_signatures_of_the_other_builder_verify() -> None:
    for der_ in (pki.sign_cms(), pki.sign_cms(signed_attributes=False)):
        assert answers(verify(pki.read(der_))) == (YES, YES)


def test_content_in_pieces_is_what_the_pieces_make() -> None:
    assert answers(verify(pki.read(pki.indefinite_cms(b"x" * 4321)))) == (YES, YES)


def test_detached_content_is_taken_from_the_caller() -> None:
    signature = pki.sign(IVAN, attached=False)
    assert answers(verify(signature, CONTENT)) == (YES, YES)
    assert answers(verify(signature, b"another")) == (NO, YES)


def test_without_the_content_only_its_integrity_is_unknown() -> None:
    status = verify(pki.sign(IVAN, attached=False))
    assert answers(status) == (UNKNOWN, YES)
    assert reasons(status) == "the content is detached, and was not given"


def test_altered_content_is_not_intact_though_the_signature_is_valid() -> None:
    status = verify(signed(pki.signer_info(IVAN, b"what was signed"), b"what was put there"))
    assert answers(status) == (NO, YES)
    assert "its digest (SHA-256) is another" in reasons(status)


def test_content_given_beside_another_one_attached_is_not_what_was_signed() -> None:
    signature = pki.sign(IVAN)
    assert answers(verify(signature, CONTENT)) == (YES, YES)
    status = verify(signature, b"another")
    assert answers(status) == (NO, YES)
    assert reasons(status) == "the content given is not the one attached"


def test_one_flipped_bit_in_the_signature_makes_it_invalid() -> None:
    good = pki.signature_of(pki.signer_info(IVAN))
    flipped = good[:-1] + bytes((good[-1] ^ 1,))
    status = verify(signed(pki.signer_info(IVAN, signature=flipped)))
    assert answers(status) == (YES, NO)
    assert "not verify with the certificate's key" in reasons(status)


def test_a_signature_under_the_certificate_of_someone_else_is_invalid() -> None:
    forged = pki.signer_info(IVAN, signature=ANNA.key.sign(b"anything"))
    assert answers(verify(signed(forged))) == (YES, NO)
    borrowed = pki.Holder(ANNA.key, IVAN.subject, IVAN.certificate, IVAN.issuer, IVAN.serial)
    assert answers(verify(pki.sign(borrowed))) == (YES, NO)


@pytest.mark.parametrize("attached", [True, False])
def test_without_signed_attributes_the_signature_is_over_the_content(attached: bool) -> None:
    info = pki.signer_info(IVAN, signed=None)
    signature = signed(info, CONTENT if attached else None)
    assert answers(verify(signature, CONTENT)) == (YES, YES)
    assert answers(verify(signature)) == ((YES, YES) if attached else (UNKNOWN, UNKNOWN))
    other = signed(info, b"another" if attached else None)
    assert answers(verify(other, b"another")) == (NO, NO)


def test_signed_attributes_put_where_content_belongs_are_refused() -> None:
    """What Ivan signed was the attributes of an honest signature; here they pose as content."""
    posing = der.tlv(0x31, b"".join(attributes(CONTENT)))
    status = verify(signed(pki.signer_info(IVAN, posing, signed=None), posing))
    assert answers(status) == (NO, NO)
    assert "the form of signed attributes" in reasons(status)


def test_content_that_only_begins_like_signed_attributes_is_content() -> None:
    """A text that begins with the digit 1, and a signature behind it."""
    text = b"1. " + pki.signed_data([pki.signer_info(IVAN)], [IVAN])
    status = verify(signed(pki.signer_info(IVAN, text, signed=None), text))
    assert answers(status) == (YES, YES)


@pytest.mark.parametrize(("name", "intact"), [(SHA512, YES), (SHA1, UNKNOWN)])
def test_a_digest_algorithm_other_than_the_signature_s_is_noticed(
    name: str, intact: Answer
) -> None:
    listed = attributes(CONTENT, name)
    status = verify(signed(pki.signer_info(IVAN, signed=listed, digest=name)))
    assert answers(status) == (intact, UNKNOWN)
    status = verify(signed(pki.signer_info(IVAN, digest=name)))
    assert answers(status) == (NO, UNKNOWN)


def test_the_key_s_own_identifier_may_stand_for_the_signature_algorithm() -> None:
    assert answers(verify(signed(pki.signer_info(IVAN, algorithm=pki.RSA)))) == (YES, YES)


def test_an_unknown_digest_algorithm_makes_unknown() -> None:
    status = verify(signed(pki.signer_info(IVAN, digest="1.2.3.4")))
    assert answers(status) == (UNKNOWN, UNKNOWN)
    assert reasons(status) == "1.2.3.4 is not supported; 1.2.3.4 is not supported"


def test_an_unknown_signature_algorithm_leaves_only_the_signature_unknown() -> None:
    status = verify(signed(pki.signer_info(IVAN, algorithm="1.3.6.1.4.1.6801.1.2.2")))
    assert answers(status) == (YES, UNKNOWN)


def test_of_signed_attributes_out_of_order_the_der_may_be_what_was_signed() -> None:
    """RFC 5652 section 5.4: the digest is over their DER encoding, and a SET OF has an order."""
    listed = [*attributes(CONTENT), der.attribute("1.2.3.4", der.NULL, der.boolean(True))]
    signature = pki.signature_of(pki.signer_info(IVAN, signed=sorted(listed)))
    for order in (sorted(listed)[::-1], [*listed[1:], listed[0]]):
        reordered = pki.signer_info(IVAN, signed=order, signature=signature)
        assert answers(verify(signed(reordered))) == (YES, YES)
    values = der.tlv(0x31, der.NULL + der.boolean(True))  # Out of order, as is the value of true.
    odd = der.sequence(der.oid("1.2.3.4"), values.replace(b"\xff", b"\1"))
    reordered = pki.signer_info(IVAN, signed=[odd, *listed[:-1]], signature=signature)
    assert answers(verify(signed(reordered))) == (YES, YES)


def test_signed_attributes_that_are_neither_are_refused() -> None:
    listed = attributes(CONTENT)
    first = listed[::-1]
    signature = pki.signature_of(pki.signer_info(IVAN, signed=first))
    for order in (listed, [first[1], first[0], first[2]]):
        reordered = pki.signer_info(IVAN, signed=order, signature=signature)
        assert answers(verify(signed(reordered))) == (YES, NO)


def test_signed_attributes_out_of_order_pass_if_that_is_how_they_were_signed() -> None:
    listed = attributes(CONTENT)[::-1]
    assert answers(verify(signed(pki.signer_info(IVAN, signed=listed)))) == (YES, YES)


PIECED = der.attribute("1.2.3.4", der.octets(b"in pieces"))


def in_ber(listed: list[bytes]) -> bytes:
    """Encode attributes with indefinite lengths, and the octets of one in two pieces."""
    encoded = b""
    for attribute in listed:
        kind, values = read_node(attribute).children()
        value = values.contents
        if attribute == PIECED:
            value = b"\x24\x80" + der.octets(b"in ") + der.octets(b"pieces") + b"\0\0"
        encoded += b"\x30\x80" + kind.encoded + b"\x31\x80" + value + b"\0\0\0\0"
    return b"\xa0\x80" + encoded + b"\0\0"


@pytest.mark.parametrize(("content", "expected"), [(CONTENT, YES), (b"another", NO)])
def test_of_signed_attributes_in_ber_the_der_is_what_was_signed(
    content: bytes, expected: Answer
) -> None:
    listed = sorted([*attributes(CONTENT), PIECED])
    written = in_ber(sorted([*attributes(content), PIECED], reverse=True))
    status = verify(signed(pki.signer_info(IVAN, signed=listed, write=written)))
    assert answers(status) == (expected, expected)


def test_signed_attributes_that_have_no_der_are_not_what_was_signed() -> None:
    odd = der.attribute("1.2.3.4", der.tlv(0x24, der.NULL))
    listed = sorted([*attributes(CONTENT), odd])
    info = pki.signer_info(IVAN, signed=listed, signature=b"nothing")
    assert answers(verify(signed(info))) == (YES, NO)


@pytest.mark.parametrize(
    "repeated",
    [
        der.attribute(SIGNING_TIME_ATTRIBUTE, der.time(SIGNING_TIME)),
        pki.signing_certificate(IVAN.certificate),
        pki.signing_certificate(IVAN.certificate, SHA1),
    ],
    ids=["signing-time", "signingCertificateV2", "signingCertificate"],
)
def test_attributes_that_must_stand_once_are_refused_if_they_stand_twice(repeated: bytes) -> None:
    listed = [one for one in attributes(CONTENT) if one != repeated] + [repeated] * 2
    status = verify(signed(pki.signer_info(IVAN, signed=sorted(listed))))
    assert answers(status) == (YES, NO)
    assert "does not occur exactly once" in reasons(status)


@pytest.mark.parametrize("kind", [CONTENT_TYPE, MESSAGE_DIGEST])
def test_required_attributes_that_stand_twice_are_refused_at_once(kind: str) -> None:
    listed = attributes(CONTENT)
    twice = [one for one in listed if der.oid(kind) in one]
    with pytest.raises(MalformedSignature):
        signed(pki.signer_info(IVAN, signed=sorted(listed + twice)))


def test_a_second_message_digest_under_an_odd_encoding_of_its_name_is_noticed() -> None:
    """The last arc, 4, in two octets: parsing compares octets and takes it for another name."""
    odd = der.tlv(6, bytes.fromhex("2a864886f70d01098004"))
    second = der.sequence(odd, der.set_of(der.octets(b"another digest")))
    listed = sorted([*attributes(CONTENT), second])
    status = verify(signed(pki.signer_info(IVAN, signed=listed)))
    assert status.valid.answer is NO


@pytest.mark.parametrize("digest", [SHA256, SHA1, SHA512])
def test_the_certificate_that_the_signer_meant_is_compared(digest: str) -> None:
    for meant, expected in ((IVAN, YES), (ANNA, NO)):
        named = pki.signing_certificate(meant.certificate, digest)
        info = pki.signer_info(IVAN, signed=sorted([*attributes(CONTENT), named]))
        status = verify(signed(info))
        assert answers(status) == (YES, expected)
        assert ("the signature names another certificate" in reasons(status)) is (expected is NO)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (der.sequence(), NO),
        (der.NULL, NO),
        (
            der.sequence(der.sequence(der.sequence(der.algorithm("1.2.3.4"), der.octets(b"x")))),
            UNKNOWN,
        ),
    ],
)
def test_a_signing_certificate_that_can_t_be_read_is_no_or_unknown(
    value: bytes, expected: Answer
) -> None:
    named = der.attribute(pki.SIGNING_CERTIFICATE_V2, value)
    info = pki.signer_info(IVAN, signed=sorted([*attributes(CONTENT), named]))
    assert answers(verify(signed(info))) == (YES, expected)


def test_signed_attributes_that_can_t_be_read_are_unknown_and_such_unsigned_ones_left_out() -> None:
    many = der.attribute("1.2.3.4", *[der.integer(number) for number in range(65)])
    listed = sorted([*attributes(CONTENT), many])
    assert answers(verify(signed(pki.signer_info(IVAN, signed=listed)))) == (UNKNOWN, UNKNOWN)
    for unsigned in (many, der.NULL, der.sequence(der.NULL)):
        assert answers(verify(signed(pki.signer_info(IVAN, unsigned=[unsigned])))) == (YES, YES)


def test_each_signer_gets_answers_of_the_own() -> None:
    infos = [
        pki.signer_info(IVAN),
        pki.signer_info(ANNA, signature=b"nothing"),
        pki.signer_info(IVAN, b"another"),
    ]
    signature = pki.read(pki.signed_data(infos, [IVAN, ANNA]))
    statuses = Verifier().verify(signature, at=SIGNING_TIME)
    assert [status.number for status in statuses] == [1, 2, 3]
    found = [status.certificate.der for status in statuses]
    assert found == [IVAN.certificate, ANNA.certificate, IVAN.certificate]
    assert [answers(status) for status in statuses] == [(YES, YES), (YES, NO), (NO, YES)]


def test_content_is_hashed_once_for_all_signers(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []
    digest = algorithms.digest

    def count(oid: str, data: bytes) -> bytes:
        hashed.append(data)
        return digest(oid, data)

    signature = pki.sign(IVAN, ANNA)
    monkeypatch.setattr(algorithms, "digest", count)
    Verifier().verify(signature, at=SIGNING_TIME)
    assert hashed.count(CONTENT) == 1


@pytest.mark.parametrize("first", ["the own", "the other"])
@pytest.mark.parametrize("by_key", [False, True])
def test_who_takes_the_identity_of_another_certificate_is_not_its_holder(
    first: str, by_key: bool
) -> None:
    """A self-made certificate has issuer, serial number and key identifier of Ivan's.

    The one whose key verifies is the signer's, whichever stands first, and it leads to no anchor.
    """
    key = pki.rsa_key("impostor")
    identifier = pki.extension("2.5.29.14", der.octets(IVAN.key.identifier))
    issuer = pki.Holder(key, IVAN.issuer, b"", b"", 0)
    own = pki.certify(
        IVAN.subject,
        key,
        issuer,
        [*pki.PERSON, identifier],
        serial=IVAN.serial,
        identified=False,
    )
    info = pki.signer_info(own)
    if by_key:
        parts = [part.encoded for part in read_node(info).children()]
        info = der.sequence(parts[0], der.implicit(0, IVAN.key.identifier), *parts[2:])
    listed = [own, IVAN] if first == "the own" else [IVAN, own]
    signature = pki.read(pki.signed_data([info], [*listed, pki.authority()]))
    [status] = Verifier(read(pki.root())).verify(signature, at=SIGNING_TIME)
    assert status.certificate == read(own)[0]
    assert (status.valid.answer, status.path.answer) == (YES, UNKNOWN)


@pytest.mark.attacks
@pytest.mark.parametrize("length", ["minimal", "of four octets", "indefinite"])
def test_signed_attributes_pose_as_content_in_no_encoding(length: str) -> None:
    """A program that signs attributes as BER signs a SET that DER would write otherwise."""
    body = b"".join(attributes(CONTENT))
    posing = {
        "minimal": der.tlv(0x31, body),
        "of four octets": b"\x31\x84" + len(body).to_bytes(4, "big") + body,
        "indefinite": b"\x31\x80" + body + b"\0\0",
    }[length]
    status = verify(signed(pki.signer_info(IVAN, posing, signed=None), posing))
    assert answers(status) == (NO, NO)


@pytest.mark.attacks
@pytest.mark.parametrize("prefix", ["ds:", "", "подпись:"])
def test_what_an_xml_signature_is_over_poses_as_no_content(prefix: str) -> None:
    info = f'<{prefix}SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">'.encode()
    status = verify(signed(pki.signer_info(IVAN, info, signed=None), info))
    assert answers(status) == (NO, NO)
    assert "the form of the SignedInfo" in reasons(status)
    honest = b"<SignedInformation>" + info
    status = verify(signed(pki.signer_info(IVAN, honest, signed=None), honest))
    assert answers(status) == (YES, YES)
