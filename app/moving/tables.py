"""Finds the original's tables in a database, and checks that they are known ones."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from app.moving.errors import MoveError

HEADS, VERSIONS, TAGS, LINKS = (
    "ncanode_signature",
    "ncanode_signature_version",
    "ncanode_tag",
    "ncanode_signature_tag",
)

_OF_SIGNATURE = {
    "id", "document", "thread", "cms", "created_at", "updated_at",
    "version", "version_created_at", "version_created_by", "version_comment",
}  # fmt: skip
#: The columns of each table that are read. There may be more.
COLUMNS = {
    HEADS: _OF_SIGNATURE,
    VERSIONS: _OF_SIGNATURE,
    TAGS: {"id", "code"},
    LINKS: {"signature_id", "tag_id", "created_at"},
}
#: Columns of its older generation, which had neither threads nor versions.
_OLDER = {"chain", "stage", "parent_id"}


def find_schema(link: Connection[Any], wanted: str | None) -> str:
    """Return the name of the schema that has the tables.

    Raises:
        MoveError: none has, or several do and none is `wanted`.
    """
    with link.cursor() as cursor:
        cursor.execute(
            """SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relname = %s AND c.relkind IN ('r', 'p')
               AND has_schema_privilege(n.oid, 'USAGE') ORDER BY 1""",
            (HEADS,),
        )
        found = [name for (name,) in cursor]
    if wanted is not None and wanted not in found:
        raise MoveError(f"schema {wanted!r} has no table {HEADS}")
    if wanted is None and len(found) > 1:
        raise MoveError(f"several schemas have a table {HEADS}: {', '.join(found)}; name one")
    if not found:
        raise MoveError(f"the database has no table {HEADS}: it is not an original server's")
    return wanted or str(found[0])


def check_columns(link: Connection[Any], schema: str) -> None:
    """Check that everything that is read exists.

    Raises: MoveError: it does not.
    """
    found: dict[str, set[str]] = {}
    with link.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, a.attname FROM pg_attribute a
               JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = %s AND c.relname = ANY(%s) AND attnum > 0 AND NOT attisdropped""",
            (schema, list(COLUMNS)),
        )
        for table, column in cursor:
            found.setdefault(table, set()).add(column)
    if "thread" not in found[HEADS] and (found[HEADS] & (_OLDER | {"code"})):
        raise MoveError(
            "the database is of the original's older generation (chain, stage, parent), whose rows "
            "are neither threads nor versions: they can't be moved, only saved again one by one"
        )
    for table, columns in COLUMNS.items():
        if missing := columns - found.get(table, set()):
            raise MoveError(f"table {table} has no {', '.join(sorted(missing))}: it can't be read")
