"""OCSP responses: which are about a certificate, and who may answer."""

from typing import Any

import pytest

from app.cms.revocation.crl import MalformedRevocation
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD
from app.cms.revocation.ocsp import OcspResponse
from app.cms.verdict import Answer, Verdict
from tests import der, pki
from tests.cms.judging import (
    AFTER,
    AT,
    BEFORE,
    IVAN,
    NCA,
    ROOT,
    crl,
    ocsp,
    revocation,
    revoked,
    text,
)
from tests.cms.test_holds import EXTENDED_REVOKE, MINUTE, NEVER_ISSUED
from tests.pki import DAY, Holder, Revoked

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def test_an_answer_about_another_certificate_or_issuer_is_not_heard() -> None:
    assert revocation(ocsp=[ocsp(serial=IVAN.serial + 1)]).answer is UNKNOWN
    others = pki.ocsp(pki.root("OTHER"), IVAN.serial, revoked(BEFORE), this_update=AT)
    verdict = revocation(ocsp=[others])
    assert (verdict.answer, len(verdict.reasons)) == (UNKNOWN, 1)
    assert "no CRL or OCSP response" in text(verdict)


@pytest.mark.parametrize("digest", [pki.SHA1, pki.SHA256])
@pytest.mark.parametrize("by_name", [True, False])
@pytest.mark.parametrize("by", [None, pki.responder()])
def test_the_issuer_or_its_delegate_may_answer(
    by: Holder | None, by_name: bool, digest: str
) -> None:
    more: dict[str, Any] = {"by": by, "by_name": by_name, "digest": digest}
    assert revocation(ocsp=[ocsp(**more)]) == Verdict(YES)
    assert revocation(ocsp=[ocsp(revoked(BEFORE), **more)]).answer is NO


# The same key, which signs with SHA-1 here.
WEAK = pki.certify(NCA.subject, pki.rsa_key("NCA", pki.SHA1), ROOT, pki.AUTHORITY)


def certified(*extensions: bytes, by: Holder = NCA, **more: Any) -> Holder:
    """Certify a responder."""
    return pki.certify(pki.name("RESPONDER"), pki.rsa_key("OCSP 2"), by, extensions, **more)


@pytest.mark.parametrize(
    "responder",
    [
        IVAN,
        certified(),
        certified(pki.key_usage("digitalSignature")),
        certified(pki.extended_key_usage(pki.TIME_STAMPING)),
        certified(pki.extension("2.5.29.37", b"broken")),
        certified(*pki.RESPONDER, by=pki.root("OTHER")),
        certified(*pki.RESPONDER, by=ROOT),
        certified(*pki.RESPONDER, forged=True),
        certified(*pki.RESPONDER, valid=(AT + DAY, AT + 2 * DAY)),
        certified(*pki.RESPONDER, pki.extension("1.2.3.4", der.NULL, critical=True)),
        certified(pki.extended_key_usage(pki.OCSP_SIGNING), pki.key_usage("keyCertSign")),
    ],
)
def test_no_one_else_may_answer(responder: Holder) -> None:
    verdict = revocation(ocsp=[ocsp(revoked(BEFORE), by=responder)])
    assert verdict.answer is UNKNOWN
    assert text(verdict) == "an OCSP response is not signed by NCA, nor in its name"


def test_a_responder_whose_certificate_can_be_forged_proves_nothing() -> None:
    weak = certified(*pki.RESPONDER, by=WEAK)
    for status in ("good", revoked(BEFORE)):
        verdict = revocation(ocsp=[ocsp(status, by=weak)])
        assert verdict.answer is UNKNOWN
        assert "is signed with RSA with SHA-1, which can be forged since 2020" in text(verdict)
    # Good news that can't be forged doesn't outweigh it.
    both = [ocsp(revoked(BEFORE), by=weak), ocsp(by=pki.responder())]
    assert revocation(ocsp=both).answer is UNKNOWN


def test_a_response_must_bear_the_signature_of_the_one_it_names() -> None:
    for more in ({"forged": True}, {"by": pki.responder(), "certificates": []}):
        assert "is not signed by NCA" in text(revocation(ocsp=[ocsp(**more)]))
    stranger = certified(*pki.RESPONDER)
    mixed = ocsp(by=pki.responder(), certificates=[stranger])
    assert revocation(ocsp=[mixed]).answer is UNKNOWN


def test_an_empty_nocheck_or_a_broken_extension_of_a_responder_does_no_harm() -> None:
    nocheck = pki.extension("1.3.6.1.5.5.7.48.1.5", b"")
    for odd in (nocheck, pki.extension("2.5.29.31", b"broken")):
        assert revocation(ocsp=[ocsp(by=certified(*pki.RESPONDER, odd))]) == Verdict(YES)


def test_a_revoked_responder_is_not_heard() -> None:
    listed = crl(Revoked(pki.responder().serial, AFTER))
    verdict = revocation(ocsp=[ocsp(revoked(BEFORE), by=pki.responder())], crls=[listed])
    assert verdict == Verdict(YES)
    assert "responder OCSP is revoked" in text(
        revocation(
            ocsp=[ocsp(by=pki.responder())],
            crls=[crl(Revoked(pki.responder().serial, AFTER), next_update=BEFORE)],
        )
    )


def test_a_responder_may_not_know_the_certificate() -> None:
    verdict = revocation(ocsp=[ocsp("unknown")])
    assert verdict.answer is UNKNOWN
    assert "does not know the certificate of ИВАНОВ ИВАН" in text(verdict)


def test_unknown_algorithms_of_a_response_make_unknown() -> None:
    odd = pki.Key(NCA.key.public, "1.2.3.4", NCA.key.digest, NCA.key.sign)
    holder = Holder(odd, NCA.subject, NCA.certificate, NCA.issuer, NCA.serial)
    answer = pki.ocsp(holder, IVAN.serial, this_update=AT)
    assert text(revocation(ocsp=[answer])) == "1.2.3.4 is not supported"


def test_a_responder_that_could_not_answer_is_refused() -> None:
    with pytest.raises(MalformedRevocation):
        OcspResponse(der.sequence(der.enumerated(6)))


def test_a_responder_whose_certificate_was_not_in_force_then_says_nothing() -> None:
    """RFC 6960 section 4.2.2.2: it could still date back."""
    until = AT - DAY
    late = pki.certify(
        pki.name("OLD OCSP"),
        pki.rsa_key("OCSP"),
        NCA,
        pki.RESPONDER,
        valid=(until - 90 * DAY, until),
    )
    for moment, answer in ((AT, Answer.UNKNOWN), (until - DAY, Answer.YES)):
        response = ocsp(by=late, this_update=moment)
        assert revocation(ocsp=[response], at=moment).answer is answer


LATE = AT + DAY


def test_an_answer_that_was_made_at_another_time_clears_nothing_but_accuses() -> None:
    """An older word, which such an answer contradicts, must not win because of that."""
    older = crl(this_update=AT - 5 * DAY, next_update=AFTER)
    by = pki.responder()
    assert revocation(ocsp=[ocsp(produced_at=LATE)]).answer is YES  # The authority itself may.
    good = ocsp(by=by, produced_at=LATE)
    assert revocation(ocsp=[good]).answer is UNKNOWN
    assert "too far from the thisUpdate" in text(revocation(ocsp=[good]))
    for reason, at, answer in (
        (1, AT, NO),
        (CERTIFICATE_HOLD, AT, NO),
        (CERTIFICATE_HOLD, AFTER, UNKNOWN),
    ):
        accused = ocsp(revoked(BEFORE, reason), produced_at=LATE)
        for crls in ([], [older]):
            assert revocation(crls=crls, ocsp=[accused], at=at).answer is answer
        # It isn't taken back by what clears nothing either.
        newer = ocsp(by=by, this_update=AT + MINUTE, next_update=AFTER, produced_at=LATE)
        verdict = revocation(crls=[older], ocsp=[accused, newer], at=at)
        assert verdict.answer is answer
    denial = ocsp(NEVER_ISSUED, extensions=[EXTENDED_REVOKE], produced_at=LATE)
    assert revocation(crls=[older], ocsp=[denial]).answer is NO


@pytest.mark.parametrize(
    "doubtful",
    [
        # In force when it answered, not at the time that it speaks of.
        {"by": certified(*pki.RESPONDER, valid=(AT + MINUTE, AFTER)), "produced_at": AT + MINUTE},
        {"extensions": [pki.extension("1.2.3.4", der.NULL, critical=True)]},
    ],
)
def test_an_accusation_that_can_t_be_relied_on_is_not_outweighed(doubtful: Any) -> None:
    older = crl(this_update=AT - 5 * DAY, next_update=AFTER)
    for status in (revoked(BEFORE, 1), revoked(BEFORE, CERTIFICATE_HOLD)):
        verdict = revocation(crls=[older], ocsp=[ocsp(status, **doubtful)])
        assert verdict.answer is UNKNOWN
        assert len(verdict.reasons) > 1
    assert revocation(crls=[older], ocsp=[ocsp(**doubtful)]) == Verdict(YES)
