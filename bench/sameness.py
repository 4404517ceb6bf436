"""A check before the measurements: do the floor and the application do the same?"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.request import Request, urlopen

import psycopg
from psycopg import sql

from bench.servers import WebServer
from tests.pki import sign_cms
from tests.pki.profile import person

#: Values that differ between two threads that were saved one after the other.
_OWN = {
    "id",
    "signature_id",
    "document",
    "created_at",
    "updated_at",
    "version_created_at",
    "public_id",
}


def check_sameness(floor: WebServer, ours: WebServer, url: str, cms: str) -> None:
    """Save the same two versions of a thread with each, and compare answers and rows.

    Raises:
        RuntimeError: their answers or their rows differ.
    """
    left = {}
    for name, server in (("floor", floor), ("ours", ours)):
        document = f"same-{name}"
        # Some of the first version's tags and terms stay, and some are removed.
        other = b64encode(sign_cms(b"other", [person("ПЕТРОВ ПЁТР")])).decode()
        answers = [
            _save(server, document=document, cms=cms, tags=["common", "b", "a"]),
            _save(server, document=document, cms=other, tags=["c", "a"], version=1),
        ]
        left[name] = (answers, _rows(url, document))
    if left["floor"] != left["ours"]:
        differing = json.dumps(left, indent=1, ensure_ascii=False, default=str)
        raise RuntimeError(f"floor and application don't do the same: {differing}")


def _save(server: WebServer, **body: Any) -> dict[str, Any]:
    request = Request(  # noqa: S310 - our own server
        server.address + "/signature",
        json.dumps({"thread": "story", **body}).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request) as answer:  # noqa: S310 - our own server
        return _shared(json.load(answer)["content"]["signature"])


def _rows(url: str, document: str) -> dict[str, Any]:
    """Return all rows that belong to a document, by table."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM signatures WHERE document = %s", (document,))
        ((signature_id,),) = cursor.fetchall()
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE column_name = "
            "CASE table_name WHEN 'signatures' THEN 'id' ELSE 'signature_id' END"
        )
        rows = {}
        for table, column in cursor.fetchall():
            cursor.execute(
                sql.SQL(
                    "SELECT to_json(t) FROM {} t WHERE {} = %s ORDER BY to_json(t)::text"
                ).format(sql.Identifier(table), sql.Identifier(column)),
                (signature_id,),
            )
            rows[table] = [_shared(row) for (row,) in cursor.fetchall()]
    return rows


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _OWN}
