"""Revocations that were proven, and what signers of a version were proven to sign by a former one.

A save takes over from the version before what that was compared with. Programs of before go on: on
PostgreSQL theirs do that, too, and on SQLite they don't.
"""

from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)

_BEFORE = "    -- The search indexes. The id of a new thread was never used before"
#: As `app.store.signatures.carried_contents` has it for SQLite.
_CARRY = """    IF saved_version > 1 AND new_content_sha256 IS NULL THEN
        INSERT INTO signer_contents (signature_id, version, number, content_sha256)
        SELECT own.signature_id, own.version, own.number,
            min(coalesce(kept.content_sha256, compared.content_sha256))
        FROM signers AS own
        JOIN signers AS former ON former.signature_id = own.signature_id
            AND former.version = seen AND former.digest_algorithm = own.digest_algorithm
            AND former.message_digest = own.message_digest
        JOIN versions AS compared ON compared.signature_id = former.signature_id
            AND compared.version = former.version
        LEFT JOIN signer_contents AS kept ON kept.signature_id = former.signature_id
            AND kept.version = former.version AND kept.number = former.number
        WHERE own.signature_id = saved_id AND own.version = saved_version
            AND (kept.content_sha256 IS NOT NULL OR compared.content_sha256 IS NOT NULL
                AND (compared.content_size IS NULL OR former.standing > 0
                    OR former.standing IN (-2, -3)))
        GROUP BY own.signature_id, own.version, own.number;
    END IF;

"""


def _function_of_before() -> str:
    step: Any = import_module("app.store.migrations.versions.0022_fewer_readings_of_json")
    function = str(step._function_of_before())  # noqa: SLF001 - a step of the same history
    for before, after in step._CHANGES:  # noqa: SLF001
        function = function.replace(before, after)
    return function


def upgrade() -> None:
    """Create the tables, and replace the function."""
    op.create_table(
        "revocations",
        sa.Column("certificate", _CODE, primary_key=True),
        sa.Column("issuer_key", _CODE, primary_key=True),
        sa.Column("revoked_at", _MOMENT, primary_key=True),
        sa.Column("reason", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("invalid_since", _MOMENT),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("this_update", _MOMENT, nullable=False),
        sa.Column("next_update", _MOMENT),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("is_denied", sa.Boolean(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signer_contents",
        sa.Column("signature_id", _ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["signature_id", "version"],
            ["versions.signature_id", "versions.version"],
            ondelete="CASCADE",
            name="fk_signer_contents_versions",
        ),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION save_version")
        op.execute(_function_of_before().replace(_BEFORE, _CARRY + _BEFORE))


def downgrade() -> None:
    """Restore the function of before, and drop the tables: what was proven is forgotten."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION save_version")
        op.execute(_function_of_before())
    op.drop_table("signer_contents")
    op.drop_table("revocations")
