"""Keys of a path that may be in other hands: another certificate of one was revoked for that.

A search for paths may end before it comes to that certificate, since its sender can bring as many
others as use up its limits. So those at hand are looked up by the key: the operator's, whatever the
sender brought, and then what was brought, as far as the limits of the search go. More can't be
asked of the latter: the sender may leave out what speaks against it.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from app.cms.algorithms.same_key import identify_key
from app.cms.budget import FREE, Budget
from app.cms.errors import TooCostly
from app.cms.path.building import Path, Search
from app.cms.path.chains import check_authorities
from app.cms.path.issuers import Authorities
from app.cms.path.occasions import Occasion
from app.cms.revocation.noted import KEEPING_KEYS
from app.cms.revocation.reports import RevocationFinding, RevocationStatus
from app.cms.verdict import Answer
from app.cms.x509.certificate import Certificate

# Paths of one certificate whose revocation is checked, and what each costs, in the unit of
# `budget`, if the sender brought the certificate.
_MAX_PATHS = 16
_COST = 2_000

Chain = tuple[Certificate, ...]


def find_exposed(
    search: Search,
    chain: Chain,
    when: Occasion,
    examine: Callable[[Path], RevocationStatus],
) -> set[Hashable]:
    """Return the exposed keys that another certificate with a key of `chain` tells of.

    `search` has found the chain; `examine` says what is known of the revocation of a path.
    """
    exposed: set[Hashable] = set()
    for above, budget in _list_paths(search, chain):
        verdict = check_authorities(above, when, budget)
        exposed.update(exposed_by(examine(Path(verdict, above, anchored=True)), when.at))
    return exposed


def exposed_by(revocation: RevocationStatus, at: datetime) -> Iterator[Hashable]:
    """Return the keys of certificates that were revoked, and not only replaced or out of use.

    Somebody else may have such a key, or what it signed may not count: so it does for each of its
    certificates.
    """
    return (
        identify_key(one.certificate.public_key)
        for one in revocation.findings
        if _is_exposing(one, at)
    )


def _is_exposing(one: RevocationFinding, at: datetime) -> bool:
    """Return whether a statement says that a key can't be relied on at a time.

    It need not be proven: where it is unknown whether a certificate was revoked by then, so it is
    for others with its key. A later revocation tells of that time by its invalidityDate (RFC 5280
    section 5.3.2).
    """
    if one.exposes:
        return True
    if one.revoked is None or one.revoked.reason in KEEPING_KEYS:
        return False
    if one.verdict.answer is Answer.NO:
        return True
    since = min(filter(None, (one.revoked.when, one.revoked.invalid_since)))
    return one.verdict.answer is Answer.UNKNOWN and since <= at


def _list_paths(search: Search, chain: Chain) -> Iterator[tuple[Chain, Budget]]:
    """List the paths of other certificates, and what pays for checking each."""
    for above in _list_own(search, chain):
        yield above, FREE
    for above in _list_brought(search, chain):
        yield above, search.budget


def _list_own(search: Search, chain: Chain) -> Iterator[Chain]:
    """List paths of the operator's certificates with a key of a chain, at no cost of the sender's.

    What the sender brought serves only one that has no path without it.
    """
    for twin in _twins(chain, (search.anchors, *search.others)):
        own = Search(search.anchors, search.others, FREE, for_timestamps=search.for_timestamps)
        found = list(islice(own.find_chains(twin), _MAX_PATHS))
        yield from found or islice(search.continued().find_chains(twin), _MAX_PATHS)


def _list_brought(search: Search, chain: Chain) -> Iterator[Chain]:
    """List paths of certificates with the key of an authority that the sender brought.

    Not with that of the first certificate, of which anyone may have any number.
    """
    more = search.continued()
    for twin in _twins(chain[1:], search.brought):
        for found in islice(more.find_chains(twin), _MAX_PATHS):
            try:
                search.budget.spend(_COST)
            except TooCostly:
                return
            yield found


def _twins(chain: Chain, sources: Sequence[Authorities]) -> list[Certificate]:
    """List the certificates with a key of a chain that aren't in it, each once."""
    signed = {one.tbs for one in chain}
    found = dict.fromkeys(
        other for one in chain for source in sources for other in source.with_key(one.public_key)
    )
    return [one for one in found if one.tbs not in signed]
