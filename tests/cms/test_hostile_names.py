"""Names that are hostile come through every door: they match nothing, or are refused as damaged."""

from __future__ import annotations

import random
import time
from base64 import b64encode
from collections.abc import Iterator

import orjson
import pytest

from app.cms.claims import describe
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.path.rules import title
from app.cms.revocation.crl import MalformedRevocation
from app.cms.serialization import (
    MAX_POLICIES,
    MAX_TEXT,
    certificate_facts,
    name_text,
    signer_facts,
)
from app.cms.signed_data.parsing import SignedData
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from app.cms.x509.names import name_key, read_name, relative_keys
from tests import der, pki
from tests.cms.judging import AFTER, AT, BEFORE, read
from tests.cpu import allowed
from tests.pki import Holder

SEEDS = range(8)
NAMES_OF_A_SEED = 400
# Names of a seed that go through the doors, where keys sign and verify.
DOORS_OF_A_SEED = 25
MAX_SECONDS = 20.0
KEY = pki.rsa_key("hostile")
CN = der.oid("2.5.4.3")

TEXTS = (
    b"",
    b"NCA",
    b"\0",
    b"\xff\xfe\xfd",
    b"\xc3",  # UTF-8 that is cut.
    b"\xed\xa0\x80",  # A lone surrogate.
    b"\xf4\x90\x80\x80",  # Beyond Unicode.
    b"\xc0\x80",  # NUL in two octets.
    b"\0N\0C\0",  # An odd number of octets.
    b"\xd8\0\0A",  # A high surrogate alone, in UTF-16.
    b"\xdc\0",
    b"\0\x11\0\0",  # Beyond Unicode, in UTF-32.
    "ﷺ".encode() * 20,  # Grows to eighteen times its size when it is normalised.
    "İ\u0307\u0345ß".encode(),
    b"A" * 900,
)
TYPES = (
    CN,
    b"\x06\x00",
    b"\x06\x01\x80",  # Ends within an arc.
    b"\x06\x03\x80\x80\x01",
    b"\x06\x0a" + b"\xff" * 9 + b"\x7f",
    b"\x06\x40" + b"\x81" * 63 + b"\0",
    b"\x0d\x02\x7f\xff",  # A RELATIVE-OID.
    b"\x02\x01\xff",
    b"",
)
TAGS = (0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1C, 0x1E, 0x04, 0x05, 0x03, 0x2C, 0x80, 0xA0, 0x30)
SHAPES = (0x31, 0x31, 0x31, 0x31, 0x30, 0xA0, 0x04)


def attribute(chance: random.Random) -> bytes:
    """Encode what may be an AttributeTypeAndValue."""
    kind = CN if chance.random() < 0.7 else chance.choice(TYPES)
    value = der.tlv(chance.choice(TAGS), chance.choice(TEXTS))
    more = der.utf8("more") if chance.random() < 0.1 else b""
    return der.tlv(0x30 if chance.random() < 0.9 else chance.choice(SHAPES), kind + value + more)


def deep(levels: int) -> bytes:
    """Encode SEQUENCEs in each other."""
    made = b""
    for _ in range(levels):
        made = der.sequence(made)
    return made


def indefinite(*parts: bytes) -> bytes:
    """Encode a SEQUENCE of indefinite length."""
    return b"\x30\x80" + b"".join(parts) + b"\0\0"


def hostile_name(chance: random.Random) -> bytes:
    """Encode what may be a Name."""
    relatives = []
    for _ in range(chance.choice((0, 1, 1, 2, 3, 60))):
        listed = [attribute(chance) for _ in range(chance.choice((0, 1, 1, 1, 2, 5)))]
        relatives.append(der.tlv(chance.choice(SHAPES), b"".join(listed)))
    if chance.random() < 0.1:
        relatives.append(deep(chance.choice((5, 30, 60))))
    wrap = indefinite if chance.random() < 0.1 else der.sequence
    made = bytearray(wrap(*relatives))
    if chance.random() < 0.3:  # A bit is another, or the end is cut, or more follows.
        made[chance.randrange(len(made))] ^= 1 << chance.randrange(8)
    cut = chance.randrange(len(made)) if chance.random() < 0.1 else len(made)
    return bytes(made[:cut]) + (b"\0" if chance.random() < 0.05 else b"")


def hostile_names(seed: int, count: int) -> Iterator[bytes]:
    """Yield some, and those that no chance makes."""
    chance = random.Random(seed)
    yield from (b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x31\0", b"\x30\0", b"\0")
    for _ in range(count):
        yield hostile_name(chance)


@pytest.mark.attacks
@pytest.mark.parametrize("seed", SEEDS)
def test_names_are_read_and_compared_without_any_error(seed: int) -> None:
    began = time.process_time()
    for name in hostile_names(seed, NAMES_OF_A_SEED):
        read_name(name)
        key, keys = name_key(name), relative_keys(name)
        assert key is None or name_key(bytes(name)) == key
        assert keys is None or all(isinstance(one, str | bytes) for one in keys)
        for text in (name_text(name), title(name)):
            text.encode()  # No lone surrogates: the message can be encoded.
    assert time.process_time() - began < allowed(MAX_SECONDS)


def certificates(name: bytes) -> Iterator[Holder]:
    """Issue certificates that have a name in all places where they may have one."""
    nca = pki.authority()
    yield pki.certify(name, KEY, nca, pki.PERSON)
    issuer = pki.certify(name, KEY, pki.root(), pki.AUTHORITY)
    yield issuer
    yield pki.certify(pki.name("below"), KEY, issuer, pki.PERSON)
    subtree = der.sequence(der.explicit(4, name))
    permitted = der.sequence(der.explicit(0, subtree), der.explicit(1, subtree))
    constraints = pki.extension("2.5.29.30", permitted, critical=True)
    bound = pki.certify(pki.name("bound"), KEY, pki.root(), (*pki.AUTHORITY, constraints))
    alternative = pki.extension("2.5.29.17", der.sequence(der.explicit(4, name)))
    points = der.sequence(
        der.sequence(der.explicit(0, der.explicit(0, der.explicit(4, name))), der.explicit(2, name))
    )
    yield pki.certify(
        pki.name("named"),
        KEY,
        bound,
        (*pki.PERSON, alternative, pki.extension("2.5.29.31", points)),
    )


def signatures(holder: Holder, name: bytes) -> Iterator[bytes]:
    """Sign by a certificate, with everything that may have a name beside it."""
    issuer = Holder(KEY, name, holder.certificate, name, 7)
    crl = pki.crl(issuer, this_update=BEFORE, next_update=AFTER)
    response = pki.ocsp(issuer, holder.serial, by_name=True, this_update=AT)
    info = pki.signer_info(holder)
    other = der.explicit(1, der.oid("1.3.6.1.5.5.7.16.2"), response)
    embedded = [holder, pki.authority(), issuer]
    yield pki.signed_data([info], embedded, revocation=[crl, other])
    # Of another issuer than all certificates have.
    yield pki.signed_data([pki.signer_info(issuer)], embedded)


def judge(holder: Holder, name: bytes) -> None:
    """Verify by a name in all places; nothing but the library's own errors comes out."""
    anchors = read(pki.root())
    issuer = Holder(KEY, name, holder.certificate, name, 7)
    crl = pki.crl(issuer, this_update=BEFORE, next_update=AFTER)
    response = pki.ocsp(issuer, holder.serial, by_name=True, this_update=AT)
    try:
        certificate = read_certificate(holder.certificate)
        others = [certificate, *read(pki.authority())]
        certificate_facts(certificate)
    except MalformedSignature:
        return
    for crls, responses in (([crl], []), ([], [response])):
        try:
            verifier = Verifier(
                [*anchors, certificate],
                intermediates=others,
                crls=crls,
                ocsp_responses=responses,
            )
        except MalformedRevocation:
            continue
        verifier.verify_certificate(certificate, at=AT)
    for encoded in signatures(holder, name):
        try:
            signature = parse(b64encode(encoded).decode())
            for signer in describe(signature):
                signer_facts(signer)
            Verifier([*anchors, certificate], intermediates=others).verify(signature, at=AT)
        except MalformedSignature as error:
            str(error).encode()


@pytest.mark.attacks
@pytest.mark.parametrize("seed", SEEDS)
def test_names_come_through_every_door(seed: int) -> None:
    began = time.process_time()
    for name in hostile_names(-seed - 1, DOORS_OF_A_SEED):
        for holder in certificates(name):
            judge(holder, name)
    assert time.process_time() - began < allowed(MAX_SECONDS)


def test_little_is_kept_for_each_signer_of_what_is_sent_once() -> None:
    kinds = ("2.5.4.3", "2.5.4.4", "2.5.4.42", "2.5.4.10", "2.5.4.6")
    attributes = [
        der.set_of(der.sequence(der.oid(kind), der.utf8("Ж" * 900 + "😀"))) for kind in kinds
    ]
    policies = der.sequence(*[der.sequence(der.oid(f"1.2.3.{n}" + ".4" * 9)) for n in range(60)])
    who = pki.certify(
        der.sequence(*attributes),
        KEY,
        pki.authority(),
        [pki.key_usage("digitalSignature"), pki.extension("2.5.29.32", policies)],
    )
    infos = [pki.signer_info(who)]
    signature = parse(b64encode(pki.signed_data(infos, [who])).decode())
    assert isinstance(signature, SignedData)
    [signer] = signature.signers
    facts = signer_facts(signer)
    assert len(orjson.dumps(facts)) < 15_000
    organisation = facts["claimed"]["organisation"]
    assert (len(organisation), organisation[-2:]) == (MAX_TEXT, "Ж…")
    assert signer.claims.organisation == "Ж" * 900 + "😀"
    assert len(facts["claimed"]["policies"]) == MAX_POLICIES
