"""Evidence of a version: what is still to be obtained, what was obtained, and for which signer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.store.database.types import CODE, ROW_ID, UtcDateTime
from app.store.models.base import Base, of_version


class EvidenceJob(Base):
    """A version whose evidence is still to be obtained. A save adds it in its own transaction."""

    __tablename__ = "evidence_jobs"
    __table_args__ = (
        of_version("evidence_jobs"),
        Index("ix_evidence_jobs_urgency_due_at", "urgency", "due_at"),
        {"sqlite_with_rowid": False},
    )

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: 0: the certificate of a signer ends within 2 days; 1: within 30 days; 2: later; 3: later, or
    #: it has ended, and the version was saved before evidence was obtained.
    urgency: Mapped[int] = mapped_column(SmallInteger)
    #: When it is to be tried, for the first time or again.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: How often it was tried without success.
    attempts: Mapped[int] = mapped_column(Integer)
    #: The holder of its lease, and the end of that; both None if it is not being tried.
    lease: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Why the last attempt had no success: a text, or a list of `template` and `values`.
    reason: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))


class EvidenceBlob(Base):
    """Something obtained, once, whichever versions it serves. It never changes."""

    __tablename__ = "evidence_blobs"

    #: Of `data`, 32 bytes.
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    #: `timestamp`, `ocsp`, `crl` or `certificate`.
    kind: Mapped[str] = mapped_column(Text)
    #: DER.
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EvidenceItem(Base):
    """What a blob is evidence of: a version, one of its signers, and in which way."""

    __tablename__ = "evidence_items"
    __table_args__ = (
        of_version("evidence_items"),
        # Blobs without items are found by it.
        Index("ix_evidence_items_sha256", "sha256"),
        {"sqlite_with_rowid": False},
    )

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Of the signer, as in `Signer`.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: As in `EvidenceBlob`.
    kind: Mapped[str] = mapped_column(CODE, primary_key=True)
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary,
        ForeignKey("evidence_blobs.sha256", name="fk_evidence_items_evidence_blobs"),
        primary_key=True,
    )


class EvidenceState(Base):
    """The result for one signer of a version, once nothing more is to be obtained."""

    __tablename__ = "evidence_states"
    __table_args__ = (of_version("evidence_states"), {"sqlite_with_rowid": False})

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: `complete` or `impossible`.
    state: Mapped[str] = mapped_column(Text)
    #: Why it is impossible, as `EvidenceJob.reason`.
    reason: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    #: Whether the card's rule is met: the revocation status is of five minutes around the genTime.
    card: Mapped[bool] = mapped_column(Boolean)
    #: Why it isn't, as `EvidenceJob.reason`.
    card_reason: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    #: Of the timestamp token.
    gen_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the certificate of the newest proof ends.
    lasts_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EvidenceThread(Base):
    """Search index: the result for the newest version of a thread that has one.

    It counts only as long as that version is the current one.
    """

    __tablename__ = "evidence_threads"
    __table_args__ = (
        # A thread has one row, and is found by it when it is deleted.
        UniqueConstraint("signature_id", name="uq_evidence_threads_signature_id"),
        {"sqlite_with_rowid": False},
    )

    #: `impossible` if it is for any signer, else `complete`.
    state: Mapped[str] = mapped_column(CODE, primary_key=True)
    signature_id: Mapped[int] = mapped_column(
        ROW_ID,
        ForeignKey("signatures.id", ondelete="CASCADE", name="fk_evidence_threads_signatures"),
        primary_key=True,
        autoincrement=False,
    )
    version: Mapped[int] = mapped_column(Integer)


class EvidenceCircuit(Base):
    """A host that failed lately. After several failures it is left alone for a time."""

    __tablename__ = "evidence_circuits"

    host: Mapped[str] = mapped_column(CODE, primary_key=True)
    #: Since the last success.
    failures: Mapped[int] = mapped_column(Integer)
    #: Until when it is left alone; None if it isn't yet.
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Until when one request, which tries whether it is back, may take.
    probe_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The last failure.
    reason: Mapped[str] = mapped_column(Text)
