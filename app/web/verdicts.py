"""The results of verification as people read them: four questions for each signer, and one verdict.

The verdict is yes only if all four are; no if one is, since its opposite is proven then; in all
other cases it could not be established, which speaks neither for nor against the signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.cms import (
    Answer,
    Claims,
    Examined,
    KnownDigest,
    KnownDigests,
    SignedXml,
    SignerInfo,
    SignerStatus,
    TimestampStatus,
    algorithm_name,
    cut_claim,
    every,
    name_text,
)
from app.web.masking import mask
from app.web.questions import Question, questions_about
from app.web.texts import translated, write_algorithm

#: Signers that are shown in full, and in short, at a time; the verdict is about all.
IN_FULL, IN_SHORT = 6, 10


@dataclass(frozen=True, slots=True)
class SignerView:
    """What is shown of one signer."""

    number: int
    answer: Answer
    #: Whether the certificate's claims are proven to be true of the signer.
    is_proven: bool
    name: str | None
    organisation: str | None
    iin: str | None
    bin: str | None
    roles: tuple[str, ...]
    questions: tuple[Question, ...]
    #: The time that decides, and by whose clock it is.
    decisive_time: datetime
    clock: str
    claimed_time: datetime | None
    certificate: Certificate
    algorithm: str
    #: Whether the key is for authentication alone, which proves a sign-in and no will to sign.
    signs_in_only: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """What identifies a signer's certificate."""

    serial_number: str
    issuer: str
    not_before: datetime
    not_after: datetime
    #: The trust anchor that it leads to, None if to none.
    anchor: str | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """What is shown of a signature as a whole."""

    answer: Answer
    title: str
    #: What decided: the questions that were answered as the verdict is.
    lead: str
    compared: str | None
    #: Those shown in full, and those that follow, in short.
    signers: tuple[SignerView, ...]
    brief: tuple[SignerView, ...]
    #: Signers behind these.
    more: int

    @property
    def following(self) -> int:
        """The number of the first signer behind these."""
        return max((one.number for one in (*self.signers, *self.brief)), default=0) + 1


def view_of(examined: Examined, clock: str, *, masked: bool, first: int = 1) -> VerdictView:
    """Return what is shown of a verified signature.

    Args:
        examined: the signature.
        clock: by whose clock the time is that counts without a timestamp.
        masked: whether personal numbers are hidden but for their end.
        first: the number of the first signer that is shown in full; the last if there are fewer.
    """
    is_given = examined.content is not None
    signers = signers_of(examined, clock, masked=masked, is_given=is_given)
    answer = every(*(status.whole for status in examined.statuses)).answer
    if answer is Answer.YES:
        lead = translated("All four questions below have the answer yes, for each signer.")
    else:
        lead = lead_of(answer, (one for signer in signers for one in signer.questions))
    following = signers[min(first, len(signers)) - 1 :]
    full, rest = following[:IN_FULL], following[IN_FULL:]
    more, compared = max(len(rest) - IN_SHORT, 0), _compared(examined)
    return VerdictView(answer, title_of(answer), lead, compared, full, rest[:IN_SHORT], more)


def signers_of(
    examined: Examined, clock: str, *, masked: bool, is_given: bool
) -> tuple[SignerView, ...]:
    """Return what is shown of each signer, with arguments as of `view_of`.

    `is_given`: the reader gave the content, which may be another file than the signed one.
    """
    pairs = zip(examined.signers, examined.statuses, strict=True)
    return tuple(
        _signer(one, status, clock, masked=masked, is_given=is_given) for one, status in pairs
    )


def title_of(answer: Answer) -> str:
    """Return the verdict on a signature."""
    if answer is Answer.YES:
        return translated("The signature is valid")
    if answer is Answer.NO:
        return translated("The signature is not valid")
    return translated("Could not be established")


def lead_of(answer: Answer, questions: Iterable[Question]) -> str:
    """Return what a no, or an unknown, means: the questions that were answered so decided."""
    listed = " ".join(dict.fromkeys(one.text for one in questions if one.answer is answer))
    if answer is Answer.NO:
        return translated("This is proven, by the answer no to: {questions}", questions=listed)
    return translated(
        "Nothing speaks against the signature, but this is not known: {questions}", questions=listed
    )


def _compared(examined: Examined) -> str | None:
    """Return what the signature was compared with."""
    if isinstance(examined.signature, SignedXml):
        return translated("The XML document itself, which contains its signature.")
    content = examined.content
    if isinstance(content, KnownDigest):
        return translated(
            "The hash of your document, {algorithm}: {digest}",
            algorithm=algorithm_name(content.algorithm),
            digest=content.value.hex(),
        )
    if isinstance(content, KnownDigests):
        return translated("The document that is kept here, {size} bytes.", size=content.size)
    if content is not None:
        return translated("The document that you gave, {size} bytes.", size=len(content))
    if examined.is_detached:
        return None
    return translated("The document inside the signature.")


def _signer(
    signer: SignerInfo, status: SignerStatus, clock: str, *, masked: bool, is_given: bool
) -> SignerView:
    claims = signer.claims
    return SignerView(
        number=signer.number,
        answer=status.whole.answer,
        is_proven=status.names_signer,
        name=cut_claim(claims.whole_name),
        organisation=cut_claim(claims.organisation),
        iin=mask(claims.iin) if masked else claims.iin,
        bin=claims.bin,
        roles=roles_of(claims),
        questions=questions_about(signer, status, is_given=is_given),
        decisive_time=status.decisive_time,
        clock=_clock(status, clock),
        claimed_time=signer.claimed_signing_time,
        certificate=_certificate(status),
        algorithm=write_algorithm(cut_claim(algorithm_name(signer.signature_algorithm.oid))),
        signs_in_only=claims.signs_in_only,
    )


def _certificate(status: SignerStatus) -> Certificate:
    certificate, anchor = status.certificate, status.anchor
    return Certificate(
        serial_number=cut_claim(f"{certificate.serial_number:x}"),
        issuer=cut_claim(name_text(certificate.issuer)),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        anchor=cut_claim(name_text(anchor.subject)) if anchor else None,
    )


def _clock(status: SignerStatus, clock: str) -> str:
    stamp = status.timestamp
    if status.decisive_time_source == "timestamp" and stamp:
        return translated("by the clock of the timestamp authority {name}", name=_authority(stamp))
    return clock


def _authority(stamp: TimestampStatus) -> str:
    return cut_claim(name_text(stamp.authority.subject)) if stamp.authority else "?"


def roles_of(claims: Claims) -> tuple[str, ...]:
    """Return the roles that a certificate claims, in the reader's language."""
    return tuple(map(role_name, claims.roles))


def role_name(role: str) -> str:
    """Return a role in the reader's language; as it is if it is rare."""
    names = {
        "INDIVIDUAL": translated("individual"),
        "ORGANIZATION": translated("legal entity"),
        "CEO": translated("head of the organisation"),
        "CAN_SIGN": translated("has the right to sign"),
        "CAN_SIGN_FINANCIAL": translated("has the right to sign financial documents"),
        "HR": translated("human resources"),
        "EMPLOYEE": translated("employee"),
    }
    return names.get(role, role)
