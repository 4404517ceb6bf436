"""What a package adds to the indexes on the disk, for each byte that is sent: at its worst."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.iinked.threads import longest_thread
from app.extensions import db
from tests.store.test_index_size import DEAR, HEAD, LETTERS, WIDE, bytes_of_index

#: Packages whose costs are measured, and before: pages are only whole.
ADDED, FIRST = 150, 40
#: The same of threads in descending order: each entry comes before those that are there.
DESCENDING, FIRST_DESCENDING = 400, 60


def add(client: FlaskClient, number: int, thread: str, documents: Sequence[str | int]) -> int:
    """Add a package with one signer; return the bytes that a client has to send for it."""
    package: dict[str, Any] = {
        "name": "p",
        "type": "concurrent",
        "state": "open",
        "thread": thread,
        "documents": [{"externalId": name} for name in documents],
        "signers": [{"iin": f"9{number:011}"}],
    }
    body = json.dumps(package, ensure_ascii=False, separators=(",", ":")).encode()
    answer = client.post("/packages/add", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.text
    return len(HEAD) + len(body)


def cost(
    app: Flask, documents: Sequence[str | int], name: Callable[[int], str], first: int, added: int
) -> float:
    """Add packages in threads with these names; return the bytes of indexes for each byte sent."""
    client = app.test_client()

    def add_each(places: range) -> int:
        return sum(add(client, place, name(place), documents) for place in places)

    add_each(range(first))
    with app.app_context():
        before = bytes_of_index(db.engine)
        sent = add_each(range(first, first + added))
        return (bytes_of_index(db.engine) - before) / sent


def most_of(documents: Sequence[str | int]) -> int:
    """Return how many bytes a thread of these documents may have."""
    return longest_thread([{"external_id": f"{name}"} for name in documents])


@pytest.mark.attacks
@pytest.mark.parametrize("number", [1, 16, 25, 40, 64, 100, 200])
def test_packages_take_ten_bytes_of_index_for_each_byte_sent(app: Flask, number: int) -> None:
    """Of 64 documents with short identifiers in a long thread it was 18."""
    chance = random.Random(number)
    documents = [*LETTERS, *(f"{one}{other}" for one in LETTERS for other in "abc")][:number]
    length = min(most_of(documents), 255)
    assert (
        cost(app, documents, lambda _: "".join(chance.choices(LETTERS, k=length)), FIRST, ADDED)
        < DEAR
    )


@pytest.mark.attacks
@pytest.mark.parametrize(("number", "length"), [(1, 1), (2, 4), (8, 148), (20, 176), (31, 255)])
def test_long_threads_take_ten_bytes_for_each_byte_sent(
    app: Flask, number: int, length: int
) -> None:
    """SQLite keeps what doesn't fit on a page of its own: of 20 documents it was 19.6."""
    chance = random.Random(number)
    documents = ["".join(chance.choices(LETTERS, k=length)) for _ in range(number)]
    wide = min(most_of(documents) // 4, 255)
    name = partial(wide_name, chance, wide)
    assert cost(app, documents, name, FIRST, ADDED) < DEAR


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("number", "length"),
    [
        *((4, 40), (8, 124), (24, 144), (31, 184), (32, 106), (48, 69), (64, 50)),
        # These are so long that a page of their own is paid for.
        *((2, 384), (3, 908), (8, 444), (31, 504)),
    ],
)
def test_threads_in_descending_order_take_ten_bytes_for_each_byte_sent(
    app: Flask, number: int, length: int
) -> None:
    """Their pages stay half full; short identifiers are sent as numbers: it was 11.7."""
    chance = random.Random(number)
    documents = identifiers(chance, number, length)
    most = most_of(documents)

    def name(place: int) -> str:
        if most > 255:
            return WIDE[-1 - place] + wide_name(chance, min(most // 4, 255) - 1)
        return f"{10**8 - 1 - 7 * place}" + "".join(chance.choices(LETTERS, k=most - 8))

    assert cost(app, documents, name, FIRST_DESCENDING, DESCENDING) < DEAR


def wide_name(chance: random.Random, length: int, _place: int = 0) -> str:
    """Return a name of letters of four bytes."""
    return "".join(chance.choices(WIDE, k=length))


def identifiers(chance: random.Random, number: int, length: int) -> list[str | int]:
    """Return identifiers of as many bytes: numbers, which need no quotes, or wide letters."""
    if length > 255:
        return [wide_name(chance, length // 4) for _ in range(number)]
    return [chance.randrange(10 ** (length - 1), 10**length) for _ in range(number)]


def test_a_thread_is_as_long_as_the_identifiers_of_many_documents_permit(app: Flask) -> None:
    client = app.test_client()
    for documents, most in (
        (list(LETTERS[:60]), (2_000 + 60 * (24 + 3)) // 60),
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


def test_32_documents_and_their_thread_may_have_255_letters_of_two_bytes(app: Flask) -> None:
    documents = [chr(0x410 + number) + "я" * 254 for number in range(32)]
    assert most_of(documents) >= 2 * 255
    add(app.test_client(), 1, "ю" * 255, documents)


def test_a_thread_that_is_too_long_for_a_page_is_paid_for_by_its_documents(app: Flask) -> None:
    """A document counts as 1,600 bytes where its identifier and the thread have more than 979."""
    short, long = "я" * 160, "я" * 255
    assert most_of([short] * 20) == 979 - 320
    assert most_of([long] * 20) > 979 - 510
    body = {
        "name": "p",
        "type": "concurrent",
        "thread": "\U00020000" * 165,
        "documents": [{"externalId": f"{number:02}{short[2:]}xx"} for number in range(20)],
        "signers": [{"iin": "900101300017"}],
    }
    answer = app.test_client().post("/packages/add", json=body)
    assert answer.status_code == 400
    sentence = '"thread" parameter must have at most 659 bytes with 20 documents'
    assert answer.get_json()["message"] == sentence
