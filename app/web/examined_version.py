"""The verdict on a stored version, for the office and for who has a link to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from app.cms import (
    DOCUMENT_DIGESTS,
    Answer,
    Examined,
    KnownDigest,
    Reason,
    SignedData,
    SignedXml,
    every,
    is_detached,
    parse,
)
from app.extensions import current_trust
from app.services.errors import ParameterError
from app.services.examining import examine, examine_again, examine_stored
from app.store.signatures.records import SignatureRecord
from app.web.sent import Sent
from app.web.texts import sentence, translated
from app.web.troubles import trouble_with_copy
from app.web.verdicts import SignerView, VerdictView, view_of

#: Hashes that pages compute in the browser, by the names of `app.cms.DOCUMENT_DIGESTS`.
IN_BROWSERS = ("SHA-256", "SHA-384", "SHA-512", "Streebog-256", "Streebog-512")
SHA256 = "SHA-256"


@dataclass(frozen=True, slots=True)
class VersionVerdict:
    """What is shown of a stored version."""

    #: As of when it was saved, or timestamped; and as of now, None if that was not asked for.
    then: VerdictView
    now: VerdictView | None
    #: SHA-256 of the signature's bytes, hex.
    sha256: str
    is_xml: bool
    is_detached: bool
    #: Whether each signer has a timestamp inside that is valid.
    is_stamped: bool
    #: The hashes by which the script compares a copy of the document; empty: none will do.
    algorithms: str
    #: What the comparison with the reader's copy says, None if none was given.
    copy: CopyVerdict | None

    @property
    def changed(self) -> tuple[SignerView, ...]:
        """Those shown in full whose answer is another one as of now."""
        pairs = zip(self.then.signers, self.now.signers if self.now else (), strict=False)
        return tuple(now for then, now in pairs if then.answer is not now.answer)


@dataclass(frozen=True, slots=True)
class CopyVerdict:
    """Whether the reader's copy is what was signed: a line of its own beside the verdict."""

    #: `yes`, `no` or `unknown`.
    answer: str
    text: str
    #: What to do, and the sentence of the program; None if there is no more to say.
    advice: str | None = None
    detail: str | None = None


def examine_version(
    record: SignatureRecord,
    sent: Sent | None,
    *,
    masked: bool,
    first: int = 1,
    again: bool = False,
) -> VersionVerdict:
    """Verify a stored version, and compare the reader's copy with it.

    A copy that is what was signed is the document that the verdict is about. Any other says nothing
    about the signature: its verdict is the one without the copy.

    Args:
        record: the version, with its signature.
        sent: the copy, or its hashes; None if none was given.
        masked: whether personal numbers are hidden but for their end.
        first: the number of the first signer that is shown in full.
        again: whether it is also verified as of now.

    Raises:
        CmsError: what is stored is no signature.
        Busy: too much is being verified.
    """
    with current_trust().turns.reading(record.text):
        signature = parse(record.text, trailing_zeros=True)
    copy, with_copy = _compare(record, signature, sent)
    examined = with_copy or examine_stored(record, None)
    clock = translated("by the clock of this server, when it was saved")
    now = None
    if again:
        now_clock = translated("by the clock of this server, now")
        today = examine_again(record, examined, now=datetime.now(UTC))
        now = view_of(today, now_clock, masked=masked, first=first)
    is_xml = isinstance(signature, SignedXml)
    data = signature.xml if isinstance(signature, SignedXml) else signature.der
    return VersionVerdict(
        then=view_of(examined, clock, masked=masked, first=first),
        now=now,
        sha256=sha256(data).hexdigest(),
        is_xml=is_xml,
        is_detached=is_detached(signature),
        is_stamped=all(one.decisive_time_source == "timestamp" for one in examined.statuses),
        algorithms=SHA256 if is_xml else _algorithms(examined),
        copy=copy,
    )


def _algorithms(examined: Examined) -> str:
    """Return the names of the hashes that signers need; none if one needs the document itself.

    That is so if a browser doesn't compute the hash, or there are no signed attributes with one.
    """
    names: dict[str, None] = {}
    for signer in examined.signers:
        if not signer.has_signed_attributes:
            return ""
        used = (name for name in IN_BROWSERS if _is(name, signer.digest_algorithm))
        name = next(used, None)
        if name is None:
            return ""
        names[name] = None
    return " ".join(names)


def _is(name: str, algorithm: str) -> bool:
    return KnownDigest(DOCUMENT_DIGESTS[name], b"").is_by(algorithm)


def _compare(
    record: SignatureRecord, signature: SignedData | SignedXml, sent: Sent | None
) -> tuple[CopyVerdict | None, Examined | None]:
    """Compare the reader's copy with what was signed, whatever else is true of the signature.

    Return the signature as it was verified with the copy, too, if that is its document.
    """
    if sent is None or not sent.has_document:
        return None, None
    if isinstance(signature, SignedXml):
        return _copy_verdict(_compare_file(record, signature, sent)), None
    content, with_copy = sent.content_for(signature), None
    try:
        if is_detached(signature):
            examined = with_copy = examine_stored(record, content)
        else:
            with current_trust().turns.take():
                examined = examine(signature, content, at=record.version_created_at)
    except ParameterError as error:
        trouble = trouble_with_copy(error)
        return CopyVerdict(Answer.NO.value, trouble.what, trouble.advice, trouble.detail), None
    intact = every(*(status.intact for status in examined.statuses))
    copy = _copy_verdict(intact.answer, intact.reasons, only_hash=sent.document is None)
    return copy, with_copy if intact.answer is Answer.YES else None


def _copy_verdict(
    answer: Answer, reasons: Sequence[Reason] = (), *, only_hash: bool = True
) -> CopyVerdict:
    """Return the words for the result of a comparison."""
    if answer is Answer.YES:
        return CopyVerdict(answer.value, translated("Your copy is what was signed."))
    if answer is Answer.NO:
        return CopyVerdict(
            answer.value,
            translated("Your copy is not what was signed."),
            translated(
                "That says nothing against the signature: make sure that your copy is the very "
                "file that was signed, not one that was saved again."
            ),
        )
    return CopyVerdict(
        answer.value,
        translated("Whether your copy is what was signed could not be established."),
        translated("Send the document itself, not only its hash.") if only_hash else None,
        " ".join(map(sentence, reasons[:1])) or None,
    )


def _compare_file(record: SignatureRecord, signature: SignedXml, sent: Sent) -> Answer:
    """Compare a copy of signed XML, which is the signature's own file, byte by byte."""
    known = {sha256(one).digest() for one in (record.text.encode(), signature.xml)}
    if sent.document is not None:
        return Answer.YES if sha256(sent.document).digest() in known else Answer.NO
    given = [one.value for one in sent.digests if _is(SHA256, one.algorithm)]
    if not given:
        return Answer.UNKNOWN
    return Answer.YES if given[0] in known else Answer.NO
