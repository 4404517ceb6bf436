"""What a package adds to the indexes on the disk, for each byte that is sent: at its worst."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.iinked.threads import longest_thread
from app.extensions import db
from tests.store.test_index_size import DEAR, HEAD, LETTERS, bytes_of_index

#: Packages whose costs are measured, and before: pages are only whole.
ADDED, FIRST = 150, 40


def add(client: FlaskClient, number: int, thread: str, documents: list[str]) -> int:
    """Add a package with one signer; return the bytes that a client has to send for it."""
    package: dict[str, Any] = {
        "name": "p",
        "type": "concurrent",
        "state": "open",
        "thread": thread,
        "documents": [{"externalId": name} for name in documents],
        "signers": [{"iin": f"9{number:011}"}],
    }
    body = json.dumps(package, separators=(",", ":"))
    answer = client.post("/packages/add", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.text
    return len(HEAD) + len(body)


@pytest.mark.attacks
@pytest.mark.parametrize("number", [1, 16, 25, 40, 64, 100, 200])
def test_packages_take_ten_bytes_of_index_for_each_byte_sent(app: Flask, number: int) -> None:
    """Of 64 documents with short identifiers in a long thread it was 18."""
    chance, client = random.Random(number), app.test_client()
    documents = [*LETTERS, *(f"{one}{other}" for one in LETTERS for other in "abc")][:number]
    length = min(longest_thread([{"external_id": name} for name in documents]), 255)

    def add_each(places: range) -> int:
        threads = ("".join(chance.choices(LETTERS, k=length)) for _ in places)
        return sum(
            add(client, place, thread, documents)
            for place, thread in zip(places, threads, strict=True)
        )

    add_each(range(FIRST))
    with app.app_context():
        before = bytes_of_index(db.engine)
        sent = add_each(range(FIRST, FIRST + ADDED))
        assert (bytes_of_index(db.engine) - before) / sent < DEAR


def test_a_thread_is_as_long_as_the_identifiers_of_many_documents_permit(app: Flask) -> None:
    client = app.test_client()
    for documents, most in (
        (list(LETTERS[:60]), (2_000 + 60 * (24 + 4)) // 60),
        ([f"{number:0100}" for number in range(200)], 16_384 // 200),
    ):
        add(client, 1, "t" * most, documents)
        body = {
            "name": "p",
            "type": "concurrent",
            "thread": "t" * (most + 1),
            "documents": [{"externalId": name} for name in documents],
            "signers": [{"iin": "900101300017"}],
        }
        answer = client.post("/packages/add", json=body)
        assert answer.status_code == 400
        sentence = (
            f'"thread" parameter must have at most {most} bytes with {len(documents)} documents'
        )
        assert answer.get_json()["message"] == sentence
