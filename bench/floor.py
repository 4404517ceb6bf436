"""The floor: the least that a WSGI application does to give the same answers.

Hand-written SQL over psycopg2, one statement a request, one connection a thread; no validation,
no errors, no filters but one tag. It runs under the same gunicorn on the same tables.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import orjson
import psycopg2

_local = threading.local()

COLUMNS = """s.id, s.document, s.thread, v.stage, v.version, v.cms, v.created_by, v.comment,
    v.created_at, v.tags, s.created_at, s.updated_at"""

GET = f"""
SELECT {COLUMNS} FROM signatures s
JOIN versions v ON v.signature_id = s.id AND v.version = s.version
WHERE s.document = %s AND s.thread = %s"""

LIST = f"""
SELECT {COLUMNS} FROM (
    SELECT signature_id FROM signature_tags WHERE tag = %s ORDER BY signature_id DESC LIMIT %s
) page
JOIN signatures s ON s.id = page.signature_id
JOIN versions v ON v.signature_id = s.id AND v.version = s.version
ORDER BY s.id DESC"""

_SAVE = """
WITH head AS ({claim}
    RETURNING id, version, created_at, updated_at),
version AS (
    INSERT INTO versions (signature_id, version, cms, tags, created_at)
    SELECT id, version, %(cms)s, %(json)s, updated_at FROM head),
{stale}
tag AS (
    INSERT INTO signature_tags (tag, signature_id) SELECT unnest(%(tags)s), id FROM head
    ON CONFLICT DO NOTHING),
pair AS (
    INSERT INTO signature_tag_pairs (first_tag, second_tag, signature_id)
    SELECT a, b, id FROM unnest(%(tags)s) a, unnest(%(tags)s) b, head WHERE a COLLATE "C" < b
    ON CONFLICT DO NOTHING)
SELECT * FROM head"""

FIRST = _SAVE.format(
    claim="""
    INSERT INTO signatures (document, thread, version, created_at, updated_at)
    VALUES (%(document)s, %(thread)s, 1, now(), now()) ON CONFLICT DO NOTHING""",
    stale="",
)
NEXT = _SAVE.format(
    claim="""
    UPDATE signatures SET version = version + 1, updated_at = now()
    WHERE document = %(document)s AND thread = %(thread)s AND version = %(version)s""",
    stale="""
stale AS (
    DELETE FROM signature_tags WHERE signature_id = (SELECT id FROM head) AND tag = ANY (ARRAY(
        SELECT json_array_elements_text(tags) FROM versions
        WHERE signature_id = (SELECT id FROM head) AND version = %(version)s
    )) AND tag <> ALL (%(tags)s)),
stale_pair AS (
    DELETE FROM signature_tag_pairs WHERE signature_id = (SELECT id FROM head)
    AND first_tag = ANY (ARRAY(
        SELECT json_array_elements_text(tags) FROM versions
        WHERE signature_id = (SELECT id FROM head) AND version = %(version)s))
    AND second_tag = ANY (ARRAY(
        SELECT json_array_elements_text(tags) FROM versions
        WHERE signature_id = (SELECT id FROM head) AND version = %(version)s))
    AND (first_tag <> ALL (%(tags)s) OR second_tag <> ALL (%(tags)s))),""",
)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer GET /signature, POST /signature, GET /signatures?tags=…&limit=…."""
    status = "200 OK"
    content: dict[str, Any]
    if environ["REQUEST_METHOD"] == "POST":
        body = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        content = {"signature": _save(body)}
        status = "201 Created"
    else:
        query = parse_qs(environ["QUERY_STRING"])
        if environ["PATH_INFO"] == "/signatures":
            rows = _rows(LIST, (query["tags"][0], int(query["limit"][0])))
            content = {"signatures": [_written(*row) for row in rows]}
        else:
            (row,) = _rows(GET, (query["document"][0], query["thread"][0]))
            content = {"signature": _written(*row)}
    answer = orjson.dumps({"status": True, "message": None, "content": content})
    start_response(
        status,
        [
            ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Length", str(len(answer))),
        ],
    )
    return [answer]


def _rows(sql: str, values: Any) -> list[Any]:
    if not hasattr(_local, "cursor"):
        connection = psycopg2.connect(os.environ["DATABASE_URL"])
        connection.autocommit = True
        _local.cursor = connection.cursor()
    _local.cursor.execute(sql, values)
    return _local.cursor.fetchall()  # type: ignore[no-any-return]


def _save(body: dict[str, Any]) -> dict[str, Any]:
    values = {
        "document": body["document"],
        "thread": body["thread"],
        "cms": body["cms"],
        "tags": body["tags"],
        "json": orjson.dumps(body["tags"]).decode(),
        "version": body.get("version", 0),
    }
    ((signature_id, version, created, updated),) = _rows(
        NEXT if values["version"] else FIRST, values
    )
    return _written(
        signature_id, body["document"], body["thread"], None, version, body["cms"], None, None,
        updated, body["tags"], created, updated,
    )  # fmt: skip


def _written(
    signature_id: int, document: str, thread: str, stage: Any, version: int, cms: str,
    created_by: Any, comment: Any, version_created_at: Any, tags: Any, created_at: Any,
    updated_at: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": signature_id,
        "document": document,
        "thread": thread,
        "chain": thread,
        "stage": stage,
        "version": version,
        "parent": version - 1 or None,
        "signature": cms,
        "cms": cms,
        "version_created_by": created_by,
        "version_comment": comment,
        "version_created_at": version_created_at.isoformat(" ", "seconds")[:19],
        "tags": tags,
        "created_at": created_at.isoformat(" ", "seconds")[:19],
        "updated_at": updated_at.isoformat(" ", "seconds")[:19],
    }
