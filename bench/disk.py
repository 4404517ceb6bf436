"""What a save takes: bytes on the disk, by table, and bytes of WAL."""

from __future__ import annotations

import psycopg

from bench.cases import POST_NEW
from bench.database import COUNTING_SEED, Statements
from bench.servers import WebServer, drive

#: Bytes of a table: its rows, what is stored apart from them, and its indexes.
_SIZES = """
SELECT relname, pg_relation_size(oid), pg_total_relation_size(oid) - pg_indexes_size(oid)
    - pg_relation_size(oid), pg_indexes_size(oid)
FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace
AND pg_relation_size(oid) > 65536 ORDER BY pg_total_relation_size(oid) DESC
"""


def print_disk(
    statements: Statements, floor: WebServer, ours: WebServer, rows: int, cms: str
) -> None:
    """Print the tables of `rows` threads, each with a signature, and what one more save writes."""
    print(f"### Bytes on the disk for each of {rows:,} threads, and of WAL for each save\n")
    print("| table | rows | apart | indexes |")
    print("|---|---|---|---|")
    with psycopg.connect(statements.url, autocommit=True) as connection:
        for schema in ("public", "floor"):
            sizes = connection.execute(_SIZES, (schema,)).fetchall()
            name = "" if schema == "public" else "floor."
            for table, *parts in sizes:
                each = " | ".join(f"{part / rows:,.0f}" for part in parts)
                print(f"| {name}{table} | {each} |")
            total = sum(sum(parts) for _, *parts in sizes) / rows
            print(f"| {name}all | {total:,.0f} | | |")
        wal = [_wal_of_save(connection, server, rows, cms) for server in (ours, floor)]
    print(f"\nWAL of a save, without images of pages: {wal[0]:,.0f} bytes; floor {wal[1]:,.0f}\n")


def _wal_of_save(
    connection: psycopg.Connection[tuple[int, ...]], server: WebServer, rows: int, cms: str
) -> float:
    seconds = 1.0
    connection.execute("ALTER SYSTEM SET full_page_writes = off")
    connection.execute("SELECT pg_reload_conf()")
    before = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
    load = drive(server, POST_NEW.lua(rows=rows, seed=COUNTING_SEED - 1, cms=cms), seconds)
    written = connection.execute(
        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", before
    ).fetchone()
    connection.execute("ALTER SYSTEM RESET full_page_writes")
    connection.execute("SELECT pg_reload_conf()")
    return float(written[0] if written else 0) / (load.per_second * seconds)
