"""The result of verification, as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from app.cli.answers import ANSWERS, render_answer
from app.cli.package_report import PackageReport, render_package
from app.cli.proofs import render_proof
from app.cms import (
    Answer,
    Claims,
    Examined,
    Reason,
    SignedXml,
    SignerInfo,
    SignerStatus,
    clean_name,
    describe_content,
    every,
    fingerprints_of,
    is_future,
    name_text,
    signer_facts,
)
from app.wording.sentences import Wording
from app.wording.verdicts import Given

_SOURCES = {
    "timestamp": Reason("attested by a timestamp that was verified"),
    "checked_at": Reason("as you asked"),
    "saved": Reason("when it was saved"),
    "now": Reason("the present moment, since no other is known"),
}


@dataclass(frozen=True, slots=True)
class Report:
    """The report about one signature.

    The statuses in `examined` are as of the time of signing, as far as known, and those in `today`
    as of `now`. `given` is the source of that time, and `at` the time that the operator gave.
    """

    heading: Reason
    examined: Examined
    given: Given
    at: datetime | None
    today: tuple[SignerStatus, ...]
    now: datetime
    #: Whether the anchors in the database are missing, since they can't be read.
    lacks_stored: bool = False
    #: What was found of the evidence package that it is in.
    package: PackageReport | None = None

    @property
    def answer(self) -> Answer:
        """The overall answer: no if one answer is no, else unknown if one is, else yes."""
        return every(*[status.whole for status in self.examined.statuses]).answer


def render(report: Report, wording: Wording) -> Iterator[str]:
    """Write all of it in lines of text."""
    examined = report.examined
    content = describe_content(examined.signature)
    yield clean_name(wording.sentence(report.heading))
    if isinstance(examined.signature, SignedXml):
        yield wording.phrase("XML, signed with what is in it")
    elif content.attached:
        yield wording.phrase(
            "CMS, with the content that was signed ({size} bytes)", size=content.size
        )
    else:
        yield wording.phrase("CMS, without the content that was signed")
    digest = fingerprints_of(examined.signature, examined.signers).signature
    yield wording.phrase("SHA-256 of the signature: {digest}", digest=digest)
    if report.package:
        yield from _indent("", render_package(report.package, wording))
    for claims, status, today in zip(
        examined.signers, examined.statuses, report.today, strict=True
    ):
        yield ""
        yield clean_name(_name_signer(claims, status, wording))
        yield from _indent("  ", [_render_when(status, report.given, wording)])
        yield from _indent("    ", _render_answers(status, wording))
        yield from _indent("    ", render_proof(status, wording))
        yield from _indent(
            "  ",
            chain(
                [_render_today(today, report.now, wording)],
                _render_times(claims, status, wording),
                _warn_of_time(report, claims, status, wording),
                _render_certificate(claims, wording),
            ),
        )
    yield ""
    yield wording.phrase("All in all: {answer}", answer=ANSWERS[report.answer])


def _indent(margin: str, lines: Iterable[str]) -> Iterator[str]:
    """Indent lines; control characters in untrusted text are made harmless."""
    return (margin + clean_name(line) for line in lines)


def _name_signer(claims: SignerInfo, status: SignerStatus, wording: Wording) -> str:
    return wording.phrase(
        "Signer {number} is {who}" if status.names_signer else "Signer {number} claims to be {who}",
        number=claims.number,
        who=_identity(claims.claims, wording),
    )


def _identity(claims: Claims, wording: Wording) -> str:
    """Describe a person or an organisation with its numbers."""
    parts = [claims.whole_name or wording.phrase("a person without a name")]
    if claims.iin:
        parts.append(wording.phrase("IIN {number}", number=claims.iin))
    if claims.organisation:
        parts.append(wording.phrase("of {organisation}", organisation=claims.organisation))
    if claims.bin:
        parts.append(wording.phrase("BIN {number}", number=claims.bin))
    return ", ".join(parts)


def _render_when(status: SignerStatus, given: Given, wording: Wording) -> str:
    """Write the overall answer as of the time of signing, as far as that is known."""
    is_attested = status.decisive_time_source == "timestamp"
    return wording.phrase(
        "when it was made, {time} ({source}): {answer}",
        time=status.decisive_time,
        source=_SOURCES["timestamp" if is_attested else given],
        answer=ANSWERS[status.whole.answer],
    )


def _render_answers(status: SignerStatus, wording: Wording) -> Iterator[str]:
    """Write the answer to each question, as of the time of signing."""
    yield wording.phrase(
        "intact, the content is what was signed: {answer}",
        answer=render_answer(status.intact, wording),
    )
    yield wording.phrase(
        "valid, the signature is of the certificate's key: {answer}",
        answer=render_answer(status.valid, wording),
    )
    yield wording.phrase(
        "trusted, an authority that you trust vouches for the signer: {answer}",
        answer=render_answer(status.trusted, wording),
    )
    yield wording.phrase("not revoked: {answer}", answer=render_answer(status.revocation, wording))


def _render_today(today: SignerStatus, now: datetime, wording: Wording) -> str:
    """Write the answer as of today; with a valid timestamp, still as of its time."""
    return wording.phrase(
        "today, {time}: {answer}", time=now, answer=render_answer(today.whole, wording)
    )


def _render_times(claims: SignerInfo, status: SignerStatus, wording: Wording) -> Iterator[str]:
    """Write the attested time of signing, and the claimed one."""
    stamp = status.timestamp
    if stamp and status.decisive_time_source != "timestamp":
        answer = render_answer(stamp.verdict, wording)
        yield (
            wording.phrase(
                "timestamp: {time}; is it valid? {answer}", time=stamp.gen_time, answer=answer
            )
            if stamp.gen_time
            else wording.phrase(
                "timestamp: at an unknown time; is it valid? {answer}", answer=answer
            )
        )
    elif stamp and stamp.authority:
        authority = name_text(stamp.authority.subject)
        yield wording.phrase("timestamp of: {authority}", authority=authority)
    if claims.claimed_signing_time:
        yield wording.phrase("signed: {time}, claims the signer", time=claims.claimed_signing_time)


def _warn_of_time(
    report: Report, claims: SignerInfo, status: SignerStatus, wording: Wording
) -> Iterator[str]:
    """Warn about a given time that does not fit."""
    at, signed = report.at, claims.claimed_signing_time
    if at is None:
        return
    if status.decisive_time_source == "timestamp":
        yield wording.phrase(
            "warning: the verified timestamp counts, not the time that you gave, {time}", time=at
        )
    if signed and at < signed:
        yield wording.phrase(
            "warning: the time that you gave, {time}, is before the one that the signer claims",
            time=at,
        )
    if is_future(at, report.now):
        yield wording.phrase("warning: the time that you gave, {time}, is in the future", time=at)


def _render_certificate(claims: SignerInfo, wording: Wording) -> Iterator[str]:
    facts, certificate = signer_facts(claims), claims.certificate
    yield wording.phrase(
        "algorithms: {signature}, digest {digest}, key {key}",
        signature=facts["signature_algorithm"]["name"],
        digest=facts["digest_algorithm"]["name"],
        key=facts["certificate"]["key_algorithm"]["name"],
    )
    yield wording.phrase(
        "certificate: number {number}, issued by {issuer}",
        number=facts["certificate"]["serial_number"],
        issuer=facts["certificate"]["issuer"],
    )
    yield wording.phrase(
        "in force: from {since} to {until}",
        since=certificate.not_before,
        until=certificate.not_after,
    )
    for note in (*claims.claims.notes, *claims.notes):
        yield wording.phrase("note: {note}", note=note)
