"""Documents that are kept, once for each SHA-256, and what refers to them.

The step creates tables only. Programs of before delete threads with what refers to a document; the
document itself is then left for `flask content sweep`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("package_contents", "version_contents", "content_chunks", "contents")

#: Documents are compressed already, as a rule.
_STORAGE = "ALTER TABLE content_chunks ALTER data SET STORAGE EXTERNAL"


def _sha256() -> sa.Column[bytes]:
    return sa.Column("sha256", sa.LargeBinary(), nullable=False)


def _to_contents(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["sha256"], ["contents.sha256"], name=f"fk_{table}_contents")


def _create_contents() -> None:
    op.create_table(
        "contents",
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.Column("location", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "content_chunks",
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["contents.sha256"], ondelete="CASCADE", name="fk_content_chunks_contents"
        ),
    )


def _create_references() -> None:
    op.create_table(
        "version_contents",
        sa.Column("signature_id", _ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        _sha256(),
        sa.Column("name", sa.Text()),
        sa.Column("media_type", sa.Text()),
        sa.ForeignKeyConstraint(
            ["signature_id", "version"],
            ["versions.signature_id", "versions.version"],
            ondelete="CASCADE",
            name="fk_version_contents_versions",
        ),
        _to_contents("version_contents"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "package_contents",
        sa.Column("package_id", _ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        _sha256(),
        sa.Column("media_type", sa.Text()),
        sa.ForeignKeyConstraint(
            ["package_id", "number"],
            ["package_documents.package_id", "package_documents.number"],
            ondelete="CASCADE",
            name="fk_package_contents_package_documents",
        ),
        _to_contents("package_contents"),
        sqlite_with_rowid=False,
    )
    for table in ("version_contents", "package_contents"):
        op.create_index(f"ix_{table}_sha256", table, ["sha256"])


def upgrade() -> None:
    """Create the tables."""
    _create_contents()
    _create_references()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_STORAGE)


def downgrade() -> None:
    """Drop the tables with all documents; those outside the database stay there."""
    for table in _TABLES:
        op.drop_table(table)
