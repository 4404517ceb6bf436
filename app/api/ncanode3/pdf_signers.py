"""Signers of a PDF as NCANode describes them, with what the file says and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.api.ncanode3.certificates import write_certificate
from app.api.ncanode3.judging import OK, write_answer, write_answers, write_message
from app.api.ncanode3.moments import write_moment
from app.cms import Answer, SignerStatus, Verdict, every
from app.pdf.signatures import PdfSignature
from app.wording.sentences import Wording


def write_signatures(
    found: Sequence[PdfSignature], asked: Sequence[str], wording: Wording
) -> dict[str, Any]:
    """Return the answer about the signatures of a PDF, of which there is one at least.

    Document timestamps (ISO 32000-2 section 12.8.5) are no signatures of persons: they are in
    `verdict` alone, though one that is not good makes the whole not valid.
    """
    doubts = [doubt for one in found for doubt in _doubts_of(one, asked)]
    signers = [one for one in found if one.timestamp is None]
    return {
        "status": 200,
        "message": write_message(doubts, wording) if doubts else OK,
        "valid": not doubts,
        "signers": [
            _write_signer(one, number, asked, wording)
            for one in signers
            for number in _numbers_of(one)
        ],
        "verdict": _write_verdict(found, wording),
    }


def _doubts_of(one: PdfSignature, asked: Sequence[str]) -> list[Verdict]:
    """List the answers because of which a signature is not valid."""
    needed = (one.intact, one.valid, one.path, one.whole_document)
    doubts = [answer for answer in needed if answer.answer is not Answer.YES]
    revocation = one.revocation.answer
    if revocation is Answer.NO or (asked and revocation is Answer.UNKNOWN):
        doubts.append(one.revocation)
    return doubts


def _numbers_of(one: PdfSignature) -> range:
    """Return the numbers of the signers, from 0; there is one, also of what can't be read.

    More are not valid, and none is left out.
    """
    return range(max(1, len(one.examined.statuses)) if one.examined else 1)


def _status_of(one: PdfSignature, number: int) -> SignerStatus | None:
    """Return the status of a signer; None if the CMS can't be read."""
    return one.examined.statuses[number] if one.examined and one.examined.statuses else None


def _write_signer(
    one: PdfSignature, number: int, asked: Sequence[str], wording: Wording
) -> dict[str, Any]:
    status = _status_of(one, number)
    signers = one.examined.signers if one.examined else ()
    digest_algorithm = signers[number].digest_algorithm if signers else one.digest_algorithm
    return {
        "valid": not _doubts_of(one, asked),
        "reason": one.reason,
        "location": one.location,
        "contactInfo": one.contact_info,
        "signDate": one.sign_date and write_moment(one.sign_date),
        "certificate": status and write_certificate(status, asked, wording),
        "signatureAlgorithm": one.subfilter and one.subfilter.removeprefix("/"),
        "digestAlgorithm": digest_algorithm or "unknown",
        "coversWholeDocument": one.covers_file,
    }


def _write_verdict(found: Sequence[PdfSignature], wording: Wording) -> dict[str, Any]:
    answers = {
        "intact": every(*[one.intact for one in found]),
        "valid": every(*[one.valid for one in found]),
        "trusted": every(*[every(one.path, one.revocation) for one in found]),
        "wholeDocument": every(*[one.whole_document for one in found]),
    }
    return {
        **{name: write_answer(answer, wording) for name, answer in answers.items()},
        "signers": [
            _write_each(one, number, wording)
            for one in found
            if one.timestamp is None
            for number in _numbers_of(one)
        ],
        "timestamps": [_write_each(one, 0, wording) for one in found if one.timestamp is not None],
    }


def _write_each(one: PdfSignature, number: int, wording: Wording) -> dict[str, Any]:
    status = _status_of(one, number)
    answers = {
        "intact": one.intact,
        "valid": one.valid,
        "path": one.path,
        "revocation": one.revocation,
        "trusted": every(one.path, one.revocation),
    }
    known = {name: write_answer(answer, wording) for name, answer in answers.items()}
    return {
        "field": one.field,
        **(write_answers(status, None, wording) if status else {}),
        **known,
        "wholeDocument": write_answer(one.whole_document, wording),
    }
