"""Damage of any kind gives an answer, in little time."""

import random
from base64 import b64encode
from collections.abc import Callable

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from tests import der, gost_signer, pki
from tests.cms.judging import AT, BEFORE, IVAN, NCA, ROOT, crl, ocsp, read, revoked
from tests.pki import REVOCATION_VALUES, TIMESTAMP, attributes

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
# Seconds of CPU. A quiet machine needs a fifth; without the limits each would take minutes.
MAX_SECONDS = 2.5
GOST = gost_signer.GOST_2015_512
ID_OCSP_RESPONSE = der.oid("1.3.6.1.5.5.7.16.2")


def everything() -> bytes:
    """Sign with all that verification looks at."""
    value = pki.signature_of(pki.signer_info(IVAN, b"x"))
    response = ocsp(by=pki.responder())
    basic = response[response.index(b"\x30\x82", 20) :]
    values = der.sequence(
        der.explicit(0, der.sequence(crl())), der.explicit(1, der.sequence(basic))
    )
    listed = sorted([*attributes(b"x"), pki.signing_certificate(IVAN.certificate)])
    unsigned = [
        der.attribute(TIMESTAMP, pki.timestamp(value)),
        der.attribute(REVOCATION_VALUES, values),
    ]
    info = pki.signer_info(IVAN, b"x", signed=listed, unsigned=unsigned)
    infos = [crl(), der.explicit(1, ID_OCSP_RESPONSE, response)]
    return pki.signed_data([info], [IVAN, NCA], b"x", revocation=infos)


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
