"""What an algorithm proves at a time: a proof by a broken one counts neither for nor against.

`app.cms.algorithms.dates` has the dates. A digest that doesn't match, and a signature that doesn't
verify, stay a no, whatever the algorithm.
"""

from collections.abc import Iterable
from datetime import datetime

from app.cms.algorithms.dates import Broken, broken_digest, broken_signature
from app.cms.algorithms.registry import AlgorithmIdentifier
from app.cms.verdict import Answer, Verdict, every, unknown
from app.cms.x509.certificate import Certificate

Method = tuple[AlgorithmIdentifier, str | None]
"""A signature algorithm, and the digest algorithm named beside it."""


def weigh_digests(verdict: Verdict, digests: Iterable[str], at: datetime) -> Verdict:
    """Turn a yes into unknown if digests of content are broken as of that time."""
    return _weigh(verdict, map(broken_digest, digests), at)


def weigh_signature(
    verdict: Verdict, certificate: Certificate, method: Method | None, at: datetime
) -> Verdict:
    """Turn a yes into unknown if the signature of a certificate's key is broken as of that time."""
    found = broken_signature(certificate.public_key, *method) if method else None
    return _weigh(verdict, [found], at)


def _weigh(verdict: Verdict, found: Iterable[Broken | None], at: datetime) -> Verdict:
    if verdict.answer is not Answer.YES:
        return verdict
    doubts = [
        unknown(
            "{algorithm} proves nothing since {since}: only a verified timestamp from"
            " before then could settle it",
            algorithm=one.name,
            since=one.since.date(),
        )
        for one in found
        if one and one.since <= at
    ]
    return every(verdict, *doubts)


def weigh_token(verdict: Verdict, found: Iterable[Broken | None], at: datetime) -> Verdict:
    """Turn a yes about a timestamp into unknown if its algorithms are broken as of that time."""
    if verdict.answer is not Answer.YES:
        return verdict
    doubts = [
        unknown(
            "the timestamp relies on {algorithm}, which proves nothing since {since}",
            algorithm=one.name,
            since=one.since.date(),
        )
        for one in found
        if one and one.since <= at
    ]
    return every(verdict, *doubts)
