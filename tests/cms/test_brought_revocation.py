"""Revocation data that came with the signature: when they count, and what searching may cost."""

import time
from datetime import timedelta
from typing import Any

import pytest

from app.cms.budget import Budget
from app.cms.errors import TooCostly
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.crl_statements import ask_crls
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.ocsp_statements import ask_responses
from app.cms.revocation.sources import Doubt, RevocationData
from app.cms.verdict import Answer
from app.cms.verification.embedded_revocation import MAX_RESPONSE_BYTES
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.cms.x509.names import _short_name_key, name_key
from tests import der, pki
from tests.cms.judging import AFTER, AT, BEFORE, IVAN, NCA, ROOT, crl, read, text
from tests.cpu import allowed
from tests.pki import CONTENT, DAY, REVOCATION_VALUES, Holder, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ID_OCSP_RESPONSE = der.oid("1.3.6.1.5.5.7.16.2")
TOO_MUCH = "the signature contains too much to check all of it here"
# Seconds of CPU, on a machine that is busy.
MAX_SECONDS = 2
NOT_BELIEVED = "count only if the authorities of the path are good"


def verify(who: Holder, *brought: bytes, **more: Any) -> SignerStatus:
    """Verify what `who` signed and sent with `brought`; ROOT is the anchor."""
    certificates = more.pop("certificates", [who, NCA])
    signature = pki.read(pki.signed_data([pki.signer_info(who)], certificates, revocation=brought))
    [status] = Verifier(read(ROOT), **more).verify(signature, at=AT)
    return status


def below(authority: Holder) -> Holder:
    """Certify a person, whether `authority` may or not."""
    return pki.certify(pki.name("P"), pki.rsa_key("P"), authority, pki.PERSON)


def answered(authority: Holder, who: Holder, status: Any = "good") -> bytes:
    """Answer by OCSP about `who`, as `authority`."""
    response = pki.ocsp(authority, who.serial, status, this_update=AT)
    return der.explicit(1, ID_OCSP_RESPONSE, response)


PRETENDERS = {
    "no authority": pki.certify(pki.name("X"), pki.rsa_key("X"), NCA, []),
    "a key for something else": pki.certify(
        pki.name("X"),
        pki.rsa_key("X"),
        NCA,
        [pki.basic_constraints(), pki.key_usage("digitalSignature", "cRLSign")],
    ),
    "expired": pki.certify(
        pki.name("X"), pki.rsa_key("X"), NCA, pki.AUTHORITY, valid=(AT - 9 * DAY, AT - DAY)
    ),
    "something unknown": pki.certify(
        pki.name("X"),
        pki.rsa_key("X"),
        NCA,
        [*pki.AUTHORITY, pki.extension("1.2.3.4", der.NULL, critical=True)],
    ),
    "weak": pki.certify(
        pki.name("X"),
        pki.rsa_key("X"),
        pki.certify(NCA.subject, pki.rsa_key("NCA", pki.SHA1), ROOT, pki.AUTHORITY),
        pki.AUTHORITY,
    ),
}


@pytest.mark.parametrize("kind", PRETENDERS)
def test_who_is_no_good_authority_is_not_believed(kind: str) -> None:
    """Whatever is sent in the name of one, for a certificate or against it."""
    pretender = PRETENDERS[kind]
    who = below(pretender)
    certificates = [who, pretender, NCA]
    of_nca = crl(this_update=AT), crl(by=ROOT, this_update=AT)
    for entries in ([], [Revoked(who.serial, BEFORE)]):
        listed = pki.crl(pretender, *entries, this_update=AT, next_update=AFTER)
        for brought in (answered(pretender, who, entries[0] if entries else "good"), listed):
            found = verify(who, brought, *of_nca, certificates=certificates)
            assert found.path.answer is not YES
            assert found.revocation.answer is UNKNOWN
            assert NOT_BELIEVED in text(found.revocation)
    # What the operator has counts as ever.
    listed = pki.crl(pretender, Revoked(who.serial, BEFORE), this_update=AT, next_update=AFTER)
    if kind in {"expired", "something unknown"}:
        found = verify(who, *of_nca, certificates=certificates, crls=[listed])
        assert found.revocation.answer is NO


def test_a_bad_signer_does_not_silence_the_authority() -> None:
    """It is the path of the authorities that counts."""
    valid = AT - 90 * DAY, AT - DAY
    expired = pki.certify(pki.name("E"), pki.rsa_key("E"), NCA, pki.PERSON, valid=valid)
    found = verify(expired, crl(Revoked(expired.serial, AT - 2 * DAY)), crl(by=ROOT))
    assert found.path.answer is not YES
    assert found.revocation.answer is NO


def test_what_was_not_brought_is_not_missed() -> None:
    pretender = PRETENDERS["no authority"]
    who = below(pretender)
    found = verify(who, certificates=[who, pretender, NCA])
    assert NOT_BELIEVED not in text(found.revocation)


def crowd(count: int) -> list[bytes]:
    """Make SignerInfos of Ivan's, each with another signing time."""
    moments = [AT + timedelta(seconds=number) for number in range(count)]
    return [
        pki.signer_info(IVAN, signed=pki.attributes(CONTENT, moment=moment)) for moment in moments
    ]


def response(singles: list[bytes], signature: bytes = b"", by: Holder = NCA) -> bytes:
    """Encode a BasicOCSPResponse with these answers."""
    embedded = [] if by is NCA else [by]
    return pki.basic_response(by, *singles, at=AT, certificates=embedded, signature=signature)


def responses(single: bytes, count: int) -> bytes:
    """Encode RevocationValues with as many responses of NCA's as are looked at."""
    one = response([single] * count)
    values = [one] * (MAX_RESPONSE_BYTES // len(one) + 1)
    return der.sequence(der.explicit(1, der.sequence(*values)))


def verify_crowd(value: bytes) -> None:
    """Verify 256 signers, the first of which has these RevocationValues, within the time."""
    first = pki.signer_info(IVAN, unsigned=[der.attribute(REVOCATION_VALUES, value)])
    signature = pki.read(pki.signed_data([first, *crowd(255)], [IVAN, NCA]))
    start = time.process_time()
    statuses = Verifier(read(ROOT)).verify(signature, at=AT)
    assert time.process_time() - start < allowed(MAX_SECONDS)
    assert statuses[-1].revocation.answer is UNKNOWN


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    ("about", "count"),
    [
        (pki.certificate_id(NCA, IVAN.serial), 100),
        (
            der.sequence(
                der.algorithm("1.2.3.4"), der.octets(b""), der.octets(b""), der.integer(IVAN.serial)
            ),
            180,
        ),
    ],
    ids=["SHA-1", "unknown digest"],
)
def test_thousands_of_answers_about_one_certificate_are_paid_for(about: bytes, count: int) -> None:
    """For each of 256 signers they took 2.4 to 3.6 s of CPU."""
    value = responses(der.sequence(about, der.implicit(0, b""), der.time(AT)), count)
    assert len(value) > MAX_RESPONSE_BYTES
    verify_crowd(value)


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
def test_thousands_of_accusations_of_a_responder_are_paid_for() -> None:
    """Each of its answers asks for all of them: it took 6.5 s of CPU."""
    who = pki.responder()
    about = pki.certificate_id(NCA, IVAN.serial)
    single = der.sequence(about, der.implicit(0, b""), der.time(AT))
    accusation = der.sequence(
        pki.certificate_id(NCA, who.serial), der.explicit(1, der.time(BEFORE)), der.time(AT)
    )
    forged = response([accusation] * 170, bytes(256))
    values = [response([single] * 100, by=who), *[forged] * 5]
    value = der.sequence(der.explicit(1, der.sequence(*values)))
    assert len(value) < MAX_RESPONSE_BYTES
    verify_crowd(value)


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
def test_many_who_are_in_a_large_list_are_found_at_the_price_of_a_few() -> None:
    """Walking the list for each of them took 9 s of CPU, and 60 s in one of 20 MB."""
    people = [
        pki.certify(pki.name(f"P{number}"), IVAN.key, NCA, pki.PERSON) for number in range(100)
    ]
    listed = [Revoked(2**64 + number, BEFORE) for number in range(50_000)]
    listed += [Revoked(who.serial, BEFORE) for who in people]
    infos = [pki.signer_info(who) for who in people]
    signature = pki.read(
        pki.signed_data(infos, [*people, NCA], revocation=[crl(*listed, this_update=AT)])
    )
    start = time.process_time()
    statuses = Verifier(read(ROOT)).verify(signature, at=AT)
    assert time.process_time() - start < allowed(MAX_SECONDS)
    assert {status.revocation.answer for status in statuses} == {NO}


def test_a_search_beyond_the_budget_proves_nothing() -> None:
    listed = CertificateList(crl(*[Revoked(2**64 + number, BEFORE) for number in range(9)]))
    for left, serial, paid in ((1, 1, False), (1000, 1, True), (1, 2**64 + 3, False)):
        if paid:
            listed.pay_for_search(serial, Budget(left))
            assert listed.find(serial) is None
        else:
            with pytest.raises(TooCostly):
                listed.pay_for_search(serial, Budget(left))
    assert listed.find(2**64 + 3)
    listed.pay_for_search(2**64 + 3, Budget(0))
    listed.pay_for_search(5, Budget(0))
    authority, source = read(NCA)[0], RevocationData([listed], budget=Budget(50))
    [doubt] = ask_crls(read(IVAN)[0], [authority], source, [source])
    assert isinstance(doubt, Doubt)


def test_a_list_whose_issuer_has_a_name_of_megabytes_is_not_remembered() -> None:
    before = _short_name_key.cache_info().currsize
    for number in range(3):
        long = pki.name("X" * (100_000 + number))
        assert name_key(long) is None
    assert _short_name_key.cache_info().currsize == before


@pytest.mark.parametrize("place", [pki.SIGNING_TIME_ATTRIBUTE, "1.2.3.4.5"])
def test_what_looks_like_a_large_list_may_be_deep_wherever_it_stands(place: str) -> None:
    """It was not scanned: re-encoding signed attributes must not rely on its depth."""
    inner = b""
    for _ in range(20_000):
        inner = der.sequence(inner)
    pretended = der.sequence(
        der.sequence(der.integer(1), der.sequence(), der.sequence(), der.time(AT), inner)
    )
    signed = [der.attribute(place, pretended), *pki.attributes(CONTENT)]
    info = pki.signer_info(IVAN, signed=signed, sign=b"something else")
    [status] = Verifier(read(NCA)).verify(pki.read(pki.signed_data([info], [IVAN])), at=AT)
    assert status.valid.answer is NO


@pytest.mark.parametrize("left", [5, 50])
def test_answers_beyond_the_budget_prove_nothing(left: int) -> None:
    response = pki.ocsp(NCA, IVAN.serial, this_update=AT)
    source = RevocationData(responses=[OcspResponse(response)] * 2, budget=Budget(left))
    [doubt] = ask_responses(read(IVAN)[0], read(NCA), source, [source])
    assert isinstance(doubt, Doubt)
    assert TOO_MUCH in text(doubt.verdict)


def test_an_answer_by_an_unknown_digest_doesn_t_hide_the_next() -> None:
    about = der.sequence(
        der.algorithm("1.2.3.4"), der.octets(b""), der.octets(b""), der.integer(IVAN.serial)
    )
    odd = responses(der.sequence(about, der.implicit(0, b""), der.time(AT)), 1)
    good = pki.ocsp(NCA, IVAN.serial, this_update=AT)
    unsigned = [der.attribute(REVOCATION_VALUES, odd)]
    info = pki.signer_info(IVAN, unsigned=unsigned)
    brought = [der.explicit(1, ID_OCSP_RESPONSE, good)]
    signature = pki.read(pki.signed_data([info], [IVAN], revocation=brought))
    [status] = Verifier(read(NCA)).verify(signature, at=AT)
    assert status.revocation.answer is YES


def test_a_forged_delta_crl_changes_nothing() -> None:
    entry = Revoked(IVAN.serial, BEFORE)
    forged = crl(entry, this_update=AT, extensions=pki.numbered(9, base=7), forged=True)
    found = verify(IVAN, forged, crl(this_update=AT), crl(by=ROOT, this_update=AT))
    assert found.revocation.answer is YES


@pytest.mark.parametrize(
    ("age", "answer"),
    [(timedelta(minutes=5), NO), (timedelta(minutes=15), UNKNOWN), (30 * DAY, UNKNOWN)],
)
@pytest.mark.parametrize("by_ocsp", [True, False])
def test_a_hold_that_the_sender_shows_may_have_ended_since(
    age: timedelta, answer: Answer, by_ocsp: bool
) -> None:
    """A list of the NCA names an end half a year later, and who sends it chooses which."""
    held, issued, until = Revoked(IVAN.serial, AT - 40 * DAY, 6), AT - age, AT + 150 * DAY
    brought = pki.crl(NCA, held, this_update=issued, next_update=until)
    if by_ocsp:
        response = pki.ocsp(NCA, IVAN.serial, held, this_update=issued, next_update=until)
        brought = der.explicit(1, ID_OCSP_RESPONSE, response)
    found = verify(IVAN, brought, crl(by=ROOT, this_update=AT))
    assert found.revocation.answer is answer
    assert "on hold" in text(found.revocation) or answer is NO
    # What the operator has is the newest that there is here.
    own = read_list(held, issued, until)
    assert verify(IVAN, crl(by=ROOT, this_update=AT), crls=own).revocation.answer is NO


@pytest.mark.parametrize("by_ocsp", [True, False])
def test_a_newer_hold_of_the_sender_does_not_outrank_an_older_one_of_the_operator(
    by_ocsp: bool,
) -> None:
    """That a hold may have ended since is no reason to forget that another one says it stands."""
    held, until = Revoked(IVAN.serial, AT - 40 * DAY, 6), AT + 150 * DAY
    issued = AT - timedelta(minutes=15)
    brought = pki.crl(NCA, held, this_update=issued, next_update=until)
    if by_ocsp:
        response = pki.ocsp(NCA, IVAN.serial, held, this_update=issued)
        brought = der.explicit(1, ID_OCSP_RESPONSE, response)
    own = read_list(held, AT - timedelta(hours=6), until)
    found = verify(IVAN, brought, crl(by=ROOT, this_update=AT), crls=own)
    assert found.revocation.answer is NO


def read_list(held: Revoked, issued: Any, until: Any) -> list[CertificateList]:
    return [CertificateList(pki.crl(NCA, held, this_update=issued, next_update=until))]
