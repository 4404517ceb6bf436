"""What the database is filled with."""

from __future__ import annotations

import psycopg2

#: One thread in a hundred has the same rare tag, every second one the common one.
FILL = """
INSERT INTO signatures (document, thread, version, created_at, updated_at)
SELECT 'bench-' || n, 'story', 1, now(), now() FROM generate_series(1, %(rows)s) n;
INSERT INTO versions (signature_id, version, cms, tags, created_at)
SELECT id, 1, %(cms)s, json_build_array({rare}, {common}), now() FROM signatures;
INSERT INTO signature_tags (tag, signature_id)
SELECT {rare}, id FROM signatures UNION ALL SELECT {common}, id FROM signatures;
INSERT INTO signature_tag_pairs (first_tag, second_tag, signature_id)
SELECT a.tag, b.tag, a.signature_id FROM signature_tags a
JOIN signature_tags b ON b.signature_id = a.signature_id AND a.tag < b.tag;
""".format(
    rare="'rare-' || (id / 100)",
    common="CASE WHEN id %% 2 = 0 THEN 'common' ELSE 'other-' || (id %% 20) END",
)


def fill(url: str, rows: int, cms: str) -> None:
    """Fill a migrated database with `rows` threads, each with a signature and two tags."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"rows": rows, "cms": cms})
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    connection.close()
