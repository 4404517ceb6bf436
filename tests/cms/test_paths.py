"""Paths to trust anchors: which are found, and what looking for them may cost."""

import time

import pytest

from app.cms.algorithms import registry as algorithms
from app.cms.asn1.node import read_node
from app.cms.path import climbing as paths
from app.cms.verdict import Answer, Verdict
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from tests import der, gost_signer, pki
from tests.cms.judging import IVAN, KEY, NCA, ROOT, below, path, read, text
from tests.cpu import allowed
from tests.pki import DAY, NOT_BEFORE, SIGNING_TIME, Holder

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


def test_a_chain_to_the_root_is_good() -> None:
    assert path(IVAN) == Verdict(YES)


def test_an_intermediate_may_be_an_anchor_and_the_root_be_away() -> None:
    assert path(IVAN, anchors=[NCA], intermediates=[]) == Verdict(YES)


def test_a_certificate_may_be_an_anchor_itself() -> None:
    assert path(IVAN, anchors=[IVAN], intermediates=[]) == Verdict(YES)


def test_the_chain_is_reported() -> None:
    signature = pki.sign(IVAN)
    [status] = Verifier(read(ROOT)).verify(signature, at=SIGNING_TIME)
    assert status.chain == tuple(read(IVAN, NCA, ROOT))
    [status] = Verifier().verify(signature, at=SIGNING_TIME)
    assert status.chain == tuple(read(IVAN, NCA))


@pytest.mark.parametrize(
    "kind",
    [gost_signer.GOST_2015_512, gost_signer.GOST_2015_256, gost_signer.GOST_2004],
    ids=["512", "256", "2004"],
)
def test_chains_of_gost_keys_are_good(kind: gost_signer.Kind) -> None:
    root = pki.root("GOST ROOT", pki.gost_key("root", kind))
    nca = pki.certify(pki.name("GOST"), pki.gost_key("nca", kind), root, pki.AUTHORITY)
    person = pki.certify(pki.name("P"), pki.gost_key("person", kind), nca, pki.PERSON)
    assert path(person, [root], [nca]) == Verdict(YES)
    forged = pki.certify(pki.name("P"), pki.gost_key("p", kind), nca, pki.PERSON, forged=True)
    assert path(forged, [root], [nca]).answer is not YES


@pytest.mark.parametrize(
    ("anchors", "intermediates", "reason"),
    [
        ([], [NCA, ROOT], "the chain ends with ROOT, which is no trust anchor"),
        ([], [NCA], "no certificate of ROOT that fits is at hand"),
        ([ROOT], [], "no certificate of NCA that fits is at hand"),
        ([pki.root("OTHER")], [NCA], "no certificate of ROOT that fits is at hand"),
    ],
)
def test_without_an_anchor_or_a_link_the_path_is_unknown(
    anchors: list[Holder], intermediates: list[Holder], reason: str
) -> None:
    verdict = path(IVAN, anchors, intermediates)
    assert (verdict.answer, text(verdict)) == (UNKNOWN, reason)


def test_a_self_made_certificate_with_a_real_looking_iin_is_never_trusted() -> None:
    key = pki.rsa_key("attacker")
    subject = pki.name("ИВАНОВ ИВАН", "900101300017")
    alone = pki.certify(subject, key, None, pki.PERSON)
    own_root = pki.certify(ROOT.subject, key, None, pki.AUTHORITY)
    own_nca = pki.certify(NCA.subject, key, own_root, pki.AUTHORITY)
    under_own = pki.certify(subject, key, own_nca, pki.PERSON)
    for made, chain in ((alone, []), (under_own, [own_nca, own_root])):
        signature = pki.read(pki.signed_data([pki.signer_info(made)], [made, *chain, NCA, ROOT]))
        [status] = Verifier(read(ROOT, NCA)).verify(signature, at=SIGNING_TIME)
        assert (status.intact.answer, status.valid.answer) == (YES, YES)
        assert status.path.answer is UNKNOWN
        assert status.trusted.answer is UNKNOWN


def test_a_certificate_that_names_an_anchor_s_key_and_is_not_signed_by_it_is_forged() -> None:
    forged = pki.certify(pki.name("P"), KEY, NCA, pki.PERSON, forged=True)
    verdict = path(forged, [NCA])
    assert verdict.answer is NO
    assert "the certificate of P names NCA as issuer, but is not signed by it" in text(verdict)


def test_a_short_key_identifier_accuses_no_one() -> None:
    """The NCA has had such of four bytes, and keys of several generations might share one."""
    own = pki.extension("2.5.29.14", der.octets(b"\1\2\3\4"))
    named = pki.extension("2.5.29.35", der.sequence(der.implicit(0, b"\1\2\3\4")))
    nca = pki.certify(NCA.subject, KEY, None, [*pki.AUTHORITY, own], identified=False)
    person = pki.certify(pki.name("P"), KEY, NCA, [*pki.PERSON, named], identified=False)
    assert path(person, [nca], []).answer is UNKNOWN


def test_an_algorithm_that_differs_within_and_without_is_no_signature_of_the_issuer() -> None:
    parts = [part.encoded for part in read_node(IVAN.certificate).children()]
    for parameters, expected in ((b"", True), (der.NULL, True), (der.octets(b"x"), False)):
        parts[1] = der.algorithm(pki.RSA_SHA256, parameters)
        odd = read_certificate(der.sequence(*parts))
        assert paths.is_issued_by(odd, read(NCA)[0]) is expected


def test_every_generation_of_a_name_is_tried() -> None:
    others = [
        pki.certify(NCA.subject, pki.rsa_key(f"NCA {number}"), ROOT, pki.AUTHORITY)
        for number in range(3)
    ]
    assert path(IVAN, [ROOT], [*others, NCA]) == Verdict(YES)
    verdict = path(IVAN, [ROOT], others)
    assert (verdict.answer, text(verdict)) == (
        UNKNOWN,
        "no certificate of NCA that fits is at hand",
    )


def test_an_expired_generation_of_the_same_key_does_no_harm() -> None:
    expired = pki.certify(
        NCA.subject, NCA.key, ROOT, pki.AUTHORITY, valid=(NOT_BEFORE, NOT_BEFORE + DAY), serial=7
    )
    assert path(IVAN, [ROOT], [expired, NCA]) == Verdict(YES)
    assert path(IVAN, [ROOT], [expired]).answer is NO


def test_names_match_across_their_encodings() -> None:
    subject = der.sequence(
        der.set_of(der.sequence(der.oid("2.5.4.6"), der.tlv(19, b"kz"))),
        der.set_of(der.sequence(der.oid("2.5.4.3"), der.tlv(19, b"nca"))),
    )
    other = pki.certify(subject, NCA.key, ROOT, pki.AUTHORITY)
    assert path(IVAN, [ROOT], [other]) == Verdict(YES)
    signature = pki.read(pki.signed_data([pki.signer_info(IVAN)], [IVAN, other]))
    [status] = Verifier(read(ROOT)).verify(signature, at=SIGNING_TIME)
    assert status.path == Verdict(YES)


def test_an_issuer_with_an_unknown_algorithm_makes_unknown() -> None:
    key = pki.Key(KEY.public, "1.3.6.1.4.1.6801.1.2.2", KEY.digest, KEY.sign)
    nca = pki.certify(pki.name("OLD"), key, ROOT, pki.AUTHORITY)
    verdict = path(below(nca), [nca], [])
    assert verdict.answer is UNKNOWN
    assert "1.3.6.1.4.1.6801.1.2.2 is not supported" in text(verdict)


def test_a_bad_path_proves_nothing_where_another_could_not_be_tried() -> None:
    """The same key, certified by two authorities: one must not, the other's key is unknown."""
    strict = pki.certify(
        pki.name("STRICT"), pki.rsa_key("s"), ROOT, [pki.basic_constraints(path_length=0)]
    )
    odd_key = pki.Key(KEY.public, "1.3.6.1.4.1.6801.1.2.2", KEY.digest, KEY.sign)
    odd = pki.certify(pki.name("STRICT"), odd_key, ROOT, pki.AUTHORITY)
    nca = pki.certify(pki.name("BELOW"), pki.rsa_key("b"), strict, pki.AUTHORITY)
    other = pki.certify(pki.name("BELOW"), pki.rsa_key("b"), odd, pki.AUTHORITY)
    person = below(nca)
    assert path(person, [ROOT], [strict, nca]).answer is NO
    verdict = path(person, [ROOT], [strict, nca, odd, other])
    assert verdict.answer is UNKNOWN
    assert "is not supported" in text(verdict)
    assert "more CA certificates below STRICT" in text(verdict)
    usage = [pki.key_usage("keyEncipherment")]
    assert path(below(nca, *usage), [ROOT], [strict, nca, odd, other]).answer is NO


@pytest.mark.parametrize("embedded", [False, True])
def test_generations_whose_name_is_encoded_otherwise_are_all_tried(embedded: bool) -> None:
    """The younger one has the name in another type of string, and so its persons have."""
    other = der.sequence(
        der.set_of(der.sequence(der.oid("2.5.4.6"), der.utf8("KZ"))),
        der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8("NCA"))),
    )
    younger = pki.certify(other, KEY, ROOT, pki.AUTHORITY)
    namesake = Holder(KEY, NCA.subject, younger.certificate, younger.issuer, younger.serial)
    person = below(namesake)
    assert younger.subject != NCA.subject == namesake.subject
    signature = pki.read(
        pki.signed_data([pki.signer_info(person)], [person, *([NCA, younger] if embedded else [])])
    )
    verifier = Verifier(read(ROOT), intermediates=[] if embedded else read(NCA, younger))
    [status] = verifier.verify(signature, at=SIGNING_TIME)
    assert status.path == Verdict(YES)


def test_authorities_that_certify_each_other_lead_nowhere() -> None:
    one, two = pki.name("ONE"), pki.name("TWO")
    first = pki.certify(one, KEY, None, pki.AUTHORITY)
    second = pki.certify(two, pki.rsa_key("two"), first, pki.AUTHORITY)
    back = pki.certify(one, KEY, second, pki.AUTHORITY)
    assert path(below(first), [ROOT], [second, back]).answer is UNKNOWN


def test_a_chain_that_is_too_long_is_not_followed() -> None:
    made = [ROOT]
    for number in range(paths.MAX_DEPTH):
        made.append(pki.certify(pki.name(f"LEVEL {number}"), KEY, made[-1], pki.AUTHORITY))
    assert path(below(made[-3]), [ROOT], made[1:]) == Verdict(YES)
    assert path(below(made[-2]), [ROOT], made[1:]).answer is UNKNOWN


def test_links_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    paths.is_issued_by.cache_clear()
    assert path(IVAN) == Verdict(YES)
    monkeypatch.setattr(algorithms, "verify_signature", None)
    assert path(IVAN) == Verdict(YES)


def test_a_bad_path_proves_nothing_where_there_are_too_many_to_try() -> None:
    root = pki.certify(
        pki.name("SHORT"), pki.rsa_key("short"), None, [pki.basic_constraints(path_length=0)]
    )
    crowd = [
        pki.certify(pki.name("MANY"), KEY, root, pki.AUTHORITY, serial=number)
        for number in range(paths.MAX_LINKS)
    ]
    verdict = path(below(crowd[0]), [root], crowd[:2])
    assert verdict.answer is NO
    verdict = path(below(crowd[0]), [root], crowd)
    assert (verdict.answer, text(verdict).partition(";")[0]) == (
        UNKNOWN,
        "there are too many certificates to try",
    )


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
def test_a_crowd_of_one_name_and_one_key_costs_little() -> None:
    """Each of a thousand may have issued each other."""
    key = pki.gost_key("crowd", gost_signer.GOST_2015_512)
    first = pki.certify(pki.name("CROWD"), key, None, pki.AUTHORITY)
    person = below(first)
    crowd: list[Holder | bytes] = [
        first.certificate[:-2] + number.to_bytes(2, "big") for number in range(1000)
    ]
    signature = pki.read(pki.signed_data([pki.signer_info(person)], [person, first, *crowd]))
    start = time.process_time()
    [status] = Verifier(read(ROOT)).verify(signature, at=SIGNING_TIME)
    assert time.process_time() - start < allowed(1)
    assert status.path.answer is UNKNOWN
    assert text(status.path) == "there are too many certificates to try"
