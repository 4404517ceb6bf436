"""Signatures, their versions, and the search index of tags."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the three tables."""
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    code = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    moment = sa.DateTime(timezone=True)

    op.create_table(
        "signatures",
        sa.Column("id", row_id, primary_key=True),
        sa.Column("document", code, nullable=False),
        sa.Column("thread", code, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stage", code),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.UniqueConstraint("document", "thread", name="uq_signatures_document_thread"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signatures_document_id", "signatures", ["document", "id"])
    op.create_index("ix_signatures_thread_id", "signatures", ["thread", "id"])
    op.create_index("ix_signatures_stage_id", "signatures", ["stage", "id"])

    op.create_table(
        "versions",
        sa.Column(
            "signature_id",
            row_id,
            sa.ForeignKey("signatures.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("cms", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text()),
        sa.Column("created_by", sa.Text()),
        sa.Column("comment", sa.Text()),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )

    op.create_table(
        "signature_tags",
        sa.Column("tag", code, primary_key=True),
        sa.Column("signature_id", row_id, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
