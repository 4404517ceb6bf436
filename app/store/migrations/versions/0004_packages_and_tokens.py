"""Public ids, sizes, the token that saved, tokens and packages: for other API families.

`flask signers reindex` adds the sizes and formats of existing versions.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.store.database.types import random_uuid

revision = "0004"
down_revision = "0003"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_PUBLIC_ID = sa.Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns to three tables, and create four tables."""
    _add_public_ids()
    for column in (
        sa.Column("format", sa.Text()),
        sa.Column("signature_size", sa.Integer()),
        sa.Column("content_size", sa.Integer()),
        sa.Column("method", sa.Text()),
        sa.Column("saved_by", sa.Text()),
    ):
        op.add_column("versions", column)
    op.drop_index("ix_versions_unread", "versions")
    op.create_index(
        "ix_versions_unread",
        "versions",
        ["signature_id", "version"],
        postgresql_where=sa.text("signature_size IS NULL"),
        sqlite_where=sa.text("signature_size IS NULL"),
    )
    op.add_column("signers", sa.Column("verified_gen_time", _MOMENT))
    _create_tokens()
    _create_packages()


def _add_public_ids() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # PostgreSQL rewrites the table, with a default computed for each row: for a million rows in
        # a third of the time of an UPDATE, which would also leave a million dead rows.
        default = sa.text("gen_random_uuid()")
        op.add_column("signatures", sa.Column("public_id", _PUBLIC_ID, server_default=default))
        op.alter_column("signatures", "public_id", server_default=None)
    else:
        # In SQLite, the default of an added column must be a constant.
        op.add_column("signatures", sa.Column("public_id", _PUBLIC_ID))
        signatures = sa.table("signatures", sa.column("public_id"))
        op.execute(sa.update(signatures).values(public_id=random_uuid()))
    op.create_index("ix_signatures_public_id", "signatures", ["public_id"], unique=True)


def _create_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _CODE, primary_key=True),
        sa.Column("name", _CODE, nullable=False, unique=True),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("tag_prefix", sa.Text()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT),
        sa.Column("revoked_at", _MOMENT),
        sa.Column("last_used_on", sa.Date()),
    )


def _create_packages() -> None:
    op.create_table(
        "packages",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("public_id", _PUBLIC_ID, nullable=False, unique=True),
        sa.Column("name", sa.Text()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("thread", _CODE, nullable=False),
        sa.Column("member", sa.Text()),
        sa.Column("external_data", sa.JSON()),
        sa.Column("generate_links", sa.Boolean(), nullable=False),
        sa.Column("link_key", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("sign_by", _MOMENT),
        sa.Column("opened_at", _MOMENT),
        sa.Column("rescinded_at", _MOMENT),
        sa.Column("rescind_message", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_packages_thread_id", "packages", ["thread", "id"])
    op.create_table(
        "package_documents",
        _of_package(),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("document", _CODE, nullable=False),
        sa.Column("thread", _CODE, nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("file_name", sa.Text()),
        sa.Column("order", sa.Integer(), nullable=False),
    )
    op.create_index(
        "ix_package_documents_document_thread",
        "package_documents",
        ["document", "thread", "package_id"],
    )
    op.create_table(
        "package_signers",
        _of_package(),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("mobile_number", sa.Text()),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("iin", _CODE),
        sa.Column("bin", _CODE),
        sa.Column("role", sa.Text()),
    )
    op.create_index("ix_package_signers_iin", "package_signers", ["iin", "package_id"])
    op.create_index("ix_package_signers_bin", "package_signers", ["bin", "package_id"])


def _of_package() -> sa.Column[int]:
    return sa.Column(
        "package_id",
        _ROW_ID,
        sa.ForeignKey("packages.id", ondelete="CASCADE"),
        primary_key=True,
    )
