"""What a line of a batch adds to the indexes on the disk, for each byte of it: at its worst."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.extensions import db
from tests.store.test_index_size import WIDE, bytes_of_index

pytestmark = pytest.mark.attacks

#: The shortest CMS that is accepted, and no signature: its names are empty, its values are zeros.
SHORTEST = (
    "MH4GCSqGSIb3DQEHAqBxMG8CAQExADALBgkqhkiG9w0BBwGgPjA8MDICAQEwAwYBKjACMQAwGBgKMjAyNTAxMDEwMBgKMj"
    "AyNTAxMDEwMDAAMAgwAwYBKgMBADADBgEqAwEAMRswGQIBATAHMAIxAAIBATADBgEqMAMGASoEAQA"
)
#: Bytes of an index for each of a line, which comes without a header of its own.
DEAREST = 10
CHANCE = random.Random(5)


def longer(size: int) -> str:
    """Return the CMS with as many blanks behind it as make it so long."""
    return SHORTEST.ljust(size)


def numbers(many: int) -> list[int]:
    """Return tags of two digits, which are sent without quotes."""
    return CHANCE.sample(range(10, 100), many)


def wide(place: int) -> str:
    """Return a name that SQLite keeps on a page of its own; one of a later place comes first."""
    return WIDE[-1 - place] + "".join(CHANCE.choices(WIDE, k=249))


#: What is sent beside the document and the signature, and how many lines of it.
CASES: dict[str, tuple[int, Callable[[int], dict[str, Any]]]] = {
    "no tags": (600, lambda place: {"thread": 99_999 - place}),
    "as many tags as may be": (600, lambda place: {"thread": 99_999 - place, "tags": numbers(4)}),
    "six tags": (
        600,
        lambda place: {"thread": 10_000 + place, "tags": numbers(6), "cms": longer(202)},
    ),
    "twelve tags": (
        1_000,
        lambda place: {"thread": 99_999 - place, "tags": numbers(12), "cms": longer(318)},
    ),
    "descending tags": (
        600,
        lambda place: {
            "thread": 99_999 - place,
            "tags": [99_999 - 6 * place - each for each in range(6)],
            "cms": longer(184),
        },
    ),
    "long threads": (
        200,
        lambda place: {"thread": wide(place), "tags": numbers(6), "cms": longer(202)},
    ),
    "long names": (
        200,
        lambda place: {"document": wide(place), "thread": wide(place), "stage": wide(place)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_lines_of_a_batch_take_ten_bytes_of_index_for_each_byte_sent(app: Flask, case: str) -> None:
    """On PostgreSQL six tags with the shortest CMS took 10.7, twelve 11 to 12.1."""
    many, make = CASES[case]
    client = app.test_client()

    def send(places: range) -> int:
        lines = [{"document": 1, "cms": SHORTEST, **make(place)} for place in places]
        written = [json.dumps(line, ensure_ascii=False, separators=(",", ":")) for line in lines]
        body = "\n".join(written).encode()
        answer = client.post("/signature/batch", data=body, content_type="application/x-ndjson")
        codes = [json.loads(line)["code"] for line in answer.data.splitlines()]
        assert codes == [201] * len(lines)
        return len(body)

    send(range(many // 3))
    with app.app_context():
        before = bytes_of_index(db.engine)
        sent = send(range(many // 3, many // 3 + many))
        assert (bytes_of_index(db.engine) - before) / sent < DEAREST
