"""What CMS_VALIDATION requires of verification."""

from __future__ import annotations

from collections.abc import Iterable

from flask import current_app

from app.cms import Answer, SignerStatus, UnverifiedSignature, Verdict
from app.services import sent_content


def require_verified(statuses: Iterable[SignerStatus], level: str, *, lacks_content: bool) -> None:
    """Require that each signature verifies, and at level `trusted` that a path reaches an anchor.

    Content that differs only in line ends is accepted with a warning, as on the lower levels.
    """
    accepts = lacks_content and current_app.config["CMS_DETACHED"] == "accept"
    for status in statuses:
        line_ends = sent_content.fits_with_crlf(status.intact)
        require(status.intact, status, or_unknown=accepts or line_ends)
        require(status.valid, status)
        if level == "trusted":
            require(status.path, status)
            require(status.revocation, status, or_unknown=True)


def require(verdict: Verdict, status: SignerStatus, *, or_unknown: bool = False) -> None:
    """Require for one signer that a verdict is yes, or at least not no.

    Raises:
        UnverifiedSignature: it is not; with the first reason, which is that of the worst answer.
    """
    if verdict.answer is Answer.NO or (verdict.answer is Answer.UNKNOWN and not or_unknown):
        raise UnverifiedSignature(
            "cms: signer {number}: {reason}", number=status.number, reason=verdict.reasons[0]
        )
