"""The document that comes with a signature: hashed, compared with it, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from flask import current_app

from app.api.params.values import MAX_TEXT, check_text, is_media_type
from app.cms import (
    Answer,
    Budget,
    ContentBudget,
    GivenContent,
    KnownDigests,
    Octets,
    Reason,
    SignedData,
    SignedXml,
    Verdict,
    compare_content,
    hash_content,
    is_detached,
    with_crlf,
)
from app.extensions import db
from app.services.documents import WANTED_DIGESTS, new_content
from app.services.kept_contents import digests_of
from app.services.sent_content import check_other, content_given, fits_with_crlf
from app.services.spooled import Upload
from app.store.contents.reading import find_at_hand
from app.store.contents.values import InMemory, KeptContent, NewContent, Source


@dataclass(frozen=True, slots=True)
class Brought:
    """A document as it was sent: text or base64 of it, bytes or an upload if it came as a file."""

    data: str | bytes | Upload | None
    #: The file's name and media type, as stated by the client.
    name: str | None = None
    media_type: str | None = None

    @property
    def upload(self) -> Upload | None:
        """The document if it is too large to be in memory."""
        return self.data if isinstance(self.data, Upload) else None


def bring(data: str | bytes | Upload | None, name: str | None, media_type: str | None) -> Brought:
    """Return a document with what its part of a form says, unless a parameter does.

    Raises:
        ParameterError: the name can't be stored.
    """
    if isinstance(data, Upload):
        name = name or data.name
        if media_type is None and data.media_type and is_media_type(data.media_type):
            media_type = data.media_type
        data = data if data.is_large else data.read()
    if name:
        # Browsers of before sent whole paths.
        name = name.replace("\\", "/").rpartition("/")[2]
        name = check_text(name, "data_name", MAX_TEXT)
    return Brought(data, name or None, media_type)


def read_content(
    signature: SignedData | SignedXml, brought: Brought, budget: ContentBudget
) -> GivenContent | None:
    """Return the document that was sent along, or the digests of one that is large.

    Raises:
        ParameterError: it can't be used; see `content_given`.
    """
    upload = brought.upload
    if upload is None or not isinstance(signature, SignedData):
        # A signed XML document is refused with any content.
        return content_given(signature, b"" if upload else _small(brought), budget)
    with upload.mapped() as octets:
        known = _hash(signature, octets, budget)
    check_other(known.digests[0].value == sha256(signature.der).digest())
    verdicts = compare_content(signature, known, budget=budget)
    is_signed = all(verdict.answer is Answer.YES for verdict in verdicts)
    if not is_signed and len(upload) <= current_app.config["MAX_CONTENT_LENGTH"]:
        # Whether its line ends were changed, or a signature without signed attributes is over it,
        # only the document itself says.
        return content_given(signature, upload.read(), budget)
    return known


def _small(brought: Brought) -> str | bytes | None:
    data = brought.data
    return None if isinstance(data, Upload) else data


def _hash(signature: SignedData, octets: Octets, budget: Budget) -> KnownDigests:
    needed = [signer.digest_algorithm for signer in signature.signers]
    return hash_content(octets, needed, WANTED_DIGESTS, budget)


def find_signed(
    signature: SignedData | SignedXml, document: str, thread: str
) -> KeptContent | None:
    """Return a document that is kept and is what a detached signature signs; None if none is.

    It is looked for where it should be: in the thread's current version, and in its packages.
    """
    is_wanted = current_app.config["KEEP_CONTENT"] and is_detached(signature)
    if not is_wanted or not isinstance(signature, SignedData):
        return None
    with db.engine.connect() as connection:
        found = find_at_hand(connection, document, thread)
    return next((one for one in found if _is_signed(signature, one)), None)


def _is_signed(signature: SignedData, kept: KeptContent) -> bool:
    verdicts = compare_content(signature, digests_of(kept))
    return all(verdict.answer is Answer.YES for verdict in verdicts)


def content_to_keep(
    signature: SignedData | SignedXml,
    content: GivenContent | None,
    intact: Sequence[Verdict],
    brought: Brought,
    budget: ContentBudget,
) -> tuple[NewContent | None, list[Reason]]:
    """Return the document to be kept, and why none is though one was sent.

    If a tool changed the line ends when it signed, what was signed is kept.

    Raises:
        ContentTooLarge: it is larger than is kept.
    """
    if not current_app.config["KEEP_CONTENT"] or not isinstance(signature, SignedData):
        return None, []
    changed = [fits_with_crlf(verdict) for verdict in intact]
    if any(changed) and not all(changed):
        return None, [_NOT_KEPT]
    source: Source
    if isinstance(content, bytes):
        content = with_crlf(content) if any(changed) else content
        source, known = InMemory(content), _hash(signature, content, budget)
    elif isinstance(content, KnownDigests) and brought.upload is not None:
        source, known = brought.upload, content
    else:
        return None, []
    return new_content(known, source, brought.name, brought.media_type), []


_NOT_KEPT = Reason(
    '"{field}" parameter: the document was not kept, since its signers signed it with different'
    " line ends",
    {"field": "data"},
)
