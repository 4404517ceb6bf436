"""Some signers of a CMS by themselves, with what they need of it."""

from __future__ import annotations

import pytest

from app.cms import Meter, Verifier, extract_signers, parse_der
from app.cms.errors import MalformedSignature
from app.cms.verdict import Answer
from tests import der, pki
from tests.cms.augmenting import ANNA, FORMS, sign, write
from tests.cms.judging import IVAN, NCA
from tests.pki import CONTENT, SIGNING_TIME


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("attached", [False, True])
def test_a_signer_is_taken_out_and_still_verifies(form: str, attached: bool) -> None:
    whole = parse_der(write(sign(IVAN, ANNA, attached=attached), FORMS[form]))
    own = parse_der(extract_signers(whole, [2], {ANNA.certificate, NCA.certificate}))
    assert [one.certificate.der for one in own.signers] == [ANNA.certificate]
    assert (own.attached, own.certificates, own.signer_infos) == (attached, 2, 1)
    (status,) = Verifier().verify(own, None if attached else CONTENT, at=SIGNING_TIME)
    assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)


@pytest.mark.parametrize("form", FORMS)
def test_if_nothing_is_left_out_it_is_the_same(form: str) -> None:
    whole = parse_der(write(sign(IVAN, ANNA), FORMS[form]))
    assert extract_signers(whole, [1, 2]) == whole.der


def test_damaged_revocation_data_and_other_algorithms_are_left_out() -> None:
    info = pki.signer_info(IVAN)
    others = ["1.2.3.4", pki.SHA256]
    cms = pki.signed_data([info], [IVAN], digests=others, revocation=[der.integer(1)] * 129)
    own = extract_signers(parse_der(cms), [1])
    assert own == pki.signed_data([info], [IVAN], digests=[pki.SHA256])


def test_no_version_of_a_signed_data_is_refused() -> None:
    cms = pki.signed_data([pki.signer_info(IVAN)], [IVAN], digests=[pki.SHA256])
    damaged = parse_der(cms.replace(der.integer(1), der.integer(9), 1))
    with pytest.raises(MalformedSignature, match="version"):
        extract_signers(damaged, [1])


def test_a_meter_notes_the_most_that_a_verification_has_cost() -> None:
    meter = Meter()
    for signers in ((IVAN, ANNA), (IVAN,)):
        Verifier().verify(parse_der(sign(*signers)), at=SIGNING_TIME, meter=meter)
    most = meter.cost
    alone = Meter()
    Verifier().verify(parse_der(sign(IVAN)), at=SIGNING_TIME, meter=alone)
    assert most > alone.cost > 0
