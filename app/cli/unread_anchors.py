"""Reports about signatures while the trust anchors in the database are unknown.

The verifier then knows only those of TRUST_DIR. A certificate that it reports as no anchor may be
one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.cli.report import Report
from app.cms import Reason, SignerStatus, Verdict

STORED_UNKNOWN = Reason(
    "Which trust anchors there are is not known, as the database can't be read; those in TRUST_DIR"
    " were used alone."
)
#: The verifier's sentence about a path without an anchor -> what is really known.
_UNKNOWN = {
    "the chain ends with {authority}, which is no trust anchor": Reason(
        "the chain ends with {authority}; whether that is a trust anchor is unknown"
        " without the database that can't be read"
    ).template,
    "no certificate of {authority} that fits is at hand": Reason(
        "no certificate of {authority} that fits is at hand, but for the database that can't be"
        " read"
    ).template,
    "the certificate of the timestamp authority is neither in the token nor at hand": Reason(
        "the certificate of the timestamp authority is not in the token, and may be in the database"
        " that can't be read"
    ).template,
}


def without_stored(report: Report) -> Report:
    """Return a report that says what is unknown without the anchors in the database."""
    examined = replace(report.examined, statuses=_rewritten(report.examined.statuses))
    return replace(report, examined=examined, today=_rewritten(report.today), lacks_stored=True)


def _rewritten(statuses: Iterable[SignerStatus]) -> tuple[SignerStatus, ...]:
    return tuple(
        replace(
            status,
            path=_rewrite(status.path),
            timestamp=status.timestamp
            and replace(status.timestamp, verdict=_rewrite(status.timestamp.verdict)),
        )
        for status in statuses
    )


def _rewrite(verdict: Verdict) -> Verdict:
    """Return a verdict with its reasons rewritten for a missing database."""
    return Verdict(verdict.answer, tuple(map(_rewrite_reason, verdict.reasons)))


def _rewrite_reason(reason: Reason) -> Reason:
    template = _UNKNOWN.get(reason.template, reason.template)
    return Reason(template, reason.values)
