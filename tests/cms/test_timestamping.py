"""Timestamps to be obtained: what is requested, and which responses are taken."""

from collections.abc import Sequence

import pytest

from app.cms.algorithms.names import GOST_34311, SHA_256, SHA_512, STREEBOG_512
from app.cms.timestamping.errors import (
    FAILURES,
    TimestampMismatched,
    TimestampNotObtained,
    TimestampRefused,
    TimestampUnreadable,
)
from app.cms.timestamping.request import TimestampRequest, build_request, request_timestamp
from app.cms.timestamping.response import MAX_RESPONSE_SIZE, read_response
from app.cms.timestamping.terms import GOST_POLICY, RSA_POLICY, StampingTerms, choose_terms
from app.cms.x509.certificate import Certificate, read_certificate
from tests import der, gost_signer, pki

STAMPED = b"signature value"
NONCE = 0x0123456789ABCDEF
RSA_REQUEST = bytes.fromhex(
    "304d0201013031300d06096086480165030402010500042054e5b414d0831cf8ba9b4de4201c172739e866d31dbd"
    "4dad7e04584a67556c9406082a830e030302060202080123456789abcdef0101ff"
)
GOST_REQUEST = bytes.fromhex(
    "306c0201013050300c06082a830e030a010303050004405d6e80b13d5f873a54ff255d6d90a8a0747452dbe9acd9"
    "338aa2db5d2b58ceaed5d7d90bcfde4afea179ddcddc5f11c084952a4d257e57e073ce32e291ceaa9c06082a830e"
    "030302060402080123456789abcdef0101ff"
)
REQUEST = request_timestamp(STAMPED, StampingTerms(SHA_256, GOST_POLICY), NONCE)
GRANTED = der.sequence(der.integer(0))


def certificate(key: pki.Key | None = None) -> Certificate:
    """Return a person's certificate, with a key of any kind."""
    return read_certificate(pki.person("SIGNER", key).certificate)


def failure_info(*bits: int) -> bytes:
    """Encode a PKIFailureInfo as DER writes named bits (X.690 section 11.2.2)."""
    value = sum(1 << 31 - bit for bit in bits).to_bytes(4, "big").rstrip(b"\0")
    unused = next(count for count in range(8) if value[-1] & 1 << count) if value else 0
    return der.tlv(3, bytes((unused,)) + value)


def refusal(status: int = 2, *parts: bytes, token: bytes = b"") -> TimestampRefused:
    """Return how a response with this PKIStatusInfo is refused."""
    response = der.sequence(der.sequence(der.integer(status), *parts), token)
    with pytest.raises(TimestampRefused) as caught:
        read_response(response, REQUEST)
    return caught.value


def respond(token: bytes, info: bytes = GRANTED) -> bytes:
    return der.sequence(info, token)


def token(**more: object) -> bytes:
    """Issue a token that answers REQUEST, but for what is said otherwise."""
    return pki.timestamp(STAMPED, **({"nonce": NONCE} | more))  # type: ignore[arg-type]  # Named there.


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (StampingTerms(SHA_256, RSA_POLICY), RSA_REQUEST),
        (StampingTerms(STREEBOG_512, GOST_POLICY), GOST_REQUEST),
    ],
    ids=["RSA", "GOST"],
)
def test_a_request_is_the_known_one_to_the_byte(terms: StampingTerms, expected: bytes) -> None:
    assert request_timestamp(STAMPED, terms, NONCE).der == expected


def test_a_request_may_leave_the_policy_to_the_authority() -> None:
    with_policy = build_request(SHA_256, b"\1" * 32, RSA_POLICY, 5)
    without = build_request(SHA_256, b"\1" * 32, None, 5)
    assert without[2:] == with_policy[2:].replace(der.oid(RSA_POLICY), b"")


@pytest.mark.parametrize("nonce", [0, 0x7F, 0x80, 2**63, 2**64 - 1])
def test_a_nonce_is_a_positive_number(nonce: int) -> None:
    assert der.integer(nonce) in build_request(SHA_256, b"", None, nonce)


@pytest.mark.parametrize(
    ("digest", "policy", "nonce"),
    [
        (SHA_256, None, -1),
        (SHA_256, None, 2**64),
        (SHA_256, "1.2.", 1),
        (SHA_256, "policy", 1),
        (SHA_256, "3.1", 1),
        (SHA_256, "1.40.1", 1),
        (SHA_256, "1.2" + ".1234567890123456789" * 9, 1),
        ("1.2.٣", None, 1),
        ("sha256", None, 1),
    ],
)
def test_a_request_that_can_t_be_encoded_is_refused(
    digest: str, policy: str | None, nonce: int
) -> None:
    with pytest.raises(ValueError, match=r"not a nonce|object identifier"):
        build_request(digest, b"", policy, nonce)


@pytest.mark.parametrize(
    "kind", [gost_signer.GOST_2015_512, gost_signer.GOST_2015_256, gost_signer.GOST_2004]
)
def test_a_gost_signature_is_stamped_with_gost(kind: gost_signer.Kind) -> None:
    who = certificate(pki.gost_key("stamped", kind))
    assert choose_terms(who) == StampingTerms(STREEBOG_512, GOST_POLICY)


def test_any_other_signature_is_stamped_with_sha_256() -> None:
    for key in (pki.rsa_key("stamped"), pki.ecdsa_key("stamped")):
        assert choose_terms(certificate(key)) == StampingTerms(SHA_256, RSA_POLICY)


def test_an_operator_may_set_digest_and_policy() -> None:
    who = certificate()
    assert choose_terms(who, digest=GOST_34311) == StampingTerms(GOST_34311, GOST_POLICY)
    assert choose_terms(who, digest=SHA_512) == StampingTerms(SHA_512, RSA_POLICY)
    assert choose_terms(who, policy="1.2.3") == StampingTerms(SHA_256, "1.2.3")
    assert choose_terms(who, policy="1.2.3", names_policy=False) == StampingTerms(SHA_256, None)


@pytest.mark.parametrize("status", [0, 1])
def test_the_token_of_a_granted_request_is_returned_as_it_stands(status: int) -> None:
    text = der.sequence(der.utf8("as asked"))
    for info in (der.integer(status), der.integer(status) + text):
        assert read_response(respond(token(), der.sequence(info)), REQUEST) == token()


def test_any_policy_will_do_if_none_was_requested() -> None:
    request = TimestampRequest(REQUEST.imprint_algorithm, REQUEST.imprint, None, NONCE)
    other = token(policy="1.2.3")
    assert read_response(respond(other), request) == other


@pytest.mark.parametrize("bit", [0, 2, 5, 15, 16])
def test_what_will_never_be_granted_is_final(bit: int) -> None:
    error = refusal(2, failure_info(bit))
    assert error.is_final
    assert error.failures == (bit,)
    assert str(error) == f"the timestamp authority refuses: status 2, failure {FAILURES[bit]}"


@pytest.mark.parametrize("bit", [14, 17, 25, 1, 26, 31])
def test_what_may_be_granted_later_is_not_final(bit: int) -> None:
    error = refusal(2, failure_info(bit))
    assert not error.is_final
    assert error.failures == (bit,)


def test_one_final_failure_among_several_decides() -> None:
    assert refusal(2, failure_info(14, 15)).is_final
    assert refusal(2, failure_info(14, 15)).failures == (14, 15)


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6, -1, 2**64])
def test_a_status_other_than_granted_brings_no_token(status: int) -> None:
    error = refusal(status, token=token())
    assert (error.status, error.failures, error.said, error.is_final) == (status, (), None, False)


def test_the_text_of_a_refusal_is_cleaned_and_cut() -> None:
    said = der.sequence(der.utf8("closed\u202e\n until\tMonday" + "!" * 5000), der.utf8("more"))
    found = refusal(2, said).said
    assert found
    assert found.startswith("closed\ufffd until Monday!")
    assert len(found) == 200
    for odd in (der.sequence(), der.sequence(der.utf8("")), der.sequence(*[der.utf8("x")] * 17)):
        assert refusal(2, odd).said is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (token(nonce=NONCE + 1), "does not repeat the nonce"),
        (token(nonce=-NONCE), "does not repeat the nonce"),
        (token(nonce=None), "does not repeat the nonce"),
        (pki.timestamp(b"another", nonce=NONCE), "message imprint is not the one requested"),
        (token(digest=pki.SHA1), "message imprint is not the one requested"),
        (token(policy="1.2.3"), f"has the policy 1.2.3, not {GOST_POLICY}"),
        (token(signers=2), "has 2 signers, not one"),
    ],
    ids=["nonce", "its negative", "no nonce", "imprint", "digest", "policy", "signers"],
)
def test_a_token_that_was_not_requested_is_refused(answer: bytes, why: str) -> None:
    with pytest.raises(TimestampMismatched, match=why) as caught:
        read_response(respond(answer), REQUEST)
    assert not caught.value.is_final


def unreadable() -> Sequence[bytes]:
    """List responses that can't be read."""
    whole = respond(token())
    return [
        b"",
        b"<html>",
        b"\x30",
        der.sequence(),
        der.sequence(der.sequence()),
        GRANTED,
        der.sequence(GRANTED),
        respond(der.octets(token())),
        respond(der.sequence()),
        respond(pki.sign(pki.person()).der),
        respond(token(content_type=pki.DATA)),
        whole[:-1],
        whole + b"\0",
        respond(token(), der.sequence(der.octets(b"\0"))),
        respond(b"", der.sequence(der.integer(2), der.tlv(3))),
        respond(b"", der.sequence(der.integer(2), der.tlv(3, b"\x08\x80"))),
        respond(b"", der.sequence(der.integer(2), der.tlv(3, b"\0" + b"\x80" * 6))),
        respond(b"", der.sequence(der.integer(2), der.NULL)),
        der.sequence(GRANTED, token(), token()),
        der.sequence(GRANTED, der.tlv(0x30) * 200_000),
    ]


@pytest.mark.parametrize("response", unreadable(), ids=range(len(unreadable())))
def test_what_is_no_response_is_refused(response: bytes) -> None:
    with pytest.raises(TimestampUnreadable) as caught:
        read_response(response, REQUEST)
    assert not caught.value.is_final


def test_a_hundred_megabytes_are_refused_unread() -> None:
    with pytest.raises(TimestampUnreadable, match=f"more than {MAX_RESPONSE_SIZE} bytes"):
        read_response(bytes(100_000_000), REQUEST)


def test_each_damaged_response_is_refused_or_still_the_requested_one() -> None:
    whole = respond(token())
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        try:
            taken = read_response(bytes(damaged), REQUEST)
        except TimestampNotObtained:
            continue
        assert REQUEST.imprint in taken
