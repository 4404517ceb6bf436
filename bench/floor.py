"""The floor: the minimum that a WSGI application does to return the same answers.

It keeps only what a store of signatures can't do without: the signature, its version and its tags,
in tables of its own, by hand-written SQL over psycopg2, one statement a request, one connection a
thread; no validation, no errors, nothing about signers, and one tag as the only filter. It runs
under the same gunicorn. Each statement is planned for each request, as with PgBouncer.
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

#: Its tables, filled with the threads of the application's.
FILL = """
CREATE SCHEMA floor;
CREATE TABLE floor.signatures (
    id bigserial PRIMARY KEY, document text NOT NULL, thread text NOT NULL,
    version integer NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
    UNIQUE (document, thread));
CREATE TABLE floor.versions (
    signature_id bigint REFERENCES floor.signatures, version integer, cms text NOT NULL,
    stage text, created_by text, comment text, tags json NOT NULL, created_at timestamptz NOT NULL,
    PRIMARY KEY (signature_id, version));
CREATE TABLE floor.tags (
    tag text COLLATE "C", signature_id bigint, PRIMARY KEY (tag, signature_id));
INSERT INTO floor.signatures (document, thread, version, created_at, updated_at)
SELECT document, thread, version, created_at, updated_at FROM signatures ORDER BY id;
INSERT INTO floor.versions (signature_id, version, cms, tags, created_at)
SELECT signature_id, version, replace(encode(cms_bytes, 'base64'), chr(10), ''), tags, created_at
FROM versions;
INSERT INTO floor.tags SELECT tag, signature_id FROM signature_tags;
"""

COLUMNS = """s.id, s.document, s.thread, v.stage, v.version, v.cms, v.created_by, v.comment,
    v.created_at, v.tags, s.created_at, s.updated_at"""

GET = f"""
SELECT {COLUMNS} FROM floor.signatures s
JOIN floor.versions v ON v.signature_id = s.id AND v.version = s.version
WHERE s.document = %s AND s.thread = %s"""

LIST = f"""
SELECT {COLUMNS} FROM (
    SELECT signature_id FROM floor.tags WHERE tag = %s ORDER BY signature_id DESC LIMIT %s
) page
JOIN floor.signatures s ON s.id = page.signature_id
JOIN floor.versions v ON v.signature_id = s.id AND v.version = s.version
ORDER BY s.id DESC"""

_SAVE = """
WITH head AS ({claim}
    RETURNING id, version, created_at, updated_at),
version AS (
    INSERT INTO floor.versions (signature_id, version, cms, tags, created_at)
    SELECT id, version, %(cms)s, %(tags)s, updated_at FROM head),
tags AS (SELECT json_array_elements_text(%(tags)s) AS tag),
{stale}tag AS (
    INSERT INTO floor.tags SELECT tag, id FROM tags, head ON CONFLICT DO NOTHING)
SELECT * FROM head"""

FIRST = _SAVE.format(
    claim="""
    INSERT INTO floor.signatures (document, thread, version, created_at, updated_at)
    VALUES (%(document)s, %(thread)s, 1, now(), now()) ON CONFLICT DO NOTHING""",
    stale="",
)
NEXT = _SAVE.format(
    claim="""
    UPDATE floor.signatures SET version = version + 1, updated_at = now()
    WHERE document = %(document)s AND thread = %(thread)s AND version = %(version)s""",
    stale="""stale AS (
    DELETE FROM floor.tags USING floor.versions seen
    WHERE seen.signature_id = (SELECT id FROM head) AND seen.version = %(version)s
    AND floor.tags.signature_id = seen.signature_id
    AND floor.tags.tag = ANY (ARRAY(
        SELECT json_array_elements_text(seen.tags) EXCEPT SELECT tag FROM tags))),
""",
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
        "tags": orjson.dumps(body["tags"]).decode(),
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
