"""What each certificate of a path must be: each rule with a chain that breaks it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from app.cms.algorithms.registry import AlgorithmIdentifier, implied_digest
from app.cms.path.occasions import Occasion
from app.cms.path.rules import check_strength, title
from app.cms.verdict import Answer, Verdict
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import der, pki
from tests.cms import signing
from tests.cms.judging import IVAN, KEY, NCA, ROOT, below, path, read, text
from tests.pki import DAY, NOT_AFTER, NOT_BEFORE, SIGNING_TIME

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        (NOT_BEFORE, YES),
        (NOT_AFTER, YES),
        (NOT_BEFORE - DAY / 86_400, NO),
        (NOT_AFTER + DAY / 86_400, NO),
    ],
)
def test_certificates_are_in_force_from_the_first_second_to_the_last(
    at: datetime, answer: Answer
) -> None:
    assert path(IVAN, at=at).answer is answer


def test_an_expired_or_not_yet_valid_certificate_is_refused_even_without_anchors() -> None:
    after, before = path(IVAN, [], [], NOT_AFTER + DAY), path(IVAN, [], [], NOT_BEFORE - DAY)
    assert (after.answer, before.answer) == (NO, NO)
    assert text(after).startswith(
        "the certificate of ИВАНОВ ИВАН was valid only until 2034-01-01 00:00:00 UTC"
    )
    assert "was valid only from 2024-01-01 00:00:00 UTC" in text(before)


@pytest.mark.parametrize("place", ["anchor", "intermediate"])
def test_every_certificate_of_the_chain_must_be_in_force(place: str) -> None:
    short = (NOT_BEFORE, SIGNING_TIME - DAY)
    usual = (NOT_BEFORE, NOT_AFTER)
    key = pki.rsa_key("root of short life")
    name = pki.name("SHORT ROOT")
    root = pki.certify(name, key, None, pki.AUTHORITY, valid=short if place == "anchor" else usual)
    nca = pki.certify(
        pki.name("SHORT NCA"), KEY, root, pki.AUTHORITY, valid=usual if place == "anchor" else short
    )
    person = below(nca)
    assert path(person, [root], [nca], SIGNING_TIME - 2 * DAY) == Verdict(YES)
    assert path(person, [root], [nca]).answer is NO


def chain(*extensions: bytes, anchored: bool = False) -> Verdict:
    """Return the verdict on a person below an authority with those extensions."""
    authority = pki.certify(pki.name("SOME CA"), KEY, ROOT, extensions)
    return path(below(authority), [authority] if anchored else [ROOT], [authority])


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ([], "SOME CA is no certification authority"),
        (pki.PERSON, "SOME CA is no certification authority"),
        ([pki.basic_constraints(ca=False)], "SOME CA is no certification authority"),
        (
            [pki.basic_constraints(), pki.key_usage("digitalSignature", "cRLSign")],
            "the key of SOME CA is not for signing certificates",
        ),
    ],
)
def test_a_certificate_of_no_authority_vouches_for_no_one(
    extensions: Sequence[bytes], reason: str, anchored: bool
) -> None:
    verdict = chain(*extensions, anchored=anchored)
    assert (verdict.answer, text(verdict)) == (NO, reason)


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ([pki.extension("2.5.29.19", der.NULL)], "extension 2.5.29.19 is broken"),
        (
            [pki.basic_constraints(), pki.basic_constraints(ca=False)],
            "extension 2.5.29.19 occurs twice",
        ),
    ],
)
def test_whether_who_cannot_be_read_is_an_authority_is_unknown(
    extensions: Sequence[bytes], reason: str, anchored: bool
) -> None:
    verdict = chain(*extensions, anchored=anchored)
    assert (verdict.answer, text(verdict)) == (UNKNOWN, f"the certificate of SOME CA: {reason}")


def test_an_authority_needs_no_key_usage() -> None:
    assert chain(pki.basic_constraints()) == Verdict(YES)


def test_a_person_is_no_authority() -> None:
    victim = pki.certify(pki.name("ЖЕРТВА"), KEY, IVAN, pki.PERSON)
    verdict = path(victim, [ROOT], [NCA, IVAN])
    assert (verdict.answer, text(verdict)) == (
        NO,
        "ИВАНОВ ИВАН is no certification authority",
    )


@pytest.mark.parametrize(("length", "answer"), [(0, NO), (1, YES), (None, YES)])
def test_path_length_bounds_the_authorities_below(length: int | None, answer: Answer) -> None:
    constraints = pki.basic_constraints(path_length=length)
    root = pki.certify(pki.name("STRICT"), pki.rsa_key("strict"), None, [constraints])
    nca = pki.certify(pki.name("STRICT NCA"), KEY, root, pki.AUTHORITY)
    verdict = path(below(nca), [root], [nca])
    assert verdict.answer is answer
    if answer is NO:
        assert (
            text(verdict)
            == "the path has more CA certificates below STRICT than its pathLenConstraint permits"
        )


def test_path_length_does_not_count_a_self_issued_certificate() -> None:
    """A new key of the same authority, certified with its old one (section 6.1.4 l)."""
    constraints = pki.basic_constraints(path_length=0)
    old = pki.certify(pki.name("STRICT"), pki.rsa_key("strict"), None, [constraints])
    new = pki.certify(pki.name("STRICT"), KEY, old, [constraints])
    assert path(below(new), [old], [new]) == Verdict(YES)


@pytest.mark.parametrize(
    ("extensions", "reason", "answer"),
    [
        (
            [pki.key_usage("keyEncipherment", "cRLSign")],
            "is not for signatures: cRLSign, keyEnc",
            NO,
        ),
        ([pki.extension("2.5.29.15", der.NULL)], ": extension 2.5.29.15 is broken", UNKNOWN),
        (
            [pki.extension("1.2.3.4", der.NULL, critical=True)],
            "has a critical extension that is unknown here: 1.2.3.4",
            UNKNOWN,
        ),
        (
            [der.NULL],
            "the list of extensions of the certificate of СИДОРОВ СЕМЁН is broken",
            UNKNOWN,
        ),
    ],
)
def test_a_signer_s_certificate_must_be_for_signing_and_understood(
    extensions: list[bytes], reason: str, answer: Answer
) -> None:
    verdict = path(below(NCA, *extensions))
    assert verdict.answer is answer
    assert reason in text(verdict)


@pytest.mark.parametrize(
    "extensions",
    [
        [pki.key_usage("digitalSignature")],
        [pki.key_usage("nonRepudiation")],
        [pki.extension("1.2.3.4", der.NULL)],
        [pki.extended_key_usage("1.2.3.4", critical=True)],
        [pki.extension("2.5.29.31", b"broken")],
    ],
)
def test_what_needs_no_understanding_does_no_harm(extensions: list[bytes]) -> None:
    assert path(below(NCA, *extensions)) == Verdict(YES)


@pytest.mark.parametrize("anchored", [False, True])
def test_an_unknown_critical_extension_of_an_authority_makes_unknown(anchored: bool) -> None:
    """It may limit what the authority vouches for, and an anchor's limits count too."""
    verdict = chain(
        *pki.AUTHORITY, pki.extension("1.2.3.4", der.NULL, critical=True), anchored=anchored
    )
    assert (verdict.answer, text(verdict)) == (
        UNKNOWN,
        "the certificate of SOME CA has a critical extension that is unknown here: 1.2.3.4",
    )


@pytest.mark.parametrize(
    ("digest", "answer"), [(pki.SHA256, YES), (pki.SHA1, UNKNOWN), (None, UNKNOWN)]
)
def test_the_digest_of_pss_counts_too(digest: str | None, answer: Answer) -> None:
    """It stands in the parameters, or is SHA-1."""
    algorithm = AlgorithmIdentifier(signing.PSS, signing.pss_parameters(digest))
    certificate, issuer = read(IVAN, NCA)
    signed = replace(certificate, signature_algorithm=algorithm)
    assert check_strength(signed, issuer, Occasion.of(SIGNING_TIME)).answer is answer


def test_pss_whose_parameters_are_damaged_verifies_nothing() -> None:
    assert implied_digest(AlgorithmIdentifier(signing.PSS)) is None
    assert implied_digest(AlgorithmIdentifier(signing.PSS, der.NULL)) is None


def test_a_certificate_signed_with_a_weak_digest_is_doubted() -> None:
    nca = pki.certify(pki.name("OLD"), pki.rsa_key("old", pki.SHA1), ROOT, pki.AUTHORITY)
    verdict = path(below(nca), [ROOT], [nca])
    assert verdict.answer is UNKNOWN
    assert "is signed with RSA with SHA-1, which can be forged" in text(verdict)


def test_a_long_name_is_cut_in_reasons() -> None:
    assert title(pki.name("Я" * 201)) == "Я" * 200 + "…"
    assert title(pki.name("Я" * 200)) == "Я" * 200
    assert title(der.sequence()) == "?"


@pytest.mark.parametrize(
    ("purposes", "critical", "answer"),
    [
        (("1.3.6.1.5.5.7.3.1",), True, Answer.NO),
        (("1.3.6.1.5.5.7.3.9",), True, Answer.NO),
        (("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.8"), True, Answer.NO),
        (("1.3.6.1.5.5.7.3.1",), False, Answer.UNKNOWN),
        (("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"), True, Answer.YES),
        (("1.3.6.1.5.5.7.3.2", "1.2.398.3.3.4.1.1"), True, Answer.YES),
        (("1.3.6.1.5.5.7.3.17",), True, Answer.NO),
        (("1.3.6.1.5.5.7.3.21", "1.3.6.1.4.1.311.20.2.2"), True, Answer.NO),
        (("1.3.6.1.5.2.3.5",), True, Answer.NO),
        (("1.3.6.1.4.1.311.10.3.4",), False, Answer.UNKNOWN),
        (("1.3.6.1.5.5.7.3.2",), True, Answer.YES),
        (("1.3.6.1.5.5.7.3.36",), True, Answer.YES),
        (("2.5.29.37.0",), True, Answer.YES),
        (("1.2.3.4.5",), True, Answer.UNKNOWN),
        (("1.2.3.4.5", "1.3.6.1.5.5.7.3.1"), True, Answer.UNKNOWN),
        (("1.2.3.4.5",), False, Answer.YES),
        (("1.2.398.3.4.9",), True, Answer.YES),
    ],
)
def test_a_certificate_for_something_else_signs_no_documents(
    purposes: tuple[str, ...], critical: bool, answer: Answer
) -> None:
    usage = pki.extended_key_usage(*purposes, critical=critical)
    who = pki.certify(
        pki.name("SERVER"),
        pki.rsa_key("SERVER"),
        pki.authority(),
        (pki.key_usage("digitalSignature"), usage),
    )
    verifier = Verifier([read_certificate(pki.authority().certificate)])
    [status] = verifier.verify(pki.sign(who), at=SIGNING_TIME)
    assert (status.valid.answer, status.path.answer) == (Answer.YES, answer)


@pytest.mark.attacks
@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize(
    ("purposes", "of_person", "of_stamper"),
    [
        (("1.3.6.1.5.5.7.3.1",), UNKNOWN, UNKNOWN),
        ((pki.TIME_STAMPING,), UNKNOWN, YES),
        (("1.3.6.1.5.5.7.3.4",), YES, UNKNOWN),
        (("1.2.398.3.3.4.1.1", "1.3.6.1.5.5.7.3.1"), YES, UNKNOWN),
        (("1.2.3.4.5",), UNKNOWN, UNKNOWN),
        ((pki.ANY_USAGE,), YES, YES),
    ],
)
def test_an_authority_for_other_purposes_vouches_for_no_signer(
    purposes: tuple[str, ...], of_person: Answer, of_stamper: Answer, critical: bool
) -> None:
    usage = pki.extended_key_usage(*purposes, critical=critical)
    authority = pki.certify(pki.name("SOME CA"), KEY, ROOT, [*pki.AUTHORITY, usage])
    for extensions, answer in ((pki.PERSON, of_person), (pki.STAMPER, of_stamper)):
        holder = below(authority, *extensions)
        verdict = path(holder, [ROOT], [authority])
        assert verdict.answer is answer
        if answer is UNKNOWN:
            assert "SOME CA is an authority for other purposes" in text(verdict)
        assert path(holder, [authority], []).answer is YES


def test_what_authorities_are_for_must_be_readable() -> None:
    verdict = chain(*pki.AUTHORITY, pki.extension("2.5.29.37", der.NULL))
    assert verdict.answer is UNKNOWN
    assert "extension 2.5.29.37 is broken" in text(verdict)
