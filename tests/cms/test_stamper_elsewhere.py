"""The certificate of an authority of timestamps that the token doesn't bring."""

from collections.abc import Sequence

import pytest

from app.cms.verdict import Answer
from app.cms.verification.status import TimestampStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import IVAN, NCA, ROOT, read, text
from tests.pki import DAY, SIGNING_TIME, TIMESTAMP, Holder

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
STAMPED = SIGNING_TIME + DAY
VALUE = pki.signature_of(pki.signer_info(IVAN))
TSA = pki.stamper()
# The same name, number and key, certified for another time.
RENEWED = pki.certify(
    TSA.subject, TSA.key, NCA, pki.STAMPER, serial=TSA.serial, valid=(STAMPED, STAMPED + DAY)
)


def stamp(
    *embedded: Holder,
    outer: Sequence[Holder] = (),
    anchors: Sequence[Holder] = (ROOT,),
    intermediates: Sequence[Holder] = (),
    token: bytes = b"",
) -> TimestampStatus:
    """Verify Ivan's signature with a token that has these certificates."""
    token = token or pki.timestamp(VALUE, STAMPED, certificates=embedded or [NCA])
    unsigned = [der.attribute(TIMESTAMP, token)]
    info = pki.signer_info(IVAN, unsigned=unsigned, signature=VALUE)
    signature = pki.read(pki.signed_data([info], [IVAN, NCA, *outer]))
    verifier = Verifier(read(*anchors), intermediates=read(*intermediates))
    [status] = verifier.verify(signature, at=STAMPED + 9 * DAY)
    assert status.timestamp
    return status.timestamp


def test_it_is_found_among_the_certificates_of_the_signature() -> None:
    found = stamp(outer=[TSA])
    assert found.verdict.answer is YES
    assert [found.authority] == read(TSA)


def test_it_is_found_among_what_the_operator_has() -> None:
    assert stamp(intermediates=[TSA]).verdict.answer is YES
    assert stamp(anchors=[ROOT, TSA]).verdict.answer is YES


def test_it_is_found_by_its_key_identifier() -> None:
    token = pki.timestamp(VALUE, STAMPED, certificates=[NCA])
    named = der.sequence(TSA.issuer, der.integer(TSA.serial))
    assert named in token
    key = der.implicit(0, TSA.key.identifier)
    [info] = [signing_info_by_key(named, key)]
    for place in ({"outer": [TSA]}, {"intermediates": [TSA]}, {"intermediates": [BROKEN, TSA]}):
        assert stamp(token=info, **place).verdict.answer is YES
    assert stamp(token=info).verdict.answer is UNKNOWN


BROKEN = pki.certify(
    pki.name("BROKEN"),
    TSA.key,
    NCA,
    [*pki.STAMPER, pki.extension("2.5.29.14", b"broken")],
    identified=False,
)


def signing_info_by_key(named: bytes, key: bytes) -> bytes:
    """Issue a token whose signer is named by a key identifier."""
    whole = pki.timestamp(VALUE, STAMPED, certificates=[NCA])
    # The lengths around it change; so the token is put together again.
    start = whole.index(named)
    outer = whole[:start], whole[start + len(named) :]
    return resized(outer[0], key, outer[1], len(named))


def resized(before: bytes, new: bytes, after: bytes, old: int) -> bytes:
    """Put `new` where `old` bytes were, and correct the lengths of all that is around."""
    data = bytearray(before + new + after)
    place, change = len(before), len(new) - old
    position = 0
    while position < place:
        head = position
        first = data[position + 1]
        octets = first & 0x7F if first > 0x80 else 0
        start = position + 2 + octets
        size = int.from_bytes(data[head + 2 : start], "big") if octets else first
        if head + 2 + octets + size >= place + old and data[head] & 0x20:
            width = octets or 1
            offset = head + 2 if octets else head + 1
            data[offset : offset + width] = (size + change).to_bytes(width, "big")
            position = start
        else:
            position = start + size
    return bytes(data)


def test_of_several_that_are_named_alike_it_is_the_one_that_the_token_meant() -> None:
    assert stamp(RENEWED, outer=[TSA]).verdict.answer is YES
    assert stamp(outer=[RENEWED], intermediates=[TSA]).verdict.answer is YES
    refused = stamp(RENEWED, outer=[RENEWED]).verdict
    assert refused.answer is NO
    assert "the signature names another certificate" in text(refused)


def test_one_that_is_nowhere_is_unknown() -> None:
    other = pki.certify(pki.name("TSA 3"), TSA.key, NCA, pki.STAMPER)
    for found in (stamp(), stamp(other), stamp(outer=[other]), stamp(intermediates=[other])):
        assert found.verdict.answer is UNKNOWN
        assert "neither in the token nor at hand" in text(found.verdict)


def test_a_certificate_at_hand_is_trusted_no_more_than_one_in_the_token() -> None:
    own = pki.certify(pki.name("TSA"), pki.rsa_key("own"), None, pki.STAMPER)
    token = pki.timestamp(VALUE, STAMPED, by=own, certificates=[NCA])
    assert stamp(token=token, outer=[own]).verdict.answer is UNKNOWN


@pytest.mark.parametrize("where", ["outer", "intermediates"])
def test_who_is_no_authority_of_timestamps_is_none_there_either(where: str) -> None:
    person = pki.certify(pki.name("P"), TSA.key, NCA, pki.PERSON)
    token = pki.timestamp(VALUE, STAMPED, by=person, certificates=[NCA])
    assert stamp(token=token, **{where: [person]}).verdict.answer is NO
