"""A hold that is lifted by what is in the signature, beside bad paths, which anyone may add."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.augmenting import STAMPED
from tests.cms.judging import AT, IVAN, NCA, ROOT, ocsp, read
from tests.pki import DAY, Holder, Revoked

MINUTE = timedelta(minutes=1)
EVIL = pki.person("EVIL")
#: The name and the key of the authority, certified by somebody whom it certified: no path to NCA.
CROSS = pki.certify(NCA.subject, NCA.key, EVIL, pki.AUTHORITY, serial=777)
OCSP = "1.3.6.1.5.5.7.16.2"


def signed(*brought: Holder, stamped: bool, lifted_at: timedelta) -> bytes:
    """Return a signature with a response that is newer than the list of the operator."""
    attributes = sorted(pki.attributes(pki.CONTENT, IVAN.key.digest))
    value = IVAN.key.sign(der.tlv(0x31, b"".join(attributes)))
    stamp = [der.attribute(pki.TIMESTAMP, pki.timestamp(value, STAMPED))] if stamped else []
    info = pki.signer_info(IVAN, signed=attributes, unsigned=stamp, signature=value)
    good = ocsp("good", this_update=AT + lifted_at, next_update=AT + 9 * DAY)
    held = [der.tlv(0xA1, der.oid(OCSP) + good)]
    return pki.signed_data([info], [IVAN, NCA, *brought], pki.CONTENT, revocation=held)


def verify(cms: bytes, reason: int | None) -> SignerStatus:
    of_root = pki.crl(ROOT, this_update=AT - 9 * DAY, next_update=AT + 9 * DAY)
    stated = Revoked(IVAN.serial, AT - 5 * DAY, reason)
    of_nca = pki.crl(NCA, stated, this_update=AT - 4 * DAY, next_update=AT + 9 * DAY)
    stamp = pki.ocsp(
        NCA,
        pki.stamper().serial,
        "good",
        this_update=STAMPED + MINUTE,
        next_update=STAMPED + 9 * DAY,
    )
    verifier = Verifier(
        read(ROOT), intermediates=read(NCA), crls=[of_root, of_nca], ocsp_responses=[stamp]
    )
    [status] = verifier.verify(pki.read(cms), at=AT + 2 * MINUTE)
    return status


@pytest.mark.parametrize(
    ("stamped", "lifted_at", "answer"),
    [
        (True, timedelta(), Answer.YES),
        (False, timedelta(), Answer.YES),
        (True, 1.5 * MINUTE, Answer.UNKNOWN),
    ],
)
@pytest.mark.parametrize("brought", [(), (CROSS, EVIL), (EVIL, CROSS)])
def test_a_bad_path_that_anyone_adds_brings_no_hold_back(
    stamped: bool, lifted_at: timedelta, answer: Answer, brought: tuple[Holder, ...]
) -> None:
    status = verify(signed(*brought, stamped=stamped, lifted_at=lifted_at), 6)
    assert (status.path.answer, status.revocation.answer) == (Answer.YES, answer)


@pytest.mark.parametrize("brought", [(), (CROSS, EVIL)])
@pytest.mark.parametrize("reason", [None, 1, 4, 5])
def test_what_is_revoked_for_good_stays_so_on_every_path(
    reason: int | None, brought: tuple[Holder, ...]
) -> None:
    status = verify(signed(*brought, stamped=True, lifted_at=timedelta()), reason)
    assert status.revocation.answer is Answer.NO
