"""A CMS with its evidence: which copies there are, and which evidence suffices for them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp

from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.evidence import SignerEvidence
from app.cms.augmentation.profiles import Profile, augment
from app.cms.errors import MalformedSignature
from app.cms.revocation.crl import MalformedRevocation
from tests import der, pki
from tests.cms.augmenting import (
    ANNA,
    DDCARD,
    FORMS,
    LT,
    MINUTE,
    OCSP_INFO,
    STAMPED,
    TSA,
    UNKNOWN,
    YES,
    T,
    check_verbatim,
    evidence,
    field,
    good,
    sign,
    unsigned_of,
    verify,
    write,
)
from tests.cms.judging import IVAN, NCA, ROOT
from tests.pki import DAY, Holder, crl_at


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("signers", [(IVAN,), (IVAN, ANNA), (ANNA, IVAN)])
def test_the_copy_has_the_same_verdicts_and_a_timestamp(
    signers: tuple[Holder, ...], profile: Profile, form: str
) -> None:
    attached = profile is not DDCARD
    cms = write(sign(*signers, attached=attached), FORMS[form])
    kept = evidence(cms, *[who.serial for who in signers])
    copy = augment(cms, kept, profile)
    check_verbatim(cms, copy)
    for before, after in zip(
        verify(cms, attached=attached), verify(copy, attached=attached), strict=True
    ):
        assert (before.intact, before.valid, before.path) == (
            after.intact,
            after.valid,
            after.path,
        )
        assert after.whole.answer is (UNKNOWN if profile is T else YES)
        assert before.timestamp is None
        assert after.timestamp
        assert after.timestamp.verdict.answer is YES
        assert (after.decisive_time, after.decisive_time_source) == (STAMPED, "timestamp")


def test_lt_puts_certificates_and_revocation_into_the_signed_data() -> None:
    cms = sign(IVAN, ANNA, certificates=[ANNA, NCA, IVAN])
    kept = evidence(cms, IVAN.serial, ANNA.serial)
    copy = augment(cms, kept, LT)
    assert field(copy, EXPLICIT_0) == [one.certificate for one in (ANNA, NCA, IVAN, ROOT, TSA)]
    responses = [*kept[1].ocsp_responses, kept[2].ocsp_responses[0]]
    first, second, third = [der.explicit(1, OCSP_INFO, response) for response in responses]
    assert field(copy, EXPLICIT_1) == [kept[1].crls[0], first, second, third]


def test_a_basic_response_becomes_a_whole_one_and_the_other_way_round() -> None:
    cms = sign(IVAN, attached=False)
    whole = good()
    basic = asn1_ocsp.OCSPResponse.load(whole)["response_bytes"]["response"].parsed.dump()
    kept = evidence(cms, IVAN.serial)
    copies = []
    for response in (whole, basic):
        given = {1: replace(kept[1], ocsp_responses=[response])}
        copies.append((augment(cms, given, LT), augment(cms, given, DDCARD)))
    assert copies[0] == copies[1]
    assert der.explicit(1, OCSP_INFO, whole) in copies[0][0]
    assert der.explicit(1, der.sequence(basic)) in copies[0][1]


def test_a_card_has_its_revocation_values_beside_the_timestamp() -> None:
    cms = sign(IVAN, attached=False)
    kept = evidence(cms, IVAN.serial)
    copy = augment(cms, kept, DDCARD)
    [[stamp, values]] = unsigned_of(copy)
    assert stamp == der.attribute(pki.TIMESTAMP, kept[1].token or b"")
    basic = [
        asn1_ocsp.OCSPResponse.load(one)["response_bytes"]["response"].parsed.dump()
        for one in kept[1].ocsp_responses
    ]
    lists = der.explicit(0, der.sequence(*kept[1].crls))
    responses = der.explicit(1, der.sequence(*basic))
    assert values == der.attribute(pki.REVOCATION_VALUES, der.sequence(lists, responses))
    assert (field(copy, EXPLICIT_0), field(copy, EXPLICIT_1)) == (field(cms, EXPLICIT_0), [])


def test_an_earlier_timestamp_is_kept_and_suffices() -> None:
    signed = pki.sign(IVAN, stamped=True).der
    assert augment(signed, {}, T) == signed
    kept = evidence(signed, IVAN.serial, moment=STAMPED + MINUTE)
    [first, second] = unsigned_of(augment(signed, kept, T))[0]
    assert [first] == unsigned_of(signed)[0]
    assert second == der.attribute(pki.TIMESTAMP, kept[1].token or b"")
    without = {1: replace(kept[1], token=None)}
    assert unsigned_of(augment(signed, without, LT)) == unsigned_of(signed)


def test_fifty_signers_stamped_one_after_the_other_all_have_lt() -> None:
    """About each of them, and about the authority each time, there is a response."""
    people = [
        pki.certify(pki.name(f"P{number}"), IVAN.key, NCA, pki.PERSON) for number in range(50)
    ]
    cms = sign(*people)
    kept = evidence(cms, *[who.serial for who in people])
    for number, each in kept.items():
        moment = STAMPED + number * MINUTE
        kept[number] = replace(
            each,
            token=pki.timestamp(pki.read(cms).signers[number - 1].signature, moment),
            ocsp_responses=[good(who, moment) for who in (people[number - 1].serial, TSA.serial)],
        )
    found = verify(augment(cms, kept, LT))
    assert {status.whole.answer for status in found} == {YES}


def refuse(profile: Profile, cms: bytes, kept: dict[int, SignerEvidence]) -> str:
    """Return why there can be no such copy."""
    with pytest.raises(CannotAugment) as caught:
        augment(cms, kept, profile)
    return str(caught.value)


def test_evidence_that_does_not_suffice_is_refused() -> None:
    cms = sign(IVAN, attached=False)
    [kept] = evidence(cms, IVAN.serial).values()
    for profile in Profile:
        assert refuse(profile, cms, {}) == "signer 1 has no timestamp"
        assert refuse(profile, cms, {1: kept, 2: kept}) == "there is no signer 2"
        assert refuse(profile, cms, {0: kept}) == "there is no signer 0"
    for token in (pki.timestamp(b"another"), b"", b"<html>", cms, kept.certificates[0]):
        why = refuse(T, cms, {1: replace(kept, token=token)})
        assert why == "the timestamp token for signer 1 is not on this signature"
    bare = replace(kept, ocsp_responses=(), crls=())
    assert refuse(LT, cms, {1: bare}) == "signer 1 has no revocation data"
    attached = sign(IVAN)
    why = refuse(DDCARD, attached, evidence(attached, IVAN.serial))
    assert why == "a card of an electronic document needs a detached signature"


def test_revocation_data_in_the_signature_suffice_for_lt() -> None:
    present = der.explicit(1, OCSP_INFO, good())
    cms = sign(IVAN, revocation=[present])
    bare = SignerEvidence(token=evidence(cms, IVAN.serial)[1].token)
    assert field(augment(cms, {1: bare}, LT), EXPLICIT_1) == [present]


@pytest.mark.parametrize("profile", [LT, DDCARD])
@pytest.mark.parametrize(
    "damaged", [b"", b"\x30\x00", good()[:-1], der.sequence(der.enumerated(6))]
)
def test_damaged_evidence_is_refused(profile: Profile, damaged: bytes) -> None:
    cms = sign(IVAN, attached=False)
    [kept] = evidence(cms, IVAN.serial).values()
    for bad in (
        replace(kept, ocsp_responses=[*kept.ocsp_responses, damaged]),
        replace(kept, crls=[*kept.crls, damaged]),
    ):
        with pytest.raises(MalformedRevocation):
            augment(cms, {1: bad}, profile)
    if profile is LT:
        with pytest.raises(MalformedSignature):
            augment(cms, {1: replace(kept, certificates=[damaged])}, LT)


@pytest.mark.parametrize("cms", [b"", b"<xml/>", der.sequence(), sign(IVAN)[:-1], sign()])
def test_what_is_no_cms_is_refused(cms: bytes) -> None:
    with pytest.raises(MalformedSignature):
        augment(cms, {}, T)


def test_a_content_type_that_is_no_identifier_is_refused() -> None:
    broken = sign(IVAN).replace(der.oid(pki.DATA), der.oid(pki.DATA)[:-1] + b"\x81")
    with pytest.raises(MalformedSignature):
        augment(broken, {}, T)


NAMING_DELTA = pki.certify(
    pki.name("DELTA"),
    pki.rsa_key("DELTA"),
    NCA,
    [*pki.PERSON, crl_at("http://crl.example.kz/d", delta=True)],
)
BROKEN_DELTA = pki.certify(
    pki.name("BROKEN"), pki.rsa_key("BROKEN"), NCA, [*pki.PERSON, pki.extension("2.5.29.46", b"0")]
)


def listed(by: Holder = NCA, from_: timedelta = -DAY, to: timedelta = DAY, **more: object) -> bytes:
    """Issue a CRL for a time around that of the timestamp."""
    times = {"this_update": STAMPED + from_, "next_update": STAMPED + to}
    return pki.crl(by, **(times | more))  # type: ignore[arg-type]  # Named there.


DELTA = listed(extensions=pki.numbered(9, base=8))


@pytest.mark.parametrize(
    ("who", "kept", "suffices"),
    [
        (IVAN, {"ocsp_responses": [good(moment=STAMPED + 5 * MINUTE)]}, True),
        (IVAN, {"ocsp_responses": [good(moment=STAMPED - 5 * MINUTE)]}, True),
        (IVAN, {"ocsp_responses": [good(moment=STAMPED + 6 * MINUTE)]}, False),
        (IVAN, {"ocsp_responses": [good(TSA.serial)]}, False),
        (
            IVAN,
            {"ocsp_responses": [pki.ocsp(NCA, IVAN.serial, "unknown", this_update=STAMPED)]},
            False,
        ),
        (IVAN, {"crls": [listed()]}, True),
        (IVAN, {"crls": [listed(ROOT)]}, False),
        (IVAN, {"crls": [listed(from_=MINUTE)]}, False),
        (IVAN, {"crls": [listed(to=-MINUTE)]}, False),
        (IVAN, {"crls": [listed(next_update=None)]}, False),
        (IVAN, {"crls": [DELTA]}, False),
        (NAMING_DELTA, {"crls": [listed()]}, False),
        (NAMING_DELTA, {"crls": [listed(), DELTA]}, True),
        (BROKEN_DELTA, {"crls": [listed()]}, False),
    ],
)
def test_a_card_needs_revocation_data_of_the_time_of_the_timestamp(
    who: Holder, kept: dict[str, list[bytes]], *, suffices: bool
) -> None:
    cms = sign(who, attached=False)
    token = evidence(cms, who.serial)[1].token
    given = {1: SignerEvidence(token, (), kept.get("ocsp_responses", ()), kept.get("crls", ()))}
    if suffices:
        assert augment(cms, given, DDCARD)
    else:
        why = "signer 1 has no revocation data of the time of the timestamp"
        assert refuse(DDCARD, cms, given) == why
