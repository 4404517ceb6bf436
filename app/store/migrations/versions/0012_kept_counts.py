"""Kept counts: how many threads, up to an id, have something in common, and what changed that.

Packages, which are counted as well, get an index in the order of their list.

The database itself notes changes, so that a server of the previous version, or anything else that
deletes threads, can't make a count wrong. A thread that is new is never noted: its id is higher than
that of any count. PostgreSQL's indexes have no trigger for inserts, which would cost every save:
there `save_version` notes what threads gain that were saved before.
"""

from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_MOMENT = sa.DateTime(timezone=True)

# Keys as `app.store.search.counts` writes them.
_NOTE = """
CREATE FUNCTION note_count_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO count_changes (key, signature_id, change)
        SELECT key, NEW.id, CASE WHEN key = 'stage:' || NEW.stage THEN 1 ELSE -1 END
        FROM kept_counts WHERE key IN ('stage:' || OLD.stage, 'stage:' || NEW.stage);
    ELSIF TG_TABLE_NAME = 'packages' THEN
        INSERT INTO count_changes (key, signature_id, change)
        SELECT key, id, -1 FROM gone JOIN kept_counts ON key = 'packages';
    ELSIF TG_TABLE_NAME = 'signatures' THEN
        INSERT INTO count_changes (key, signature_id, change)
        SELECT key, id, -1 FROM gone JOIN kept_counts ON key IN ('all', 'document:' || document,
            'thread:' || thread, 'stage:' || stage);
    ELSIF TG_TABLE_NAME = 'signature_tags' THEN
        INSERT INTO count_changes (key, signature_id, change)
        SELECT key, signature_id, -1 FROM gone JOIN kept_counts ON key = 'tag:' || tag;
    ELSE
        INSERT INTO count_changes (key, signature_id, change)
        SELECT key, signature_id, -1 FROM gone JOIN kept_counts ON key = 'term:' || term;
    END IF;
    RETURN NULL;
END
$$
"""
_TRIGGERS = (
    *(
        f"CREATE TRIGGER note_{table} AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_count_changes()"
        for table in ("signatures", "signature_tags", "signature_terms", "packages")
    ),
    "CREATE TRIGGER note_stages AFTER UPDATE OF stage ON signatures FOR EACH ROW "
    "WHEN (OLD.stage IS DISTINCT FROM NEW.stage) EXECUTE FUNCTION note_count_changes()",
)

#: Of a thread, in SQLite, where {0} is OLD or NEW.
_OF_THREAD = "'all', 'document:' || {0}.document, 'thread:' || {0}.thread, 'stage:' || {0}.stage"
#: Table, id, and keys of what SQLite's triggers note.
_NOTED = (
    ("signatures", "id", _OF_THREAD),
    ("signature_tags", "signature_id", "'tag:' || {0}.tag"),
    ("signature_terms", "signature_id", "'term:' || {0}.term"),
)

#: What changes in the function of step 0011: what a thread gains that was saved before.
_CHANGES = tuple(
    (
        f"""
        INSERT INTO {table} ({column}, signature_id)
        SELECT {column}, saved_id FROM (
            SELECT json_array_elements_text(new_{column}s)
            EXCEPT SELECT json_array_elements_text(old_{column}s)) AS added ({column})
        ON CONFLICT DO NOTHING;
""",
        f"""
        WITH inserted AS (
            INSERT INTO {table} ({column}, signature_id)
            SELECT {column}, saved_id FROM (
                SELECT json_array_elements_text(new_{column}s)
                EXCEPT SELECT json_array_elements_text(old_{column}s)) AS added ({column})
            ON CONFLICT DO NOTHING RETURNING {column})
        INSERT INTO count_changes (key, signature_id, change)
        SELECT key, saved_id, 1 FROM inserted JOIN kept_counts ON key = '{column}:' || {column};
""",
    )
    for table, column in (("signature_tags", "tag"), ("signature_terms", "term"))
)


def _note_on_sqlite(name: str, event: str, changes: tuple[tuple[str, str, str, int], ...]) -> None:
    """Create a trigger; each change is the row's name, the column of its id, its keys, and a number."""
    notes = " ".join(
        "INSERT INTO count_changes (key, signature_id, change) "
        f"SELECT key, {row}.{column}, {change} FROM kept_counts WHERE key IN ({keys.format(row)});"
        for row, column, keys, change in changes
    )
    op.execute(f"CREATE TRIGGER {name} AFTER {event} BEGIN {notes} END")


def _function_of_before() -> str:
    step: Any = import_module("app.store.migrations.versions.0011_signatures_as_bytes")
    function = str(step._function_of_before())  # noqa: SLF001 - a step of the same history
    for before, after in step._CHANGES:  # noqa: SLF001
        function = function.replace(before, after)
    return function


def upgrade() -> None:
    """Create the tables, and what notes changes in them."""
    op.create_table(
        "kept_counts",
        sa.Column("key", _CODE, primary_key=True),
        sa.Column("upto", _ROW_ID, nullable=False),
        sa.Column("number", _ROW_ID),
        sa.Column("tried_at", _MOMENT, nullable=False),
    )
    op.create_index("ix_kept_counts_upto", "kept_counts", ["upto"])
    op.create_table(
        "count_changes",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("key", _CODE, nullable=False),
        sa.Column("signature_id", _ROW_ID, nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
    )
    op.create_index("ix_count_changes_key", "count_changes", ["key", "signature_id"])
    op.create_index("ix_packages_created_at_id", "packages", ["created_at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        function = _function_of_before()
        for before, after in _CHANGES:
            function = function.replace(before, after)
        for statement in (_NOTE, *_TRIGGERS, function):
            op.execute(statement)
        return
    _note_on_sqlite(
        "note_packages_gone", "DELETE ON packages", (("OLD", "id", "'packages'", -1),)
    )
    for table, column, keys in _NOTED:
        _note_on_sqlite(f"note_{table}_gone", f"DELETE ON {table}", (("OLD", column, keys, -1),))
        # One step in an index. Packages have ids of their own.
        is_old = (
            f"WHEN NEW.{column} <= (SELECT upto FROM kept_counts WHERE key <> 'packages' "
            "ORDER BY upto DESC LIMIT 1)"
        )
        event = f"INSERT ON {table} {is_old}"
        _note_on_sqlite(f"note_{table}_added", event, (("NEW", column, keys, 1),))
    stage = "'stage:' || {0}.stage"
    _note_on_sqlite(
        "note_stages",
        "UPDATE OF stage ON signatures WHEN OLD.stage IS NOT NEW.stage",
        (("OLD", "id", stage, -1), ("NEW", "id", stage, 1)),
    )


def downgrade() -> None:
    """Remove them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_function_of_before())
        op.execute("DROP FUNCTION note_count_changes() CASCADE")
    else:
        for table, _, _ in _NOTED:
            op.execute(f"DROP TRIGGER note_{table}_gone")
            op.execute(f"DROP TRIGGER note_{table}_added")
        op.execute("DROP TRIGGER note_stages")
        op.execute("DROP TRIGGER note_packages_gone")
    op.drop_index("ix_packages_created_at_id", "packages")
    op.drop_table("count_changes")
    op.drop_table("kept_counts")
