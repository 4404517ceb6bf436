"""Whoever signs first by a link, and whatever that brings along, all others can sign after."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.cms import MAX_VERIFYING_COST, SignedData, are_gost_curves_fast, parse_der
from app.signing.allowance import Allowance
from app.signing.refusals import Refusal
from tests import der, pki
from tests.api import people
from tests.api.people import chief, ivan
from tests.gost_signer import GOST_2015_512
from tests.pki import CONTENT, SIGNING_TIME
from tests.signing.desk import CHIEF, IVAN, Desk, signed
from tests.signing.test_saving import names, refuse

pytestmark = pytest.mark.attacks
OTHER_TYPE = "1.2.840.113549.1.7.5"
MEGABYTE = b"x" * 1_000_000
TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
SECOND = timedelta(seconds=1)
CRL_VALUES, OCSP_VALUES = 0, 1


def cms(
    infos: Sequence[bytes],
    *,
    certificates: Sequence[bytes] = (),
    content_type: str = pki.DATA,
    algorithms: bytes = der.set_of(der.algorithm(pki.SHA256)),
    crls: Sequence[bytes] = (),
    version: int = 1,
) -> str:
    """Return a CMS with SignerInfos of Ivan's, in base64."""
    listed = dict.fromkeys(
        [ivan().certificate, pki.authority().certificate, *certificates],
    )
    fields = der.sequence(
        der.integer(version),
        algorithms,
        der.sequence(der.oid(content_type)),
        der.explicit(0, *listed),
        der.explicit(1, *crls) if crls else b"",
        der.tlv(0x31, b"".join(infos)),
    )
    return b64encode(der.sequence(der.oid(pki.SIGNED_DATA), der.explicit(0, fields))).decode()


def info(second: int = 0, *more: bytes, unsigned: Sequence[bytes] = ()) -> bytes:
    """Return a SignerInfo of Ivan's, made so many seconds after another."""
    moment = SIGNING_TIME + second * SECOND
    listed = sorted([*pki.attributes(CONTENT, moment=moment), *more])
    return pki.signer_info(ivan(), signed=listed, unsigned=unsigned)


def junk(number: int) -> list[bytes]:
    """Return so many certificates that are none."""
    head = der.explicit(0, der.integer(2))
    return [der.sequence(der.sequence(head, der.integer(n), der.sequence())) for n in range(number)]


def lists(number: int) -> list[bytes]:
    """Return so many CRLs, each another one."""
    now = datetime.now(UTC).replace(microsecond=0)
    day = timedelta(days=1)
    return [
        pki.crl(pki.authority(), this_update=now - day - n * SECOND, next_update=now + day)
        for n in range(number)
    ]


def values(field: int, *listed: bytes) -> bytes:
    """Return an attribute revocation-values (ETSI EN 319 122-1 section A.1.3.2)."""
    return der.attribute(
        pki.REVOCATION_VALUES, der.sequence(der.explicit(field, der.sequence(*listed)))
    )


def twin() -> pki.Holder:
    """Return a certificate of an impostor with the issuer, the number and the key of the chief."""
    found = pki.certify(
        pki.name("X"), chief().key, people.impostor_authority(), pki.PERSON, serial=chief().serial
    )
    assert (found.issuer, found.serial) == (chief().issuer, chief().serial)
    return found


def other_type() -> str:
    return cms(
        [pki.signer_info(ivan(), signed=pki.attributes(CONTENT, content_type=OTHER_TYPE))],
        content_type=OTHER_TYPE,
    )


def copies() -> str:
    unsigned = [[der.attribute("1.2.3.4", der.integer(n))] for n in range(256)]
    return cms([info(unsigned=one) for one in unsigned])


REFUSED: dict[str, tuple[str, Callable[[], str]]] = {
    "256 signatures": ("too_many_signatures", lambda: cms([info(n) for n in range(256)])),
    "256 copies": ("too_many_signatures", copies),
    "64 signatures, 1,022 certificates": (
        "too_many_signatures",
        lambda: cms([info(n) for n in range(64)], certificates=junk(1_022)),
    ),
    "another content": ("content_type", other_type),
    "a version of 38 bytes": ("unreadable", lambda: cms([info()], version=1 << 300)),
    "128 CRLs": ("too_much_revocation", lambda: cms([info()], crls=lists(128))),
    "128 of another kind": (
        "too_much_revocation",
        lambda: cms(
            [info()],
            crls=[der.explicit(1, der.oid("1.2.3.4") + der.integer(n)) for n in range(128)],
        ),
    ),
    "128 CRLs in an attribute": (
        "too_much_revocation",
        lambda: cms([info(unsigned=[values(CRL_VALUES, *lists(128))])]),
    ),
    "200 KB of OCSP": (
        "too_much_revocation",
        lambda: cms([info(unsigned=[values(OCSP_VALUES, der.sequence(der.octets(MEGABYTE)))])]),
    ),
    "a large signed attribute": (
        "too_large",
        lambda: cms([info(0, der.attribute("1.2.3.4.5", der.octets(MEGABYTE)))]),
    ),
    "a large unsigned attribute": (
        "too_large",
        lambda: cms([info(unsigned=[der.attribute("1.2.3.4.5", der.octets(MEGABYTE))])]),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_too_much_is_refused_and_leaves_no_trace(desk_on_file: Desk, case: str) -> None:
    desk = desk_on_file
    kind, make = REFUSED[case]
    public_id = desk.put()
    assert refuse(desk, desk.token(public_id), make()).kind == kind
    desk.sign(desk.token(public_id, 2), signed(chief()))
    desk.sign(desk.token(public_id), signed(ivan()))
    assert names(desk.current()) == ["ПЕТРОВА", "ИВАНОВ"]
    assert refuse_after_another(desk, make) in {kind, "nothing_new"}


def refuse_after_another(desk: Desk, make: Callable[[], str]) -> str:
    """Return why the same is refused if someone else has signed before."""
    public_id = desk.put(thread="other")
    desk.sign(desk.token(public_id, 2), signed(chief()))
    return refuse(desk, desk.token(public_id), make()).kind


KEPT_WITHOUT: dict[str, Callable[[], str]] = {
    "66 digest algorithms": lambda: cms(
        [info()], algorithms=der.set_of(*[der.algorithm(f"1.2.3.{n}") for n in range(66)])
    ),
    "digestAlgorithms that are none": lambda: cms(
        [info()], algorithms=der.tlv(0x31, der.integer(5))
    ),
    "parameters of a megabyte": lambda: cms(
        [info()], algorithms=der.set_of(der.algorithm(pki.SHA256, der.octets(MEGABYTE)))
    ),
    "the chief's number and key": lambda: cms([info()], certificates=[twin().certificate]),
    "a timestamp by the chief's number and key": lambda: cms(
        [stamped_by_twin()], certificates=[twin().certificate]
    ),
    "the authority's name, other keys": lambda: cms([info()], certificates=namesakes()),
    "14 certificates that are none": lambda: cms([info()], certificates=junk(14)),
    "CRLs that are none": lambda: cms([info()], crls=[der.integer(n) for n in range(130)]),
}


def stamped_by_twin() -> bytes:
    """Return a SignerInfo with a false timestamp, which names that certificate as its own."""
    by = replace(twin(), key=ivan().key)
    token = pki.timestamp(pki.signature_of(info()), by=by, certificates=[])
    return info(unsigned=[der.attribute(TIMESTAMP, token)])


def namesakes() -> list[bytes]:
    """Return certificates with the name of the authority, of other keys."""
    keys = [pki.rsa_key(f"namesake {n}") for n in range(2)]
    subject = pki.authority().subject
    return [pki.certify(subject, one, pki.root(), []).certificate for one in keys]


@pytest.mark.parametrize("case", KEPT_WITHOUT)
def test_what_a_signature_does_not_need_is_left_out(desk_on_file: Desk, case: str) -> None:
    desk = desk_on_file
    public_id = desk.put()
    desk.sign(desk.token(public_id), KEPT_WITHOUT[case]())
    assert certificates_of(desk.current()) == {
        ivan().certificate,
        pki.authority().certificate,
    }
    assert len(desk.current().der) < 5_000
    desk.sign(desk.token(public_id, 2), signed(chief()))
    assert names(desk.current()) == ["ИВАНОВ", "ПЕТРОВА"]
    assert desk.open(desk.token(public_id)).state == "done"


def certificates_of(signature: SignedData) -> set[bytes]:
    known = ivan(), chief(), pki.authority(), pki.root(), twin()
    found = {one.certificate for one in known if one.certificate in signature.der}
    assert len(found) == signature.certificates
    return found


def test_several_keys_of_a_person_by_gost_are_not_too_much(desk_on_file: Desk) -> None:
    desk = desk_on_file
    gost = of_ivan_by_gost()
    digest = GOST_2015_512.digest
    moments = (SIGNING_TIME + n * SECOND for n in range(4))
    own = [
        pki.signer_info(gost, signed=pki.attributes(CONTENT, digest, moment=one)) for one in moments
    ]
    text = pki.signed_data(own, [gost, pki.authority()], None, digests=[digest])
    desk.sign(desk.token(desk.put()), b64encode(text).decode())
    assert len(desk.current().signers) == 4


def test_signatures_by_two_digests_are_refused_since_each_hashes_the_document(
    desk_on_file: Desk,
) -> None:
    desk = desk_on_file
    gost = of_ivan_by_gost()
    own = [pki.signer_info(ivan()), pki.signer_info(gost)]
    text = pki.signed_data(own, [ivan(), gost, pki.authority()], None, digests=[pki.SHA256])
    refusal = refuse(desk, desk.token(desk.put()), b64encode(text).decode())
    assert refusal.kind == "too_many_signatures"


def of_ivan_by_gost() -> pki.Holder:
    key = pki.gost_key("ivan", GOST_2015_512)
    return pki.certify(ivan().subject, key, pki.authority(), list(pki.PERSON))


@pytest.mark.skipif(not are_gost_curves_fast(), reason="with plain Python each has more")
@pytest.mark.parametrize(("signers", "most"), [(1, 750_000), (2, 375_000), (50, 30_000)])
def test_what_verifying_may_cost_is_shared(signers: int, most: int) -> None:
    own = parse_der(pki.signed_data([pki.signer_info(ivan())], [ivan()], None))
    Allowance(signers).require_small(own, most)
    with pytest.raises(Refusal, match="too_costly"):
        Allowance(signers).require_small(own, most + 1)
    assert max(most, most * signers) <= MAX_VERIFYING_COST


def test_fifty_signers_who_bring_as_much_as_they_may_all_sign(desk_on_file: Desk) -> None:
    desk = desk_on_file
    numbers = [f"{800_101_000_000 + n}" for n in range(50)]
    public_id = desk.put(*[{"iin": one} for one in numbers])
    crls = lists(2)
    for place, iin in enumerate(numbers, 1):
        subject, key = pki.name(f"СИДОРОВ {place}", iin), pki.rsa_key("ИВАНОВ")
        who = pki.certify(subject, key, pki.authority(), list(pki.PERSON))
        padding = der.attribute("1.2.3.4.5", der.octets(bytes([place]) * 120_000))
        unsigned = [padding, values(CRL_VALUES, *crls)]
        moment = SIGNING_TIME + place * SECOND
        own = pki.signer_info(who, signed=pki.attributes(CONTENT, moment=moment), unsigned=unsigned)
        text = pki.signed_data([own], [who, pki.authority()], None, digests=[pki.SHA256])
        desk.sign(desk.token(public_id, place), b64encode(text).decode())
    assert desk.open(desk.token(public_id)).state == "done"


def test_who_has_two_certificates_of_one_key_adds_no_signature_that_counts_for_neither(
    desk_on_file: Desk,
) -> None:
    desk = desk_on_file
    public_id = desk.put({"iin": "800101000001"}, {"iin": "800101000002"})
    key = pki.rsa_key("ИВАНОВ")
    both = [
        pki.certify(pki.name("X", f"80010100000{n}"), key, pki.authority(), list(pki.PERSON))
        for n in (1, 2)
    ]
    desk.sign(desk.token(public_id), signed(both[0]))
    assert refuse(desk, desk.token(public_id, 2), signed(both[1])).kind == "nothing_new"


def test_what_needs_nothing_left_out_stays_byte_for_byte(desk_on_file: Desk) -> None:
    desk = desk_on_file
    text = cms([info()])
    desk.sign(desk.token(desk.put(IVAN, CHIEF)), text)
    assert b64encode(desk.current().der).decode() == text
