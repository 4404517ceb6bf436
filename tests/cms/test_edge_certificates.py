"""Chains of certificates with faults at random, from a seed: one fault is enough.

The kinds are those of x509-limbo. What is expected is known from how a chain was made; bytes that
were altered after signing must never be good, but for what encodes the same and isn't signed.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate, read_embedded_certificate
from tests import der, pki
from tests.cms.edges import SEED
from tests.cms.judging import IVAN, NCA, ROOT, read, text
from tests.pki import DAY, NOT_AFTER, NOT_BEFORE, SIGNING_TIME, Holder

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
CHAINS, MUTANTS = 300, 4000
SECOND = timedelta(seconds=1)
USAGE, CONSTRAINTS = pki.AUTHORITY[1], pki.AUTHORITY[0]
KEYS = {
    "RSA": pki.rsa_key("edge"),
    "SHA-1": pki.rsa_key("edge", pki.SHA1),
    "ECDSA": pki.ecdsa_key("edge"),
}


@dataclass(frozen=True)
class Plan:
    """What a certificate is to be made with; `key` may be the wrong one for what it signs."""

    extensions: list[bytes]
    key: str = "RSA"
    valid: tuple[object, object] = (NOT_BEFORE, NOT_AFTER)
    forged: bool = False
    name: str = "A"
    serial: int = field(default=7)


Fault = Callable[[Plan], Plan]


def without(part: bytes) -> Fault:
    return lambda plan: replace(plan, extensions=[one for one in plan.extensions if one != part])


def instead(part: bytes, other: bytes) -> Fault:
    return lambda plan: replace(
        plan, extensions=[other if one == part else one for one in plan.extensions]
    )


def adding(other: bytes) -> Fault:
    return lambda plan: replace(plan, extensions=[*plan.extensions, other])


def valid(since: object, until: object) -> Fault:
    return lambda plan: replace(plan, valid=(since, until))


ANYBODY: dict[str, Fault] = {
    "expired": valid(NOT_BEFORE, SIGNING_TIME - SECOND),
    "not valid yet": valid(SIGNING_TIME + SECOND, NOT_AFTER),
    "never valid": valid(SIGNING_TIME + DAY, SIGNING_TIME - DAY),
    "forged": lambda plan: replace(plan, forged=True),
    "critical and unknown": adding(pki.extension("1.2.3.4", der.NULL, critical=True)),
    "twice": lambda plan: replace(plan, extensions=[*plan.extensions, plan.extensions[-1]]),
    "unknown twice": lambda plan: adding(pki.extension("1.2.3.4", der.NULL))(
        adding(pki.extension("1.2.3.4", der.NULL))(plan)
    ),
    "usage broken": lambda plan: replace(
        plan, extensions=[plan.extensions[0], pki.extension("2.5.29.15", b"\3\1")]
    ),
    "extensions broken": adding(b"\4\0"),
}
AUTHORITIES: dict[str, Fault] = {
    "no constraints": without(CONSTRAINTS),
    "no authority": instead(CONSTRAINTS, pki.basic_constraints(ca=False)),
    "constraints broken": instead(CONSTRAINTS, pki.extension("2.5.29.19", b"\x30\3\1\1")),
    "not for certificates": instead(USAGE, pki.key_usage("cRLSign", "digitalSignature")),
    "may have none below": instead(CONSTRAINTS, pki.basic_constraints(path_length=0)),
    "weak": lambda plan: replace(plan, key="SHA-1"),
}
PEOPLE: dict[str, Fault] = {
    "not for signatures": lambda plan: replace(
        plan, extensions=[pki.key_usage("keyEncipherment", "keyAgreement"), *plan.extensions[1:]]
    ),
}
HARMLESS: dict[str, Fault] = {
    "on the last second": valid(NOT_BEFORE, SIGNING_TIME),
    "on the first second": valid(SIGNING_TIME, NOT_AFTER),
    "unknown": adding(pki.extension("1.2.3.4", der.NULL)),
    "room enough": instead(CONSTRAINTS, pki.basic_constraints(path_length=9)),
    "another kind of key": lambda plan: replace(plan, key="ECDSA"),
    "a large number": lambda plan: replace(plan, serial=(1 << 159) - 1),
    "a negative number": lambda plan: replace(plan, serial=-1),
}


def make(plan: Plan, above: Holder) -> Holder:
    return pki.certify(
        pki.name(plan.name),
        KEYS[plan.key],
        above,
        plan.extensions,
        serial=plan.serial,
        valid=plan.valid,  # type: ignore[arg-type]  # Two moments.
        forged=plan.forged,
    )


def chain(dice: random.Random) -> tuple[list[Holder], list[str]]:
    """Make a chain from below the root to a person, and return its faults."""
    depth, faults, holders = dice.randrange(1, 5), [], [ROOT]
    for level in range(depth):
        last = level == depth - 1
        plan = Plan([*(pki.PERSON if last else pki.AUTHORITY)], name=f"A {level}", serial=level + 1)
        own = ANYBODY | (PEOPLE if last else AUTHORITIES)
        if dice.random() < 0.5 / depth:
            label = dice.choice(list(own))
            plan = own[label](plan)
            # The lowest authority has no other below it.
            if label != "may have none below" or level < depth - 2:
                faults.append(label)
        else:
            for label in dice.sample(list(HARMLESS), dice.randrange(3)):
                plan = HARMLESS[label](plan)
        holders.append(make(plan, holders[-1]))
    return holders[1:], faults


def test_a_chain_is_good_if_nothing_in_it_is_bad() -> None:
    dice = random.Random(SEED)
    seen: set[str] = set()
    for number in range(CHAINS):
        holders, faults = chain(dice)
        certificates = read(*holders)
        verifier = Verifier(read(ROOT), intermediates=certificates[:-1])
        verdict, _ = verifier.verify_certificate(certificates[-1], at=SIGNING_TIME)
        assert (verdict.answer is YES) is (not faults), (number, faults, text(verdict))
        seen.update(faults)
    assert seen == {*ANYBODY, *AUTHORITIES, *PEOPLE}


def ber(dice: random.Random, data: bytes) -> bytes:
    """Write a length within in more octets than DER has, and mend those around it."""
    spots = spots_of(data)
    place, parents = dice.choice(spots)
    length = data[place + 1]
    if length >= 0x80:
        return data
    added = dice.choice((b"\x81", b"\x82\0", b"\x83\0\0"))
    return grown(data[: place + 1] + added + data[place + 1 :], parents, len(added))


def spots_of(
    data: bytes, start: int = 0, parents: tuple[int, ...] = ()
) -> list[tuple[int, tuple[int, ...]]]:
    """List where elements begin, each with the places of those around it."""
    found, position, stop = [], start, len(data)
    if parents:
        first = data[parents[-1] + 1]
        octets = first & 0x7F if first & 0x80 else 0
        size = int.from_bytes(data[parents[-1] + 2 : parents[-1] + 2 + octets], "big")
        stop = start + (size if octets else first)
    while position < stop:
        found.append((position, parents))
        first = data[position + 1]
        octets = first & 0x7F if first & 0x80 else 0
        size = int.from_bytes(data[position + 2 : position + 2 + octets], "big") or first
        inside = position + 2 + octets
        if data[position] & 0x20:
            found += spots_of(data, inside, (*parents, position))
        position = inside + (size if octets else first)
    return found


def grown(data: bytes, parents: tuple[int, ...], more: int) -> bytes:
    """Add to the lengths of what stands around; those of one octet are left as they are if full."""
    changed = bytearray(data)
    for place in parents:
        first = changed[place + 1]
        octets = first & 0x7F if first & 0x80 else 0
        at = slice(place + 2, place + 2 + octets) if octets else slice(place + 1, place + 2)
        size = int.from_bytes(changed[at], "big") + more
        if size >= (1 << 8 * octets if octets else 0x80):
            return data
        changed[at] = size.to_bytes(octets or 1, "big")
    return bytes(changed)


def altered(dice: random.Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    kind = dice.randrange(5)
    if kind == 0:
        return data[:place] + bytes((data[place] ^ (1 << dice.randrange(8)),)) + data[place + 1 :]
    if kind == 1:
        return data[:place] + dice.randbytes(1) + data[place + 1 :]
    if kind == 2:
        return data[:place] + data[place + 1 :]
    if kind == 3:
        return data + dice.randbytes(2)
    return ber(dice, data)


@pytest.mark.parametrize("holder", [IVAN, pki.person("EC", pki.ecdsa_key("EC"))])
def test_no_altered_certificate_is_good(holder: Holder) -> None:
    """What is signed must be the same bytes; around it BER may write the same differently."""
    dice = random.Random(SEED)
    verifier = Verifier(read(ROOT), intermediates=read(NCA))
    original = read_certificate(holder.certificate)
    good = 0
    for _ in range(MUTANTS):
        mutant = altered(dice, holder.certificate)
        certificate = read_embedded_certificate(mutant)
        if certificate is None:
            continue
        path, _ = verifier.verify_certificate(certificate, at=SIGNING_TIME)
        if path.answer is YES:
            same = (certificate.tbs, certificate.signature) == (original.tbs, original.signature)
            assert same or mutant == holder.certificate
            good += 1
    assert good < MUTANTS // 20


def test_no_altered_authority_vouches_for_anybody() -> None:
    dice = random.Random(SEED + 1)
    anchors, [person], original = read(ROOT), read(IVAN), read_certificate(NCA.certificate)
    for _ in range(MUTANTS):
        certificate = read_embedded_certificate(altered(dice, NCA.certificate))
        if certificate is None:
            continue
        path, _ = Verifier(anchors, intermediates=[certificate]).verify_certificate(
            person, at=SIGNING_TIME
        )
        if path.answer is YES:
            assert certificate.tbs == original.tbs


def test_the_last_second_of_a_certificate_lasts_a_second() -> None:
    verifier = Verifier(read(ROOT), intermediates=read(NCA))
    for late, answer in ((0, YES), (999_999, YES), (1_000_000, NO)):
        moment = NOT_AFTER + timedelta(microseconds=late)
        path, _ = verifier.verify_certificate(read_certificate(IVAN.certificate), at=moment)
        assert path.answer is answer
    early = NOT_BEFORE - timedelta(microseconds=1)
    path, _ = verifier.verify_certificate(read_certificate(IVAN.certificate), at=early)
    assert path.answer is NO
