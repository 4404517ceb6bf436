"""The test cases of NIST's Public Key Interoperability Test Suite (PKITS) 1.0.1: what it expects.

The files are those of the package cryptography_vectors. The table beside this file is ours, from
the suite's document, "Conformance Testing of Relying Party Client Certificate Path Processing
Logic", sections 4.1 to 4.16. The certificates and CRLs of a path are not listed: the product has to
find them among all that the suite has.
"""

from dataclasses import dataclass
from pathlib import Path

from app.cms.path.policies import PolicyInputs

# NIST-test-policy-1 and its kin end with a number behind this.
_TEST_POLICY = "2.16.840.1.101.3.2.1.48."

_TABLE = Path(__file__).with_name("pkits_cases.txt")


@dataclass(frozen=True)
class Case:
    """A certificate of the suite, the policy inputs, and whether its path has to validate."""

    number: str
    certificate: str
    valid: bool
    inputs: PolicyInputs


def _read(line: str) -> Case:
    number, certificate, expected, *settings = line.split()
    policies = [one for one in settings if one.startswith("policies=")]
    acceptable = (
        frozenset(_TEST_POLICY + digit for digit in policies[0].partition("=")[2].split(","))
        if policies
        else None
    )
    return Case(
        number,
        certificate,
        expected == "valid",
        PolicyInputs(
            acceptable,
            explicit="explicit" in settings,
            inhibit_mapping="inhibit_mapping" in settings,
            inhibit_any="inhibit_any" in settings,
        ),
    )


CASES = [
    _read(line) for line in _TABLE.read_text().splitlines() if line and not line.startswith("#")
]
