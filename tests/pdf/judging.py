"""How the tests of PDFs verify: with the tests' authority, and with what is in the file."""

from __future__ import annotations

from datetime import timedelta

from app.cms import SignedData, SignerStatus, TimestampStatus, Verdict, Verifier
from app.pdf.child.answering import answer
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import USUAL
from app.pdf.reading import _signatures
from app.pdf.signatures import Judges, PdfSignature, verify_listed
from tests import pki
from tests.cms.augmenting import STAMPED, good
from tests.cms.judging import NCA, ROOT, read

LATER = STAMPED + timedelta(minutes=3)
_LIST = pki.crl(ROOT, this_update=STAMPED - 9 * pki.DAY, next_update=STAMPED + 9 * pki.DAY)
VERIFIER = Verifier(
    read(ROOT),
    intermediates=read(NCA),
    crls=[_LIST],
    ocsp_responses=[good(pki.stamper().serial)],
)


def verify_detached(signature: SignedData, content: bytes) -> tuple[SignerStatus, ...]:
    return VERIFIER.verify(signature, content, at=LATER)


def verify_stamp(token: bytes, content: bytes) -> TimestampStatus:
    return VERIFIER.verify_timestamp(token, content, at=LATER)


JUDGES = Judges(verify_detached, verify_stamp)


def verify(data: bytes) -> tuple[PdfSignature, ...]:
    """Verify as `verify_pdf` does, but without a child, so that coverage is measured."""
    found, blobs = answer("signatures", data, USUAL)
    if "refused" in found:
        raise UnreadablePdf(str(found["refused"]))
    return verify_listed(data, _signatures(found, blobs), JUDGES)


def verify_if_readable(data: bytes) -> tuple[PdfSignature, ...]:
    """Verify likewise; none if the file is damaged, so that there is no answer at all."""
    try:
        return verify(data)
    except UnreadablePdf as error:
        if str(error) != "damaged":
            raise
        return ()


def text(verdict: Verdict) -> str:
    """Return the answer and the reasons."""
    return ": ".join([verdict.answer.value, "; ".join(map(str, verdict.reasons))])
