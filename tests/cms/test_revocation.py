"""Was it revoked by then? What CRLs and OCSP responses mean for the decisive time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.sources import FRESHNESS
from app.cms.verdict import Answer, Verdict
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import der, gost_signer, pki
from tests.cms.judging import (
    AFTER,
    AT,
    BEFORE,
    IVAN,
    NCA,
    ROOT,
    crl,
    ocsp,
    read,
    revocation,
    revoked,
    text,
)
from tests.pki import DAY, NOT_AFTER, Holder, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
KEY_COMPROMISE = 1
SOMEBODY = Revoked(12_345, BEFORE)
END_OF_TIME = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_without_data_it_is_unknown() -> None:
    verdict = revocation()
    assert verdict.answer is UNKNOWN
    assert text(verdict) == "no CRL or OCSP response about ИВАНОВ ИВАН is at hand"


def test_without_an_anchor_no_list_counts() -> None:
    verifier = Verifier([], intermediates=read(NCA), crls=[crl(revoked(BEFORE))])
    verdict = verifier.verify_certificate(read_certificate(IVAN.certificate), at=AT)[1]
    assert verdict.answer is UNKNOWN
    assert text(verdict) == "revocation can't be determined without a path to a trust anchor"


@pytest.mark.parametrize("revoked_too", [(), (SOMEBODY,)])
def test_a_crl_that_does_not_name_a_certificate_clears_it(revoked_too: tuple[Revoked, ...]) -> None:
    assert revocation(crls=[crl(*revoked_too)]) == Verdict(YES)


def test_ocsp_clears_a_certificate() -> None:
    assert revocation(ocsp=[ocsp()]) == Verdict(YES)


@pytest.mark.parametrize("reason", [None, 0, KEY_COMPROMISE])
@pytest.mark.parametrize("when", [BEFORE, AT])
def test_revoked_before_is_no(when: datetime, reason: int | None) -> None:
    for verdict in (
        revocation(crls=[crl(SOMEBODY, revoked(when, reason), SOMEBODY)]),
        revocation(ocsp=[ocsp(revoked(when, reason))]),
        revocation(crls=[crl(revoked(when, reason)), crl()], ocsp=[ocsp()]),
    ):
        assert verdict.answer is NO
        assert text(verdict) == f"the certificate of ИВАНОВ ИВАН was revoked on {when:%F %T} UTC"


def test_revoked_after_is_yes_with_a_remark() -> None:
    later = AFTER + DAY
    for verdict in (
        revocation(crls=[crl(revoked(AFTER), this_update=later, next_update=later + DAY)]),
        revocation(ocsp=[ocsp(revoked(AFTER), this_update=later)]),
    ):
        assert verdict.answer is YES
        assert text(verdict) == f"the certificate of ИВАНОВ ИВАН was revoked on {AFTER:%F %T} UTC"


@pytest.mark.parametrize(
    ("this_update", "next_update", "answer"),
    [
        (AT - 2 * DAY, AT, YES),
        (AT - 2 * DAY, BEFORE, UNKNOWN),
        (AT - FRESHNESS, None, YES),
        (AT - FRESHNESS - timedelta(seconds=1), None, UNKNOWN),
        (AFTER, AFTER + DAY, YES),
        (NOT_AFTER, None, YES),
        (NOT_AFTER + DAY, None, UNKNOWN),
    ],
)
def test_silence_counts_only_for_its_time(
    this_update: datetime, next_update: datetime | None, answer: Answer
) -> None:
    """Also later silence counts, until the certificate expires and may be left out."""
    window: dict[str, Any] = {"this_update": this_update, "next_update": next_update}
    for verdict in (revocation(crls=[crl(**window)]), revocation(ocsp=[ocsp(**window)])):
        assert verdict.answer is answer
        assert bool(verdict.reasons) is (answer is UNKNOWN)


def test_an_old_list_that_names_a_certificate_is_enough() -> None:
    old = crl(revoked(AT - 3 * DAY), this_update=AT - 2 * DAY, next_update=BEFORE)
    assert revocation(crls=[old]).answer is NO


def test_a_hold_can_be_lifted_by_a_newer_word_only() -> None:
    held = crl(revoked(AT - 2 * DAY, CERTIFICATE_HOLD))
    assert revocation(crls=[held]).answer is NO
    newer = crl(this_update=AT - DAY / 2)
    assert revocation(crls=[held, newer]).answer is YES
    older = crl(this_update=AT - 2 * DAY)
    assert revocation(crls=[held, older]).answer is NO


def test_a_hold_that_became_final_later_was_not_lifted() -> None:
    held = crl(revoked(AT - 2 * DAY, CERTIFICATE_HOLD))
    later = crl(revoked(AFTER), this_update=AFTER, next_update=AFTER + DAY)
    assert revocation(crls=[held, later]).answer is NO
    assert revocation(crls=[later]).answer is YES


def test_what_became_of_an_old_hold_is_unknown() -> None:
    held = crl(
        revoked(AT - 3 * DAY, CERTIFICATE_HOLD), this_update=AT - 3 * DAY, next_update=BEFORE
    )
    verdict = revocation(crls=[held])
    assert verdict.answer is UNKNOWN
    assert "was on hold" in text(verdict)


def test_the_earliest_of_several_entries_counts() -> None:
    assert revocation(crls=[crl(revoked(AFTER), revoked(BEFORE))]).answer is NO


def test_a_key_that_was_compromised_before_it_was_revoked_is_doubted() -> None:
    """RFC 5280 section 5.3.2: invalidityDate."""
    later = AFTER + DAY
    window: dict[str, Any] = {"this_update": later, "next_update": later + DAY}
    for since, answer in ((BEFORE, UNKNOWN), (AT, UNKNOWN), (AFTER, YES)):
        entry = Revoked(IVAN.serial, AFTER, KEY_COMPROMISE, since)
        for crls in ([crl(entry, **window)], [crl(), crl(entry, **window)]):
            verdict = revocation(crls=crls)
            assert verdict.answer is answer
        assert ("that it was invalid since" in text(verdict)) is (answer is UNKNOWN)


def test_what_is_signed_with_a_broken_digest_proves_nothing() -> None:
    """Neither for a certificate nor against it."""
    old = pki.certify(NCA.subject, pki.rsa_key("NCA", pki.SHA1), None, pki.AUTHORITY)
    weak = "is signed with RSA with SHA-1, which can be forged"
    for entry, answer in ((None, UNKNOWN), (revoked(AFTER), UNKNOWN), (revoked(BEFORE), UNKNOWN)):
        listed = [entry] if entry else []
        response = pki.ocsp(old, IVAN.serial, entry or "good", this_update=AT)
        for verdict in (revocation(crls=[crl(*listed, by=old)]), revocation(ocsp=[response])):
            assert verdict.answer is answer
            assert (weak in text(verdict)) is (answer is UNKNOWN)


def test_a_word_at_the_end_of_time_holds() -> None:
    assert revocation(ocsp=[ocsp(this_update=END_OF_TIME)]).answer is UNKNOWN


def test_every_certificate_below_the_anchor_is_asked_about() -> None:
    lists = {
        YES: crl(by=ROOT),
        NO: crl(Revoked(NCA.serial, BEFORE), by=ROOT),
        UNKNOWN: crl(by=pki.root("OTHER")),
    }
    for answer, of_root in lists.items():
        verifier = Verifier(read(ROOT), intermediates=read(NCA), crls=[crl(), of_root])
        assert verifier.verify_certificate(read(IVAN)[0], at=AT)[1].answer is answer


@pytest.mark.parametrize(
    "kind", [gost_signer.GOST_2015_512, gost_signer.GOST_2015_256, gost_signer.GOST_2004]
)
def test_gost_crls_and_responses_are_heard(kind: gost_signer.Kind) -> None:
    authority = pki.root("GOST CA", pki.gost_key("ca", kind))
    person = pki.certify(pki.name("P"), pki.gost_key("p", kind), authority, pki.PERSON)
    data = {
        "crls": [crl(Revoked(person.serial, BEFORE), by=authority)],
        "ocsp_responses": [
            pki.ocsp(
                authority,
                person.serial,
                Revoked(person.serial, BEFORE),
                this_update=AT,
                digest=kind.digest,
            )
        ],
    }
    for name, value in data.items():
        verifier = Verifier(read(authority), **{name: value})  # type: ignore[arg-type]
        assert verifier.verify_certificate(read(person)[0], at=AT)[1].answer is NO


@pytest.mark.parametrize(("entries", "answer"), [((), YES), ((True,), NO)])
def test_an_authority_with_a_new_key_may_sign_its_crls_with_either(
    entries: tuple[bool, ...], answer: Answer
) -> None:
    """RFC 5280 section 6.3.3 (f): all of its certificates are in the path that was checked."""
    new = pki.certify(NCA.subject, pki.rsa_key("new key"), NCA, pki.AUTHORITY)
    newest = pki.certify(NCA.subject, pki.rsa_key("newest key"), new, pki.AUTHORITY)
    person = pki.certify(pki.name("P"), pki.rsa_key("P"), newest, pki.PERSON)
    listed = [Revoked(person.serial, BEFORE) for _ in entries]
    stranger = pki.certify(NCA.subject, pki.rsa_key("stranger"), None, pki.AUTHORITY)

    def judge(*by: Holder) -> Answer:
        crls = [crl(by=ROOT), *(crl(*listed, by=one) for one in by)]
        verifier = Verifier(read(ROOT), intermediates=read(NCA, new, newest, stranger), crls=crls)
        return verifier.verify_certificate(read(person)[0], at=AT)[1].answer

    assert judge(NCA) is answer
    assert judge(NCA, stranger) is answer
    # A new key doesn't vouch for its own certificate.
    assert judge(new) is (NO if listed else UNKNOWN)
    assert judge(stranger) is UNKNOWN


@pytest.mark.parametrize("read_", [CertificateList, OcspResponse])
def test_what_is_neither_is_refused(read_: Any) -> None:
    good = crl() if read_ is CertificateList else ocsp()
    for damaged in (
        b"",
        b"\x30",
        good[:-1],
        good + b"\0",
        der.sequence(),
        der.NULL,
        b"\x30\x80\0\0",
    ):
        with pytest.raises(MalformedRevocation):
            read_(damaged)
