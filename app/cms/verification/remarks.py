"""Remarks beside an answer, which do not change it."""

from collections.abc import Sequence
from datetime import datetime

from app.cms.algorithms.names import name
from app.cms.path.occasions import is_future
from app.cms.path.rules import title
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.verdict import Answer, Verdict, every
from app.cms.verification.status import TimestampStatus
from app.cms.x509.certificate import Certificate
from app.cms.xmldsig.canonical_forms import join_some


def note_zeros(verdict: Verdict, count: int) -> Verdict:
    """Add a remark that zero bytes after a CMS were dropped, if there were any."""
    if not count:
        return verdict
    return verdict.noting(
        "{count} zero bytes follow the signature, and are not signed", count=count
    )


def note_future(verdict: Verdict, signing_time: datetime | None, now: datetime | None) -> Verdict:
    """Add a remark that the claimed signing time is in the future, if it is."""
    if not is_future(signing_time, now):
        return verdict
    return verdict.noting(
        "the signing time, which the signer claims, is in the future by the clock of this server"
    )


def note_rivals(verdict: Verdict, rivals: Sequence[Certificate]) -> Verdict:
    """Add a remark that the signer may be named by other certificates, if there are any."""
    if not rivals or verdict.answer is not Answer.YES:
        return verdict
    named = [f"{title(one.subject)} ({one.serial_number:x})" for one in rivals]
    return verdict.noting(
        "other certificates in the signature have the same key, and nothing that is signed says"
        " which one is the signer's: {certificates}",
        certificates=join_some(named),
    )


def note_other_document(verdict: Verdict, intact: Verdict, first: SignerInfo | None) -> Verdict:
    """Add a remark that a signer signed another document than `first`, if that is one."""
    if first is None or verdict.answer is not Answer.YES or intact.answer is Answer.NO:
        return verdict
    return verdict.noting(
        "it is over another document than the signature of signer {number}: the message digests"
        " ({algorithm}) differ",
        number=first.number,
        algorithm=name(first.digest_algorithm),
    )


def note_incomparable(verdict: Verdict, intact: Verdict, first: SignerInfo | None) -> Verdict:
    """Add a remark that only the content, which is not available, would show what both signed."""
    if first is None or verdict.answer is not Answer.YES or intact.answer is not Answer.UNKNOWN:
        return verdict
    return verdict.noting(
        "nothing shows that it is over the same document as the signature of signer {number}: the"
        " message digests are by different algorithms",
        number=first.number,
    )


def explain_path(
    verdict: Verdict, timestamp: TimestampStatus | None, certificate: Certificate
) -> Verdict:
    """Add to an unknown what a timestamp lacks that, if valid, would decide it."""
    if verdict.answer is not Answer.UNKNOWN or timestamp is None or timestamp.gen_time is None:
        return verdict
    in_force = certificate.not_before <= timestamp.gen_time <= certificate.not_after
    if timestamp.verdict.answer is not Answer.UNKNOWN or not in_force:
        return verdict
    return every(verdict, timestamp.verdict)
