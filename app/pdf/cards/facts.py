"""What a card says of a signature: labels and values, in the order of the specification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeAlias

from app.cms import (
    Answer,
    Certificate,
    MalformedExtension,
    Reason,
    RevocationFinding,
    claims_of,
    extended_key_usage,
    key_usage,
    write_name,
)
from app.pdf.cards import words
from app.pdf.cards.contents import CardSignature
from app.wording.sentences import Wording

Fact: TypeAlias = tuple[str, str | None]
"""A label and its value; a heading has None."""


def write_moment(moment: datetime, wording: Wording) -> str:
    """Write a time with its offset from UTC, which changes with the zone's law."""
    try:
        local = moment.astimezone(wording.zone)
    except OverflowError:  # The end of the calendar, east of Greenwich.
        local = moment.astimezone(UTC)
    offset = local.strftime("%z")
    return f"{local:%d.%m.%Y %H:%M:%S} UTC{offset[:3]}:{offset[3:5]}"


def list_facts(one: CardSignature, wording: Wording) -> list[Fact]:
    """List what is said of a signature, without what its certificate doesn't have."""
    facts = [
        *_of_signer(one, wording),
        *_of_timestamp(one, wording),
        *_of_revocation(one, wording),
    ]
    return [(wording.sentence(label), value) for label, value in facts if value != ""]


def _of_signer(one: CardSignature, wording: Wording) -> Iterator[tuple[Reason, str | None]]:
    certificate, claims = one.status.certificate, claims_of(one.status.certificate)
    yield words.NAME, claims.common_name or ""
    yield words.IIN, claims.iin or ""
    yield words.ORGANISATION, claims.organisation or ""
    yield words.BIN, claims.bin or ""
    yield words.SUBJECT, write_name(certificate.subject)
    yield words.SERIAL, f"{certificate.serial_number:x}"
    begin, end = certificate.not_before, certificate.not_after
    times = {"begin": write_moment(begin, wording), "end": write_moment(end, wording)}
    yield words.VALIDITY, wording.phrase(words.VALID_FROM_TO.template, **times)
    yield words.POLICIES, _named(claims.policies, wording)
    yield words.KEY_USAGE, _named(sorted(_usages(certificate)), wording, with_code=False)
    yield words.PURPOSES, _named(_purposes(certificate), wording)
    yield words.ISSUER, write_name(certificate.issuer)
    yield words.SIGNED_AT, write_moment(one.gen_time, wording)


def _of_timestamp(one: CardSignature, wording: Wording) -> Iterator[tuple[Reason, str | None]]:
    stamp = one.status.timestamp
    is_proven = stamp and stamp.verdict.answer is Answer.YES
    if stamp and is_proven and stamp.authority and stamp.gen_time:
        yield words.STAMP, None
        yield words.STAMP_TIME, write_moment(stamp.gen_time, wording)
        yield from _of_service(stamp.authority)


def _of_revocation(one: CardSignature, wording: Wording) -> Iterator[tuple[Reason, str | None]]:
    """List the responses and the CRLs of the signature that show that it counts.

    The sender may have added others, which no authority has signed: these state no facts.
    """
    about = one.status.certificate
    counting = [
        found
        for found in one.status.findings
        if found.origin.place == "embedded"
        and found.certificate == about
        and found.verdict.answer is Answer.YES
    ]
    # Responses first.
    for found in sorted(counting, key=lambda found: found.kind == "crl"):
        yield from (
            _of_response(found, wording) if found.kind == "ocsp" else _of_list(found, wording)
        )
        yield from _of_service(found.signer)


def _of_response(found: RevocationFinding, wording: Wording) -> Iterator[tuple[Reason, str | None]]:
    yield words.OCSP, None
    yield words.THIS_UPDATE, write_moment(found.this_update, wording)
    yield words.STATUS, _status(found, words.GOOD, wording)


def _of_list(found: RevocationFinding, wording: Wording) -> Iterator[tuple[Reason, str | None]]:
    yield words.DELTA_CRL if found.is_delta else words.CRL, None
    yield words.ISSUED_AT, write_moment(found.this_update, wording)
    if found.next_update:
        yield words.NEXT_UPDATE, write_moment(found.next_update, wording)
    yield words.STATUS, _status(found, words.NOT_LISTED, wording)


def _status(found: RevocationFinding, good: Reason, wording: Wording) -> str:
    """Write what is said of a certificate that was good, or of its revocation since."""
    if found.revoked is None:
        return wording.sentence(good)
    return wording.phrase(
        words.REVOKED_LATER.template, when=write_moment(found.revoked.when, wording)
    )


def _of_service(certificate: Certificate | None) -> Iterator[tuple[Reason, str | None]]:
    if certificate:
        yield words.RESPONDER, f"{certificate.serial_number:x}"
        yield words.SUBJECT, write_name(certificate.subject)
        yield words.ISSUER, write_name(certificate.issuer)


def _usages(certificate: Certificate) -> frozenset[str]:
    try:
        return key_usage(certificate) or frozenset()
    except MalformedExtension:
        return frozenset()


def _purposes(certificate: Certificate) -> tuple[str, ...]:
    try:
        return extended_key_usage(certificate) or ()
    except MalformedExtension:
        return ()


def _named(codes: Iterable[str], wording: Wording, *, with_code: bool = True) -> str:
    written = []
    for code in codes:
        name = words.NAMES.get(code)
        told = wording.sentence(name) if name else None
        written.append(f"{told} ({code})" if told and with_code else told or code)
    return ", ".join(written)
