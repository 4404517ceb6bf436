"""Where `verify` finds a signature: in a file, in an evidence package, or in the store."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from app.cli.running import Undecided, require_migrated
from app.cli.structure import read_text
from app.cms import KnownDigests, Reason, SignedData, SignedXml, SignerStatus
from app.evidence.lasting import Preserved
from app.evidence.packages.archive import MAGIC, MAX_ARCHIVE
from app.evidence.packages.reading import Package, read_package
from app.evidence.records import read_file, read_record
from app.extensions import db
from app.services.examining import note_proven
from app.services.kept_contents import known_content
from app.store.errors import SignatureNotFound
from app.store.evidence.reading import read_evidence
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.revocations import Recall, recall_of
from app.trust import Trust
from app.trust.kept import Kept, kept_of
from app.wording.sentences import Wording


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a signature."""

    heading: Reason
    text: str
    #: Which version it is and when that was saved; None for a file.
    version: int | None = None
    saved_at: datetime | None = None
    #: Returns what is known of its document, as it is kept here; None if nothing is.
    known: Callable[[SignedData | SignedXml], bytes | KnownDigests | None] = lambda _: None
    #: The evidence that is stored for it.
    kept: Kept = field(default_factory=Kept)
    #: What shows that it existed, once the anchors and the time are given; None: nothing is kept.
    preserved: Callable[[Trust, datetime], Preserved] | None = None
    #: The evidence package that it is in.
    package: Package | None = None
    #: Notes what results prove; None for a file.
    note: Callable[[Sequence[SignerStatus]], None] | None = None
    #: Finds the revocations that the store has noted; None for a file.
    recall: Recall | None = None


def source_of(
    file: Path | None,
    wording: Wording,
    document: str | None,
    thread: str | None,
    version: int | None,
) -> Source:
    """Return the named signature: a file's, or a stored one."""
    is_stored = any(value is not None for value in (document, thread, version))
    if (file is not None) is is_stored or (is_stored and not (document and thread)):
        raise click.UsageError(
            wording.phrase("name a FILE, or a stored signature by --document and --thread")
        )
    if file is not None:
        return _source_in(file)
    require_migrated()
    try:
        with db.engine.connect() as connection:
            record = reading.get_signature(connection, document or "", thread or "", version)
            key = Key(record.id, record.version)
            items = read_evidence(connection, key).items
            stored = read_record(connection, key)
            kept_file = read_file(connection, key) if stored else None
    except SignatureNotFound as error:
        raise Undecided(wording.sentence(error)) from error
    heading = Reason(
        "Stored signature: {document}/{thread}, version {version}",
        {"document": record.document, "thread": record.thread, "version": record.version},
    )
    kept, recall = kept_of(items), recall_of(db.engine)
    return Source(
        heading,
        record.text,
        record.version,
        record.version_created_at,
        partial(known_content, key=key),
        kept,
        (lambda trust, now: Preserved(kept_file, items, stored, trust.loaded(), now, recall))
        if items
        else None,
        note=partial(note_proven, key, repeats=not kept.tokens),
        recall=recall,
    )


def _source_in(file: Path) -> Source:
    """Return the signature in a file, or in an evidence package. Raises MalformedSignature."""
    heading = Reason("File: {name}", {"name": click.format_filename(file)})
    with file.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            return Source(heading, read_text(file))
        opened.seek(0)
        package = read_package(opened.read(MAX_ARCHIVE + 1))
    text = b64encode(package.file.data).decode()
    preserved = partial(_preserve, package)
    return Source(heading, text, kept=package.kept, preserved=preserved, package=package)


def _preserve(package: Package, trust: Trust, now: datetime) -> Preserved:
    return Preserved(
        package.file.data,
        package.items,
        package.record,
        trust.loaded(),
        now,
        is_brought=True,
        ask=trust.inquire,
    )
