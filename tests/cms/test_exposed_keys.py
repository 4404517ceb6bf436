"""A key of an authority that was compromised, by another certificate of it, which junk may hide.

The operator has both certificates. Whoever sends a signature can bring certificates with the name
and the key of the root, signed by nobody, each of which leads to many others: they use up what a
search may try.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta

import pytest
from lxml import etree

from app.cms import NotedRevocation
from app.cms.parsing import parse_xml
from app.cms.revocation import crl_entries
from app.cms.revocation.noted import digest_of, key_of
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig.parsing import SignedXml
from tests import der, pki
from tests.cms.crowds import another_after_nca, junk
from tests.cms.judging import IVAN, NCA, ROOT, read, text
from tests.cms.lasting_xml import make, with_unsigned, xades_b
from tests.pki import DAY, SIGNING_TIME, TIMESTAMP, Holder, Revoked, xml_signer

pytestmark = pytest.mark.attacks

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
LATER = SIGNING_TIME + DAY
MINUTE = timedelta(minutes=1)
OCSP = "1.3.6.1.5.5.7.16.2"
EXPOSED = "another certificate with the key of NCA was revoked"


OLD = another_after_nca()
#: The same key under a new name.
RENAMED = pki.certify(pki.name("NCA 1"), NCA.key, ROOT, pki.AUTHORITY, serial=300)
BOTH = (NCA, OLD)


def listed(by: Holder, *revoked: Revoked, at: datetime = SIGNING_TIME) -> bytes:
    return pki.crl(by, *revoked, this_update=at - DAY, next_update=at + 2 * DAY)


def revoked(one: Holder = OLD, reason: int | None = 1) -> bytes:
    return listed(ROOT, Revoked(one.serial, SIGNING_TIME - 100 * DAY, reason))


def sign(*brought: Holder, **more: object) -> bytes:
    return pki.signed_data([pki.signer_info(IVAN, **more)], [IVAN, *brought])  # type: ignore[arg-type]  # any of its own


def verify(
    signature: bytes | SignedData | SignedXml,
    own: tuple[Holder, ...] = BOTH,
    lists: tuple[bytes, ...] = (),
    anchors: tuple[Holder, ...] = (ROOT,),
) -> SignerStatus:
    parsed = pki.read(signature) if isinstance(signature, bytes) else signature
    lists = lists or (revoked(), listed(NCA))
    [status] = Verifier(read(*anchors), intermediates=read(*own), crls=lists).verify(
        parsed, at=LATER
    )
    return status


def assert_exposed(status: SignerStatus) -> None:
    assert (status.path.answer, status.revocation.answer) == (UNKNOWN, UNKNOWN)
    assert EXPOSED in text(status.revocation)


@pytest.mark.parametrize("reason", [None, 1, 2, 9, 10])
@pytest.mark.parametrize("brought", [(), junk(), junk(16), junk(16, 16, NCA), (*junk(), NCA)])
def test_junk_hides_no_exposed_key(reason: int | None, brought: tuple[Holder, ...]) -> None:
    assert_exposed(verify(sign(*brought), lists=(revoked(reason=reason), listed(NCA))))


@pytest.mark.parametrize("brought", [(), junk(), junk(16), junk(16, 16, NCA), junk(16, 0, NCA)])
def test_junk_takes_nothing_from_what_the_operator_has(brought: tuple[Holder, ...]) -> None:
    for reason in (3, 4, 5):
        status = verify(sign(*brought), lists=(revoked(reason=reason), listed(NCA)))
        assert status.trusted.answer is YES, text(status.trusted)
    assert verify(sign(*brought), (NCA,)).trusted.answer is YES


def test_a_certificate_without_identifiers_is_still_the_first() -> None:
    """The junk has the identifier that the signer's certificate names; the operator's has none."""
    plain = pki.certify(NCA.subject, NCA.key, ROOT, pki.AUTHORITY, serial=301, identified=False)
    status = verify(sign(*junk(8, 16, NCA)), (plain,))
    assert status.trusted.answer is YES, text(status.trusted)


def test_a_short_way_is_found_beside_junk_also_if_it_was_brought() -> None:
    for brought in ((*junk(8, 16, NCA), NCA), (NCA, *junk(8, 16, NCA)), (*junk(), NCA)):
        status = verify(sign(*brought), ())
        assert status.trusted.answer is YES, text(status.trusted)


def test_a_key_is_exposed_by_what_was_brought_too() -> None:
    assert_exposed(verify(sign(OLD), (NCA,)))
    assert_exposed(verify(sign(NCA, OLD), ()))
    assert_exposed(verify(sign(*junk(), NCA, OLD), ()))


def test_a_key_is_the_same_under_another_name() -> None:
    for own, brought in (((NCA, RENAMED), ()), ((NCA, RENAMED), junk()), ((NCA,), (RENAMED,))):
        assert_exposed(verify(sign(*brought), own, (revoked(RENAMED), listed(NCA))))


def test_the_operator_s_certificate_may_need_one_that_was_brought() -> None:
    """The authority between is brought, and the revoked certificate is not from it."""
    middle = pki.certify(pki.name("SUB"), pki.rsa_key("SUB"), NCA, pki.AUTHORITY)
    person = pki.certify(pki.name("P"), pki.rsa_key("P"), middle, pki.PERSON)
    for brought in (junk(), ()):
        cms = pki.signed_data([pki.signer_info(person)], [person, middle, *brought])
        lists = (revoked(), listed(NCA), listed(middle))
        assert_exposed(verify(cms, lists=lists))
        good = (listed(ROOT), listed(NCA), listed(middle))
        assert verify(cms, lists=good).trusted.answer is YES


@pytest.mark.parametrize("brought", [(), junk(), junk(16)])
def test_the_same_holds_of_a_timestamp(brought: tuple[Holder, ...]) -> None:
    value = pki.signature_of(pki.signer_info(IVAN))
    stamp = pki.timestamp(value, SIGNING_TIME + DAY / 2)
    unsigned = [der.attribute(TIMESTAMP, stamp)]
    status = verify(sign(*brought, signature=value, unsigned=unsigned))
    assert status.decisive_time_source == "given"
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN
    assert EXPOSED in text(status.timestamp.verdict)


def test_another_certificate_of_a_timestamp_authority_counts() -> None:
    value = pki.signature_of(pki.signer_info(IVAN))
    tsa = pki.stamper()
    old = pki.certify(tsa.subject, tsa.key, NCA, pki.STAMPER, serial=400)
    unsigned = [der.attribute(TIMESTAMP, pki.timestamp(value, SIGNING_TIME + DAY / 2))]
    lists = (listed(ROOT), listed(NCA, Revoked(400, SIGNING_TIME - 9 * DAY, 1)))
    for own, source in (((NCA, old), "given"), ((NCA,), "timestamp")):
        status = verify(sign(signature=value, unsigned=unsigned), own, lists)
        assert status.decisive_time_source == source


@pytest.mark.parametrize("brought", [(), junk()])
def test_the_same_holds_of_xml(brought: tuple[Holder, ...]) -> None:
    root = etree.fromstring("<a>1</a>")
    data = xml_signer.sign(root, IVAN).find(".//{*}X509Data")
    assert data is not None
    for holder in brought:
        added = etree.SubElement(data, f"{{{xml_signer.DS}}}X509Certificate")
        added.text = b64encode(holder.certificate).decode()
    assert_exposed(verify(parse_xml(xml_signer.text(root).encode())))


@pytest.mark.parametrize("count", [0, 8, 16])
def test_the_same_holds_of_certificates_among_unsigned_properties(count: int) -> None:
    values = make("CertificateValues")
    for one in junk(count, 16) if count else ():
        added = make("EncapsulatedX509Certificate")
        added.text = b64encode(one.certificate).decode()
        values.append(added)
    document = with_unsigned(xades_b(), values) if count else xades_b()
    assert_exposed(verify(parse_xml(document.encode())))


@pytest.mark.parametrize("own", [BOTH, (OLD,)])
@pytest.mark.parametrize("brought", [(), junk()])
def test_a_key_may_have_been_exposed_before_it_was_revoked(
    own: tuple[Holder, ...], brought: tuple[Holder, ...]
) -> None:
    """The revocation is later, and its invalidityDate earlier than the decisive time."""
    for reason, since, answer in (
        (1, SIGNING_TIME - 100 * DAY, UNKNOWN),
        (1, SIGNING_TIME + 3 * DAY, YES),
        (1, None, YES),
    ):
        found = Revoked(OLD.serial, SIGNING_TIME + 4 * DAY, reason, since)
        lists = (
            listed(ROOT, found, at=SIGNING_TIME + 6 * DAY),
            listed(ROOT),
            listed(NCA),
        )
        status = verify(sign(*brought), own, lists)
        assert status.revocation.answer is answer, text(status.revocation)
        if answer is UNKNOWN and own == BOTH:
            assert_exposed(status)


def test_what_nobody_signed_who_may_hides_no_exposed_key() -> None:
    """Of many findings fifty are reported; the sender chose the dates of these."""
    found = Revoked(OLD.serial, SIGNING_TIME + 4 * DAY, 1, SIGNING_TIME - 100 * DAY)
    lists = (listed(ROOT, found, at=SIGNING_TIME + 6 * DAY), listed(ROOT), listed(NCA))
    stranger = pki.person("STRANGER")
    junk_responses = [
        pki.ocsp(
            ROOT,
            OLD.serial,
            "good",
            by=stranger,
            this_update=SIGNING_TIME + 7 * DAY + number * MINUTE,
            next_update=SIGNING_TIME + 9 * DAY,
        )
        for number in range(60)
    ]
    held = [der.tlv(0xA1, der.oid(OCSP) + one) for one in junk_responses]
    cms = pki.signed_data([pki.signer_info(IVAN)], [IVAN], revocation=held)
    assert_exposed(verify(cms, lists=lists))


@pytest.mark.parametrize("noted_only", [False, True])
def test_a_later_compromise_counts_against_a_timestamp_also_if_it_is_only_noted(
    noted_only: bool,
) -> None:
    value = pki.signature_of(pki.signer_info(IVAN))
    stamp = pki.timestamp(value, SIGNING_TIME + DAY / 2)
    cms = pki.read(sign(signature=value, unsigned=[der.attribute(TIMESTAMP, stamp)]))
    revocation = Revoked(OLD.serial, SIGNING_TIME + 4 * DAY, 1)
    moment = SIGNING_TIME + 6 * DAY
    of_nca = listed(NCA, at=moment)
    if noted_only:
        [root], [old] = read(ROOT), read(OLD)
        noted = NotedRevocation(
            digest_of(old),
            key_of(root),
            "crl",
            crl_entries.Revoked(revocation.when, revocation.reason),
            moment - DAY,
            moment + DAY,
            complete=True,
            denied=False,
            public_key=key_of(old),
            anchor_key=key_of(root),
        )
        verifier = Verifier(
            read(ROOT),
            intermediates=read(NCA),
            crls=[listed(ROOT, at=moment), of_nca],
            noted=[noted],
        )
    else:
        crls = [listed(ROOT, revocation, at=moment), of_nca]
        verifier = Verifier(read(ROOT), intermediates=read(*BOTH), crls=crls)
    [status] = verifier.verify(cms, at=moment)
    assert status.timestamp
    assert status.timestamp.verdict.answer is UNKNOWN, text(status.timestamp.verdict)
    assert EXPOSED in text(status.timestamp.verdict)
