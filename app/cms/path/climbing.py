"""Chains of certificates from one upwards, to trust anchors: each is signed by the next.

CA names repeat over generations, and the sender of a signature may embed any certificate. So every
issuer of a name is tried, within a limit; and what the operator has is tried to its end before
anything that the sender brought, which may be as much as uses up the limit.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Self

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.same_key import identify_key
from app.cms.budget import Budget, cost_of_check
from app.cms.errors import TooCostly, UnsupportedAlgorithm
from app.cms.path.issuers import Authorities, GivenAuthorities, key_matches, list_possible
from app.cms.path.rules import title
from app.cms.verdict import YES, Verdict, no, unknown
from app.cms.x509.certificate import Certificate, readable_key_identifier

# Certificates in one path; the NCA's have three.
MAX_DEPTH = 8
# Links tried for one path among the operator's certificates, and as many more with the sender's.
# The NCA's need two, or a few more where names repeat.
MAX_LINKS = 64
# Steps along links, of which later rounds repeat some.
_MAX_STEPS = 16 * MAX_LINKS
# Bytes of a key identifier that is a digest of its key.
_MIN_UNIQUE = 16
_NULL = b"\x05\x00"
TOO_MANY = unknown("there are too many certificates to try")


@lru_cache(maxsize=512)
def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Return whether the key of `issuer` signed `certificate`; the last 512 answers are remembered.

    The algorithm must be the same inside the signed part (section 4.1.1.2). Raises
    UnsupportedAlgorithm.
    """
    outer, inner = certificate.signature_algorithm, certificate.signed_algorithm
    if outer.oid != inner.oid or (outer.parameters or _NULL) != (inner.parameters or _NULL):
        return False
    return algorithms.verify_signature(
        issuer.public_key,
        certificate.signature_algorithm,
        None,
        certificate.tbs,
        certificate.signature,
    )


def check_link(certificate: Certificate, issuer: Certificate, budget: Budget) -> bool:
    """Pay for `is_issued_by`, once for each link. Raises UnsupportedAlgorithm or TooCostly."""
    budget.spend(cost_of_check(issuer.public_key, len(certificate.tbs)), once=(certificate, issuer))
    return is_issued_by(certificate, issuer)


@dataclass(slots=True)
class Limits:
    """What is left of the limits of one search, and of those that continue it."""

    own: int = MAX_LINKS
    with_brought: int = MAX_LINKS
    steps: int = _MAX_STEPS

    def take(self, *, is_new: bool, with_brought: bool) -> bool:
        """Take a step, along a new link or one that was tried; return whether that is allowed."""
        self.steps -= 1
        if with_brought:
            self.with_brought -= is_new
        else:
            self.own -= is_new
        return min(self.own, self.with_brought, self.steps) >= 0


@dataclass(slots=True)
class Climb:
    """One depth-first search from a certificate upwards, over all its possible issuers.

    `others` are the operator's, as the anchors are; the sender of a signature chose what is
    `brought`. `for_timestamps`: the certificate is a TSA's, so that its CAs must be for such.
    """

    anchors: GivenAuthorities
    others: Sequence[Authorities]
    budget: Budget
    for_timestamps: bool = False
    brought: Sequence[Authorities] = ()
    longest: tuple[Certificate, ...] = ()
    exhausted: bool = False
    forged: Verdict = YES
    unsupported: list[Verdict] = field(default_factory=list)
    _tried: dict[tuple[Certificate, Certificate], bool] = field(default_factory=dict)
    _left: Limits = field(default_factory=Limits)
    _round: int = 0
    _has_more: bool = False

    def continued(self) -> Self:
        """Return a search from other certificates within what is left of the limits of this one."""
        return replace(self, longest=(), unsupported=[])

    def find_chains(self, certificate: Certificate) -> Iterator[tuple[Certificate, ...]]:
        """Return the chains to anchors, those with the fewest brought certificates first.

        So nothing that the sender brings is tried before all that the operator has; nor are
        certificates that lead nowhere, however many, before a short way to an anchor. A later round
        repeats the chains of those before.
        """
        for count in range(MAX_DEPTH):
            self._round = count
            self._has_more = False
            yield from self._climb((certificate,), count)
            if not self._has_more:
                return

    def _climb(
        self, chain: tuple[Certificate, ...], spare: int
    ) -> Iterator[tuple[Certificate, ...]]:
        """Return every chain that begins with this one and ends in an anchor.

        It may have as many brought certificates more as are to `spare`.
        """
        if len(chain) > len(self.longest):
            self.longest = chain
        if chain[-1] in self.anchors:
            yield chain
            return
        if len(chain) == MAX_DEPTH:
            return
        key: Hashable = None
        for issuer, is_brought in self._candidates(chain[-1], spare):
            if issuer in chain or key not in (None, identify_key(issuer.public_key)):
                continue
            if self._try(chain, issuer):
                for found in self._climb((*chain, issuer), spare - is_brought):
                    # It leads to an anchor, so the signature is of this key, and of no other.
                    key = identify_key(issuer.public_key)
                    yield found

    def _candidates(
        self, certificate: Certificate, spare: int
    ) -> Iterator[tuple[Certificate, bool]]:
        """Return the possible issuers of a certificate, and whether each was brought: these last.

        Each only once: what the operator has too wasn't brought.
        """
        own = list_possible(certificate, (self.anchors, *self.others))
        for issuer in own:
            yield issuer, False
        if not spare:
            self._has_more = self._has_more or bool(self.brought)
            return
        for issuer in list_possible(certificate, self.brought):
            if issuer not in own:
                yield issuer, True

    def _try(self, chain: tuple[Certificate, ...], issuer: Certificate) -> bool:
        """Return whether an issuer signed the last of a chain, which counts once as a link."""
        link = chain[-1], issuer
        is_new = link not in self._tried
        self.exhausted = self.exhausted or not self._left.take(
            is_new=is_new, with_brought=self._round > 0
        )
        if self.exhausted:
            return False
        if is_new:
            self._tried[link] = self._check(chain, issuer)
        return self._tried[link]

    def _check(self, chain: tuple[Certificate, ...], issuer: Certificate) -> bool:
        certificate = chain[-1]
        try:
            issued = check_link(certificate, issuer, self.budget)
        except TooCostly:
            self.exhausted = True
            return False
        except UnsupportedAlgorithm as error:
            self.unsupported.append(unknown(error.template, **error.values))
            return False
        if not issued and len(chain) == 1 and issuer in self.anchors:
            self._note_contradiction(certificate, issuer)
        return issued

    def _note_contradiction(self, certificate: Certificate, issuer: Certificate) -> None:
        """Record that a certificate names an anchor's key as its issuer's but isn't signed by it.

        Only for full key identifiers: the NCA has had some of four bytes, which may match several
        keys.
        """
        identifier = readable_key_identifier(issuer) or b""
        if len(identifier) >= _MIN_UNIQUE and key_matches(certificate, issuer) > 0:
            self.forged = no(
                "the certificate of {subject} names {issuer} as issuer, but is not signed by it",
                subject=title(certificate.subject),
                issuer=title(issuer.subject),
            )
