"""Which signer of which version the holder of a link is, for what is signed from now on.

The step creates a table. Programs of before go on, and keep nothing in it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEY = ("package_id", _ROW_ID), ("number", sa.Integer()), ("signer", sa.Integer())


def upgrade() -> None:
    """Create the table."""
    key = [sa.Column(name, kind, primary_key=True, autoincrement=False) for name, kind in _KEY]
    op.create_table(
        "package_signings",
        *key,
        sa.Column("signature_id", _ROW_ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["package_id", "number"],
            ["package_documents.package_id", "package_documents.number"],
            ondelete="CASCADE",
            name="fk_package_signings_package_documents",
        ),
        sa.ForeignKeyConstraint(
            ["signature_id", "version"],
            ["versions.signature_id", "versions.version"],
            ondelete="CASCADE",
            name="fk_package_signings_versions",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_package_signings_signature_id_version", "package_signings", ["signature_id", "version"]
    )


def downgrade() -> None:
    """Drop the table: the own signature is not offered to anyone then."""
    op.drop_table("package_signings")
