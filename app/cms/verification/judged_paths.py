"""Which of several paths counts: any that is good and none of whose certificates was revoked.

Anyone can add certificates to a signature, and a CA may have several of one key: one that was
superseded and revoked, or a cross certificate. So a path that proves nothing speaks against no
other one (RFC 5280 section 6, RFC 4158).
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace

from app.cms.algorithms.same_key import identify_key
from app.cms.errors import TooCostly
from app.cms.path.building import Path, Search
from app.cms.path.occasions import Occasion
from app.cms.path.rules import title
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD
from app.cms.revocation.reports import RevocationStatus
from app.cms.verdict import Answer, Verdict, every, unknown
from app.cms.verification.exposed_keys import exposed_by, find_exposed
from app.cms.x509.certificate import Certificate

#: Without a path to a trust anchor.
NO_PATH = unknown("revocation can't be determined without a path to a trust anchor")
# Paths of one certificate whose revocation is checked, and what each after the first costs, in the
# unit of `budget`.
_MAX_JUDGED = 16
_COST = 2_000
_PREFERENCE = (Answer.YES, Answer.UNKNOWN, Answer.NO)


@dataclass(frozen=True, slots=True)
class JudgedPath:
    """A path, and whether any of its certificates was revoked.

    `others` are further good chains whose revocation is unknown.
    """

    path: Path
    revocation: RevocationStatus
    others: tuple[tuple[Certificate, ...], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Whether the path is good, and nothing on it was revoked."""
        return every(self.path.verdict, self.revocation.verdict)


def rank(verdict: Verdict) -> int:
    """Return 0 for yes, 1 for unknown, 2 for no."""
    return _PREFERENCE.index(verdict.answer)


def judge_paths(
    search: Search,
    certificate: Certificate,
    when: Occasion,
    examine: Callable[[Path], RevocationStatus],
) -> JudgedPath:
    """Return the path of a certificate that counts, with what `examine` says of its revocation.

    That is the first one that is good and has no revoked certificate; others are looked at besides
    where a CA has several certificates of one key, and any certificate at hand with a key of the
    path. A revoked certificate of the signer itself is so on every path, but not one on hold: what
    the sender brought may lift that, and is believed on a good path alone. Otherwise an unknown
    path counts more than one that is proven bad: it may be good.
    """
    judged: list[JudgedPath] = []
    exposed: set[Hashable] = set()
    good: JudgedPath | None = None
    for path in search.find_all(certificate, when):
        if judged and not _afford(search, len(judged)):
            break
        found = JudgedPath(path, examine(path))
        if found.revocation.own.answer is Answer.NO and _is_final(found):
            return found
        exposed.update(exposed_by(found.revocation, when.at))
        judged.append(found)
        if found.verdict.answer is Answer.YES:
            good = good or found
            if not search.has_twins(path.chain):
                break
    if good is not None:
        exposed |= find_exposed(search, good.path.chain, when, examine)
        return _distrust(good, exposed)
    if not judged:
        return JudgedPath(search.fail(certificate, when), RevocationStatus(NO_PATH))
    chosen = _choose(judged, lambda verdict: search.doubt(verdict, certificate, when))
    # What is unknown counts for something.
    return chosen if chosen.verdict.answer is Answer.NO else _distrust(chosen, exposed)


def _is_final(found: JudgedPath) -> bool:
    """Return whether a certificate that is refused on a path is refused on every other one."""
    if found.path.verdict.answer is Answer.YES:
        return True
    return any(
        one.revoked is not None
        and one.verdict.answer is Answer.NO
        and one.revoked.reason != CERTIFICATE_HOLD
        for one in found.revocation.findings
        if one.certificate == found.path.chain[0]
    )


def _distrust(found: JudgedPath, exposed: Collection[Hashable]) -> JudgedPath:
    """Weaken an answer if another certificate of a key on the path was revoked for that key."""
    for one in found.path.chain if exposed else ():
        if identify_key(one.public_key) in exposed:
            doubt = unknown(
                "another certificate with the key of {subject} was revoked, and not for being"
                " superseded",
                subject=title(one.subject),
            )
            revoked = found.revocation.verdict
            revoked = doubt if revoked.answer is Answer.YES else every(revoked, doubt)
            return weaken(found, every(found.path.verdict, doubt), revoked)
    return found


def _afford(search: Search, count: int) -> bool:
    """Pay for one more path; otherwise note that not all were tried."""
    try:
        search.budget.spend(_COST)
    except TooCostly:
        search.exhausted = True
    search.exhausted = search.exhausted or count >= _MAX_JUDGED
    return not search.exhausted


def _choose(judged: Sequence[JudgedPath], doubt: Callable[[Verdict], Verdict]) -> JudgedPath:
    """Return the best of several that are no yes; `doubt` weakens a no if others weren't tried."""
    best = min(judged, key=lambda one: rank(one.verdict))
    others = tuple(
        one.path.chain
        for one in judged
        if one is not best
        and one.path.verdict.answer is Answer.YES
        and one.revocation.verdict.answer is Answer.UNKNOWN
    )
    path, revoked = doubt(best.path.verdict), doubt(best.revocation.verdict)
    if revoked is not best.revocation.verdict:
        # If no path is proven to be good, there is none: what is unknown of it counts for nothing.
        path = every(path, revoked)
    chosen = weaken(best, path, revoked)
    return replace(chosen, others=others) if others else chosen


def weaken(found: JudgedPath, path: Verdict, revocation: Verdict) -> JudgedPath:
    """Return the same path with other verdicts, if they are other ones."""
    if path is found.path.verdict and revocation is found.revocation.verdict:
        return found
    return replace(
        found,
        path=replace(found.path, verdict=path),
        revocation=replace(found.revocation, verdict=revocation),
    )


def weigh_ends(latest: JudgedPath, earliest: JudgedPath) -> JudgedPath:
    """Return the answer for an interval: a yes or a no only if it is one at both ends.

    A certificate may be on hold at the beginning, and not any more at the end.
    """
    path, revocation = latest.path, latest.revocation
    return replace(
        latest,
        path=replace(path, verdict=_weigh(path.verdict, earliest.path.verdict)),
        revocation=replace(
            revocation,
            verdict=_weigh(revocation.verdict, earliest.revocation.verdict, is_whole=True),
        ),
    )


def _weigh(late: Verdict, early: Verdict, *, is_whole: bool = False) -> Verdict:
    """Return the answer of both ends, or unknown; `is_whole`: also of what is unknown at one.

    A no for different reasons is none: a certificate may begin and end within the interval.
    """
    answers = {late.answer, early.answer}
    if answers == {Answer.NO}:
        is_same = any(reason in early.reasons for reason in late.reasons)
    else:
        is_same = len(answers) == 1 or not (is_whole or Answer.NO in answers)
    if is_same:
        return late
    doubt = unknown("the timestamp is not accurate enough to tell whether it is from before then")
    return Verdict(Answer.UNKNOWN, (*late.reasons, *early.reasons, *doubt.reasons))
