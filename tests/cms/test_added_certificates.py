"""Certificates that anyone added to a signature speak against no path and no signer."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import datetime

import pytest
from lxml import etree

from app.cms.asn1.node import read_node
from app.cms.claims import describe
from app.cms.parsing import parse_xml
from app.cms.signed_data import content_forms
from app.cms.signed_data.signer_info import MAX_CANDIDATES
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.store.signatures.standings import VALUE_VALID, judge
from tests import der, pki
from tests.cms.judging import IVAN, NCA, ROOT, read, text
from tests.pki import CONTENT, DAY, SIGNING_TIME, TIMESTAMP, Holder, Revoked, xml_signer

pytestmark = pytest.mark.attacks

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
TSA = pki.stamper()
EVIL = pki.rsa_key("evil")
OTHER_ROOT = pki.root("OTHER ROOT")
#: A certificate of the same key and name that was superseded, and one by another anchor.
OLD = pki.certify(NCA.subject, NCA.key, ROOT, pki.AUTHORITY, serial=77)
CROSS = pki.certify(NCA.subject, NCA.key, OTHER_ROOT, pki.AUTHORITY, serial=78)
EVIL_NCA = pki.certify(NCA.subject, EVIL, None, pki.AUTHORITY)
#: Whose issuer and serial number are Ivan's and the TSA's.
FAKE = pki.certify(pki.name("ПЕТРОВ"), EVIL, EVIL_NCA, pki.PERSON, serial=IVAN.serial)
FAKE_TSA = pki.certify(pki.name("TSA"), EVIL, EVIL_NCA, pki.STAMPER, serial=TSA.serial)


def both(one: Holder, other: Holder) -> list[object]:
    """Return both orders of two certificates."""
    return [
        pytest.param((one, other), id="good first"),
        pytest.param((other, one), id="good last"),
    ]


def listed(by: Holder, *revoked: Revoked) -> bytes:
    return pki.crl(by, *revoked, this_update=SIGNING_TIME - DAY, next_update=SIGNING_TIME + 2 * DAY)


LISTS = [listed(ROOT, Revoked(77, SIGNING_TIME - 100 * DAY, 4)), listed(NCA)]


def verify(
    cms: bytes,
    *,
    anchors: tuple[Holder, ...] = (ROOT,),
    lists: list[bytes] = LISTS,
    content: bytes | None = None,
    at: datetime = SIGNING_TIME + DAY,
) -> SignerStatus:
    """Verify what brings all its certificates itself."""
    parsed = parse_xml(cms) if cms.startswith(b"<") else pki.read(cms)
    [status] = Verifier(read(*anchors), crls=lists).verify(parsed, content, at=at)
    return status


def sign(*certificates: Holder, **more: object) -> bytes:
    return pki.signed_data([pki.signer_info(IVAN, **more)], certificates)  # type: ignore[arg-type]  # any of its own


@pytest.mark.parametrize("order", both(NCA, OLD))
def test_a_superseded_certificate_of_an_authority_takes_nothing_from_another(
    order: tuple[Holder, ...],
) -> None:
    status = verify(sign(IVAN, *order))
    assert status.trusted.answer is YES, text(status.trusted)
    assert status.chain == tuple(read(IVAN, NCA, ROOT))


@pytest.mark.parametrize("reason", [None, 1, 2, 9])
def test_a_key_that_was_revoked_in_one_certificate_is_doubted_in_another(
    reason: int | None,
) -> None:
    revoked = Revoked(77, SIGNING_TIME - 100 * DAY, reason)
    status = verify(sign(IVAN, OLD, NCA), lists=[listed(ROOT, revoked), listed(NCA)])
    assert status.revocation.answer is UNKNOWN
    assert "another certificate with the key of NCA was revoked" in text(status.revocation)


def test_one_alone_that_was_revoked_proves_a_no() -> None:
    status = verify(sign(IVAN, OLD))
    assert (status.path.answer, status.revocation.answer) == (YES, NO)


@pytest.mark.parametrize("order", both(NCA, CROSS))
def test_a_cross_certificate_without_revocation_data_takes_nothing(
    order: tuple[Holder, ...],
) -> None:
    assert verify(sign(IVAN, *order), anchors=(ROOT, OTHER_ROOT)).trusted.answer is YES


@pytest.mark.parametrize("order", both(OLD, CROSS))
def test_a_path_that_may_be_good_is_unknown_beside_one_that_is_revoked(
    order: tuple[Holder, ...],
) -> None:
    status = verify(sign(IVAN, *order), anchors=(ROOT, OTHER_ROOT))
    assert (status.path.answer, status.revocation.answer) == (YES, UNKNOWN)
    assert status.chain == tuple(read(IVAN, CROSS, OTHER_ROOT))


@pytest.mark.parametrize("order", both(NCA, CROSS))
def test_all_paths_that_may_be_good_are_asked_about(order: tuple[Holder, ...]) -> None:
    status = verify(sign(IVAN, *order), anchors=(ROOT, OTHER_ROOT), lists=[])
    assert {status.chain, *status.other_chains} == {
        tuple(read(IVAN, NCA, ROOT)),
        tuple(read(IVAN, CROSS, OTHER_ROOT)),
    }


@pytest.mark.parametrize("order", both(NCA, CROSS))
def test_a_revoked_certificate_of_the_signer_is_so_on_every_path(
    order: tuple[Holder, ...],
) -> None:
    lists = [LISTS[0], listed(NCA, Revoked(IVAN.serial, SIGNING_TIME - DAY, 1))]
    status = verify(sign(IVAN, *order), anchors=(ROOT, OTHER_ROOT), lists=lists)
    assert status.revocation.answer is NO


@pytest.mark.parametrize("order", both(NCA, OLD))
def test_the_same_holds_of_a_timestamp(order: tuple[Holder, ...]) -> None:
    info = pki.signer_info(IVAN)
    token = pki.timestamp(pki.signature_of(info), SIGNING_TIME + DAY / 2, certificates=[TSA])
    stamped = sign(
        IVAN,
        *order,
        signature=pki.signature_of(info),
        unsigned=[der.attribute(TIMESTAMP, token)],
    )
    status = verify(stamped)
    assert status.decisive_time_source == "timestamp"
    assert status.trusted.answer is YES


@pytest.mark.parametrize("order", both(NCA, OLD))
def test_the_same_holds_of_xml(order: tuple[Holder, ...]) -> None:
    root = etree.fromstring("<a>1</a>")
    data = xml_signer.sign(root, IVAN).find(".//{*}X509Data")
    assert data is not None
    for element in list(data)[1:]:
        data.remove(element)
    for holder in order:
        added = etree.SubElement(data, f"{{{xml_signer.DS}}}X509Certificate")
        added.text = b64encode(holder.certificate).decode()
    assert verify(xml_signer.text(root).encode()).trusted.answer is YES


@pytest.mark.parametrize("first", ["good", "revoked"])
def test_one_key_of_an_authority_may_be_written_in_two_ways(first: str) -> None:
    key = pki.ecdsa_key("EC CA")
    point = bytes((2 | key.bits[-1] & 1,)) + key.bits[1:33]
    kind = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.3.1.7"))
    short = replace(key, public=der.sequence(kind, der.bits(point)))
    good = pki.certify(pki.name("EC CA"), key, ROOT, pki.AUTHORITY, identified=False)
    old = pki.certify(pki.name("EC CA"), short, ROOT, pki.AUTHORITY, serial=77, identified=False)
    person = pki.certify(pki.name("P"), pki.rsa_key("P"), good, pki.PERSON, identified=False)
    order = [good, old] if first == "good" else [old, good]
    cms = pki.signed_data([pki.signer_info(person)], [person, *order])
    status = verify(cms, lists=[LISTS[0], listed(good)])
    assert status.trusted.answer is YES, text(status.trusted)


def test_many_copies_of_a_revoked_one_make_no_proven_no() -> None:
    """They are beyond what is looked at, or the same; the answer is then unknown at worst."""
    many = [
        pki.certify(NCA.subject, NCA.key, ROOT, pki.AUTHORITY, serial=1000 + number)
        for number in range(15)
    ]
    revoked = [Revoked(1000 + number, SIGNING_TIME - DAY, 4) for number in range(15)]
    lists = [listed(ROOT, *revoked), listed(NCA)]
    assert verify(sign(IVAN, *many, NCA), lists=lists).trusted.answer is YES


@pytest.mark.parametrize("order", both(IVAN, FAKE))
@pytest.mark.parametrize("is_named", [False, True])
def test_a_forged_certificate_of_the_same_number_is_not_the_signer_s(
    order: tuple[Holder, ...], is_named: bool
) -> None:
    signed = [*pki.attributes(CONTENT)]
    if is_named:
        signed.append(pki.signing_certificate(IVAN.certificate))
    cms = sign(*order, NCA, signed=sorted(signed))
    [described] = describe(pki.read(cms))
    assert described.certificate == read(IVAN)[0]
    assert verify(cms).whole.answer is YES


def test_a_forged_certificate_of_the_same_key_identifier_is_not_the_signer_s() -> None:
    identifier = pki.extension("2.5.29.14", der.octets(IVAN.key.identifier))
    fake = pki.certify(pki.name("X"), EVIL, EVIL_NCA, [*pki.PERSON, identifier], identified=False)
    assert verify(sign(fake, IVAN, NCA, by_key_identifier=True)).whole.answer is YES


def test_one_that_can_t_be_read_does_no_harm() -> None:
    broken = FAKE.certificate.replace(b"240101", b"249901")
    assert broken != FAKE.certificate
    cms = pki.signed_data([pki.signer_info(IVAN)], [broken, IVAN, NCA])
    assert verify(cms).whole.answer is YES


@pytest.mark.parametrize("attached", [True, False])
def test_it_holds_without_signed_attributes(attached: bool) -> None:
    info = pki.signer_info(IVAN, signed=None)
    cms = pki.signed_data([info], [FAKE, IVAN, NCA], CONTENT if attached else None)
    status = verify(cms, content=None if attached else CONTENT)
    if attached:
        assert status.whole.answer is YES
        return
    # Which key verifies is known only with the content, which may be another each time.
    assert (status.intact.answer, status.valid.answer) == (YES, UNKNOWN)
    assert "the signature verifies with the key of another certificate" in text(status.valid)


def test_too_many_of_them_make_no_proven_no() -> None:
    crowd = [
        pki.certify(pki.name(f"P{number}"), EVIL, EVIL_NCA, pki.PERSON, serial=IVAN.serial)
        for number in range(MAX_CANDIDATES)
    ]
    status = verify(sign(*crowd, IVAN, NCA))
    assert status.valid.answer is UNKNOWN
    assert "not all certificates that may be the signer's" in text(status.valid)
    named = sorted([*pki.attributes(CONTENT), pki.signing_certificate(IVAN.certificate)])
    assert verify(sign(*crowd, IVAN, NCA, signed=named)).whole.answer is YES
    assert verify(sign(*crowd[:-1], NCA)).valid.answer is NO


def test_a_forged_one_of_the_same_key_that_ended_proves_nothing() -> None:
    ended = pki.certify(
        pki.name("ПЕТРОВ"),
        IVAN.key,
        EVIL_NCA,
        pki.PERSON,
        serial=IVAN.serial,
        valid=(SIGNING_TIME - 9 * DAY, SIGNING_TIME - 8 * DAY),
    )
    assert verify(sign(IVAN, ended, NCA)).whole.answer is YES
    status = verify(sign(ended, IVAN, NCA))
    assert (status.valid.answer, status.path.answer) == (YES, UNKNOWN)
    assert "another certificate in the signature fits it as well" in text(status.path)


def stamped(*certificates: Holder, token: list[Holder], named: bool = True) -> SignerStatus:
    info = pki.signer_info(IVAN)
    value = pki.signature_of(info)
    stamp = pki.timestamp(value, SIGNING_TIME + DAY / 2, certificates=token, named=named)
    unsigned = [der.attribute(TIMESTAMP, stamp)]
    return verify(sign(IVAN, NCA, *certificates, signature=value, unsigned=unsigned))


@pytest.mark.parametrize("named", [True, False])
def test_a_forged_certificate_of_an_authority_takes_nothing_from_a_token(named: bool) -> None:
    for token, others in (
        ([FAKE_TSA, TSA], []),
        ([TSA, FAKE_TSA], []),
        ([], [FAKE_TSA, TSA]),
        ([FAKE_TSA], [TSA]),
    ):
        status = stamped(*others, token=token, named=named)
        assert status.decisive_time_source == "timestamp"
        assert status.timestamp
        assert status.timestamp.authority == read(TSA)[0]


def test_one_that_is_alone_is_not_the_authority_s() -> None:
    status = stamped(FAKE_TSA, token=[])
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN
    assert "neither in the token nor at hand" in text(status.timestamp.verdict)


def test_a_forged_certificate_of_the_authority_s_own_key_takes_nothing() -> None:
    """Its path leads nowhere, and the other's to an anchor."""
    fake = pki.certify(pki.name("TSA"), TSA.key, EVIL_NCA, pki.STAMPER, serial=TSA.serial)
    for token in ([fake, TSA], [TSA, fake]):
        assert stamped(token=token, named=False).decisive_time_source == "timestamp"


def test_too_many_of_an_authority_are_unknown() -> None:
    crowd = [
        pki.certify(pki.name(f"T{number}"), EVIL, EVIL_NCA, pki.STAMPER, serial=TSA.serial)
        for number in range(MAX_CANDIDATES)
    ]
    status = stamped(token=[*crowd, TSA], named=False)
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN
    assert stamped(token=[*crowd, TSA]).decisive_time_source == "timestamp"


def test_many_false_certificates_leave_a_signature_readable() -> None:
    own = pki.rsa_key("own")
    signers = [
        pki.certify(pki.name(f"P{n}"), own, NCA, pki.PERSON, serial=100 + n) for n in range(20)
    ]
    false = [
        pki.certify(pki.name("X"), pki.rsa_key(f"false {key}"), NCA, pki.PERSON, serial=100 + n)
        for n in range(20)
        for key in range(MAX_CANDIDATES - 1)
    ]
    infos = [pki.signer_info(one) for one in signers]
    parsed = pki.read(pki.signed_data(infos, [*signers, *false, NCA], CONTENT))
    assert [one.certificate.der for one in parsed.signers] == [one.certificate for one in signers]


@pytest.mark.parametrize("size", [900_000, 1_100_000])
def test_content_is_looked_at_once_for_all_signers_and_certificates(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    refuse = content_forms.refuse_form

    def counted(content: bytes) -> object:
        looked.append(len(content))
        return refuse(content)

    monkeypatch.setattr("app.cms.signed_data.contents.refuse_form", counted)
    false = [
        pki.certify(pki.name("X"), pki.rsa_key(f"false {key}"), NCA, pki.PERSON, serial=IVAN.serial)
        for key in range(MAX_CANDIDATES - 1)
    ]
    content = b"\x31" + bytes(size)
    infos = [pki.signer_info(IVAN, content, signed=None) for _ in range(3)]
    parsed = pki.read(pki.signed_data(infos, [*false, IVAN, NCA], content))
    Verifier(read(ROOT)).verify(parsed, at=SIGNING_TIME)
    assert len(looked) <= 2


def test_junk_makes_no_revoked_authority_count() -> None:
    """A certificate with the authority's public key, whose issuer has an unsupported key."""
    nobody = pki.certify(pki.name("X"), EVIL, None, pki.AUTHORITY)
    odd = replace(EVIL, public=der.sequence(der.sequence(der.oid("1.2.3.4")), der.bits(b"\1")))
    copied = replace(EVIL, public=NCA.key.public)
    junk = (
        pki.certify(NCA.subject, copied, nobody, pki.AUTHORITY, identified=False),
        pki.certify(nobody.subject, odd, nobody, pki.AUTHORITY),
    )
    lists = [listed(ROOT, Revoked(NCA.serial, SIGNING_TIME - 100 * DAY, 2)), listed(NCA)]
    alone, beside = (verify(sign(IVAN, NCA, *more), lists=lists) for more in ((), junk))
    assert (alone.path.answer, alone.revocation.answer) == (YES, NO)
    assert (beside.path.answer, beside.revocation.answer) == (UNKNOWN, UNKNOWN)
    assert judge(beside, digest=None, anchored=True).value == VALUE_VALID


@pytest.mark.parametrize("order", both(NCA, OLD))
def test_an_exposed_key_is_doubted_in_any_order(order: tuple[Holder, ...]) -> None:
    revoked = Revoked(77, SIGNING_TIME - 100 * DAY, 1)
    status = verify(sign(IVAN, *order), lists=[listed(ROOT, revoked), listed(NCA)])
    assert (status.path.answer, status.revocation.answer) == (UNKNOWN, UNKNOWN)


def test_a_certificate_on_hold_exposes_no_key() -> None:
    revoked = Revoked(77, SIGNING_TIME - 100 * DAY, 6)
    status = verify(sign(IVAN, OLD, NCA), lists=[listed(ROOT, revoked), listed(NCA)])
    assert status.trusted.answer is YES


def test_an_older_certificate_of_the_signer_s_key_takes_nothing_from_the_newer() -> None:
    older = pki.certify(IVAN.subject, IVAN.key, NCA, pki.PERSON, serial=4242)
    lists = [listed(ROOT), listed(NCA, Revoked(4242, SIGNING_TIME - 100 * DAY, 4))]
    status = verify(sign(older, IVAN, NCA, by_key_identifier=True), lists=lists)
    assert status.path.answer is UNKNOWN
    assert status.revocation.answer is UNKNOWN
    alone = verify(sign(older, NCA, by_key_identifier=True), lists=lists)
    assert alone.revocation.answer is NO


def test_what_is_noted_holds_of_a_certificate_however_it_is_encoded() -> None:
    lists = [listed(ROOT), listed(NCA, Revoked(IVAN.serial, SIGNING_TIME - DAY, 1))]
    noted = verify(sign(IVAN, NCA), lists=lists).noted
    tbs, algorithm, value = read_node(IVAN.certificate).children()
    without_null = der.sequence(algorithm.children()[0].encoded)
    twin = der.sequence(tbs.encoded, without_null, value.encoded)
    parsed = pki.read(pki.signed_data([pki.signer_info(IVAN)], [twin, NCA.certificate]))
    verifier = Verifier(read(ROOT), crls=lists[:1], noted=noted)
    [status] = verifier.verify(parsed, at=SIGNING_TIME + DAY)
    assert status.revocation.answer is NO


def test_a_certificate_of_the_same_numbers_that_fits_no_method_is_not_chosen() -> None:
    """The RSA key of the signer, restricted to PSS in a certificate of anyone."""
    pss = der.sequence(der.oid("1.2.840.113549.1.1.10"))
    key = replace(IVAN.key, public=der.sequence(pss, der.bits(IVAN.key.bits)))
    false = pki.certify(pki.name("X"), key, EVIL_NCA, pki.PERSON)
    root = etree.fromstring("<a>1</a>")
    data = xml_signer.sign(root, IVAN).find(".//{*}X509Data")
    assert data is not None
    added = etree.Element(f"{{{xml_signer.DS}}}X509Certificate")
    added.text = b64encode(false.certificate).decode()
    data.insert(0, added)
    assert verify(xml_signer.text(root).encode()).valid.answer is YES


def test_what_the_sender_brought_is_not_noted_against_others() -> None:
    forged = listed(NCA, Revoked(IVAN.serial, SIGNING_TIME - DAY, 1))
    cms = pki.signed_data([pki.signer_info(IVAN)], [IVAN, NCA], revocation=[forged])
    status = verify(cms, lists=[listed(ROOT)])
    assert status.revocation.answer is NO
    assert status.noted == ()
