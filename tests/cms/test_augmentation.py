"""Evidence spliced into a copy of a CMS: it counts, and nothing else changes."""

import random
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import pem

from app.cms.asn1.node import Node, read_node
from app.cms.asn1.tags import EXPLICIT_0, EXPLICIT_1, SET
from app.cms.augmentation.additions import Additions, add
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.evidence import SignerEvidence
from app.cms.augmentation.profiles import Profile, augment
from app.cms.errors import MalformedSignature
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.signed_data.parsing import MAX_CERTIFICATES, MAX_REVOCATION_INFOS
from app.cms.signed_data.signer_info import MAX_ATTRIBUTES
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.pki import CONTENT, DAY, SIGNING_TIME, Holder, crl_at

YES, UNKNOWN = Answer.YES, Answer.UNKNOWN
T, LT, DDCARD = Profile.T, Profile.LT, Profile.DDCARD
MINUTE = timedelta(minutes=1)
STAMPED = SIGNING_TIME + MINUTE
ANNA = pki.person("ПЕТРОВА АННА")
TSA = pki.stamper()
OID_REVOCATION = der.oid(pki.REVOCATION_VALUES)
OCSP_INFO = der.oid("1.3.6.1.5.5.7.16.2")
#: How a length is written, for the tag of an element and its contents.
Lengthen = Callable[[int, bytes], bytes]
FORMS: dict[str, Lengthen] = {
    "DER": der.tlv,
    "four octets": lambda tag, value: bytes((tag, 0x84)) + len(value).to_bytes(4, "big") + value,
    "indefinite": lambda tag, value: bytes((tag, 0x80)) + value + b"\0\0",
}


def sign(
    *signers: Holder,
    attached: bool = True,
    unsigned: Sequence[bytes] = (),
    certificates: Sequence[Holder] | None = None,
    revocation: Sequence[bytes] = (),
) -> bytes:
    """Sign, with these unsigned attributes of each signer."""
    infos = [pki.signer_info(who, unsigned=unsigned) for who in signers]
    embedded = [*signers, NCA] if certificates is None else certificates
    content = CONTENT if attached else None
    return pki.signed_data(
        infos, embedded, content, revocation=revocation, digests=[pki.SHA256] if infos else ()
    )


def write(cms: bytes, lengthen: Lengthen) -> bytes:
    """Write each element that may grow with another form of its length."""
    kind, explicit = read_node(cms).children()
    *fields, infos = explicit.only().children()
    written = [
        lengthen(one.tag, one.contents) if one.tag in (EXPLICIT_0, EXPLICIT_1) else one.encoded
        for one in fields
    ]
    signers = []
    for info in infos.children(300):
        *parts, last = info.children()
        end = lengthen(last.tag, last.contents) if last.tag == EXPLICIT_1 else last.encoded
        signers.append(lengthen(info.tag, b"".join([*[one.encoded for one in parts], end])))
    signed_data = lengthen(0x30, b"".join([*written, lengthen(SET, b"".join(signers))]))
    return lengthen(0x30, kind.encoded + lengthen(EXPLICIT_0, signed_data))


def good(serial: int = IVAN.serial, moment: datetime = STAMPED + MINUTE) -> bytes:
    """Answer that a certificate of the authority is good."""
    return pki.ocsp(NCA, serial, this_update=moment, by=pki.responder())


def evidence(cms: bytes, *serials: int, moment: datetime = STAMPED) -> dict[int, SignerEvidence]:
    """Return what is kept of each signer, with the serial numbers of their certificates."""
    # Our own verifier believes no list brought along that is older than the timestamp.
    lists = [pki.crl(ROOT, this_update=STAMPED + MINUTE, next_update=STAMPED + DAY)]
    return {
        signer.number: SignerEvidence(
            token=pki.timestamp(signer.signature, moment),
            certificates=[NCA.certificate, ROOT.certificate, TSA.certificate],
            ocsp_responses=[good(serial), good(TSA.serial)],
            crls=lists,
        )
        for signer, serial in zip(pki.read(cms).signers, serials, strict=True)
    }


def verify(cms: bytes, *, attached: bool = True) -> tuple[SignerStatus, ...]:
    """Verify with nothing but the root: certificates and revocation come with the signature."""
    content = None if attached else CONTENT
    return Verifier(read(ROOT)).verify(pki.read(cms), content, at=STAMPED + 3 * MINUTE)


def fields_of(cms: bytes) -> list[Node]:
    """Return the fields of SignedData."""
    return read_node(cms).children()[1].only().children()


def field(cms: bytes, tag: int) -> list[bytes]:
    """Return the elements of certificates or crls."""
    return [
        one.encoded for node in fields_of(cms)[3:-1] if node.tag == tag for one in node.children(99)
    ]


def unsigned_of(cms: bytes) -> list[list[bytes]]:
    """Return the unsigned attributes of each SignerInfo."""
    last = [info.children()[-1] for info in fields_of(cms)[-1].children(300)]
    return [
        [one.encoded for one in node.children(99)] if node.tag == EXPLICIT_1 else []
        for node in last
    ]


def check_verbatim(before: bytes, after: bytes) -> None:
    """Show that all is still there, byte for byte, in its order, and new elements follow it."""
    old, new = fields_of(before), fields_of(after)
    assert [node.encoded for node in old[1:3]] == [node.encoded for node in new[1:3]]
    for tag in (EXPLICIT_0, EXPLICIT_1):
        present = field(before, tag)
        assert field(after, tag)[: len(present)] == present
    for one, other in zip(old[-1].children(300), new[-1].children(300), strict=True):
        parts = [node.encoded for node in one.children() if node.tag != EXPLICIT_1]
        assert [node.encoded for node in other.children() if node.tag != EXPLICIT_1] == parts
    for listed, longer in zip(unsigned_of(before), unsigned_of(after), strict=True):
        assert longer[: len(listed)] == listed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("signers", [(IVAN,), (IVAN, ANNA), (ANNA, IVAN)])
def test_the_copy_has_the_same_verdicts_and_a_timestamp(
    signers: tuple[Holder, ...], profile: Profile, form: str
) -> None:
    attached = profile is not DDCARD
    cms = write(sign(*signers, attached=attached), FORMS[form])
    kept = evidence(cms, *[who.serial for who in signers])
    copy = augment(cms, kept, profile)
    check_verbatim(cms, copy)
    for before, after in zip(
        verify(cms, attached=attached), verify(copy, attached=attached), strict=True
    ):
        assert (before.intact, before.valid, before.path) == (
            after.intact,
            after.valid,
            after.path,
        )
        assert after.whole.answer is (UNKNOWN if profile is T else YES)
        assert before.timestamp is None
        assert after.timestamp
        assert after.timestamp.verdict.answer is YES
        assert (after.decisive_time, after.decisive_time_source) == (STAMPED, "timestamp")


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


def test_lt_puts_certificates_and_revocation_into_the_signed_data() -> None:
    cms = sign(IVAN, ANNA, certificates=[ANNA, NCA, IVAN])
    kept = evidence(cms, IVAN.serial, ANNA.serial)
    copy = augment(cms, kept, LT)
    assert field(copy, EXPLICIT_0) == [one.certificate for one in (ANNA, NCA, IVAN, ROOT, TSA)]
    responses = [*kept[1].ocsp_responses, kept[2].ocsp_responses[0]]
    first, second, third = [der.explicit(1, OCSP_INFO, response) for response in responses]
    assert field(copy, EXPLICIT_1) == [kept[1].crls[0], first, second, third]


def test_a_basic_response_becomes_a_whole_one_and_the_other_way_round() -> None:
    cms = sign(IVAN, attached=False)
    whole = good()
    basic = asn1_ocsp.OCSPResponse.load(whole)["response_bytes"]["response"].parsed.dump()
    kept = evidence(cms, IVAN.serial)
    copies = []
    for response in (whole, basic):
        given = {1: replace(kept[1], ocsp_responses=[response])}
        copies.append((augment(cms, given, LT), augment(cms, given, DDCARD)))
    assert copies[0] == copies[1]
    assert der.explicit(1, OCSP_INFO, whole) in copies[0][0]
    assert der.explicit(1, der.sequence(basic)) in copies[0][1]


def test_a_card_has_its_revocation_values_beside_the_timestamp() -> None:
    cms = sign(IVAN, attached=False)
    kept = evidence(cms, IVAN.serial)
    copy = augment(cms, kept, DDCARD)
    [[stamp, values]] = unsigned_of(copy)
    assert stamp == der.attribute(pki.TIMESTAMP, kept[1].token or b"")
    basic = [
        asn1_ocsp.OCSPResponse.load(one)["response_bytes"]["response"].parsed.dump()
        for one in kept[1].ocsp_responses
    ]
    lists = der.explicit(0, der.sequence(*kept[1].crls))
    responses = der.explicit(1, der.sequence(*basic))
    assert values == der.attribute(pki.REVOCATION_VALUES, der.sequence(lists, responses))
    assert (field(copy, EXPLICIT_0), field(copy, EXPLICIT_1)) == (field(cms, EXPLICIT_0), [])


def test_an_earlier_timestamp_is_kept_and_suffices() -> None:
    signed = pki.sign(IVAN, stamped=True).der
    assert augment(signed, {}, T) == signed
    kept = evidence(signed, IVAN.serial, moment=STAMPED + MINUTE)
    [first, second] = unsigned_of(augment(signed, kept, T))[0]
    assert [first] == unsigned_of(signed)[0]
    assert second == der.attribute(pki.TIMESTAMP, kept[1].token or b"")
    without = {1: replace(kept[1], token=None)}
    assert unsigned_of(augment(signed, without, LT)) == unsigned_of(signed)


def test_a_copy_of_a_signer_is_no_other_signer() -> None:
    info = pki.signer_info(IVAN)
    cms = pki.signed_data([info, info, pki.signer_info(ANNA)], [IVAN, ANNA, NCA])
    kept = evidence(cms, IVAN.serial, ANNA.serial)
    copy = augment(cms, kept, T)
    check_verbatim(cms, copy)
    assert [len(one) for one in unsigned_of(copy)] == [1, 0, 1]
    assert [len(signer.tokens) for signer in pki.read(copy).signers] == [1, 1]


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


def refuse(profile: Profile, cms: bytes, kept: dict[int, SignerEvidence]) -> str:
    """Return why there can be no such copy."""
    with pytest.raises(CannotAugment) as caught:
        augment(cms, kept, profile)
    return str(caught.value)


def test_evidence_that_does_not_suffice_is_refused() -> None:
    cms = sign(IVAN, attached=False)
    [kept] = evidence(cms, IVAN.serial).values()
    for profile in Profile:
        assert refuse(profile, cms, {}) == "signer 1 has no timestamp"
        assert refuse(profile, cms, {1: kept, 2: kept}) == "there is no signer 2"
        assert refuse(profile, cms, {0: kept}) == "there is no signer 0"
    for token in (pki.timestamp(b"another"), b"", b"<html>", cms, kept.certificates[0]):
        why = refuse(T, cms, {1: replace(kept, token=token)})
        assert why == "the timestamp token for signer 1 is not on this signature"
    bare = replace(kept, ocsp_responses=(), crls=())
    assert refuse(LT, cms, {1: bare}) == "signer 1 has no revocation data"
    attached = sign(IVAN)
    why = refuse(DDCARD, attached, evidence(attached, IVAN.serial))
    assert why == "a card of an electronic document needs a detached signature"


def test_revocation_data_in_the_signature_suffice_for_lt() -> None:
    present = der.explicit(1, OCSP_INFO, good())
    cms = sign(IVAN, revocation=[present])
    bare = SignerEvidence(token=evidence(cms, IVAN.serial)[1].token)
    assert field(augment(cms, {1: bare}, LT), EXPLICIT_1) == [present]


@pytest.mark.parametrize("profile", [LT, DDCARD])
@pytest.mark.parametrize(
    "damaged", [b"", b"\x30\x00", good()[:-1], der.sequence(der.enumerated(6))]
)
def test_damaged_evidence_is_refused(profile: Profile, damaged: bytes) -> None:
    cms = sign(IVAN, attached=False)
    [kept] = evidence(cms, IVAN.serial).values()
    for bad in (
        replace(kept, ocsp_responses=[*kept.ocsp_responses, damaged]),
        replace(kept, crls=[*kept.crls, damaged]),
    ):
        with pytest.raises(MalformedRevocation):
            augment(cms, {1: bad}, profile)
    if profile is LT:
        with pytest.raises(MalformedSignature):
            augment(cms, {1: replace(kept, certificates=[damaged])}, LT)


@pytest.mark.parametrize("cms", [b"", b"<xml/>", der.sequence(), sign(IVAN)[:-1], sign()])
def test_what_is_no_cms_is_refused(cms: bytes) -> None:
    with pytest.raises(MalformedSignature):
        augment(cms, {}, T)


def test_a_content_type_that_is_no_identifier_is_refused() -> None:
    broken = sign(IVAN).replace(der.oid(pki.DATA), der.oid(pki.DATA)[:-1] + b"\x81", 1)
    with pytest.raises(MalformedSignature):
        augment(broken, {}, T)


NAMING_DELTA = pki.certify(
    pki.name("DELTA"),
    pki.rsa_key("DELTA"),
    NCA,
    [*pki.PERSON, crl_at("http://crl.example.kz/d", delta=True)],
)
BROKEN_DELTA = pki.certify(
    pki.name("BROKEN"), pki.rsa_key("BROKEN"), NCA, [*pki.PERSON, pki.extension("2.5.29.46", b"0")]
)


def listed(by: Holder = NCA, from_: timedelta = -DAY, to: timedelta = DAY, **more: object) -> bytes:
    """Issue a CRL for a time around that of the timestamp."""
    times = {"this_update": STAMPED + from_, "next_update": STAMPED + to}
    return pki.crl(by, **(times | more))  # type: ignore[arg-type]  # Named there.


DELTA = listed(extensions=pki.numbered(9, base=8))


@pytest.mark.parametrize(
    ("who", "kept", "suffices"),
    [
        (IVAN, {"ocsp_responses": [good(moment=STAMPED + 5 * MINUTE)]}, True),
        (IVAN, {"ocsp_responses": [good(moment=STAMPED - 5 * MINUTE)]}, True),
        (IVAN, {"ocsp_responses": [good(moment=STAMPED + 6 * MINUTE)]}, False),
        (IVAN, {"ocsp_responses": [good(TSA.serial)]}, False),
        (
            IVAN,
            {"ocsp_responses": [pki.ocsp(NCA, IVAN.serial, "unknown", this_update=STAMPED)]},
            False,
        ),
        (IVAN, {"crls": [listed()]}, True),
        (IVAN, {"crls": [listed(ROOT)]}, False),
        (IVAN, {"crls": [listed(from_=MINUTE)]}, False),
        (IVAN, {"crls": [listed(to=-MINUTE)]}, False),
        (IVAN, {"crls": [listed(next_update=None)]}, False),
        (IVAN, {"crls": [DELTA]}, False),
        (NAMING_DELTA, {"crls": [listed()]}, False),
        (NAMING_DELTA, {"crls": [listed(), DELTA]}, True),
        (BROKEN_DELTA, {"crls": [listed()]}, False),
    ],
)
def test_a_card_needs_revocation_data_of_the_time_of_the_timestamp(
    who: Holder, kept: dict[str, list[bytes]], *, suffices: bool
) -> None:
    cms = sign(who, attached=False)
    token = evidence(cms, who.serial)[1].token
    given = {1: SignerEvidence(token, (), kept.get("ocsp_responses", ()), kept.get("crls", ()))}
    if suffices:
        assert augment(cms, given, DDCARD)
    else:
        why = "signer 1 has no revocation data of the time of the timestamp"
        assert refuse(DDCARD, cms, given) == why


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


def authorities(vectors: Path) -> list[bytes]:
    """Read the certificates of real authorities."""
    encoded = [path.read_bytes() for path in sorted((vectors / "ca").glob("*.cer"))]
    return [pem.unarmor(one)[2] if pem.detect(one) else one for one in encoded]


def test_a_real_stamped_signature_is_brought_to_lt(vectors: Path) -> None:
    name = "gost2015_individual_attached_timestamp"
    cms = b64decode((vectors / "cms" / f"{name}.b64").read_bytes())
    revoked = (vectors / "revocation" / "test_nca_gost_2022.crl").read_bytes()
    CertificateList(revoked)
    anchors = authorities(vectors)
    copy = augment(cms, {1: SignerEvidence(None, anchors, (), [revoked])}, LT)
    check_verbatim(cms, copy)
    verifier = Verifier(read(*[replace(ROOT, certificate=one) for one in anchors]))
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
