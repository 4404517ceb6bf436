"""One measure for all proofs: what an algorithm is worth depends on when the proof is from."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from lxml import etree

from app.cms.algorithms.dates import Broken, broken_digest, broken_signature
from app.cms.algorithms.registry import DIGESTS, AlgorithmIdentifier, name
from app.cms.parsing import parse
from app.cms.path.occasions import Occasion
from app.cms.verdict import Answer, Verdict
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import der, pki
from tests.cms.judging import read, text
from tests.cms.signing import ECDSA_SHA256, ec_pair, gost_key, parts_of, public_key, with_key
from tests.pki import CONTENT, DAY, MD5, SHA1, SHA256, TIMESTAMP, Holder, Key, xml_signer

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
VALID = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
DATES = {
    "MD5": datetime(2009, 1, 1, tzinfo=UTC),
    "SHA-1": datetime(2020, 1, 1, tzinfo=UTC),
    "small": datetime(2014, 1, 1, tzinfo=UTC),
}
SECOND = timedelta(seconds=1)


def key(kind: str, bits: int | None = None) -> Key:
    """Return a key that signs with MD5, with SHA-1, or with SHA-256: with that small or good."""
    digest = {"MD5": MD5, "SHA-1": SHA1}.get(kind, SHA256)
    return pki.rsa_key(kind, digest, bits or (1024 if kind == "small" else 2048))


@cache
def root(kind: str = "good") -> Holder:
    return pki.certify(pki.name("ROOT"), key(kind), None, pki.AUTHORITY, valid=VALID)


@cache
def person(kind: str = "good", above: str = "good") -> Holder:
    return pki.certify(pki.name("P"), key(kind), root(above), pki.PERSON, valid=VALID)


@cache
def stamper(kind: str = "good", above: str = "good") -> Holder:
    return pki.certify(pki.name("TSA"), key(kind), root(above), pki.STAMPER, valid=VALID)


def verify(
    at: datetime, who: Holder, *tokens: bytes, above: str = "good", **more: Any
) -> SignerStatus:
    info = pki.signer_info(who)
    if tokens:
        unsigned = [der.attribute(TIMESTAMP, *tokens)]
        info = pki.signer_info(who, unsigned=unsigned, signature=pki.signature_of(info))
    data = pki.signed_data([info], [who], revocation=more.pop("revocation", ()))
    anchors = dict.fromkeys((root(), root(above)))
    [status] = Verifier(read(*anchors), **more).verify(pki.read(data), at=at)
    return status


def stamp(who: Holder, at: datetime, **more: Any) -> bytes:
    value = pki.signature_of(pki.signer_info(who))
    return pki.timestamp(value, at, by=more.pop("by", stamper()), **more)


@pytest.mark.parametrize("kind", DATES)
def test_a_signature_counts_for_what_its_algorithm_did_at_the_decisive_time(kind: str) -> None:
    who, date = person(kind), DATES[kind]
    for at, answer in ((date - SECOND, YES), (date, UNKNOWN)):
        for status in (verify(at, who), verify(date + 900 * DAY, who, stamp(who, at))):
            assert status.decisive_time == at
            assert status.valid.answer is answer
            # The content is hashed by SHA-256 if only the key is small.
            assert status.intact.answer is (YES if kind == "small" else answer)
            assert status.path.answer is YES
    reason = text(verify(date, who).valid)
    assert f"proves nothing since {date:%Y-%m-%d}: only a verified timestamp" in reason
    assert reason.startswith("RSA of 1024 bits" if kind == "small" else f"RSA with {kind}")


@pytest.mark.parametrize("kind", DATES)
def test_what_does_not_match_stays_a_no_whatever_it_is_made_with(kind: str) -> None:
    who = person(kind)
    other = pki.signer_info(who, b"another")
    broken = pki.signer_info(who, signature=bytes(256))
    for info, intact, valid in ((other, NO, UNKNOWN), (broken, None, NO)):
        signature = pki.read(pki.signed_data([info], [who]))
        [status] = Verifier(read(root())).verify(signature, at=DATES[kind])
        assert intact is None or status.intact.answer is intact
        assert status.valid.answer is valid


@pytest.mark.parametrize("kind", DATES)
def test_content_without_signed_attributes_is_measured_too(kind: str) -> None:
    who = person(kind)
    info = pki.signer_info(who, signed=None)
    for at, answer in ((DATES[kind] - SECOND, YES), (DATES[kind], UNKNOWN)):
        signature = pki.read(pki.signed_data([info], [who]))
        [status] = Verifier(read(root())).verify(signature, at=at)
        assert status.valid.answer is answer


@pytest.mark.parametrize("kind", DATES)
def test_a_chain_is_measured_by_what_its_issuer_signed_with(kind: str) -> None:
    who, date = person("good", kind), DATES[kind]
    for at, answer in ((date - SECOND, YES), (date, UNKNOWN)):
        status = verify(at, who, above=kind)
        assert (status.valid.answer, status.path.answer) == (YES, answer)
    assert f"which can be forged since {date:%Y-%m-%d}" in text(verify(date, who, above=kind).path)


@pytest.mark.parametrize("kind", DATES)
def test_a_token_stands_on_its_algorithms_as_of_when_it_is_known_to_exist(kind: str) -> None:
    """Who can forge its signature today can write any time into it."""
    who, date = person(), DATES[kind]
    for by in (stamper(kind), stamper("good", kind)):
        token = stamp(who, date - 900 * DAY, by=by)
        for at, source in ((date - SECOND, "timestamp"), (date, "given")):
            status = verify(at, who, token, above=kind)
            assert status.decisive_time_source == source
        assert status.timestamp
        assert status.timestamp.verdict.answer is UNKNOWN
        assert f"since {date:%Y-%m-%d}" in text(status.timestamp.verdict)


@pytest.mark.parametrize(("kind", "digest"), [("MD5", MD5), ("SHA-1", SHA1)])
def test_an_imprint_counts_as_of_the_token_s_own_time(kind: str, digest: str) -> None:
    """Of the past nothing can be found any more that has the digest of another."""
    who, date = person(), DATES[kind]
    for at, source in ((date - SECOND, "timestamp"), (date, "given")):
        status = verify(date + 900 * DAY, who, stamp(who, at, digest=digest))
        assert status.decisive_time_source == source
    assert status.timestamp
    assert text(status.timestamp.verdict).startswith(f"the timestamp relies on {kind}, which")


def test_identifiers_are_no_proofs() -> None:
    """ESSCertID version 1 is SHA-1, and so are the names of issuers in OCSP."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    who = person()
    listed = pki.attributes(CONTENT)
    listed.append(pki.signing_certificate(who.certificate, SHA1))
    info = pki.signer_info(who, signed=sorted(listed))
    answer = pki.ocsp(root(), who.serial, "good", this_update=at)
    signature = pki.read(pki.signed_data([info], [who]))
    [status] = Verifier(read(root()), ocsp_responses=[answer]).verify(signature, at=at)
    assert (status.valid, status.path, status.revocation) == (Verdict(YES),) * 3


@pytest.mark.parametrize("kind", DATES)
def test_a_crl_and_a_response_count_as_their_algorithms_do(kind: str) -> None:
    who, date = person("good", kind), DATES[kind]
    for at, answer in ((date - SECOND, YES), (date, UNKNOWN)):
        listed = pki.crl(root(kind), this_update=at, next_update=at + DAY)
        response = pki.ocsp(root(kind), who.serial, "good", this_update=at)
        for more in ({"crls": [listed]}, {"ocsp_responses": [response]}, {"revocation": [listed]}):
            assert verify(at, who, above=kind, **more).revocation.answer is answer


@pytest.mark.parametrize("kind", DATES)
def test_what_a_sender_brings_may_have_been_dated_back(kind: str) -> None:
    """Where a timestamp attests an early time, the operator's CRL counts as of then."""
    who, date = person("good", kind), DATES[kind]
    early = date - DAY
    token = stamp(who, early)
    listed = pki.crl(root(kind), this_update=early, next_update=date)
    for more, answer in (({"crls": [listed]}, YES), ({"revocation": [listed]}, UNKNOWN)):
        status = verify(date + DAY, who, token, above=kind, **more)
        assert status.decisive_time == early
        assert status.revocation.reasons[0].template.startswith("a CRL or OCSP") is (
            answer is UNKNOWN
        )


@pytest.mark.parametrize(
    ("method", "digest", "date"),
    [(xml_signer.SHA1, SHA1, DATES["SHA-1"])],
)
def test_references_of_xml_are_measured(method: str, digest: str, date: datetime) -> None:
    who = person()
    document = etree.fromstring("<a/>")
    xml_signer.sign(document, who, xml_signer.Reference(method=method), digest=DIGESTS[digest])
    signature = parse(xml_signer.text(document))
    for at, answer in ((date - SECOND, YES), (date, UNKNOWN)):
        [status] = Verifier(read(root())).verify(signature, at=at)
        assert (status.intact.answer, status.valid.answer) == (answer, YES)


def test_the_table() -> None:
    always = datetime.min.replace(tzinfo=UTC)
    assert broken_digest("1.2.840.113549.2.2") == Broken("1.2.840.113549.2.2", always)
    assert broken_digest("1.2.840.113549.2.4") == Broken("1.2.840.113549.2.4", always)
    dated = {name(oid): found.since for oid in DIGESTS if (found := broken_digest(oid))}
    assert dated == {"MD5": DATES["MD5"], "SHA-1": DATES["SHA-1"]}


def test_keys_below_2048_bits_are_small_whatever_they_sign_with() -> None:
    good = AlgorithmIdentifier(pki.RSA_SHA256, der.NULL)
    for bits in (1024, 2047, 2048):
        found = broken_signature(parts_of(key("good", bits).public), good)
        expected = Broken(f"RSA of {bits} bits", DATES["small"]) if bits < 2048 else None
        assert found == expected
    for other in (public_key(ec_pair().public_key()), gost_key()):
        assert broken_signature(other, ECDSA_SHA256) is None
    damaged = with_key(parts_of(key("small").public), bits=b"\x30\x00")
    assert broken_signature(damaged, good) is None


def test_small_keys_of_dsa_are_in_the_table_though_no_such_signature_is_checked() -> None:
    method = AlgorithmIdentifier("1.2.840.10040.4.3")
    for bits in (1024, 2048):
        pair = dsa.generate_private_key(bits)
        found = broken_signature(public_key(pair.public_key()), method, SHA256)
        assert found == (Broken("DSA of 1024 bits", DATES["small"]) if bits == 1024 else None)


def test_what_broke_first_counts() -> None:
    small = parts_of(key("small").public)
    md5 = broken_signature(small, AlgorithmIdentifier("1.2.840.113549.1.1.4"))
    assert md5 == Broken("RSA with MD5", DATES["MD5"])
    sha1 = broken_signature(small, AlgorithmIdentifier(pki.RSA), SHA1)
    assert sha1 == Broken("RSA of 1024 bits", DATES["small"])
    large = broken_signature(parts_of(key("good").public), AlgorithmIdentifier(pki.RSA), SHA1)
    assert large == Broken("RSA with SHA-1", DATES["SHA-1"])


def test_what_can_be_forged_since_is_not_good_for_being_judged_as_of_before() -> None:
    """A certificate that is signed with SHA-1 may be made today, with any dates in it."""
    who, expired = person("good", "SHA-1"), DATES["SHA-1"] - DAY
    listed = pki.crl(root("SHA-1"), this_update=expired, next_update=expired + DAY)
    signature = pki.read(pki.signed_data([pki.signer_info(who)], [who]))
    verifier = Verifier(read(root("SHA-1")), crls=[listed])
    [certificate] = read(who)
    for known, answer in ((expired, YES), (DATES["SHA-1"], UNKNOWN)):
        when = Occasion(expired, known)
        [status] = verifier.verify(signature, at=when)
        path, revocation = verifier.verify_certificate(certificate, at=when)
        assert (status.path.answer, status.revocation.answer) == (answer, answer)
        assert (path.answer, revocation.answer) == (answer, answer)
    who = person("SHA-1")
    signature = pki.read(pki.signed_data([pki.signer_info(who)], [who]))
    [status] = Verifier(read(root())).verify(signature, at=Occasion(expired, DATES["SHA-1"]))
    assert (status.intact.answer, status.valid.answer) == (UNKNOWN, UNKNOWN)
    assert status.decisive_time == expired
