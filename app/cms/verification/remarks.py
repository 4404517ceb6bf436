"""What is told beside an answer, and turns none."""

from datetime import datetime

from app.cms.path.occasions import is_future
from app.cms.verdict import Answer, Verdict, every
from app.cms.verification.status import TimestampStatus
from app.cms.x509.certificate import Certificate


def note_zeros(verdict: Verdict, count: int) -> Verdict:
    """Tell that zero bytes were left away behind a CMS, if there were any."""
    if not count:
        return verdict
    return verdict.noting(
        "{count} zero bytes follow the signature, and are not signed", count=count
    )


def note_future(verdict: Verdict, signing_time: datetime | None, now: datetime | None) -> Verdict:
    """Tell that the signer says to have signed in the future, if so."""
    if not is_future(signing_time, now):
        return verdict
    return verdict.noting(
        "the signing time, which the signer claims, is in the future by the clock of this server"
    )


def explain_path(
    verdict: Verdict, timestamp: TimestampStatus | None, certificate: Certificate
) -> Verdict:
    """Tell of an unknown what a timestamp lacks that would settle it, if it held."""
    if verdict.answer is not Answer.UNKNOWN or timestamp is None or timestamp.gen_time is None:
        return verdict
    in_force = certificate.not_before <= timestamp.gen_time <= certificate.not_after
    if timestamp.verdict.answer is not Answer.UNKNOWN or not in_force:
        return verdict
    return every(verdict, timestamp.verdict)
