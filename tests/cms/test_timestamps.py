"""Timestamps: which of them decide the time, and each rule with a token that breaks it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.cms.signed_data.signer_info import MAX_TOKENS
from app.cms.verdict import Answer, Verdict
from app.cms.verification.status import SignerStatus, TimestampStatus
from app.cms.verification.verifier import Verifier
from tests import der, gost_signer, pki
from tests.cms.judging import IVAN, NCA, ROOT, crl, read, text
from tests.pki import DAY, NOT_AFTER, SIGNING_TIME, TIMESTAMP, Holder, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN

INFO = pki.signer_info(IVAN)
VALUE = pki.signature_of(INFO)
STAMPED = SIGNING_TIME + DAY
SAVED = NOT_AFTER + 90 * DAY
TSA = pki.stamper()


def verify(
    *tokens: bytes,
    anchors: Sequence[Holder] = (ROOT,),
    certificates: Sequence[Holder] = (IVAN, NCA),
    **more: Any,
) -> SignerStatus:
    """Verify Ivan's signature with these tokens, saved when the certificate had expired."""
    unsigned = [der.sequence(der.oid(TIMESTAMP), der.tlv(0x31, b"".join(tokens)))]
    info = pki.signer_info(IVAN, unsigned=unsigned, signature=VALUE)
    signature = pki.read(pki.signed_data([info], certificates))
    [status] = Verifier(read(*anchors), **more).verify(signature, at=SAVED)
    return status


def stamp(stamped: bytes = VALUE, moment: datetime = STAMPED, **more: Any) -> bytes:
    """Issue a token on Ivan's signature."""
    return pki.timestamp(stamped, moment, **more)


def timestamp(status: SignerStatus) -> TimestampStatus:
    """Return the status of the timestamp that there is."""
    assert status.timestamp
    return status.timestamp


def unused(status: SignerStatus) -> Verdict:
    """Return the verdict on a timestamp that must not decide the time."""
    assert (status.decisive_time, status.decisive_time_source) == (SAVED, "given")
    assert status.path.answer is UNKNOWN
    verdict = timestamp(status).verdict
    assert verdict.answer is not YES
    return verdict


def test_a_verified_timestamp_decides_the_time() -> None:
    status = verify(stamp())
    assert (status.decisive_time, status.decisive_time_source) == (STAMPED, "timestamp")
    assert (status.intact, status.valid, status.path) == (Verdict(YES),) * 3
    found = timestamp(status)
    assert (found.gen_time, found.policy, found.serial_number, found.authority) == (
        STAMPED,
        "1.2.398.3.3.2.6.4",
        -7,
        read(TSA)[0],
    )
    assert found.verdict.answer is YES
    assert "no CRL or OCSP response about TSA" in text(found.verdict)


def test_without_a_timestamp_the_given_time_decides_and_never_the_signer_s_word() -> None:
    signature = pki.sign(IVAN)
    [status] = Verifier(read(ROOT)).verify(signature, at=SAVED)
    assert (status.decisive_time, status.decisive_time_source) == (SAVED, "given")
    assert status.timestamp is None
    assert status.path.answer is UNKNOWN
    assert "only a verified timestamp from before then could settle" in text(status.path)


def test_revocation_is_judged_at_the_attested_time() -> None:
    for when, answer in ((STAMPED + DAY, YES), (STAMPED - DAY, NO)):
        listed = crl(Revoked(IVAN.serial, when), this_update=STAMPED + 2 * DAY)
        status = verify(stamp(), anchors=[NCA], crls=[listed])
        assert status.revocation.answer is answer
        assert status.trusted.answer is answer


def test_a_timestamp_over_another_signature_is_refused() -> None:
    verdict = unused(verify(stamp(b"another")))
    assert (verdict.answer, text(verdict)) == (
        NO,
        "the timestamp's message imprint is of another signature",
    )


def test_a_timestamp_whose_authority_reaches_no_anchor_is_not_used() -> None:
    key = pki.rsa_key("own TSA")
    own = pki.certify(pki.name("TSA"), key, None, pki.STAMPER)
    verdict = unused(verify(stamp(by=own)))
    assert verdict.answer is UNKNOWN
    assert "the chain ends with TSA, which is no trust anchor" in text(verdict)
    namesake = pki.certify(TSA.subject, key, NCA, pki.STAMPER, forged=True)
    assert unused(verify(stamp(by=namesake))).answer is not YES


def test_a_timestamp_finds_its_authorities_in_the_token() -> None:
    root = pki.root("TSA ROOT")
    middle = pki.certify(pki.name("TSA CA"), pki.rsa_key("TSA CA"), root, pki.AUTHORITY)
    tsa = pki.certify(pki.name("TSA 2"), pki.rsa_key("TSA 2"), middle, pki.STAMPER)
    for certificates, source in (([tsa, middle], "timestamp"), ([tsa], "given")):
        token = stamp(by=tsa, certificates=certificates)
        assert verify(token, anchors=[ROOT, root]).decisive_time_source == source


STAMPING = pki.extended_key_usage(pki.TIME_STAMPING, critical=True)
ALONE = "the certificate of SOMEBODY is not for timestamps alone"


@pytest.mark.parametrize(
    ("extensions", "answer", "reason"),
    [
        (pki.PERSON, NO, "the certificate of SOMEBODY is not for timestamps"),
        ([pki.key_usage("digitalSignature")], NO, "is not for timestamps"),
        ([pki.extension("2.5.29.37", der.NULL)], UNKNOWN, "extension 2.5.29.37 is broken"),
        ([pki.key_usage("keyEncipherment"), STAMPING], NO, "is not for signatures"),
        ([pki.extended_key_usage(pki.TIME_STAMPING)], NO, ALONE),
        (
            [pki.extended_key_usage(pki.TIME_STAMPING, pki.OCSP_SIGNING, critical=True)],
            NO,
            ALONE,
        ),
        ([pki.extended_key_usage(pki.ANY_USAGE, critical=True)], NO, "is not for timestamps"),
        ([STAMPING, STAMPING], UNKNOWN, "extension 2.5.29.37 occurs twice"),
    ],
)
def test_who_is_no_authority_of_timestamps_attests_nothing(
    extensions: Sequence[bytes], answer: Answer, reason: str
) -> None:
    """RFC 3161 section 2.3: the extended key usage is for timestamps alone, and critical."""
    holder = pki.certify(pki.name("SOMEBODY"), pki.rsa_key("S"), NCA, extensions)
    verdict = unused(verify(stamp(by=holder)))
    assert verdict.answer is answer
    assert reason in text(verdict)


def test_an_authority_must_have_been_in_force_when_it_stamped() -> None:
    key = pki.rsa_key("short TSA")
    for valid, source in (
        ((STAMPED - DAY, STAMPED + DAY), "timestamp"),
        ((STAMPED + DAY, SAVED), "given"),
        ((STAMPED - 2 * DAY, STAMPED - DAY), "given"),
    ):
        tsa = pki.certify(pki.name("SHORT TSA"), key, NCA, pki.STAMPER, valid=valid)
        assert verify(stamp(by=tsa)).decisive_time_source == source


@pytest.mark.parametrize(
    ("when", "reason", "answer"),
    [
        (STAMPED - DAY, None, NO),
        (STAMPED - DAY, 4, NO),
        (STAMPED + DAY, 0, YES),
        (STAMPED + DAY, 4, YES),
        (STAMPED + DAY, None, NO),
        (STAMPED + DAY, 1, NO),
    ],
)
def test_a_compromised_authority_of_timestamps_attests_nothing_at_any_time(
    when: datetime, reason: int | None, answer: Answer
) -> None:
    """RFC 3161 section 4: who got hold of its key can date back."""
    listed = crl(Revoked(TSA.serial, when, reason), this_update=STAMPED + 2 * DAY)
    status = verify(stamp(), anchors=[NCA], crls=[listed])
    assert timestamp(status).verdict.answer is answer
    assert status.decisive_time_source == ("timestamp" if answer is YES else "given")


def test_a_token_must_bear_the_signature_of_its_authority() -> None:
    token = stamp()
    verdict = unused(verify(token[:-1] + bytes((token[-1] ^ 1,))))
    assert verdict.answer is NO
    assert "not verify with the certificate's key" in text(verdict)
    altered = token.replace(b"20250602", b"20240602")
    assert altered != token
    assert "is not what was signed" in text(unused(verify(altered)))


def test_a_token_has_one_signer_who_meant_the_own_certificate() -> None:
    assert "has 2 signers" in text(unused(verify(stamp(signers=2))))
    other = pki.certify(TSA.subject, TSA.key, NCA, pki.STAMPER, serial=TSA.serial)
    assert verify(stamp(by=other)).decisive_time_source == "timestamp"
    renewed = pki.certify(
        TSA.subject, TSA.key, NCA, pki.STAMPER, serial=TSA.serial, valid=(STAMPED, SAVED)
    )
    verdict = unused(verify(stamp(certificates=[renewed])))
    assert "the signature names another certificate" in text(verdict)


def test_a_token_without_its_certificate_is_unknown() -> None:
    verdict = unused(verify(stamp(certificates=[NCA])))
    assert verdict.answer is UNKNOWN
    assert text(verdict) == (
        "the certificate of the timestamp authority is neither in the token nor at hand"
    )


@pytest.mark.parametrize(
    "token",
    [
        der.NULL,
        der.sequence(),
        der.sequence(der.NULL),
        stamp(content_type=pki.DATA),
        pki.signed_data([INFO], [IVAN], b"no TSTInfo", content_type=pki.DATA),
    ],
)
def test_what_is_no_token_is_refused(token: bytes) -> None:
    status = verify(token)
    assert unused(status).answer is NO
    assert timestamp(status).gen_time is None
    assert timestamp(status).authority is None


def test_a_token_may_bring_many_certificates() -> None:
    certificates = [TSA, *[pki.person(f"ЛИЦО {number}", TSA.key) for number in range(60)]]
    token = stamp(certificates=certificates)
    assert len(token) > 32_768
    assert verify(token).decisive_time == STAMPED


def test_an_unknown_imprint_algorithm_makes_unknown() -> None:
    token = stamp()
    known, unknown = der.oid(pki.SHA256), der.oid("2.16.840.1.101.3.4.9.9")
    info = der.sequence(der.algorithm(pki.SHA256, der.NULL), der.octets(b""))[2:-2]
    assert len(known) == len(unknown)
    position = token.index(info)
    odd = token[:position] + token[position:].replace(known, unknown, 1)
    verdict = unused(verify(odd))
    # The token's own signature no longer matches either.
    assert "2.16.840.1.101.3.4.9.9 is not supported" in text(verdict)


def test_the_earliest_of_several_timestamps_counts() -> None:
    later, earlier = stamp(moment=STAMPED + DAY), stamp()
    assert verify(later, earlier).decisive_time == STAMPED
    assert verify(stamp(b"another"), earlier).decisive_time == STAMPED
    bad = [stamp(b"another")] * MAX_TOKENS
    assert unused(verify(*bad, earlier)).answer is NO


OWN_TSA = pki.certify(pki.name("OWN TSA"), pki.rsa_key("own TSA"), None, pki.STAMPER)


def test_a_timestamp_that_may_hold_turns_no_answer() -> None:
    """Anyone could make one from before the revocation or the expiry of the certificate."""
    verdict = unused(verify(stamp(by=OWN_TSA)))
    assert verdict.answer is UNKNOWN
    revoked = crl(Revoked(IVAN.serial, STAMPED + DAY), this_update=STAMPED + 2 * DAY)
    status = verify(stamp(by=OWN_TSA), anchors=[NCA], crls=[revoked])
    assert status.revocation.answer is NO


def test_a_timestamp_that_may_hold_is_reported_before_one_that_does_not() -> None:
    status = verify(stamp(b"another"), stamp(by=OWN_TSA))
    assert timestamp(status).verdict.answer is UNKNOWN
    assert timestamp(status).gen_time == STAMPED


def test_an_answer_that_stands_on_a_timestamp_needs_its_authority_not_revoked() -> None:
    """The stamper has another issuer, of whose certificates nothing is known."""
    root = pki.root("TSA ROOT")
    tsa = pki.certify(pki.name("TSA 2"), pki.rsa_key("TSA 2"), root, pki.STAMPER)
    about_ivan = crl(this_update=STAMPED, next_update=STAMPED + DAY)
    about_tsa = crl(by=root, this_update=STAMPED, next_update=STAMPED + DAY)
    for crls, answer in (([about_ivan], UNKNOWN), ([about_ivan, about_tsa], YES)):
        status = verify(stamp(by=tsa), anchors=[NCA, root], crls=crls)
        assert status.decisive_time_source == "timestamp"
        assert timestamp(status).revocation.answer is answer
        assert (status.path.answer, status.revocation.answer) == (YES, answer)
    assert "no CRL or OCSP response about TSA 2 is at hand" in text(
        verify(stamp(by=tsa), anchors=[NCA, root], crls=[about_ivan]).revocation
    )


def test_an_answer_that_the_given_time_leads_to_as_well_does_not_stand_on_the_timestamp() -> None:
    root = pki.root("TSA ROOT")
    tsa = pki.certify(pki.name("TSA 2"), pki.rsa_key("TSA 2"), root, pki.STAMPER)
    unsigned = [der.attribute(TIMESTAMP, stamp(by=tsa))]
    info = pki.signer_info(IVAN, unsigned=unsigned, signature=VALUE)
    signature = pki.read(pki.signed_data([info], [IVAN, NCA]))
    verifier = Verifier(
        read(NCA, root), crls=[crl(this_update=STAMPED, next_update=STAMPED + 9 * DAY)]
    )
    for at, answer in ((STAMPED + DAY, YES), (SAVED, UNKNOWN)):
        [status] = verifier.verify(signature, at=at)
        assert status.decisive_time_source == "timestamp"
        assert status.trusted.answer is answer


def test_who_stands_above_a_stamper_must_not_have_been_compromised_later_either() -> None:
    """With the key of its issuer, authorities of timestamps can be made and dated back."""
    for reason, source in ((1, "given"), (5, "timestamp")):
        listed = crl(Revoked(NCA.serial, STAMPED + DAY, reason), by=ROOT, this_update=SAVED)
        status = verify(stamp(), crls=[listed])
        assert status.decisive_time_source == source


@pytest.mark.parametrize("kind", [gost_signer.GOST_2015_512, gost_signer.GOST_2004])
def test_tokens_with_gost_and_rsa_may_stand_under_either(kind: gost_signer.Kind) -> None:
    person = pki.certify(pki.name("P"), pki.gost_key("p", kind), NCA, pki.PERSON)
    info = pki.signer_info(person)
    value = pki.signature_of(info)
    gost_tsa = pki.certify(pki.name("GTSA"), pki.gost_key("tsa", kind), NCA, pki.STAMPER)
    for by, digest in ((TSA, pki.SHA256), (gost_tsa, kind.digest)):
        token = pki.timestamp(value, STAMPED, by=by, digest=digest)
        unsigned = [der.attribute(TIMESTAMP, token)]
        stamped = pki.signer_info(person, unsigned=unsigned, signature=value)
        signature = pki.read(pki.signed_data([stamped], [person]))
        [status] = Verifier(read(NCA)).verify(signature, at=SAVED)
        assert status.valid == Verdict(YES)
        assert status.decisive_time_source == "timestamp"


def accuracy(seconds: int, *more: bytes) -> bytes:
    return der.sequence(der.integer(seconds), *more)


HOUR = 3600


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("seconds", "revoked_after", "answer"),
    [
        (0, 0.5, YES),
        (1, 0.5, YES),
        (HOUR, 0.5, UNKNOWN),
        (HOUR, 2, YES),
        (HOUR, -0.5, UNKNOWN),
        (HOUR, -2, NO),
    ],
)
def test_a_timestamp_proves_no_more_than_it_is_accurate(
    seconds: int, revoked_after: float, answer: Answer
) -> None:
    """RFC 3161 section 2.4.2: the time is within genTime plus or minus accuracy."""
    when = STAMPED + timedelta(hours=revoked_after)
    listed = crl(
        Revoked(IVAN.serial, when, 1),
        this_update=STAMPED + 2 * DAY,
        next_update=STAMPED + 3 * DAY,
    )
    status = verify(stamp(accuracy=accuracy(seconds)), anchors=[NCA], crls=[listed])
    assert status.decisive_time == STAMPED + timedelta(seconds=seconds)
    assert status.revocation.answer is answer, text(status.revocation)
    assert timestamp(status).gen_time == STAMPED
    assert timestamp(status).accuracy == timedelta(seconds=seconds)


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("valid", "answer"),
    [
        ((STAMPED - DAY, STAMPED + DAY), YES),
        ((STAMPED - DAY, STAMPED + timedelta(minutes=5)), UNKNOWN),
        ((STAMPED - timedelta(minutes=5), STAMPED + DAY), UNKNOWN),
        ((STAMPED - 2 * DAY, STAMPED - DAY), NO),
        ((STAMPED + DAY, STAMPED + 2 * DAY), NO),
    ],
)
def test_certificates_must_be_valid_all_through_that_time(
    valid: tuple[datetime, datetime], answer: Answer
) -> None:
    tsa = pki.certify(
        pki.name("SHORT TSA"), pki.rsa_key("short TSA"), NCA, pki.STAMPER, valid=valid
    )
    token = stamp(by=tsa, accuracy=accuracy(HOUR))
    assert timestamp(verify(token)).verdict.answer is answer
    person = pki.certify(pki.name("P"), pki.rsa_key("P"), NCA, pki.PERSON, valid=valid)
    info = pki.signer_info(person)
    value = pki.signature_of(info)
    unsigned = [der.attribute(TIMESTAMP, stamp(value, accuracy=accuracy(HOUR)))]
    signed = pki.signer_info(person, unsigned=unsigned, signature=value)
    signature = pki.read(pki.signed_data([signed], [person, NCA]))
    [status] = Verifier(read(ROOT)).verify(signature, at=SAVED)
    if answer is not NO or valid[0] > STAMPED:
        assert status.path.answer is answer, text(status.path)


def test_the_most_accurate_of_several_timestamps_counts() -> None:
    rough, fine = stamp(accuracy=accuracy(HOUR)), stamp(moment=STAMPED + timedelta(minutes=1))
    for tokens in ((rough, fine), (fine, rough)):
        assert verify(*tokens).decisive_time == STAMPED + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (der.sequence(), timedelta()),
        (der.sequence(der.implicit(0, b"\5")), timedelta(milliseconds=5)),
        (accuracy(1, der.implicit(0, b"\2"), der.implicit(1, b"\3")), timedelta(0, 1, 3, 2)),
    ],
)
def test_accuracies_are_read(given: bytes, expected: timedelta) -> None:
    status = verify(stamp(accuracy=given))
    assert timestamp(status).accuracy == expected
    assert status.decisive_time == STAMPED + expected


def test_an_accuracy_of_ages_is_no_error() -> None:
    status = verify(stamp(accuracy=accuracy(9000 * 365 * 86400)))
    assert unused(status).answer is not YES
    assert timestamp(status).verdict.answer is UNKNOWN
    assert "the timestamp is not accurate enough" in text(timestamp(status).verdict)


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"version": 2}, "of a version that is unknown here"),
        ({"accuracy": accuracy(-1)}, "accuracy of the timestamp can't be read"),
        ({"accuracy": accuracy(10**15)}, "accuracy of the timestamp can't be read"),
        ({"accuracy": der.sequence(der.implicit(0, b"\4\0"))}, "accuracy of the timestamp can't"),
        ({"accuracy": der.sequence(der.NULL)}, "accuracy of the timestamp can't be read"),
        ({"further": der.octets(b"x")}, "further fields"),
        ({"further": der.explicit(1, der.NULL)}, "extensions of the timestamp can't be read"),
        (
            {"further": der.explicit(1, pki.extension("1.2.3.4.5", b"x", critical=True))},
            "a critical extension that is unknown here: 1.2.3.4.5",
        ),
    ],
)
def test_a_token_that_says_what_is_unknown_here_is_unknown(
    more: dict[str, Any], reason: str
) -> None:
    verdict = unused(verify(stamp(**more)))
    assert verdict.answer is UNKNOWN
    assert reason in text(verdict)


def test_an_extension_of_a_token_that_is_not_critical_does_no_harm() -> None:
    more = der.explicit(1, pki.extension("1.2.3.4.5", b"x"))
    assert verify(stamp(further=more)).decisive_time_source == "timestamp"


@pytest.mark.attacks
def test_a_token_that_is_later_than_the_save_makes_no_answer_worse() -> None:
    """The signer has revoked the certificate before the server got a timestamp."""
    info = pki.signer_info(IVAN)
    signature = pki.read(pki.signed_data([info], [IVAN, NCA]))
    token = stamp(pki.signature_of(info), STAMPED + DAY)
    for revoked, source in ((STAMPED + DAY / 2, "given"), (STAMPED + 2 * DAY, "timestamp")):
        listed = crl(Revoked(IVAN.serial, revoked, 4), this_update=STAMPED + 3 * DAY)
        verifier = Verifier(read(NCA), crls=[listed])
        [status] = verifier.verify(signature, at=STAMPED, tokens={1: [token]})
        assert status.trusted.answer is YES, text(status.trusted)
        assert status.decisive_time_source == source
        assert timestamp(status).verdict.answer is YES
        alone = status.by_timestamp
        assert (alone is None) is (source == "timestamp")
    listed = crl(Revoked(IVAN.serial, STAMPED - DAY, 4), this_update=STAMPED + 3 * DAY)
    [status] = Verifier(read(NCA), crls=[listed]).verify(signature, at=STAMPED, tokens={1: [token]})
    assert status.revocation.answer is NO


def test_the_remark_names_the_time_of_such_a_token() -> None:
    info = pki.signer_info(IVAN)
    signature = pki.read(pki.signed_data([info], [IVAN, NCA]))
    token = stamp(pki.signature_of(info), STAMPED + DAY)
    listed = crl(Revoked(IVAN.serial, STAMPED + DAY / 2, 4), this_update=STAMPED + 3 * DAY)
    [status] = Verifier(read(NCA), crls=[listed]).verify(signature, at=STAMPED, tokens={1: [token]})
    assert status.decisive_time == STAMPED
    assert f"the timestamp is of {STAMPED + DAY:%Y-%m-%d}" in text(status.revocation)
    assert status.by_timestamp
    assert status.by_timestamp.revocation.answer is NO
