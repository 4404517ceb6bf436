"""Signatures in PDF files (ISO 32000-1 section 12.8), verified.

The CMS is verified over the bytes that its ByteRange names. Whether that is the whole document is a
question of its own: yes only if nothing was changed afterwards but by what is known to add further
signatures, timestamps and validation data. A further signature that is seen must be good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from time import thread_time

from app.cms import (
    YES,
    Answer,
    Certificate,
    Examined,
    MalformedSignature,
    Reason,
    SignedData,
    SignerStatus,
    TimestampStatus,
    TooCostly,
    Verdict,
    describe_signers,
    every,
    no,
    parse_der,
    unknown,
)
from app.pdf.coverage import check_coverage, check_shown, check_stamps, covered_content
from app.pdf.limits import USUAL, Limits
from app.pdf.reading import SignatureDictionary, read_signature_dictionaries

#: Seconds of CPU time for all signatures of a file.
MAX_SECONDS = 10.0

_DETACHED = {"/adbe.pkcs7.detached", "/ETSI.CAdES.detached"}
_TIMESTAMP = "/ETSI.RFC3161"
_ATTACHED = no("the CMS in the PDF has content of its own")
_NOT_COMPARED = unknown("which bytes of the PDF were signed is not known")
_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+\-Z])(?:(\d\d)'?(?:(\d\d)'?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Judges:
    """What verifies: a detached CMS with its content, and a timestamp token on bytes."""

    verify: Callable[[SignedData, bytes], tuple[SignerStatus, ...]]
    verify_timestamp: Callable[[bytes, bytes], TimestampStatus]


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """A signature, or a timestamp, in a PDF.

    Claims, by the PDF alone: `name`, `reason`, `location`, `contact_info`, `sign_date`. `subfilter`
    is the kind of the signature; `digest_algorithm` is dotted. `examined` has the results for each
    signer of the CMS, without its content; `timestamp` those of a document timestamp; both are None
    if it can't be read.

    `whole_document` says whether the document is as it was signed, all of it; `covers_file`: no
    byte follows. The other answers are as in SignerStatus.
    """

    field: str
    subfilter: str | None
    name: str | None
    reason: str | None
    location: str | None
    contact_info: str | None
    sign_date: datetime | None
    digest_algorithm: str | None
    certificate: Certificate | None
    intact: Verdict
    valid: Verdict
    path: Verdict
    revocation: Verdict
    whole_document: Verdict
    covers_file: bool
    examined: Examined | None = None
    timestamp: TimestampStatus | None = None

    @property
    def whole(self) -> Verdict:
        """All answers, combined."""
        return every(self.intact, self.valid, self.path, self.revocation, self.whole_document)


@dataclass(frozen=True, slots=True)
class _Results:
    """The answers about the CMS."""

    intact: Verdict
    valid: Verdict
    path: Verdict
    revocation: Verdict
    digest_algorithm: str | None = None
    certificate: Certificate | None = None
    examined: Examined | None = None
    timestamp: TimestampStatus | None = None


def verify_pdf(data: bytes, judges: Judges, limits: Limits = USUAL) -> tuple[PdfSignature, ...]:
    """Verify the signatures in a PDF, in the order of its form; none if it has none.

    Raises:
        UnreadablePdf: it is no PDF, damaged, encrypted, or beyond a limit.
        TooCostly: its signatures take too much time.
    """
    return verify_listed(data, read_signature_dictionaries(data, limits), judges)


def verify_listed(
    data: bytes, listed: Iterable[SignatureDictionary], judges: Judges
) -> tuple[PdfSignature, ...]:
    """Verify the signatures of which a PDF says this. Raises TooCostly."""
    found: dict[int, PdfSignature] = {}
    later: dict[str, Verdict] = {}
    started = thread_time()
    # The later ones first: what they show on a page is judged by whether they are good.
    for _, group in groupby(sorted(enumerate(listed), key=_end, reverse=True), _end):
        same = list(group)
        for place, one in same:
            if thread_time() - started > MAX_SECONDS:
                raise TooCostly("The signatures of the PDF take too much time to verify")
            # A timestamp on the whole file ends later, so it is known here.
            stamps = [found[at].timestamp if at in found else None for at in one.stamps]
            about_others = every(check_shown(one.shown, later), check_stamps(stamps))
            found[place] = _verify(data, one, judges, about_others)
        later |= {one.field: _whole_of(found[place], later) for place, one in same}
    return tuple(found[place] for place in sorted(found))


def _end(listed: tuple[int, SignatureDictionary]) -> int:
    """Return the end of the bytes that a signature names as signed."""
    return sum(listed[1].byte_range[2:4])


def _whole_of(one: PdfSignature, later: Mapping[str, Verdict]) -> Verdict:
    """Return whether a signature is good, and a person's. Two of one name are not."""
    if one.timestamp is not None or one.field in later:
        return _NOT_COMPARED
    revoked = one.revocation if one.revocation.answer is Answer.NO else YES
    return every(one.intact, one.valid, one.path, one.whole_document, revoked)


def _verify(
    data: bytes, one: SignatureDictionary, judges: Judges, about_others: Verdict
) -> PdfSignature:
    content = covered_content(data, one)
    results = _judge(one, content, judges)
    end = sum(one.byte_range[2:4])
    return PdfSignature(
        field=one.field,
        subfilter=one.subfilter,
        name=one.name,
        reason=one.reason,
        location=one.location,
        contact_info=one.contact_info,
        sign_date=read_date(one.date),
        digest_algorithm=results.digest_algorithm,
        certificate=results.certificate,
        intact=results.intact,
        valid=results.valid,
        path=results.path,
        revocation=results.revocation,
        whole_document=every(check_coverage(data, one), about_others),
        covers_file=content is not None and end == len(data),
        examined=results.examined,
        timestamp=results.timestamp,
    )


def _judge(one: SignatureDictionary, content: bytes | None, judges: Judges) -> _Results:
    """Return the answers about the CMS over its bytes."""
    if one.subfilter not in {*_DETACHED, _TIMESTAMP}:
        return _all(
            unknown("signatures of the kind {kind} are not supported", kind=one.subfilter or "?")
        )
    if content is None:
        return _all(_NOT_COMPARED)
    try:
        signature = parse_der(one.contents, trailing_zeros=True)
    except MalformedSignature as error:
        bare = error.named("")
        return _all(
            no(
                "what the PDF has as a signature is none: {reason}",
                reason=Reason(bare.template, bare.values),
            )
        )
    if one.subfilter == _TIMESTAMP:
        return _of_timestamp(signature, judges.verify_timestamp(signature.der, content))
    return _of_signers(signature, judges.verify(signature, content))


def _all(verdict: Verdict) -> _Results:
    return _Results(verdict, verdict, verdict, verdict)


def _of_signers(signature: SignedData, statuses: tuple[SignerStatus, ...]) -> _Results:
    first = signature.signers[0]
    return _Results(
        intact=every(_check_form(signature), *(one.intact for one in statuses)),
        valid=every(*(one.valid for one in statuses)),
        path=every(*(one.path for one in statuses)),
        revocation=every(*(one.revocation for one in statuses)),
        digest_algorithm=first.digest_algorithm,
        certificate=first.embedded,
        # Without the content, which is nearly the whole file, for each of many signatures.
        examined=Examined(signature, None, describe_signers(signature), statuses),
    )


def _check_form(signature: SignedData) -> Verdict:
    """Return whether a CMS is detached, of one signer (ETSI EN 319 142-1).

    Contents is not signed, so others can add signers.
    """
    count = len(signature.signers)
    if count > 1:
        alone = unknown(
            "the CMS in the PDF has {count} signers, where one alone is allowed", count=count
        )
    else:
        alone = YES
    return every(_ATTACHED if signature.attached else YES, alone)


def _of_timestamp(signature: SignedData, status: TimestampStatus) -> _Results:
    """Return the answers about a timestamp: one says whether it is good in every way."""
    verdict = status.verdict
    return _Results(
        intact=verdict,
        valid=verdict,
        path=verdict,
        revocation=every(verdict, status.revocation),
        digest_algorithm=signature.signers[0].digest_algorithm,
        certificate=status.authority,
        timestamp=status,
    )


def read_date(text: str | None) -> datetime | None:
    """Read a date of a PDF (section 7.9.4); None without one, or without an offset from UTC."""
    match = _DATE.fullmatch(text or "")
    if match is None or match[7] is None:
        return None
    numbers = [
        int(group or default) for group, default in zip(match.groups()[:6], "011000", strict=True)
    ]
    offset = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0))
    try:
        return datetime(*numbers, tzinfo=timezone(-offset if match[7] == "-" else offset))  # type: ignore[arg-type, misc]  # six integers
    except ValueError:
        return None
