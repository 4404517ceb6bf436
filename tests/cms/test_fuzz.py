"""Any text gives a signature or MalformedSignature: tens of thousands of damaged ones, seeded."""

import gc
import random
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import pytest

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from tests import pki
from tests.cpu import allowed
from tests.pki import profile

SEED = 20_240_601
ROUNDS = 12_000  # For each kind of text; there are three.
# CPU time for one text: the contract's 50 ms, thrice, since machines are shared.
MAX_SECONDS = 0.15

Sequence = TypeVar("Sequence", bytes, str)

# What means something in one of the formats, so that damage gets beyond the first check.
BYTES = (b"\x30\x80", b"\0\0", b"\x06\x81\xff", b"\xa0\x00", b"\x24\x80", b"\xff", b"\x02\x00")
TEXTS = ("+", " ", "=", "%2B", "-", "\ufeff", "\n", "-----BEGIN CMS-----", "MI", "\0", "ж", "<")
MARKS = ("<", "</", "&#13;", "&x;", "<!--", "]]>", "<!DOCTYPE a>", "ds:", 'a="b"', "\0", "\ud800")


def damaged(value: Sequence, atoms: tuple[Sequence, ...], chance: random.Random) -> Sequence:
    """Damage a value in one to four places: replace, insert, delete, repeat or cut."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(value) + 1)
        span = chance.choice((1, 1, 2, 4, 16, 200))
        piece = chance.choice(atoms)
        before, after = value[:at], value[at:]
        value = chance.choice(
            (
                before + piece + after[len(piece) :],
                before + piece + after,
                before + after[span:],
                before + after[:span] + after,
                before if chance.random() < 0.2 else before + after[:1] + after,
            )
        )
    return value


def flipped(value: bytes, chance: random.Random) -> bytes:
    """Change one to three octets to any other."""
    octets = bytearray(value)
    for _ in range(chance.randint(1, 3)):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    return bytes(octets)


def damaged_cms(chance: random.Random) -> str:
    """Damage the bytes under the base64."""
    value = chance.choice(CMS)
    value = damaged(value, BYTES, chance) if chance.random() < 0.5 else flipped(value, chance)
    return b64encode(value).decode()


def damaged_base64(chance: random.Random) -> str:
    """Damage the base64 itself, or its armour."""
    return damaged(chance.choice(BASE64), TEXTS, chance)


def damaged_xml(chance: random.Random) -> str:
    """Damage a document, which may stand in base64."""
    text = damaged(chance.choice(XML), MARKS, chance)
    if chance.random() < 0.2:
        return b64encode(text.encode(errors="replace")).decode()
    return text


ANNA = profile.person("ПЕТРОВА АННА")
CMS = (
    pki.sign_cms(),
    pki.sign_cms(attached=False, signers=[profile.person(), ANNA]),
    pki.sign_cms(by_key_identifier=True),
    pki.indefinite_cms(b"x" * 2500),
)
BASE64 = (
    pki.usual_cms(),
    pki.pem(CMS[0]),
    pki.wrapped(CMS[1], 76),
    pki.usual_cms().replace("+", " "),
    "data:application/cms;base64," + pki.usual_cms(),
)
XML = (pki.sign_xml(), pki.sign_xml(signers=[profile.person(), ANNA]))


@pytest.mark.attacks
@pytest.mark.parametrize("damage", [damaged_cms, damaged_base64, damaged_xml])
def test_a_damaged_signature_is_read_or_refused(damage: Callable[[random.Random], str]) -> None:
    chance = random.Random(SEED)
    refusals = []
    for _ in range(ROUNDS):
        text = damage(chance)
        started = time.process_time()
        try:
            parse(text)
        except MalformedSignature as refusal:
            refusals.append(str(refusal))
        if time.process_time() - started >= MAX_SECONDS:
            assert seconds_again(text) < allowed(MAX_SECONDS), text
    assert all(refusal.startswith("cms: ") for refusal in refusals)
    # The damage must be neither harmless nor hopeless.
    assert 0 < len(refusals) < ROUNDS


def seconds_again(text: str) -> float:
    """Return what parsing takes without what the garbage of all tests before it takes."""
    gc.collect()
    started = time.process_time()
    with suppress(MalformedSignature):
        parse(text)
    return time.process_time() - started
