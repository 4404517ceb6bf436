"""A signature that is sent as base64 is stored as the bytes that it stands for.

The step changes no row: what was saved before stays readable as text, until `flask db pack` stores
that as bytes, too.
"""

from importlib import import_module
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

#: Not compressed: encoded and encrypted data doesn't get smaller, and a part can be read by itself.
#: A signature of 3 KB stays in its row, of which two fill a page: apart, it is two more rows and two
#: entries of an index to write and to read. Text, which XML is, compresses well, faster by LZ4
#: where the server was built with it.
_STORAGE = """
ALTER TABLE versions SET (toast_tuple_target = 4080);
ALTER TABLE versions ALTER cms_bytes SET STORAGE EXTERNAL;
DO $$
BEGIN
    ALTER TABLE versions ALTER cms SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    NULL;
END
$$
"""
#: What changes in the function of step 0007. Programs of before call it without the new argument.
_CHANGES = (
    ("    new_saved_by text,\n", "    new_saved_by text,\n    new_is_base64 boolean DEFAULT false,\n"),
    ("versions (signature_id, version, cms,", "versions (signature_id, version, cms, cms_bytes,"),
    (
        "VALUES (saved_id, saved_version, new_cms,",
        "VALUES (saved_id, saved_version, CASE WHEN NOT new_is_base64 THEN new_cms END,\n"
        "        CASE WHEN new_is_base64 THEN decode(new_cms, 'base64') END,",
    ),
)
_AS_TEXT = """
UPDATE versions SET cms = {encoded}, cms_bytes = NULL WHERE cms_bytes IS NOT NULL
"""
_NOT_NULL, _NULL = "cms TEXT NOT NULL", "cms TEXT"


def upgrade() -> None:
    """Add the column, and save into it."""
    op.add_column("versions", sa.Column("cms_bytes", sa.LargeBinary()))
    if op.get_bind().dialect.name == "sqlite":
        _change_definition(_NOT_NULL, _NULL)
        return
    op.alter_column("versions", "cms", nullable=True)
    op.execute(_STORAGE)
    op.execute("DROP FUNCTION save_version")
    function = _function_of_before()
    for before, after in _CHANGES:
        function = function.replace(before, after)
    op.execute(function)


def downgrade() -> None:
    """Store all signatures as text again."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        op.execute(_AS_TEXT.format(encoded="base64_text(cms_bytes)"))
        _change_definition(_NULL, _NOT_NULL)
        op.drop_column("versions", "cms_bytes")
        return
    op.execute(_AS_TEXT.format(encoded="replace(encode(cms_bytes, 'base64'), chr(10), '')"))
    op.execute("ALTER TABLE versions RESET (toast_tuple_target)")
    op.alter_column("versions", "cms", nullable=False)
    op.drop_column("versions", "cms_bytes")
    op.execute("DROP FUNCTION save_version")
    op.execute(_function_of_before())


def _function_of_before() -> str:
    before: Any = import_module("app.store.migrations.versions.0007_pairs_as_numbers")
    return str(before._SAVE_VERSION)  # noqa: SLF001 - a step of the same history


def _change_definition(before: str, after: str) -> None:
    """Change a table's definition in SQLite, where that changes nothing in how rows are stored.

    So SQLite's documentation of ALTER TABLE has it (section 7), for removing NOT NULL for instance;
    the other way would copy all signatures.
    """
    bind = op.get_bind()
    version: int = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (before, after, "versions"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")
