"""Evidence records: stamped hash trees, and which version is a leaf of which.

The step creates tables, and lists the versions whose evidence was obtained before. Programs of
before go on; what they obtain meanwhile is recorded once its evidence is obtained again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_TABLES = (
    "evidence_batch_items",
    "evidence_renewals",
    "evidence_memberships",
    "evidence_parts",
    "evidence_batches",
    "evidence_unrecorded",
)
#: Hash values and tokens don't get smaller.
_STORAGE = (
    "ALTER TABLE evidence_parts ALTER leaves SET STORAGE EXTERNAL",
    "ALTER TABLE evidence_memberships ALTER members SET STORAGE EXTERNAL",
    "ALTER TABLE evidence_batches ALTER token SET STORAGE EXTERNAL",
)
_BEFORE = """
INSERT INTO evidence_unrecorded (signature_id, version)
SELECT DISTINCT signature_id, version FROM evidence_states"""


def _versions(table: str) -> list[Any]:
    names = ("signature_id", _ROW_ID), ("version", sa.Integer())
    key = [sa.Column(name, kind, primary_key=True, autoincrement=False) for name, kind in names]
    reference = sa.ForeignKeyConstraint(
        ["signature_id", "version"],
        ["versions.signature_id", "versions.version"],
        ondelete="CASCADE",
        name=f"fk_{table}_versions",
    )
    return [*key, reference]


def _to_batch(column: str, name: str, *, cascade: bool) -> sa.ForeignKeyConstraint:
    ondelete = "CASCADE" if cascade else None
    return sa.ForeignKeyConstraint([column], ["evidence_batches.id"], name=name, ondelete=ondelete)


def _key(name: str, kind: Any = _ROW_ID) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _create_batches() -> None:
    op.create_table(
        "evidence_batches",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("gen_time", _MOMENT),
        sa.Column("ends_at", _MOMENT),
        sa.Column("firsts", sa.LargeBinary()),
        sa.Column("tops", sa.LargeBinary()),
        sa.Column("stamps", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", _MOMENT),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_evidence_batches_due_at", "evidence_batches", ["due_at"])
    is_draft = sa.text("token IS NULL")
    op.create_index(
        "ix_evidence_batches_draft",
        "evidence_batches",
        ["id"],
        postgresql_where=is_draft,
        sqlite_where=is_draft,
    )
    op.create_table(
        "evidence_parts",
        _key("batch_id"),
        _key("number", sa.Integer()),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        _to_batch("batch_id", "fk_evidence_parts_batches", cascade=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evidence_batch_items",
        _key("batch_id"),
        _key("kind", _CODE),
        _key("sha256", sa.LargeBinary()),
        _to_batch("batch_id", "fk_evidence_batch_items_batches", cascade=True),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence_blobs.sha256"], name="fk_evidence_batch_items_evidence_blobs"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evidence_batch_items_sha256", "evidence_batch_items", ["sha256"])


def _create_leaves() -> None:
    op.create_table(
        "evidence_memberships",
        *_versions("evidence_memberships"),
        _key("batch_id"),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.Column("continues", _ROW_ID),
        sa.Column("former", sa.SmallInteger(), nullable=False),
        _to_batch("batch_id", "fk_evidence_memberships_batches", cascade=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evidence_memberships_batch_id", "evidence_memberships", ["batch_id"])
    op.create_table(
        "evidence_renewals",
        _key("first_id"),
        _key("number", sa.SmallInteger()),
        sa.Column("batch_id", _ROW_ID, nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        _to_batch("first_id", "fk_evidence_renewals_firsts", cascade=False),
        _to_batch("batch_id", "fk_evidence_renewals_batches", cascade=False),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Create the tables, and list what is to be recorded."""
    op.create_table(
        "evidence_unrecorded",
        *_versions("evidence_unrecorded"),
        sa.Column("renews", _ROW_ID),
        sqlite_with_rowid=False,
    )
    _create_batches()
    _create_leaves()
    op.execute(_BEFORE)
    if op.get_bind().dialect.name == "postgresql":
        for statement in _STORAGE:
            op.execute(statement)


def downgrade() -> None:
    """Drop the tables with all records, which can't be made again for the same time."""
    for table in _TABLES:
        op.drop_table(table)
