"""The tables, for use in statements on their columns; rows are not loaded as objects."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.store.database.types import CODE, PUBLIC_ID, ROW_ID, UtcDateTime


class Base(DeclarativeBase):
    """Registry of the tables below, for Flask-SQLAlchemy."""


class Signature(Base):
    """The head of one thread. Its id is never reused, even after the thread is deleted."""

    __tablename__ = "signatures"
    __table_args__ = (
        UniqueConstraint("document", "thread", name="uq_signatures_document_thread"),
        # For each filter, a page of newest threads is read backwards from one index.
        Index("ix_signatures_document_id", "document", "id"),
        Index("ix_signatures_thread_id", "thread", "id"),
        Index("ix_signatures_stage_id", "stage", "id"),
        Index("ix_signatures_public_id", "public_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    document: Mapped[str] = mapped_column(CODE)
    thread: Mapped[str] = mapped_column(CODE)
    #: Number of the current version; the first is 1.
    version: Mapped[int] = mapped_column(Integer)
    #: The current version's stage, also kept here so that a list can filter by it.
    stage: Mapped[str | None] = mapped_column(CODE)
    #: When the first and the last version were saved.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The latest signing time that a signer of the current version claims, else the time of saving;
    #: None if not read yet.
    claimed_signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The thread's id in other API families: never None, though SQLite can't be given that
    #: constraint later.
    public_id: Mapped[str | None] = mapped_column(PUBLIC_ID)


class Version(Base):
    """One save. The signature never changes; what is extracted from it may be extracted again."""

    __tablename__ = "versions"
    __table_args__ = (
        # What `flask signers reindex` still has to do.
        Index(
            "ix_versions_unread",
            "signature_id",
            "version",
            postgresql_where=text("signature_size IS NULL"),
            sqlite_where=text("signature_size IS NULL"),
        ),
    )

    signature_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("signatures.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: The signature exactly as it was sent, with any armour; None where `cms_bytes` stands for it.
    cms: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str | None] = mapped_column(Text)
    #: List of text, each once, in the order sent.
    tags: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: SHA-256 of the decoded signature and of the content attached to it, hex; None if there is
    #: none, or not read yet.
    signature_sha256: Mapped[str | None] = mapped_column(Text)
    content_sha256: Mapped[str | None] = mapped_column(Text)
    #: Search terms of the version (`signatures.extraction.terms`); None if not read yet.
    terms: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: Format: `cms` or `xml`; None if it is neither, or not read yet.
    format: Mapped[str | None] = mapped_column(Text)
    #: Bytes of the decoded signature, None if not read yet; of the attached content, None if there
    #: is none.
    signature_size: Mapped[int | None] = mapped_column(Integer)
    content_size: Mapped[int | None] = mapped_column(Integer)
    #: How it was signed, as stated by the caller that saved it.
    method: Mapped[str | None] = mapped_column(Text)
    #: Name of the token that saved it, None if none was required.
    saved_by: Mapped[str | None] = mapped_column(Text)
    #: The bytes whose base64 was sent, to the character; None where `cms` has the text.
    cms_bytes: Mapped[bytes | None] = mapped_column(LargeBinary)


#: Whether a version is its thread's current one.
IS_CURRENT = (Version.signature_id == Signature.id) & (Version.version == Signature.version)


class Signer(Base):
    """What the certificate of one signer of a version claims, and whether it counts as signed."""

    __tablename__ = "signers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["signature_id", "version"],
            ["versions.signature_id", "versions.version"],
            ondelete="CASCADE",
            name="fk_signers_versions",
        ),
        # What is still to be verified, or to be verified again.
        Index("ix_signers_judged_against", "judged_against"),
    )

    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Counted from 1, in the order of the signature.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: Twelve digits each: of a person, of an organisation.
    claimed_iin: Mapped[str | None] = mapped_column(Text)
    claimed_bin: Mapped[str | None] = mapped_column(Text)
    #: Surname, given name, patronymic, in lower case.
    claimed_name: Mapped[str | None] = mapped_column(Text)
    #: Digest algorithm, dotted, and the digest of the content, hex.
    digest_algorithm: Mapped[str] = mapped_column(Text)
    message_digest: Mapped[str | None] = mapped_column(Text)
    #: All claims, as `app.cms.serialization` writes it.
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The genTime of a timestamp token that was verified up to an anchor when the version was
    #: saved; None otherwise.
    verified_gen_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: See `app.store.signatures.standings`: the number of the anchor that was reached, else
    #: PENDING, VALUE_VALID or REFUSED with the reason; None if not verified yet.
    standing: Mapped[int | None] = mapped_column(BigInteger)
    standing_reason: Mapped[str | None] = mapped_column(Text)
    #: The number of all anchors and intermediates that it was verified with; LEFT if a save left it
    #: to the background, None if it was saved before that existed.
    judged_against: Mapped[int | None] = mapped_column(BigInteger)


class SignatureTerm(Base):
    """Search index: terms of each thread's current version, beside its tags."""

    __tablename__ = "signature_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)

    term: Mapped[str] = mapped_column(CODE, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)


class SignatureTag(Base):
    """Search index: the tags of each thread's current version.

    It has no foreign key: that would need a second index and a check for each tag that is saved.
    `signatures.writing` writes it together with its version.
    """

    __tablename__ = "signature_tags"
    __table_args__ = ({"sqlite_with_rowid": False},)

    tag: Mapped[str] = mapped_column(CODE, primary_key=True)
    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)


class SignaturePair(Base):
    """Search index: pairs of tags of each thread's current version, as numbered by `tag_pairs`.

    It is for common tags that rarely occur together, where scanning one tag alone would take long.
    """

    __tablename__ = "signature_pairs"
    __table_args__ = ({"sqlite_with_rowid": False},)

    pair: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    signature_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)


class KeptCount(Base):
    """How many threads with an id up to one have something in common (`search.counts`)."""

    __tablename__ = "kept_counts"
    __table_args__ = (
        # SQLite's triggers ask for the highest.
        Index("ix_kept_counts_upto", "upto"),
    )

    #: What they have in common: `all`, or a kind and a value, such as `tag:loan`.
    key: Mapped[str] = mapped_column(CODE, primary_key=True)
    upto: Mapped[int] = mapped_column(ROW_ID)
    #: None while it is counted; changes are noted already.
    number: Mapped[int | None] = mapped_column(ROW_ID)
    #: When a process last tried to count.
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CountChange(Base):
    """A thread that was saved before lost (-1) or gained (1) what a count is kept of."""

    __tablename__ = "count_changes"
    __table_args__ = (Index("ix_count_changes_key", "key", "signature_id"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    key: Mapped[str] = mapped_column(CODE)
    signature_id: Mapped[int] = mapped_column(ROW_ID)
    change: Mapped[int] = mapped_column(Integer)


class Token(Base):
    """A caller's token: `qol_<id>_<secret>`, of whose secret only the SHA-256 is kept, hex."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(CODE, unique=True)
    secret_sha256: Mapped[str] = mapped_column(Text)
    #: Scopes: `read`, `write`, `delete`, `admin`.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    #: It gives access only to threads that have a tag with this prefix; None: all.
    tag_prefix: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_on: Mapped[date | None] = mapped_column(Date)
    #: The secret before the last rotation, as `secret_sha256`, and until when it is also accepted.
    old_secret_sha256: Mapped[str | None] = mapped_column(Text)
    old_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Package(Base):
    """Who should sign what, within one thread name. Signatures are never kept here."""

    __tablename__ = "packages"
    __table_args__ = (
        Index("ix_packages_thread_id", "thread", "id"),
        # A page of the newest.
        Index("ix_packages_created_at_id", "created_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    public_id: Mapped[str] = mapped_column(PUBLIC_ID, unique=True)
    name: Mapped[str | None] = mapped_column(Text)
    #: `concurrent`, `Sequential` or `Counterpart`.
    type: Mapped[str] = mapped_column(Text)
    #: The thread, in each of its documents, that the signatures are saved under.
    thread: Mapped[str] = mapped_column(CODE)
    #: Name of the token that added it, None if none was required.
    member: Mapped[str | None] = mapped_column(Text)
    #: A JSON object that is returned unchanged.
    external_data: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    generate_links: Mapped[bool] = mapped_column(Boolean)
    #: Random, hex: the key for the tokens of its links.
    link_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sign_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: None: a draft.
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rescinded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rescind_message: Mapped[str | None] = mapped_column(Text)


class PackageDocument(Base):
    """One document of a package."""

    __tablename__ = "package_documents"
    __table_args__ = (
        # Neither index alone would do: all packages of a deployment may have one document code, or
        # one thread name.
        Index("ix_package_documents_document_thread", "document", "thread", "package_id"),
    )

    package_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True
    )
    #: Counted from 1, in the given order.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    #: The code that its signatures are saved under, and the package's thread.
    document: Mapped[str] = mapped_column(CODE)
    thread: Mapped[str] = mapped_column(CODE)
    name: Mapped[str | None] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(Text)
    order: Mapped[int] = mapped_column(Integer)
    #: SHA-256 of what is to be signed, hex, if given.
    sha256: Mapped[str | None] = mapped_column(Text)


class Lease(Base):
    """Work that one process does at a time: who does it, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(CODE, primary_key=True)
    holder: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class TrustCertificate(Base):
    """A trust anchor of the operator, or an intermediate; only commands write it.

    The row is not trusted by itself: the certificate is parsed, and compared with its SHA-256, each
    time.
    """

    __tablename__ = "trust_certificates"

    #: Of its DER, hex.
    sha256: Mapped[str] = mapped_column(CODE, primary_key=True)
    #: `anchor` or `intermediate`.
    role: Mapped[str] = mapped_column(CODE, primary_key=True)
    pem: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The operator's name, from the machine or as given.
    added_by: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)


class PackageSigner(Base):
    """A person or organisation that must sign every document of a package."""

    __tablename__ = "package_signers"
    __table_args__ = (
        Index("ix_package_signers_iin", "iin", "package_id"),
        Index("ix_package_signers_bin", "bin", "package_id"),
    )

    package_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True
    )
    #: Counted from 1, in the given order.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    first_name: Mapped[str | None] = mapped_column(Text)
    last_name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    mobile_number: Mapped[str | None] = mapped_column(Text)
    order: Mapped[int] = mapped_column(Integer)
    #: These identify the signer's signatures: twelve digits of a person, of an organisation, and a
    #: role as certificates claim it.
    iin: Mapped[str | None] = mapped_column(CODE)
    bin: Mapped[str | None] = mapped_column(CODE)
    role: Mapped[str | None] = mapped_column(Text)
