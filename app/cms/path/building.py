"""Paths from a certificate to a trust anchor (the part of RFC 5280 section 6 that is in use)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.cms.algorithms.same_key import identify_key
from app.cms.path.chains import check_chain
from app.cms.path.climbing import TOO_MANY, Climb
from app.cms.path.occasions import Occasion
from app.cms.path.policies import DEFAULT, PolicyInputs
from app.cms.path.rules import check_holder, title
from app.cms.verdict import Answer, Verdict, every, unknown
from app.cms.x509.certificate import Certificate

_PREFERENCE = (Answer.YES, Answer.UNKNOWN, Answer.NO)


@dataclass(frozen=True, slots=True)
class Path:
    """How far a certification path reached: to an anchor, if `anchored`; and whether it is good."""

    verdict: Verdict
    chain: tuple[Certificate, ...]
    anchored: bool


def _rank(path: Path) -> int:
    return _PREFERENCE.index(path.verdict.answer)


@dataclass(slots=True)
class Search(Climb):
    """One search from a certificate upwards, whose chains are judged."""

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
        for chain in self.find_chains(certificate):
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
            for source in (self.anchors, *self.others, *self.brought)
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
            untried.append(TOO_MANY)
        if not untried:
            return verdict
        return Verdict(Answer.UNKNOWN, (*every(*untried).reasons, *verdict.reasons))

    def _explain_failure(self) -> Verdict:
        """Return why no chain ended in an anchor."""
        last = self.longest[-1]
        if self.exhausted:
            missing = TOO_MANY
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
