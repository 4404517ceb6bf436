"""A timestamp from the future, by the clock of this machine, is not believed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.cms.verdict import Answer
from app.cms.x509.certificate import read_certificate
from app.trust import Trust
from tests import der, pki
from tests.pki import DAY, TIMESTAMP
from tests.trust.asking import HOUR, crl, now


@pytest.mark.attacks
@pytest.mark.usefixtures("anchored")
@pytest.mark.parametrize(("ahead", "answer"), [(DAY, Answer.UNKNOWN), (-HOUR / 60, Answer.YES)])
@pytest.mark.parametrize("by_sender", [True, False])
def test_revocation_data_from_the_future_clear_nothing(
    offline: Trust, folder: Path, by_sender: bool, ahead: timedelta, answer: Answer
) -> None:
    """They could be shown until then, whatever is revoked meanwhile."""
    ivan = pki.person()
    dated = crl(this_update=now() + ahead, next_update=now() + 9 * DAY)
    if not by_sender:
        (folder / "nca.crl").write_bytes(dated)
    info = pki.signer_info(ivan)
    signature = pki.read(pki.signed_data([info], [ivan], revocation=[dated] if by_sender else []))
    [status] = offline.verify(signature, at=now())
    assert status.revocation.answer is answer
    certificate = read_certificate(ivan.certificate)
    if not by_sender:
        assert offline.verify_certificate(certificate, at=now())[1].answer is answer


@pytest.mark.usefixtures("anchored")
@pytest.mark.parametrize(("ahead", "answer"), [(DAY, Answer.UNKNOWN), (-HOUR, Answer.YES)])
def test_it_attests_nothing(offline: Trust, ahead: timedelta, answer: Answer) -> None:
    ivan = pki.person()
    info = pki.signer_info(ivan)
    value = pki.signature_of(info)
    token = pki.timestamp(value, now() + ahead)
    stamped = pki.signer_info(ivan, unsigned=[der.attribute(TIMESTAMP, token)], signature=value)
    signature = pki.read(pki.signed_data([stamped], [ivan]))
    [status] = offline.verify(signature, at=now())
    assert status.timestamp
    assert status.timestamp.verdict.answer is answer
    assert status.decisive_time_source == ("timestamp" if answer is Answer.YES else "given")
