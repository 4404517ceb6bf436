"""Forms of a CMS with its evidence as pyHanko verifies them, which has nothing to do with us."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import cms, x509
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext

from app.cms.augmentation.profiles import Profile, augment
from tests import pki
from tests.cms.augmenting import DDCARD, LT, MINUTE, STAMPED, T, evidence, sign
from tests.cms.judging import IVAN, NCA, ROOT
from tests.pki import CONTENT

pytestmark = pytest.mark.slow


# pyHanko looks for a response only where the certificate names a responder.
NAMED = pki.ocsp_at("http://ocsp.test/")
WHO = pki.certify(pki.name("ИВАНОВА АННА"), IVAN.key, NCA, (*pki.PERSON, NAMED))
STAMPER = pki.certify(pki.name("TSA"), IVAN.key, NCA, (*pki.STAMPER, NAMED))


def form(profile: Profile) -> bytes:
    signed = sign(WHO, attached=False)
    [kept] = evidence(signed, WHO.serial).values()
    given = replace(
        kept,
        token=pki.timestamp(pki.read(signed).signers[0].signature, STAMPED, by=STAMPER),
        certificates=[NCA.certificate, STAMPER.certificate],
        ocsp_responses=[
            pki.ocsp(NCA, who.serial, this_update=STAMPED + MINUTE) for who in (WHO, STAMPER)
        ],
    )
    return augment(signed, {1: given}, profile)


def judge(file: bytes, *, revocation: str) -> StandardCMSSignatureStatus:
    """Return what pyHanko says, with the root and what is in the file, and nothing else."""
    signed = cms.ContentInfo.load(file)["content"]
    infos = list(signed["crls"])
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(ROOT.certificate)],
        crls=[one.chosen for one in infos if one.name == "crl"],
        ocsps=[one.chosen["other_rev_info"] for one in infos if one.name == "other"],
        allow_fetching=False,
        revocation_mode=revocation,
        moment=STAMPED + 3 * MINUTE,
        time_tolerance=timedelta(minutes=10),
    )
    for one in signed["certificates"]:
        context.certificate_registry.register(one.chosen)
    judged: StandardCMSSignatureStatus = asyncio.run(
        async_validate_detached_cms(
            CONTENT, signed, signer_validation_context=context, ts_validation_context=context
        )
    )
    return judged


@pytest.mark.parametrize(
    ("profile", "revocation"), [(T, "soft-fail"), (LT, "require"), (DDCARD, "soft-fail")]
)
def test_pyhanko_trusts_the_signature_and_its_timestamp(profile: Profile, revocation: str) -> None:
    status = judge(form(profile), revocation=revocation)
    assert status.bottom_line, status.summary()
    stamp = status.timestamp_validity
    assert stamp is not None
    assert (stamp.valid, stamp.intact, stamp.trusted) == (True, True, True)
    assert stamp.timestamp == STAMPED


def test_pyhanko_does_not_trust_what_lacks_revocation_data_if_it_needs_them() -> None:
    assert not judge(form(T), revocation="require").bottom_line
