"""Splicing into a CMS: nothing but lengths changes, and other programs read the copy."""

import random
import shutil
import subprocess
from base64 import b64decode
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms

from app.cms.asn1.node import read_node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1
from app.cms.augmentation.additions import Additions, add
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.evidence import SignerEvidence
from app.cms.augmentation.profiles import Profile, augment
from app.cms.signed_data.parsing import MAX_CERTIFICATES, MAX_REVOCATION_INFOS
from app.cms.signed_data.signed_attributes import MAX_ATTRIBUTES
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.augmenting import (
    ANNA,
    DDCARD,
    FORMS,
    LT,
    OCSP_INFO,
    STAMPED,
    TSA,
    YES,
    T,
    check_verbatim,
    evidence,
    field,
    fields_of,
    good,
    sign,
    unsigned_of,
    verify,
    write,
)
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.cms.test_verified_vectors import authority as real_authority
from tests.pki import CONTENT


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("profile", Profile)
def test_a_second_time_nothing_is_added(profile: Profile, form: str) -> None:
    cms = write(sign(IVAN, ANNA, attached=False), FORMS[form])
    kept = evidence(cms, IVAN.serial, ANNA.serial)
    copy = augment(cms, kept, profile)
    assert augment(copy, kept, profile) == copy
    assert augment(copy, {}, T) == copy


def test_another_program_reads_the_copy() -> None:
    cms = sign(IVAN)
    kept = evidence(cms, IVAN.serial)
    parsed = asn1_cms.ContentInfo.load(augment(cms, kept, LT), strict=True)["content"]
    assert parsed["version"].native == "v5"
    first, second, third = parsed["crls"]
    assert first.dump() == kept[1].crls[0]
    responses = [one.chosen["other_rev_info"].dump() for one in (second, third)]
    assert responses == list(kept[1].ocsp_responses)
    [stamp] = parsed["signer_infos"][0]["unsigned_attrs"]
    assert stamp["type"].native == "signature_time_stamp_token"
    assert stamp["values"][0].dump() == kept[1].token
    parsed = asn1_cms.ContentInfo.load(augment(cms, kept, T), strict=True)["content"]
    assert parsed["version"].native == "v1"


def test_a_copy_of_a_signer_is_no_other_signer() -> None:
    info = pki.signer_info(IVAN)
    cms = pki.signed_data([info, info, pki.signer_info(ANNA)], [IVAN, ANNA, NCA])
    kept = evidence(cms, IVAN.serial, ANNA.serial)
    copy = augment(cms, kept, T)
    check_verbatim(cms, copy)
    assert [len(one) for one in unsigned_of(copy)] == [1, 0, 1]
    assert [len(signer.tokens) for signer in pki.read(copy).signers] == [1, 1]


@pytest.mark.parametrize("profile", [LT, DDCARD])
def test_evidence_of_many_signers_is_all_heard(profile: Profile) -> None:
    people = [pki.person(f"P{number}") for number in range(20)]
    cms = sign(*people, attached=False)
    copy = augment(cms, evidence(cms, *[who.serial for who in people]), profile)
    assert {status.whole.answer for status in verify(copy, attached=False)} == {YES}


@pytest.mark.parametrize("seed", range(40))
def test_nothing_but_lengths_changes(seed: int) -> None:
    """With any signers, attributes, certificates and lists, in any order and with any lengths."""
    chance = random.Random(seed)  # Not for keys.
    people = chance.sample([IVAN, ANNA], chance.randint(1, 2))
    odd = [der.attribute(f"1.2.3.{number}", der.NULL) for number in range(9, 4, -1)]
    unsigned = chance.sample(odd, chance.randint(0, 5))
    others = chance.sample([NCA, ROOT, TSA], chance.randint(0, 3))
    present = [
        pki.crl(NCA, this_update=STAMPED, next_update=None),
        der.explicit(1, OCSP_INFO, good()),
    ]
    cms = sign(
        *people,
        unsigned=unsigned,
        certificates=chance.sample([*others, *people], len(others) + len(people)),
        revocation=chance.sample(present, chance.randint(0, 2)),
    )

    def lengthen(tag: int, value: bytes) -> bytes:
        return chance.choice([*FORMS.values()])(tag, value)

    cms = write(cms, lengthen)
    number = chance.randint(1, len(people))
    additions = Additions(
        {number: chance.sample(odd, chance.randint(0, 5))},
        [one.certificate for one in chance.sample([NCA, ROOT, TSA], chance.randint(0, 3))],
        chance.sample([*present, der.explicit(1, OCSP_INFO, good(7))], chance.randint(0, 3)),
    )
    copy = add(read_node(cms), additions)
    check_verbatim(cms, copy)
    assert {*field(copy, EXPLICIT_0)} == {*field(cms, EXPLICIT_0), *additions.certificates}
    assert {*field(copy, EXPLICIT_1)} == {*field(cms, EXPLICIT_1), *additions.revocation_infos}
    after = unsigned_of(copy)
    assert {*after.pop(number - 1)} == {*unsigned, *additions.attributes[number]}
    assert after == [unsigned] * (len(people) - 1)
    assert [one.signature for one in pki.read(copy).signers] == [
        one.signature for one in pki.read(cms).signers
    ]
    assert add(read_node(copy), additions) == copy


def test_nothing_to_add_changes_not_a_byte() -> None:
    for form in FORMS.values():
        cms = write(sign(IVAN), form)
        assert add(read_node(cms), Additions({1: []})) == cms


def test_a_version_stays_unless_other_revocation_data_are_added() -> None:
    other = der.explicit(1, OCSP_INFO, good())
    listed = pki.crl(NCA, this_update=STAMPED, next_update=None)

    def version(cms: bytes, *added: bytes) -> int:
        copy = add(read_node(cms), Additions({}, [], added))
        return fields_of(copy)[0].integer()

    assert version(sign(IVAN), listed) == 1
    assert version(sign(IVAN), listed, other) == 5
    # One that was wrong before stays as it was.
    assert version(sign(IVAN, revocation=[other]), other, listed) == 1
    assert version(sign(IVAN, revocation=[other]), der.explicit(1, OCSP_INFO, good(7))) == 5


def test_no_more_is_added_than_is_read() -> None:
    cms = sign(IVAN)
    for additions in (
        Additions(
            {1: [der.attribute(f"1.2.{one}", der.NULL) for one in range(MAX_ATTRIBUTES + 1)]}
        ),
        Additions({}, [der.sequence(der.integer(one)) for one in range(MAX_CERTIFICATES)]),
        Additions({}, [], [der.sequence(der.integer(1)) for one in range(MAX_REVOCATION_INFOS)]),
    ):
        many = replace(
            additions,
            revocation_infos=[
                der.sequence(der.integer(number)) for number in range(MAX_REVOCATION_INFOS + 1)
            ]
            if additions.revocation_infos
            else (),
        )
        with pytest.raises(CannotAugment, match="more than"):
            add(read_node(cms), many)
    for number in (0, 2):
        with pytest.raises(CannotAugment, match=f"there is no signer {number}"):
            add(read_node(cms), Additions({number: [der.NULL]}))


@pytest.mark.live
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("profile", Profile)
def test_openssl_verifies_the_copy(tmp_path: Path, profile: Profile, form: str) -> None:
    cms = write(sign(IVAN, ANNA, attached=False), FORMS[form])
    copy = augment(cms, evidence(cms, IVAN.serial, ANNA.serial), profile)
    (tmp_path / "copy").write_bytes(copy)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "root").write_text(pki.pem(ROOT.certificate, "CERTIFICATE"))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "copy"]
    command += ["-content", "content", "-CAfile", "root"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    assert b"successful" in done.stderr, done.stderr
    assert done.stdout == CONTENT


def test_a_real_stamped_signature_is_brought_to_lt(vectors: Path) -> None:
    name = "gost2015_individual_attached_timestamp"
    cms = b64decode((vectors / "cms" / f"{name}.b64").read_bytes())
    revoked = (vectors / "revocation" / "test_nca_gost_2022.crl").read_bytes()
    names = (
        "prodca_root_gost_2022",
        "prodca_nca_gost_2022",
        "test_root_gost_2022",
        "test_nca_gost_2022",
    )
    anchors = [real_authority(vectors, name) for name in names]
    kept = SignerEvidence(None, [one.der for one in anchors], (), [revoked])
    copy = augment(cms, {1: kept}, LT)
    check_verbatim(cms, copy)
    verifier = Verifier(anchors)
    at = datetime.fromisoformat("2026-07-20T10:00:00+00:00")
    [before], [after] = (verifier.verify(pki.read(one), at=at) for one in (cms, copy))
    assert (before.intact, before.valid, before.path) == (after.intact, after.valid, after.path)
    assert before.timestamp
    assert after.timestamp
    assert after.timestamp.gen_time == before.timestamp.gen_time
    assert after.timestamp.verdict.answer is YES


def test_real_signers_of_two_kinds_are_stamped(vectors: Path) -> None:
    cms = b64decode((vectors / "cms" / "two_signers_gost2015_rsa_detached.b64").read_bytes())
    kept = evidence(cms, 1, 2)
    copy = augment(cms, kept, T)
    check_verbatim(cms, copy)
    at = datetime.fromisoformat("2022-09-01T10:00:00+00:00")
    verifier = Verifier(read(ROOT), intermediates=read(NCA))
    found = [verifier.verify(pki.read(one), b"test123", at=at) for one in (cms, copy)]
    for before, after in zip(*found, strict=True):
        assert (before.intact.answer, before.valid.answer) == (YES, YES)
        assert (after.intact, after.valid) == (before.intact, before.valid)
        assert after.timestamp
        assert after.timestamp.verdict.answer is YES
