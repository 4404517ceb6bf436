"""The floor: the minimum that a WSGI application does to return the same answers.

Hand-written SQL over psycopg2, one statement a request, one connection a thread; no validation, no
errors, and one tag as the only filter. It runs under the same gunicorn on the same tables, and
writes the same rows (`bench.sameness` compares them). It reads the claims of a signature only once,
since all requests send the same signature. It does not compare the signers with those of the
previous version, so it never warns. In the database it uses only the function that numbers pairs of
tags: each statement is planned for each request, as with PgBouncer.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import orjson
import psycopg2

from app.cms.parsing import parse
from app.store.signatures.extraction import Found, read_signing
from app.store.signatures.standings import NO_ANCHOR, VALUE_VALID, Standing, number_of

_local = threading.local()

COLUMNS = """s.id, s.document, s.thread, v.stage, v.version, v.cms, v.created_by, v.comment,
    v.created_at, v.tags, s.created_at, s.updated_at"""

GET = f"""
SELECT {COLUMNS} FROM signatures s
JOIN versions v ON v.signature_id = s.id AND v.version = s.version
WHERE s.document = %s AND s.thread = %s"""

_LIST = """
SELECT {columns} FROM (
    SELECT signature_id FROM signature_tags WHERE tag = %s ORDER BY signature_id DESC LIMIT %s
) page
JOIN signatures s ON s.id = page.signature_id
JOIN versions v ON v.signature_id = s.id AND v.version = s.version
ORDER BY s.id DESC"""

LIST = _LIST.format(columns=COLUMNS)
LIST_WITH_SIGNERS = _LIST.format(
    columns=f"""{COLUMNS}, (
    SELECT json_agg(facts ORDER BY number)::text FROM signers
    WHERE signature_id = s.id AND version = s.version)"""
)

_SAVE = """
WITH head AS ({claim}
    RETURNING id, version, created_at, updated_at),
version AS (
    INSERT INTO versions (signature_id, version, cms, tags, created_at,
        signature_sha256, content_sha256, terms, format, signature_size, content_size)
    SELECT id, version, %(cms)s, %(tags)s, updated_at,
        %(signature_sha256)s, %(content_sha256)s, %(terms)s, 'cms', %(size)s, %(content_size)s
    FROM head),
signer AS (
    INSERT INTO signers (signature_id, version, number, claimed_iin, claimed_bin, claimed_name,
        digest_algorithm, message_digest, facts, standing, standing_reason, judged_against)
    SELECT id, version, (row->>0)::int, row->>1, row->>2, row->>3, row->>4, row->>5, row->7,
        (row->>8)::bigint, row->>9, (row->>10)::bigint
    FROM head, json_array_elements(%(signers)s) row),
tags AS (SELECT json_array_elements_text(%(tags)s) AS tag),
terms AS (SELECT json_array_elements_text(%(terms)s) AS term),
{stale}new_tags AS (SELECT tag FROM tags {but_tags}),
new_terms AS (SELECT term FROM terms {but_terms}),
tag AS (INSERT INTO signature_tags (tag, signature_id) SELECT tag, id FROM new_tags, head),
term AS (INSERT INTO signature_terms (term, signature_id) SELECT term, id FROM new_terms, head),
pair AS (
    INSERT INTO signature_pairs (pair, signature_id)
    SELECT unnest(tag_pairs(%(tags)s)), id FROM head ON CONFLICT DO NOTHING)
SELECT * FROM head"""

FIRST = _SAVE.format(
    claim="""
    INSERT INTO signatures (document, thread, version, created_at, updated_at, claimed_signed_at,
        public_id)
    VALUES (%(document)s, %(thread)s, 1, now(), now(), %(signed_at)s, gen_random_uuid())
    ON CONFLICT DO NOTHING""",
    but_tags="",
    but_terms="",
    stale="",
)
NEXT = _SAVE.format(
    claim="""
    UPDATE signatures
    SET version = version + 1, updated_at = now(), claimed_signed_at = %(signed_at)s
    WHERE document = %(document)s AND thread = %(thread)s AND version = %(version)s""",
    but_tags="EXCEPT SELECT unnest(tags) FROM seen",
    but_terms="EXCEPT SELECT unnest(terms) FROM seen",
    stale="""seen AS (
    SELECT signature_id, ARRAY(SELECT json_array_elements_text(tags)) AS tags,
        ARRAY(SELECT json_array_elements_text(terms)) AS terms
    FROM versions WHERE signature_id = (SELECT id FROM head) AND version = %(version)s),
stale AS (
    SELECT ARRAY(SELECT unnest(tags) EXCEPT SELECT tag FROM tags) AS tags,
        ARRAY(SELECT unnest(terms) EXCEPT SELECT term FROM terms) AS terms FROM seen),
stale_tag AS (
    DELETE FROM signature_tags
    WHERE signature_id = (SELECT id FROM head) AND tag = ANY ((SELECT tags FROM stale)::text[])),
stale_term AS (
    DELETE FROM signature_terms
    WHERE signature_id = (SELECT id FROM head) AND term = ANY ((SELECT terms FROM stale)::text[])),
stale_pair AS (
    DELETE FROM signature_pairs WHERE signature_id = (SELECT id FROM head)
    AND pair = ANY (ARRAY(SELECT unnest(tag_pairs(to_json(tags))) FROM seen
        EXCEPT SELECT unnest(tag_pairs(%(tags)s))))),
""",
)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer GET /signature, POST /signature, GET /signatures?tags=…&limit=…[&with=signers]."""
    status = "200 OK"
    content: dict[str, Any]
    if environ["REQUEST_METHOD"] == "POST":
        body = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        content = {"signature": _save(body)}
        status = "201 Created"
    else:
        query = parse_qs(environ["QUERY_STRING"])
        if environ["PATH_INFO"] == "/signatures":
            sql = LIST_WITH_SIGNERS if "with" in query else LIST
            rows = _rows(sql, (query["tags"][0], int(query["limit"][0])))
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
        **_claimed(body["cms"]),
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


@cache
def _claimed(cms: str) -> dict[str, Any]:
    """Return the stored claims of a signature."""
    # As the application stores a good signature while there is no anchor.
    good = Found(standing=Standing(VALUE_VALID, NO_ANCHOR), judged_against=number_of(()))
    signing = read_signing(parse(cms), datetime.now(UTC), found={1: good})
    return {
        "signature_sha256": signing.signature_sha256,
        "content_sha256": signing.content_sha256,
        "signed_at": signing.signed_at,
        "signers": signing.signers,
        "terms": signing.terms,
        "size": signing.signature_size,
        "content_size": signing.content_size,
    }


def _written(
    signature_id: int, document: str, thread: str, stage: Any, version: int, cms: str,
    created_by: Any, comment: Any, version_created_at: Any, tags: Any, created_at: Any,
    updated_at: Any, signers: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    written = {
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
    if signers:
        written["signers"] = orjson.Fragment(signers)
    return written
