"""The rules for a whole chain whose signatures verify (RFC 5280 sections 6.1.3 to 6.1.5)."""

from collections.abc import Iterator
from itertools import pairwise

from app.cms.budget import Budget
from app.cms.path.name_constraints import check_names
from app.cms.path.occasions import Occasion
from app.cms.path.policies import DEFAULT, PolicyInputs, check_policies
from app.cms.path.purposes import check_authority_purpose
from app.cms.path.rules import (
    check_extensions,
    check_holder,
    check_issuer,
    check_strength,
    check_validity,
)
from app.cms.verdict import YES, Verdict, every
from app.cms.x509.certificate import Certificate


def check_chain(
    chain: tuple[Certificate, ...],
    when: Occasion,
    inputs: PolicyInputs,
    budget: Budget,
    *,
    for_timestamps: bool = False,
) -> Verdict:
    """Check all rules for a chain to an anchor. `for_timestamps`: the first is a TSA's."""
    verdicts = [check_holder(chain[0], when), *_check_issuers(chain, when)]
    verdicts += [check_strength(*link, when) for link in pairwise(chain)]
    # An anchor is for what the operator takes it for.
    verdicts += [
        check_authority_purpose(issuer, for_timestamps=for_timestamps) for issuer in chain[1:-1]
    ]
    return every(*verdicts, check_names(chain, budget), check_policies(chain, inputs, budget))


def check_authorities(chain: tuple[Certificate, ...], when: Occasion, budget: Budget) -> Verdict:
    """Check the CAs of a chain to an anchor, without its first certificate."""
    above = chain[1:]
    if not above:
        # An anchor itself has no issuer above it.
        return YES
    verdicts = [*_check_issuers(chain, when)]
    verdicts += [check_strength(*link, when) for link in pairwise(above)]
    return every(*verdicts, check_names(above, budget), check_policies(above, DEFAULT, budget))


def _check_issuers(chain: tuple[Certificate, ...], when: Occasion) -> Iterator[Verdict]:
    for position, issuer in enumerate(chain[1:], 1):
        below = sum(not certificate.self_issued for certificate in chain[1:position])
        yield check_validity(issuer, when)
        yield check_issuer(issuer, below)
        yield check_extensions(issuer)
