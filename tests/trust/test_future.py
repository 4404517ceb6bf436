"""A timestamp from the future, by the clock of this machine, is not believed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.cms.verdict import Answer
from app.trust import Trust
from tests import der, pki, signing
from tests.pki import DAY
from tests.signing import TIMESTAMP
from tests.trust.asking import HOUR, now


@pytest.mark.usefixtures("anchored")
@pytest.mark.parametrize(("ahead", "answer"), [(DAY, Answer.UNKNOWN), (-HOUR, Answer.YES)])
def test_it_attests_nothing(offline: Trust, ahead: timedelta, answer: Answer) -> None:
    ivan = pki.person()
    info = signing.signer_info(ivan)
    value = signing.signature_of(info)
    token = signing.timestamp(value, now() + ahead)
    stamped = signing.signer_info(ivan, unsigned=[der.attribute(TIMESTAMP, token)], signature=value)
    signature = signing.read(signing.signed_data([stamped], [ivan]))
    [status] = offline.verify(signature, at=now())
    assert status.timestamp
    assert status.timestamp.verdict.answer is answer
    assert status.decisive_time_source == ("timestamp" if answer is Answer.YES else "given")
