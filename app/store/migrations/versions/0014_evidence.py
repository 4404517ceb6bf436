"""Evidence: what is to be obtained for a version, what was, and the results.

The step creates tables and replaces the function of a save; it reads and changes no row. Programs of
before call the function without the new argument, and delete versions with all that belongs to them.
"""

from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON()
_TABLES = (
    "evidence_circuits",
    "evidence_threads",
    "evidence_states",
    "evidence_items",
    "evidence_blobs",
    "evidence_jobs",
)

#: Certificates, signatures and digests don't get smaller.
_STORAGE = "ALTER TABLE evidence_blobs ALTER data SET STORAGE EXTERNAL"
#: Each row of the queue is updated and deleted soon, so that a vacuum pays often.
_VACUUM = """
ALTER TABLE evidence_jobs SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000)
"""
_LAST_ARGUMENT = "    new_is_base64 boolean DEFAULT false,\n"
_BEHIND_SIGNERS = "    -- The search indexes. The id of a new thread"
#: What changes in the function of step 0012.
_CHANGES = (
    (_LAST_ARGUMENT, _LAST_ARGUMENT + "    new_evidence integer DEFAULT NULL,\n"),
    (
        _BEHIND_SIGNERS,
        """    IF new_evidence IS NOT NULL THEN
        INSERT INTO evidence_jobs (signature_id, version, urgency, due_at, attempts)
        VALUES (saved_id, saved_version, new_evidence, statement_timestamp(), 0);
    END IF;

"""
        + _BEHIND_SIGNERS,
    ),
)


def _function_of_before() -> str:
    step: Any = import_module("app.store.migrations.versions.0012_kept_counts")
    function = str(step._function_of_before())  # noqa: SLF001 - a step of the same history
    for before, after in step._CHANGES:  # noqa: SLF001
        function = function.replace(before, after)
    return function


def _key(*more: sa.Column[Any]) -> list[sa.Column[Any]]:
    names = ("signature_id", _ROW_ID), ("version", sa.Integer())
    key = [sa.Column(name, kind, primary_key=True, autoincrement=False) for name, kind in names]
    return [*key, *more]


def _of_version(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["signature_id", "version"],
        ["versions.signature_id", "versions.version"],
        ondelete="CASCADE",
        name=f"fk_{table}_versions",
    )


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False)


def _create_jobs() -> None:
    op.create_table(
        "evidence_jobs",
        *_key(),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Text()),
        sa.Column("lease_until", _MOMENT),
        sa.Column("reason", _JSON),
        _of_version("evidence_jobs"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evidence_jobs_urgency_due_at", "evidence_jobs", ["urgency", "due_at"])
    op.create_table(
        "evidence_circuits",
        sa.Column("host", _CODE, primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", _MOMENT),
        sa.Column("probe_until", _MOMENT),
        sa.Column("reason", sa.Text(), nullable=False),
    )


def _create_items() -> None:
    op.create_table(
        "evidence_blobs",
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "evidence_items",
        *_key(_number()),
        sa.Column("kind", _CODE, primary_key=True),
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        _of_version("evidence_items"),
        sa.ForeignKeyConstraint(
            ["sha256"], ["evidence_blobs.sha256"], name="fk_evidence_items_evidence_blobs"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_evidence_items_sha256", "evidence_items", ["sha256"])


def _create_states() -> None:
    op.create_table(
        "evidence_states",
        *_key(_number()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", _JSON),
        sa.Column("card", sa.Boolean(), nullable=False),
        sa.Column("card_reason", _JSON),
        sa.Column("gen_time", _MOMENT),
        sa.Column("lasts_until", _MOMENT),
        sa.Column("updated_at", _MOMENT, nullable=False),
        _of_version("evidence_states"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evidence_threads",
        sa.Column("state", _CODE, primary_key=True),
        sa.Column("signature_id", _ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            ondelete="CASCADE",
            name="fk_evidence_threads_signatures",
        ),
        sa.UniqueConstraint("signature_id", name="uq_evidence_threads_signature_id"),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Create the tables, and let a save add to the queue."""
    _create_jobs()
    _create_items()
    _create_states()
    if op.get_bind().dialect.name != "postgresql":
        return
    function = _function_of_before()
    for before, after in _CHANGES:
        function = function.replace(before, after)
    for statement in (_STORAGE, _VACUUM, "DROP FUNCTION save_version", function):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables with all evidence, which can't be obtained again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION save_version")
        op.execute(_function_of_before())
    for table in _TABLES:
        op.drop_table(table)
