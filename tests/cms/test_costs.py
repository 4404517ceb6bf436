"""What is built to cost much costs little; what isn't computed for that is unknown, and says so."""

import time

import pytest
from lxml import etree

from app.cms import budget
from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.gost import libgcrypt
from app.cms.algorithms.gost.implementations import CURVES, DIGESTS, PLAIN_CURVES, PLAIN_DIGESTS
from app.cms.algorithms.gost.octets import Octets
from app.cms.budget import ContentBudget
from app.cms.errors import UnsupportedAlgorithm
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Answer
from app.cms.verification.comparison import compare
from app.cms.verification.embedded_revocation import MAX_RESPONSE_BYTES
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig.parsing import SignedXml
from tests import der, gost_signer, pki
from tests.cms.judging import AT, BEFORE, IVAN, NCA, ROOT, below, crl, ocsp, read, revoked, text
from tests.cpu import allowed
from tests.pki import CONTENT, REVOCATION_VALUES, TIMESTAMP, Holder, Revoked, attributes, xml_signer

pytestmark = pytest.mark.attacks

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
# Seconds of CPU. A quiet machine needs 1.7; without the limits it would be up to 30.
MAX_SECONDS = 4
GOST, GOST_2004 = gost_signer.GOST_2015_512, gost_signer.GOST_2004
TOO_MUCH = "the signature contains too much to check all of it here"
TOO_LARGE = "the content is too large to be hashed here: "
SIGNERS = 256


def verify(signature: SignedData | SignedXml, *anchors: Holder) -> tuple[SignerStatus, ...]:
    """Verify within the time that is allowed."""
    verifier = Verifier(read(*(anchors or (ROOT,))))
    start = time.process_time()
    statuses = verifier.verify(signature, at=AT)
    assert time.process_time() - start < allowed(MAX_SECONDS)
    return statuses


def signed(infos: list[bytes], content: bytes = CONTENT, *more: Holder) -> SignedData:
    """Put SignerInfos of Ivan's over some content."""
    return pki.read(pki.signed_data(infos, [IVAN, *more], content))


def copies(info: bytes, count: int = SIGNERS) -> list[bytes]:
    """Repeat a SignerInfo, each time with another version: the same one would be one signer."""
    version = der.integer(1)
    return [info.replace(version, bytes((2, 1, number)), 1) for number in range(count)]


def gost(number: int = 0, *extensions: bytes, kind: gost_signer.Kind = GOST) -> Holder:
    """Return one of many persons with a GOST key."""
    key = pki.gost_key("many", kind)
    listed = [*pki.PERSON, *extensions]
    return pki.certify(pki.name(f"ЛИЦО {number}"), key, NCA, listed, serial=number + 1)


@pytest.mark.usefixtures("plain_gost", "untraced")
def test_as_many_signers_as_there_may_be_are_checked_as_far_as_the_budget_goes() -> None:
    nca = pki.root("GOST CA", pki.gost_key("ca", GOST))
    people = [
        pki.certify(pki.name(f"ЛИЦО {number}"), gost().key, nca, pki.PERSON)
        for number in range(SIGNERS)
    ]
    infos = [pki.signer_info(who) for who in people]
    statuses = verify(pki.read(pki.signed_data(infos, people)), nca)
    assert [statuses[0].valid.answer, statuses[0].path.answer] == [YES, YES]
    last = statuses[-1]
    assert (last.intact.answer, last.valid.answer, last.path.answer) == (YES, UNKNOWN, UNKNOWN)
    assert (text(last.valid), text(last.path)) == (
        TOO_MUCH,
        "there are too many certificates to try",
    )


@pytest.mark.usefixtures("plain_gost", "untraced")
def test_signatures_that_are_tried_twice_are_paid_for_twice() -> None:
    """Attributes in BER are re-encoded if the signature doesn't verify."""
    who = gost()
    filler = der.attribute("1.2.3.4", der.tlv(0x30, b"\x30\x80" + der.NULL * 300 + b"\0\0"))
    listed = sorted([*attributes(CONTENT, GOST.digest), filler])[::-1]
    info = pki.signer_info(who, signed=listed, signature=b"\1" * 128)
    statuses = verify(signed(copies(info), CONTENT, who))
    assert [statuses[0].valid.answer, statuses[-1].valid.answer] == [NO, UNKNOWN]


@pytest.mark.usefixtures("plain_gost", "untraced")
@pytest.mark.parametrize("kind", [GOST, GOST_2004])
def test_large_certificates_are_not_hashed_by_the_hundred(kind: gost_signer.Kind) -> None:
    named = pki.signing_certificate(b"another", kind.digest)
    filler = pki.extension("1.2.3.4", bytes(15_000))
    people = [
        pki.certify(pki.name("ЛИЦО"), IVAN.key, NCA, [filler], serial=number)
        for number in range(100)
    ]
    infos = [pki.signer_info(who, signed=sorted([*attributes(CONTENT), named])) for who in people]
    statuses = verify(pki.read(pki.signed_data(infos, people)))
    assert "names another certificate" in text(statuses[0].valid)
    assert (statuses[-1].valid.answer, text(statuses[-1].valid)) == (UNKNOWN, TOO_MUCH)


def crowd(size: int, kind: gost_signer.Kind) -> list[Holder]:
    """Return authorities of one name and one key, each of which has issued all others."""
    key = pki.gost_key("crowd", kind)
    name = pki.name("CROWD")
    return [pki.certify(name, key, None, pki.AUTHORITY, serial=number) for number in range(1, size)]


@pytest.mark.usefixtures("untraced")
def test_authorities_that_all_issued_each_other_are_not_walked_forever() -> None:
    authorities = crowd(40, GOST)
    people = [below(authorities[0], subject=f"ЛИЦО {number % 3}") for number in range(6)]
    infos = [pki.signer_info(who) for who in people * 4]
    signature = pki.read(pki.signed_data(infos, [*people, *authorities]))
    for status in verify(signature):
        assert status.path.answer is UNKNOWN
        assert "too many certificates to try" in str(status.path.reasons[0])


@pytest.mark.usefixtures("untraced")
def test_timestamps_by_the_hundred_exhaust_their_budget() -> None:
    value = pki.signature_of(pki.signer_info(IVAN))
    stamper = pki.certify(pki.name("GTSA"), pki.gost_key("tsa", GOST), NCA, pki.STAMPER)
    filler = below(NCA, pki.extension("1.2.3.4", bytes(12_000)))
    token = pki.timestamp(value, by=stamper, certificates=[stamper, filler])
    unsigned = [der.sequence(der.oid(TIMESTAMP), der.tlv(0x31, token * 2))]
    infos = copies(pki.signer_info(IVAN, unsigned=unsigned, signature=value))
    statuses = verify(signed(infos, CONTENT, NCA))
    assert statuses[0].decisive_time_source == "timestamp"
    last = statuses[-1].timestamp
    assert last
    assert last.verdict.answer is UNKNOWN
    assert text(last.verdict) == TOO_MUCH


@pytest.mark.usefixtures("plain_gost")
def test_a_signature_value_without_end_is_not_hashed() -> None:
    value = bytes(2_000_000)
    token = pki.timestamp(value[:1], digest=GOST.digest)
    info = pki.signer_info(IVAN, unsigned=[der.attribute(TIMESTAMP, token)], signature=value)
    [status] = verify(signed([info]))
    assert status.timestamp
    assert text(status.timestamp.verdict) == TOO_MUCH


@pytest.mark.usefixtures("plain_gost")
def test_large_signed_attributes_are_paid_for() -> None:
    who = gost()
    filler = der.attribute("1.2.3.4", der.octets(bytes(1_200_000)))
    listed = sorted([*attributes(CONTENT, GOST.digest), filler])
    info = pki.signer_info(who, signed=listed, signature=b"\1" * 128)
    statuses = verify(signed(copies(info, 4), CONTENT, who))
    assert [status.valid.answer for status in statuses] == [UNKNOWN] * 4


def over(size: int, *, attached: bool = True, plain: bool = False) -> SignedData:
    """Sign that many bytes with GOST; it is not checked whether correctly."""
    who = gost()
    listed = None if plain else attributes(b"x", GOST.digest)
    info = pki.signer_info(who, b"x", signed=listed)
    return pki.read(pki.signed_data([info], [who], bytes(size) if attached else None))


LARGE = 1_000_001
WITHOUT_LIBRARY = " is slow without libgcrypt (install libgcrypt20)"


@pytest.mark.usefixtures("plain_gost", "untraced")
@pytest.mark.parametrize("attached", [True, False])
def test_content_above_a_megabyte_is_not_hashed_in_plain_python(attached: bool) -> None:
    signature = over(LARGE, attached=attached)
    start = time.process_time()
    [status] = Verifier().verify(signature, bytes(LARGE), at=AT)
    assert time.process_time() - start < allowed(0.5)
    assert (status.intact.answer, status.valid.answer) == (UNKNOWN, YES)
    assert text(status.intact) == TOO_LARGE + "GOST R 34.11-2015 512" + WITHOUT_LIBRARY


@pytest.mark.usefixtures("plain_gost")
def test_content_above_a_megabyte_is_not_hashed_without_attributes_either() -> None:
    [status] = verify(over(LARGE, plain=True))
    assert (status.intact.answer, status.valid.answer) == (UNKNOWN, UNKNOWN)
    assert text(status.valid) == TOO_LARGE + "GOST R 34.11-2015 512" + WITHOUT_LIBRARY


@pytest.mark.usefixtures("plain_gost")
def test_content_above_a_megabyte_is_not_hashed_with_the_older_gost_either() -> None:
    who = gost(kind=GOST_2004)
    info = pki.signer_info(who)
    [status] = verify(pki.read(pki.signed_data([info], [who], bytes(LARGE))))
    assert text(status.intact) == TOO_LARGE + "GOST 34.311-95" + WITHOUT_LIBRARY


@pytest.mark.usefixtures("plain_gost", "untraced")
@pytest.mark.parametrize("kind", [GOST, GOST_2004])
def test_content_of_a_megabyte_is_hashed_in_plain_python(kind: gost_signer.Kind) -> None:
    who = gost(kind=kind)
    info = pki.signer_info(who, b"x")
    signature = pki.read(pki.signed_data([info] * 3, [who], bytes(LARGE - 1)))
    for status in verify(signature):
        assert (status.intact.answer, status.valid.answer) == (NO, YES)


@pytest.mark.usefixtures("plain_gost")
def test_who_is_patient_gets_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_SLOW_CONTENT", 1_000)
    signature = over(2_000)
    for content_budget, answer in ((None, UNKNOWN), (budget.FREE, NO)):
        [status] = Verifier().verify(signature, at=AT, content_budget=content_budget)
        assert status.intact.answer is answer


needs_libgcrypt = pytest.mark.skipif(
    libgcrypt.load() is None, reason="needs libgcrypt (apt-get install libgcrypt20)"
)


@needs_libgcrypt
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("kind", [GOST, GOST_2004])
@pytest.mark.parametrize("plain", [False, True], ids=["attributes", "none"])
def test_with_libgcrypt_no_content_is_too_large_for_gost(
    kind: gost_signer.Kind, plain: bool
) -> None:
    """Without the library this takes more than a minute."""
    who, content = gost(kind=kind), bytes(30_000_000)
    listed = None if plain else attributes(b"x", kind.digest)
    info = pki.signer_info(who, b"x", signed=listed)
    [status] = verify(pki.read(pki.signed_data([info], [who], content)))
    assert status.intact.answer is NO


@pytest.mark.parametrize("library", [True, False], ids=["libraries", "plain"])
def test_costs_follow_what_is_in_use(library: bool, request: pytest.FixtureRequest) -> None:
    if not library:
        request.getfixturevalue("plain_gost")
    elif DIGESTS is PLAIN_DIGESTS or CURVES is PLAIN_CURVES:
        pytest.skip("needs libgcrypt and libcrypto")
    digest, check = 20_000 if library else 500_000, 1_500 if library else 2_000
    for kind in (GOST, GOST_2004):
        assert (budget.cost_of_digest(kind.digest, 1_000_000) < digest) is library
        key = read(gost(kind=kind))[0].public_key
        assert (budget.cost_of_check(key, 100) < check) is library
        assert budget.is_slow(kind.digest) is not library
    assert budget.cost_of_digest(pki.SHA256, 100_000_000) < budget.MAX_CONTENT_COST
    assert budget.cost_of_digest("1.2.3.4", 1) < 100


def counting(monkeypatch: pytest.MonkeyPatch, oid: str, size: int) -> list[int]:
    """Count how often something of that size or more is hashed."""
    function, sizes = algorithms.DIGESTS[oid], list[int]()

    def counted(*data: Octets) -> bytes:
        whole = sum(map(len, data))
        if whole >= size:
            sizes.append(whole)
        return function(*data)

    for other, known in algorithms.DIGESTS.items():
        if known is function:
            monkeypatch.setitem(algorithms.DIGESTS, other, counted)
    return sizes


@pytest.mark.parametrize("kind", [GOST, GOST_2004, None])
@pytest.mark.parametrize("plain", [False, True], ids=["attributes", "none"])
def test_content_is_hashed_once_for_all_signers(
    kind: gost_signer.Kind | None, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = kind.digest if kind else pki.SHA256
    people = [
        gost(number, kind=kind) if kind else below(NCA, subject=f"ЛИЦО {number}")
        for number in range(3)
    ]
    content = b"to be hashed once" * 3_000
    infos = [
        pki.signer_info(who, content, signed=None if plain else sorted(attributes(content, digest)))
        for who in people
    ]
    signature = pki.read(pki.signed_data(infos, people, content))
    sizes = counting(monkeypatch, digest, len(content))
    statuses = verify(signature)
    assert [(status.intact.answer, status.valid.answer) for status in statuses] == [(YES, YES)] * 3
    assert sizes == [len(content)]


@pytest.mark.usefixtures("untraced")
def test_content_is_not_hashed_again_for_every_signer_without_attributes() -> None:
    content = bytes(20_000_000)
    infos = copies(pki.signer_info(IVAN, content, signed=None))
    statuses = verify(signed(infos, content))
    assert [status.valid.answer for status in statuses] == [YES] * SIGNERS


def test_content_may_be_too_large_for_any_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_CONTENT_COST", 0)
    [status] = verify(signed([pki.signer_info(IVAN)]))
    assert text(status.intact) == TOO_LARGE + "SHA-256 is slow"


@pytest.mark.parametrize("attached", [True, False])
def test_a_shared_budget_pays_for_each_content_once(
    monkeypatch: pytest.MonkeyPatch, attached: bool
) -> None:
    content, other = bytes(1_000_000), bytes(1_000_000) + b"x"
    monkeypatch.setattr(budget, "MAX_CONTENT_COST", 20_000)
    info = pki.signer_info(IVAN, content)
    signature = pki.read(pki.signed_data([info], [IVAN], content if attached else None))
    shared = ContentBudget()
    for given, answer in [(content, YES), (other, NO)] * 3:
        [status] = Verifier().verify(signature, given, at=AT, content_budget=shared)
        assert (status.intact.answer, compare(signature, given, budget=shared)) == (
            answer,
            (status.intact,),
        )
    if not attached:
        [status] = Verifier().verify(signature, other + b"x", at=AT, content_budget=shared)
        assert text(status.intact) == TOO_LARGE + "SHA-256 is slow"


@pytest.mark.parametrize("signed_attributes", [(), None])
def test_other_line_ends_are_too_much_where_the_budget_ends(
    monkeypatch: pytest.MonkeyPatch, signed_attributes: tuple[bytes, ...] | None
) -> None:
    monkeypatch.setattr(budget, "MAX_CONTENT_COST", 12_000)
    info = pki.signer_info(IVAN, b"x", signed=signed_attributes)
    signature = pki.read(pki.signed_data([info], [IVAN], None))
    [verdict] = compare(signature, b"\n" * 1_000_000)
    assert text(verdict) == TOO_LARGE + "SHA-256 is slow"
    [verdict] = compare(signature, b"x" * 1_000_000)
    assert verdict.answer is NO


def test_an_unknown_digest_stays_that_and_costs_nothing() -> None:
    content = ContentBudget()
    with pytest.raises(UnsupportedAlgorithm):
        content.digest("1.2.3.4", b"x")


def embedding(crl_: bytes, who: Holder) -> SignedData:
    """Sign with a CRL beside."""
    infos = [pki.signer_info(who)]
    return pki.read(pki.signed_data(infos, [who], revocation=[crl_]))


@pytest.mark.usefixtures("plain_gost")
def test_a_large_gost_crl_is_heard_from_the_operator_and_not_from_the_sender(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "MAX_COST", 30_000)
    authority = pki.root("GOST CA", pki.gost_key("ca", GOST))
    who = pki.certify(pki.name("P"), pki.rsa_key("P"), authority, pki.PERSON)
    many = [Revoked(2**64 + number, BEFORE) for number in range(1_000)]
    large = crl(*many, Revoked(who.serial, BEFORE), by=authority)
    [status] = verify(embedding(large, who), authority)
    assert status.revocation.answer is UNKNOWN
    assert "a CRL in the signature is too large to be checked here (GOST R" in text(
        status.revocation
    )
    [status] = Verifier(read(authority), crls=[large]).verify(embedding(large, who), at=AT)
    assert status.revocation.answer is NO


def test_a_large_rsa_crl_is_heard_from_the_sender_too() -> None:
    many = [Revoked(2**64 + number, BEFORE) for number in range(30_000)]
    [status] = verify(embedding(crl(*many, revoked(BEFORE)), IVAN), NCA)
    assert status.revocation.answer is NO


@pytest.mark.parametrize(("place", "answer"), [(0, NO), (-1, YES)])
def test_responses_that_are_too_large_together_are_not_all_read(place: int, answer: Answer) -> None:
    filler = pki.certify(pki.name("F"), IVAN.key, NCA, [pki.extension("1.2.3.4", bytes(15_000))])
    good, bad = (
        response[response.index(b"\x30\x82", 20) :]
        for response in (
            ocsp(certificates=[filler]),
            ocsp(revoked(BEFORE), certificates=[filler]),
        )
    )
    listed = [good] * (MAX_RESPONSE_BYTES // len(good) + 1)
    listed[place] = bad
    value = der.sequence(der.explicit(1, der.sequence(*listed)))
    info = pki.signer_info(IVAN, unsigned=[der.attribute(REVOCATION_VALUES, value)])
    [status] = verify(signed([info]), NCA)
    assert status.revocation.answer is answer


@pytest.mark.usefixtures("plain_gost", "untraced")
def test_xml_signatures_are_paid_for() -> None:
    who = gost()
    root = etree.fromstring("<a/>")
    xml_signer.sign(root, who)
    [signature] = root
    for _ in range(SIGNERS - 1):
        root.append(etree.fromstring(etree.tostring(signature)))
    statuses = verify(parsed(root))
    assert [status.valid.answer for status in statuses[::255]] == [YES, UNKNOWN]


@pytest.mark.usefixtures("plain_gost", "untraced")
def test_a_large_signed_info_is_not_hashed_with_gost() -> None:
    who = gost()
    root = etree.fromstring("<a/>")
    signature = xml_signer.sign(root, who)
    signature[0].text = " " * 3_000_000
    [status] = verify(parsed(root))
    assert text(status.valid) == "the signed data could not be canonicalised"
    assert any("too large to be hashed here" in str(one) for one in status.intact.reasons)


@pytest.mark.usefixtures("plain_gost")
def test_a_document_that_is_too_large_for_gost_is_not_hashed() -> None:
    root = etree.fromstring("<a>" + "x" * 2_600_000 + "</a>")
    reference = xml_signer.Reference(method=xml_signer.NCA + "gostr34112015-512", signed=b"")
    xml_signer.sign(root, gost(), reference)
    [status] = verify(parsed(root))
    assert text(status.intact) == TOO_LARGE + "GOST R 34.11-2015 512" + WITHOUT_LIBRARY
    assert status.valid.answer is YES


def parsed(root: etree._Element) -> SignedXml:
    """Parse a document that must be accepted."""
    signature = parse(xml_signer.text(root))
    assert isinstance(signature, SignedXml)
    return signature


@pytest.mark.usefixtures("untraced")
def test_looking_for_authorities_of_timestamps_elsewhere_is_paid_for() -> None:
    value = pki.signature_of(pki.signer_info(IVAN))
    token = pki.timestamp(value, certificates=[NCA])
    unsigned = [der.sequence(der.oid(TIMESTAMP), der.tlv(0x31, token * 6))]
    infos = copies(pki.signer_info(IVAN, unsigned=unsigned, signature=value))
    first, *_, last = verify(signed(infos, CONTENT, NCA))
    assert first.timestamp
    assert "neither in the token nor at hand" in text(first.timestamp.verdict)
    assert last.timestamp
    assert text(last.timestamp.verdict) == TOO_MUCH
