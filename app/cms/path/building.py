"""Paths from a certificate to a trust anchor (the part of RFC 5280 section 6 that is in use).

CA names repeat over generations, and the sender of a signature may embed any certificate. So every
issuer of a name is tried, within a limit.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.same_key import identify_key
from app.cms.budget import Budget, cost_of_check
from app.cms.errors import TooCostly, UnsupportedAlgorithm
from app.cms.path.chains import check_chain
from app.cms.path.issuers import Authorities, GivenAuthorities
from app.cms.path.occasions import Occasion
from app.cms.path.policies import DEFAULT, PolicyInputs
from app.cms.path.rules import check_holder, title
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate, MalformedExtension, readable_key_identifier

# Certificates in one path; the NCA's have three.
MAX_DEPTH = 8
# Links tried for one path. The NCA's need two, or a few more where names repeat.
MAX_LINKS = 64

# Bytes of a key identifier that is a digest of its key.
_MIN_UNIQUE = 16
_NULL = b"\x05\x00"
_TOO_MANY = unknown("there are too many certificates to try")
_PREFERENCE = (Answer.YES, Answer.UNKNOWN, Answer.NO)


@dataclass(frozen=True, slots=True)
class Path:
    """How far a certification path reached: to an anchor, if `anchored`; and whether it is good."""

    verdict: Verdict
    chain: tuple[Certificate, ...]
    anchored: bool


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


def _rank(path: Path) -> int:
    return _PREFERENCE.index(path.verdict.answer)


@dataclass(slots=True)
class Search:
    """One depth-first search from a certificate upwards, over all its possible issuers.

    `for_timestamps`: the certificate is a TSA's, so that its CAs must be for such.
    """

    anchors: GivenAuthorities
    others: Sequence[Authorities]
    budget: Budget
    for_timestamps: bool = False
    left: int = MAX_LINKS
    longest: tuple[Certificate, ...] = ()
    exhausted: bool = False
    forged: Verdict = YES
    unsupported: list[Verdict] = field(default_factory=list)

    def find(self, certificate: Certificate, when: Occasion, inputs: PolicyInputs) -> Path:
        """Return the path that is good at that time, or else the best of those that aren't.

        An anchor is trusted by itself, whichever CA issued it, as long as it is valid. What its
        extensions say about certificates below it applies: the path length, name constraints and
        policies. An unknown critical extension in it makes the answer unknown.
        """
        best: Path | None = None
        for path in self.find_all(certificate, when, inputs):
            if path.verdict.answer is Answer.YES:
                return path
            if best is None or _rank(path) < _rank(best):
                best = path
        if best is None:
            return self.fail(certificate, when)
        return replace(best, verdict=self.doubt(best.verdict, certificate, when))

    def find_all(
        self, certificate: Certificate, when: Occasion, inputs: PolicyInputs = DEFAULT
    ) -> Iterator[Path]:
        """Return the paths to anchors one after the other, good or not, each once.

        Certificates that differ only in how their signature is written are the same.
        """
        seen = set()
        for chain in self._chains((certificate,)):
            signed = tuple(one.tbs for one in chain)
            if signed not in seen:
                seen.add(signed)
                verdict = check_chain(
                    chain, when, inputs, self.budget, for_timestamps=self.for_timestamps
                )
                yield Path(verdict, chain, anchored=True)

    def has_twins(self, chain: tuple[Certificate, ...]) -> bool:
        """Return whether an issuer of a chain has another certificate of the same name and key."""
        return any(
            other.tbs != issuer.tbs
            and identify_key(other.public_key) == identify_key(issuer.public_key)
            for issuer in chain[1:]
            for source in (self.anchors, *self.others)
            for other in source.named(issuer.subject)
        )

    def fail(self, certificate: Certificate, when: Occasion) -> Path:
        """Return what was found where no path leads to an anchor."""
        verdict = every(check_holder(certificate, when), self._explain_failure())
        return Path(verdict, self.longest, anchored=False)

    def doubt(self, verdict: Verdict, certificate: Certificate, when: Occasion) -> Verdict:
        """Return unknown for a no, unless that is the certificate's own, if a path was not tried.

        `verdict` is that on the best of the paths that were.
        """
        if verdict.answer is not Answer.NO or check_holder(certificate, when).answer is Answer.NO:
            return verdict
        return self._doubt(verdict)

    def _doubt(self, verdict: Verdict) -> Verdict:
        """Return the verdict if one path is bad and another could not be tried."""
        untried = [*self.unsupported]
        if self.exhausted:
            untried.append(_TOO_MANY)
        if not untried:
            return verdict
        return Verdict(Answer.UNKNOWN, (*every(*untried).reasons, *verdict.reasons))

    def _chains(self, chain: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        """Return every chain that begins with this one and ends in an anchor."""
        if len(chain) > len(self.longest):
            self.longest = chain
        if chain[-1] in self.anchors:
            yield chain
            return
        if len(chain) == MAX_DEPTH:
            return
        key: Hashable = None
        for issuer in self._candidates(chain[-1]):
            if issuer in chain or key not in (None, identify_key(issuer.public_key)):
                continue
            if self._try(chain, issuer):
                for found in self._chains((*chain, issuer)):
                    # It leads to an anchor, so the signature is of this key, and of no other.
                    key = identify_key(issuer.public_key)
                    yield found

    def _candidates(self, certificate: Certificate) -> list[Certificate]:
        """List the possible issuers of a certificate, those first whose key it names."""
        found = dict.fromkeys(self.anchors.named(certificate.issuer))
        for authorities in self.others:
            found.update(dict.fromkeys(authorities.named(certificate.issuer)))
        return sorted(found, key=lambda issuer: -_key_matches(certificate, issuer))

    def _try(self, chain: tuple[Certificate, ...], issuer: Certificate) -> bool:
        certificate = chain[-1]
        self.left -= 1
        self.exhausted = self.exhausted or self.left < 0
        if self.exhausted:
            return False
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
        if len(identifier) >= _MIN_UNIQUE and _key_matches(certificate, issuer) > 0:
            self.forged = no(
                "the certificate of {subject} names {issuer} as issuer, but is not signed by it",
                subject=title(certificate.subject),
                issuer=title(issuer.subject),
            )

    def _explain_failure(self) -> Verdict:
        """Return why no chain ended in an anchor."""
        last = self.longest[-1]
        if self.exhausted:
            missing = _TOO_MANY
        elif last.self_issued:
            missing = unknown(
                "the chain ends with {authority}, which is no trust anchor",
                authority=title(last.subject),
            )
        else:
            missing = unknown(
                "no certificate of {authority} that fits is at hand", authority=title(last.issuer)
            )
        return every(self.forged, missing, *self.unsupported)


def _key_matches(certificate: Certificate, issuer: Certificate) -> int:
    """Compare the key identifiers (section 4.2.1.1): 1 if equal, -1 if not, 0 if one is missing."""
    wanted, actual = _issuer_key_identifier(certificate), readable_key_identifier(issuer)
    if wanted is None or actual is None:
        return 0
    return 1 if wanted == actual else -1


@lru_cache(maxsize=512)
def _issuer_key_identifier(certificate: Certificate) -> bytes | None:
    try:
        return x509.authority_key_identifier(certificate)
    except MalformedExtension:
        return None
