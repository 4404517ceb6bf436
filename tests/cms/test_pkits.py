"""NIST's test suite for certification paths (PKITS), by the product's own paths and CRLs.

All certificates of authorities and all CRLs of the suite are at hand at once, as with an operator
who collects them; the path has to be found among them. A path validates if it is good and none of
its certificates was revoked: both yes.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from app.cms.budget import Budget
from app.cms.errors import MalformedSignature
from app.cms.path.building import Search
from app.cms.path.issuers import GivenAuthorities
from app.cms.path.occasions import Occasion
from app.cms.revocation.checking import RevocationData, check_revocation
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.verdict import Answer, every
from app.cms.x509.certificate import Certificate, read_certificate
from tests.cms.pkits_cases import CASES, Case

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
TRUST = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
# Between the beginning of 2010 and the end of 2030, in which the suite's certificates hold, and
# before any algorithm in it was broken.
AT = datetime(2011, 6, 1, tzinfo=UTC)

# Valid in the suite, unknown here: the reason, and the cases that have it.
VALID_BUT_UNKNOWN = {
    "DSA is not supported": "4.1.4 4.1.5",
    "the CRL is signed with a key of the authority that isn't in the path": "4.4.19 4.5.4 4.5.6",
    "each CRL is for some reasons only": "4.14.18 4.14.19",
    "the CRL is another authority's (indirect)": (
        "4.14.22 4.14.24 4.14.25 4.14.28 4.14.29 4.14.30 4.14.33"
    ),
}
# Not valid in the suite, and not here: but unknown, as something else may exist that would settle
# it. No is only for what is proven.
INVALID_AND_UNKNOWN = {
    "no authority at hand has signed the certificate; one of that name may exist": (
        "4.1.2 4.1.3 4.3.1 4.3.2"
    ),
    "no CRL at hand speaks of the certificate": "4.4.1 4.4.4 4.4.5 4.4.6",
    "the CRL, or an entry, has critical extensions that are unknown here": "4.4.8 4.4.9 4.4.10",
    "the CRL is too old": "4.4.11 4.4.12 4.15.10",
    "the authority's key is not for CRLs, or the CRL is signed with one that isn't in the path": (
        "4.4.20 4.4.21 4.5.5 4.5.7 4.7.4 4.7.5"
    ),
    "the CRL is for another distribution point": ("4.14.3 4.14.8 4.14.9"),
    "the CRL is not for certificates of this kind, or not for all reasons": (
        "4.14.11 4.14.12 4.14.14 4.14.17"
    ),
    "the CRL is another authority's (indirect)": (
        "4.14.23 4.14.26 4.14.27 4.14.31 4.14.32 4.14.34 4.14.35"
    ),
    "there is only a delta CRL": "4.15.1",
    "a critical extension is unknown here": "4.16.2",
}


def by_case(groups: Mapping[str, str]) -> Iterator[str]:
    """Yield all cases of all reasons."""
    for numbers in groups.values():
        yield from numbers.split()


def suite(folder: str) -> list[Traversable]:
    """List the files of one kind, in the order of their names."""
    data = files("cryptography_vectors") / "x509" / "PKITS_data"
    return sorted((data / folder).iterdir(), key=lambda file: file.name)


def read_all() -> Iterator[tuple[str, Certificate]]:
    """Read the certificates; those that are no BIT STRINGs of whole octets are refused."""
    for file in suite("certs"):
        try:
            yield file.name.removesuffix(".crt"), read_certificate(file.read_bytes())
        except MalformedSignature:
            continue


def read_crls() -> Iterator[CertificateList]:
    for file in suite("crls"):
        try:
            yield CertificateList(file.read_bytes())
        except MalformedRevocation:
            continue


@cache
def answers() -> dict[str, Answer]:
    """Run all cases against the product."""
    certificates = dict(read_all())
    anchors = GivenAuthorities([certificates["TrustAnchorRootCertificate"]])
    others = [one for name, one in certificates.items() if not name.endswith("EE")]
    revocation = RevocationData(list(read_crls()))

    def answer(case: Case) -> Answer:
        certificate = certificates.get(case.certificate)
        if certificate is None:
            return NO
        search = Search(anchors, [GivenAuthorities(others)], Budget())
        path = search.find(certificate, Occasion.of(AT), case.inputs)
        if not path.anchored:
            return path.verdict.answer
        return every(
            path.verdict, check_revocation(path.chain, Occasion.of(AT), [revocation])
        ).answer

    return {case.number: answer(case) for case in CASES}


def test_the_table_has_all_cases() -> None:
    """224 certificates in 16 sections; some are tried with several policy inputs."""
    assert len({case.number.partition("/")[0] for case in CASES}) == 224
    assert {file.name.removesuffix(".crt") for file in suite("certs")} > {
        case.certificate for case in CASES
    }


@pytest.mark.slow
def test_none_is_a_wrong_yes() -> None:
    assert [case.number for case in CASES if not case.valid and answers()[case.number] is YES] == []


def test_none_is_a_wrong_no() -> None:
    assert [case.number for case in CASES if case.valid and answers()[case.number] is NO] == []


@pytest.mark.parametrize("valid", [True, False])
def test_the_documentation_has_these_figures(valid: bool) -> None:
    found = [answers()[case.number] for case in CASES if case.valid is valid]
    figures = [len(found), *(found.count(answer) for answer in (YES, NO, UNKNOWN))]
    row = " | ".join(["valid" if valid else "invalid", *map(str, figures)])
    assert f"| {row} |" in TRUST


@pytest.mark.parametrize(
    ("groups", "valid", "answer"),
    [
        (VALID_BUT_UNKNOWN, True, UNKNOWN),
        (INVALID_AND_UNKNOWN, False, UNKNOWN),
    ],
)
def test_every_other_answer_is_listed_with_its_reason(
    groups: Mapping[str, str], valid: bool, answer: Answer
) -> None:
    """A change of any answer has to change the list."""
    found = {
        case.number for case in CASES if case.valid is valid and answers()[case.number] is answer
    }
    listed = list(by_case(groups))
    assert len(listed) == len(set(listed))
    assert (sorted(found - set(listed)), sorted(set(listed) - found)) == ([], [])
