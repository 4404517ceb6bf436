"""What is built to cost much costs little, and damage of any kind gives an answer."""

import random
import time
from base64 import b64encode
from collections.abc import Callable

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signer_checks import LARGE_ATTRIBUTES, MAX_PLAIN_CHECKS, MAX_SMALL_CONTENT
from app.cms.status import Answer, SignerStatus
from app.cms.verification import Verifier
from tests import der, gost_signer, pki, signing
from tests.cms.judging import AT, BEFORE, IVAN, NCA, ROOT, below, crl, ocsp, read, revoked
from tests.pki import Holder
from tests.signing import REVOCATION_VALUES, TIMESTAMP, attributes

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
# Seconds of CPU. A quiet machine needs a fifth; without the limits each would take minutes.
MAX_SECONDS = 2.5
GOST = gost_signer.GOST_2015_512
ID_OCSP_RESPONSE = der.oid("1.3.6.1.5.5.7.16.2")


def verify(signature: SignedCms, *anchors: Holder) -> tuple[SignerStatus, ...]:
    """Verify within the time that is allowed."""
    verifier = Verifier(read(*(anchors or (ROOT,))))
    start = time.process_time()
    statuses = verifier.verify(signature, at=AT)
    assert time.process_time() - start < MAX_SECONDS
    return statuses


def crowd(size: int, kind: gost_signer.Kind) -> list[Holder]:
    """Give authorities of one name and one key, each of which has issued all others."""
    key = pki.gost_key("crowd", kind)
    name = pki.name("CROWD")
    return [pki.certify(name, key, None, pki.AUTHORITY, serial=number) for number in range(1, size)]


@pytest.mark.usefixtures("untraced")
def test_authorities_that_all_issued_each_other_are_not_walked_for_ever() -> None:
    authorities = crowd(40, GOST)
    people = [below(authorities[0], subject=f"ЛИЦО {number % 3}") for number in range(6)]
    infos = [signing.signer_info(who) for who in people * 4]
    signature = signing.read(signing.signed_data(infos, [*people, *authorities]))
    for status in verify(signature):
        assert status.path.answer is UNKNOWN
        assert "too many certificates to try" in str(status.path.reasons[0])


@pytest.mark.usefixtures("untraced")
def test_timestamps_by_the_hundred_exhaust_their_budget() -> None:
    value = signing.signature_of(signing.signer_info(IVAN))
    gost = pki.certify(pki.name("GTSA"), pki.gost_key("tsa", GOST), NCA, pki.STAMPER)
    filler = below(NCA, pki.extension("1.2.3.4", bytes(12_000)))
    token = signing.timestamp(value, by=gost, certificates=[gost, filler])
    unsigned = [der.sequence(der.oid(TIMESTAMP), der.tlv(0x31, token * 2))]
    infos = [signing.signer_info(IVAN, unsigned=unsigned, signature=value)] * 200
    statuses = verify(signing.read(signing.signed_data(infos, [IVAN, NCA])))
    assert statuses[0].decisive_time_source == "timestamp"
    last = statuses[-1].timestamp
    assert last
    assert last.verdict.answer is UNKNOWN
    assert str(last.verdict.reasons[0]) == "there are too many timestamps to check"


@pytest.mark.usefixtures("untraced")
def test_large_content_is_not_hashed_again_for_every_signer() -> None:
    """Without signed attributes each check hashes the content: here 2 MB, 250 times."""
    content = b"x" * 2_000_000
    infos = [signing.signer_info(IVAN, content, signed=None)] * 250
    answers = [status.valid.answer for status in verify(signed(infos, content))]
    assert answers == [YES] * MAX_PLAIN_CHECKS + [UNKNOWN] * (250 - MAX_PLAIN_CHECKS)
    small = b"x" * MAX_SMALL_CONTENT
    infos = [signing.signer_info(IVAN, small, signed=None)] * 9
    assert {status.valid.answer for status in verify(signed(infos, small))} == {YES}


def signed(infos: list[bytes], content: bytes) -> SignedCms:
    """Put SignerInfos of Ivan's over some content."""
    return signing.read(signing.signed_data(infos, [IVAN], content))


def test_large_signed_attributes_are_paid_for() -> None:
    filler = der.attribute("1.2.3.4", der.octets(bytes(6 * LARGE_ATTRIBUTES)))
    listed = sorted([*attributes(b"x"), filler])
    info = signing.signer_info(IVAN, b"x", signed=listed)
    answers = [status.valid.answer for status in verify(signed([info] * 3, b"x"))]
    assert answers == [YES, UNKNOWN, UNKNOWN]


def test_a_large_signature_value_is_not_hashed() -> None:
    value = bytes(5_000)
    unsigned = [der.attribute(TIMESTAMP, signing.timestamp(value))]
    info = signing.signer_info(IVAN, b"x", unsigned=unsigned, signature=value)
    [status] = verify(signed([info], b"x"))
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN


def everything() -> bytes:
    """Sign with all that verification looks at."""
    value = signing.signature_of(signing.signer_info(IVAN, b"x"))
    response = ocsp(by=pki.responder())
    basic = response[response.index(b"\x30\x82", 20) :]
    values = der.sequence(
        der.explicit(0, der.sequence(crl())), der.explicit(1, der.sequence(basic))
    )
    listed = sorted([*attributes(b"x"), signing.signing_certificate(IVAN.certificate)])
    unsigned = [
        der.attribute(TIMESTAMP, signing.timestamp(value)),
        der.attribute(REVOCATION_VALUES, values),
    ]
    info = signing.signer_info(IVAN, b"x", signed=listed, unsigned=unsigned)
    infos = [crl(), der.explicit(1, ID_OCSP_RESPONSE, response)]
    return signing.signed_data([info], [IVAN, NCA], b"x", revocation=infos)


def flip(data: bytearray, place: int, chance: random.Random) -> None:
    """Turn one bit."""
    data[place] ^= 1 << chance.randrange(8)


def replace(data: bytearray, place: int, chance: random.Random) -> None:
    """Put an octet there that means something in BER."""
    data[place] = chance.choice([0, 2, 4, 6, 0x30, 0x31, 0x80, 0x84, 0xA0, 0xFF])


def copy(data: bytearray, place: int, chance: random.Random) -> None:
    """Put some octets from elsewhere there."""
    size = chance.randrange(1, 40)
    start = chance.randrange(len(data) - size)
    place = min(place, len(data) - size)
    data[place : place + size] = data[start : start + size]


@pytest.mark.parametrize("damage", [flip, replace, copy])
def test_damage_of_any_kind_gives_answers_with_reasons(
    damage: Callable[[bytearray, int, random.Random], None],
) -> None:
    chance = random.Random(20)
    good = everything()
    verifier = Verifier(read(ROOT, NCA), crls=[crl(revoked(BEFORE), by=ROOT)])
    parsed = 0
    for _ in range(400):
        data = bytearray(good)
        for _ in range(chance.choice([1, 1, 2])):
            damage(data, chance.randrange(len(data)), chance)
        try:
            [status] = verifier.verify(parse(b64encode(data).decode()), at=AT)
        except MalformedSignature:
            continue
        parsed += 1
        for verdict in (status.intact, status.valid, status.path, status.revocation):
            assert verdict.answer is YES or all(map(str, verdict.reasons))
    assert parsed
