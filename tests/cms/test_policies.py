"""Certificate policies along a path (RFC 5280 section 6.1, RFC 9618)."""

import time
from collections.abc import Sequence

import pytest

from app.cms.budget import Budget
from app.cms.path.building import Search
from app.cms.path.issuers import GivenAuthorities
from app.cms.path.occasions import Occasion
from app.cms.path.policies import ANY_POLICY, DEFAULT, PolicyInputs, check_policies
from app.cms.verdict import Answer, Verdict
from tests import der, pki
from tests.cms.judging import KEY, ROOT, below, path, read, text
from tests.cpu import allowed
from tests.pki import SIGNING_TIME, Holder

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ONE, TWO, THREE = "1.2.398.1", "1.2.398.2", "1.2.398.3"
CPS, OTHER_QUALIFIER = "1.3.6.1.5.5.7.2.1", "1.2.398.9"


def policies(*oids: str, critical: bool = False, qualifier: str = "") -> bytes:
    """Encode CertificatePolicies (section 4.2.1.4), each with that kind of qualifier."""
    more = der.sequence(der.sequence(der.oid(qualifier), der.NULL)) if qualifier else b""
    listed = [der.sequence(der.oid(oid), more) for oid in oids]
    return pki.extension("2.5.29.32", der.sequence(*listed), critical=critical)


def demands(
    explicit: int | None = None, inhibit_mapping: int | None = None, *, critical: bool = True
) -> bytes:
    """Encode PolicyConstraints (section 4.2.1.11)."""
    fields = [
        der.implicit(number, der.integer(skip)[2:])
        for number, skip in enumerate((explicit, inhibit_mapping))
        if skip is not None
    ]
    return pki.extension("2.5.29.36", der.sequence(*fields), critical=critical)


def maps(*pairs: tuple[str, str], critical: bool = True) -> bytes:
    """Encode PolicyMappings (section 4.2.1.5)."""
    listed = [der.sequence(der.oid(issuer), der.oid(subject)) for issuer, subject in pairs]
    return pki.extension("2.5.29.33", der.sequence(*listed), critical=critical)


def inhibits_any(skip: int) -> bytes:
    """Encode InhibitAnyPolicy (section 4.2.1.14)."""
    return pki.extension("2.5.29.54", der.integer(skip), critical=True)


def chain(*levels: Sequence[bytes], anchor: Sequence[bytes] = ()) -> list[Holder]:
    """Make a path: an anchor, authorities, a person, each with these extensions besides its own."""
    made = [pki.certify(pki.name("POLICY ROOT"), ROOT.key, None, [*pki.AUTHORITY, *anchor])]
    for number, extensions in enumerate(levels[:-1]):
        made.append(
            pki.certify(pki.name(f"CA {number}"), KEY, made[-1], [*pki.AUTHORITY, *extensions])
        )
    return [*made, below(made[-1], *pki.PERSON, *levels[-1])]


def judge(
    *levels: Sequence[bytes], anchor: Sequence[bytes] = (), inputs: PolicyInputs = DEFAULT
) -> Verdict:
    """Return the verdict on such a path."""
    root, *others, person = read(*chain(*levels, anchor=anchor))
    search = Search(GivenAuthorities([root]), [GivenAuthorities(others)], Budget())
    return search.find(person, Occasion.of(SIGNING_TIME), inputs).verdict


@pytest.mark.parametrize("critical", [False, True])
@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize(
    ("authority", "person", "answer"),
    [
        ([policies(ONE)], [policies(ONE)], YES),
        ([policies(ONE)], [policies(TWO)], NO),
        ([policies(ONE)], [], NO),
        ([], [policies(ONE)], NO),
        ([policies(ANY_POLICY)], [policies(ONE)], YES),
        ([policies(ONE)], [policies(ANY_POLICY)], YES),
        ([policies(ONE), maps((ONE, TWO))], [policies(TWO)], YES),
        ([policies(ONE), maps((ONE, TWO))], [policies(ONE)], NO),
        ([policies(ANY_POLICY), maps((ONE, TWO))], [policies(TWO)], YES),
    ],
)
def test_a_demanded_policy_has_to_hold_all_the_way(
    authority: list[bytes], person: list[bytes], answer: Answer, anchored: bool, critical: bool
) -> None:
    """Without the demand it doesn't matter, as with the NCA, whose policies never agree."""
    assert judge(authority, person) == Verdict(YES)
    demand = demands(0, critical=critical)
    if anchored:
        verdict = judge(authority, person, anchor=[demand])
    else:
        verdict = judge([*authority, demand], person)
    assert verdict.answer is answer
    if answer is NO:
        assert text(verdict) == (
            "no certificate policy is valid for the whole path from POLICY ROOT to СИДОРОВ СЕМЁН,"
            " and one is required"
        )


@pytest.mark.parametrize(("skip", "answer"), [(0, NO), (1, NO), (3, NO), (4, YES)])
def test_a_demand_may_begin_further_down(skip: int, answer: Answer) -> None:
    """It begins when that many certificates have been passed; the holder's own ends the path."""
    assert judge([demands(skip)], [], [], []).answer is answer


def test_the_last_certificate_may_demand_a_policy_of_its_own_path() -> None:
    assert judge([], [demands(0)]).answer is NO
    assert judge([], [demands(1)]) == Verdict(YES)


@pytest.mark.parametrize(
    ("inputs", "answer"),
    [
        (PolicyInputs(), YES),
        (PolicyInputs(frozenset({ONE})), YES),
        (PolicyInputs(frozenset({TWO})), NO),
        (PolicyInputs(inhibit_mapping=True), NO),
        (PolicyInputs(inhibit_any=True), YES),
    ],
)
def test_the_caller_may_accept_some_policies_only(inputs: PolicyInputs, answer: Answer) -> None:
    """What counts is the policy before it was mapped, in which the caller thinks."""
    authority = [policies(ONE), maps((ONE, TWO)), demands(0)]
    assert judge(authority, [policies(TWO)], inputs=inputs).answer is answer


def test_any_policy_to_the_end_is_whichever_the_caller_accepts() -> None:
    wanted = PolicyInputs(frozenset({THREE}), explicit=True)
    assert judge([policies(ANY_POLICY)], [policies(ANY_POLICY)], inputs=wanted) == Verdict(YES)
    assert judge([policies(ANY_POLICY)], [policies(ONE)], inputs=wanted).answer is NO


@pytest.mark.parametrize(("skip", "answer"), [(0, NO), (1, YES)])
@pytest.mark.parametrize("anchored", [False, True])
def test_any_policy_may_be_inhibited(skip: int, answer: Answer, anchored: bool) -> None:
    inhibited = [inhibits_any(skip), demands(0)]
    if anchored:
        verdict = judge([policies(ANY_POLICY)], [policies(ONE)], anchor=inhibited)
    else:
        verdict = judge([policies(ONE), *inhibited], [policies(ANY_POLICY)])
    assert verdict.answer is answer


@pytest.mark.parametrize(("skip", "answer"), [(0, NO), (1, YES)])
@pytest.mark.parametrize("anchored", [False, True])
def test_mapping_may_be_inhibited(skip: int, answer: Answer, anchored: bool) -> None:
    inhibited, mapped = demands(0, skip), [policies(ONE), maps((ONE, TWO))]
    if anchored:
        verdict = judge(mapped, [policies(TWO)], anchor=[demands(0, skip)])
        assert verdict.answer is (NO if skip == 0 else YES)
    else:
        verdict = judge([policies(ONE), inhibited], mapped, [policies(TWO)])
        assert verdict.answer is answer


@pytest.mark.parametrize(("own", "answer"), [(ONE, YES), (TWO, NO), (ANY_POLICY, YES)])
def test_the_policies_of_an_anchor_count(own: str, answer: Answer) -> None:
    """RFC 5937 section 3.2."""
    anchor = [policies(own)]
    assert judge([policies(ONE), demands(0)], [policies(ONE)], anchor=anchor).answer is answer
    mapped = [policies(TWO), maps((TWO, ONE))]
    assert judge([policies(ONE), demands(0)], [policies(ONE)], anchor=mapped) == Verdict(YES)


@pytest.mark.parametrize("pair", [(ANY_POLICY, ONE), (ONE, ANY_POLICY)])
def test_any_policy_is_never_mapped(pair: tuple[str, str]) -> None:
    verdict = judge([policies(ANY_POLICY), maps(pair)], [policies(ONE)])
    assert (verdict.answer, text(verdict)) == (
        NO,
        "CA 0 maps policies from or to anyPolicy, which is forbidden",
    )


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.32", der.NULL),
        ("2.5.29.32", der.sequence()),
        ("2.5.29.33", der.sequence(der.sequence(der.oid(ONE)))),
        ("2.5.29.36", der.sequence()),
        ("2.5.29.36", der.sequence(der.implicit(0, b"\xff"))),
        ("2.5.29.36", der.sequence(der.implicit(2, b"\0"))),
        ("2.5.29.54", der.NULL),
        ("2.5.29.54", der.integer(-1)),
    ],
)
@pytest.mark.parametrize("anchored", [False, True])
def test_what_cannot_be_read_makes_unknown(oid: str, value: bytes, anchored: bool) -> None:
    broken = [pki.extension(oid, value)]
    verdict = judge([], [], anchor=broken) if anchored else judge(broken, [])
    holder = "POLICY ROOT" if anchored else "CA 0"
    assert verdict.answer is UNKNOWN
    assert text(verdict) == f"the certificate of {holder}: extension {oid} is broken"


def test_a_critical_qualifier_has_to_be_understood() -> None:
    assert judge([policies(ONE, qualifier=OTHER_QUALIFIER)], []) == Verdict(YES)
    assert judge([policies(ONE, qualifier=CPS, critical=True)], []) == Verdict(YES)
    verdict = judge([policies(ONE, qualifier=OTHER_QUALIFIER, critical=True)], [])
    assert (verdict.answer, text(verdict)) == (
        UNKNOWN,
        "the policies of CA 0 have a critical qualifier that is unknown here: 1.2.398.9",
    )


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
def test_policies_that_are_all_mapped_to_all_cost_little() -> None:
    """In the tree of RFC 5280 these would be 30 to the sixth nodes."""
    crowd = [f"1.2.398.{number}" for number in range(30)]
    pairs = [(issuer, subject) for issuer in crowd for subject in crowd]
    level = [policies(*crowd), maps(*pairs)]
    made = read(*chain(*[level] * 6, [policies(*crowd)], anchor=[demands(0)]))[::-1]
    assert sum(len(one.der) for one in made) > 75_000
    start = time.process_time()
    assert check_policies(made, PolicyInputs(frozenset(crowd[:1])), Budget()) == Verdict(YES)
    assert time.process_time() - start < allowed(0.5)
    too_little = check_policies(made, DEFAULT, Budget(1000))
    assert too_little.answer is UNKNOWN


def test_an_anchor_is_trusted_by_itself() -> None:
    root, person = chain([], anchor=[demands(0), maps((ANY_POLICY, ONE))])
    assert path(person, [person], []) == Verdict(YES)
    assert path(person, [root], []).answer is NO
