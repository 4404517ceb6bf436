"""A signer of a CMS by itself, what a card demands of it, and names as RFC 4514 writes them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.cms import (
    Answer,
    CannotAugment,
    MalformedSignature,
    check_for_card,
    separate_signer,
    write_name,
)
from app.cms.augmentation.card import values_of
from tests import der, pki
from tests.cms.augmenting import ANNA, STAMPED, evidence, sign, verify
from tests.cms.judging import IVAN, NCA

REVOCATION_VALUES = pki.REVOCATION_VALUES


def with_values(value: bytes) -> bytes:
    stamp = der.attribute(pki.TIMESTAMP, evidence(sign(IVAN), IVAN.serial)[1].token or b"")
    unsigned = [stamp, der.attribute(REVOCATION_VALUES, value)]
    return sign(IVAN, attached=False, unsigned=unsigned)


def test_a_separated_signer_verifies_over_the_content() -> None:
    cms = sign(IVAN, ANNA)
    whole = pki.read(cms)
    for number, who in enumerate((IVAN, ANNA), 1):
        alone = pki.read(separate_signer(cms, number))
        [signer] = alone.signers
        assert signer.certificate.der == who.certificate
        assert signer.signature == whole.signers[number - 1].signature
        [status] = verify(alone.der, attached=False)
        assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)


def test_what_is_not_there_cannot_be_separated() -> None:
    with pytest.raises(CannotAugment, match="there is no signer 2"):
        separate_signer(sign(IVAN), 2)
    for damaged in (b"", sign(IVAN)[:-9]):
        with pytest.raises(MalformedSignature):
            separate_signer(damaged, 1)


@pytest.mark.parametrize(
    "value",
    [
        der.sequence(),
        der.sequence(der.explicit(1, der.integer(1))),
        der.sequence(der.explicit(2, der.sequence())),
        der.sequence(der.explicit(0, der.sequence(), der.sequence())),
    ],
)
def test_damaged_values_are_none(value: bytes) -> None:
    cms = with_values(value)
    [signer] = pki.read(cms).signers
    held = values_of(signer)
    assert [*held.crls, *held.ocsp_responses] == []


def test_values_that_cannot_be_read_are_no_evidence() -> None:
    cms = with_values(der.sequence(der.explicit(1, der.sequence(der.sequence()))))
    verdict = check_for_card(pki.read(cms), verify(cms, attached=False))
    assert verdict.answer is Answer.NO
    assert any("malformed" in str(reason) for reason in verdict.reasons)


def test_a_response_that_nobody_signed_shows_nothing() -> None:
    forged = pki.ocsp(NCA, IVAN.serial, this_update=STAMPED, by=replace(NCA, key=ANNA.key))
    cms = with_values(der.sequence(der.explicit(1, der.sequence(forged))))
    verdict = check_for_card(pki.read(cms), verify(cms, attached=False))
    assert verdict.answer is not Answer.YES
    assert any("does not show" in str(reason) for reason in verdict.reasons)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([("2.5.4.6", "KZ"), ("2.5.4.3", "ИВАНОВ")], "CN=ИВАНОВ,C=KZ"),
        ([("2.5.4.10", 'ТОО "А, Б"')], 'O=ТОО \\"А\\, Б\\"'),
        ([("2.5.4.3", "#1")], "CN=\\#1"),
        ([("2.5.4.3", " a ")], "CN=a"),
        ([("1.2.3.4", "x")], "1.2.3.4=x"),
    ],
)
def test_names_are_written_as_text(attributes: list[tuple[str, str]], expected: str) -> None:
    assert write_name(pki.distinguished_name(*attributes)) == expected
