"""What a save adds to the indexes on the disk, for each byte that is sent: at its worst."""

from __future__ import annotations

import json
import random
import string
from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from app.store.database.engine import transaction
from app.store.models import SignaturePair, SignatureTag
from app.store.search.tag_pairs import MAX_PAIRED
from app.store.signatures.current_tags import MAX_TAG_BYTES, MAX_TAGS, are_bounded, most_tags
from app.store.signatures.extraction import Signing, read_text
from app.store.signatures.writing import NewVersion, save_version
from tests.hostile_signers import made_up
from tests.store.signings import signing_of

pytestmark = pytest.mark.attacks

#: Bytes of an index for each that was sent.
DEAR = 10
#: Threads that are saved to find out what one costs, and before: pages are only whole.
SAVES, FIRST = 240, 40
#: The same of many signers.
MANY = 12
#: All of the search index, and what else is beside tables.
SIZES = {
    "postgresql": "SELECT sum(CASE WHEN relname IN"
    " ('signature_tags', 'signature_pairs', 'signature_terms')"
    " THEN pg_total_relation_size(oid) ELSE pg_indexes_size(oid) END) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
    "sqlite": "SELECT sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name)"
    " WHERE type = 'index' OR name IN ('signature_tags', 'signature_pairs', 'signature_terms')",
}

#: What a client sends before the body, at least.
HEAD = (
    "POST /signature HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 1000\r\n\r\n"
)
#: Letters of one byte, in JSON too.
LETTERS = string.ascii_letters + string.digits
#: Letters of four bytes in UTF-8, in the order of their bytes.
WIDE = [chr(code) for code in range(0x20000, 0x2A000)]


def bytes_of_index(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(SIZES[engine.dialect.name])).scalar_one())


def cost(
    engine: Engine, saves: Iterator[tuple[NewVersion, Signing, int]], first: int = FIRST
) -> float:
    """Save, and return the bytes of indexes for each that a client has to send."""
    save_each(engine, islice(saves, first))
    before = bytes_of_index(engine)
    sent = save_each(engine, saves)
    return (bytes_of_index(engine) - before) / sent


def save_each(engine: Engine, saves: Iterable[tuple[NewVersion, Signing, int]]) -> int:
    """Save, and return the bytes that a client has to send for it."""
    sent = 0
    with transaction(engine) as connection:
        for new, signing, seen in saves:
            save_version(connection, new, signing, seen)
            body: dict[str, Any] = {
                "document": new.document,
                "thread": new.thread,
                "cms": new.cms,
                **({"tags": new.tags} if new.tags else {}),
                **({"version": seen} if seen else {}),
            }
            written = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            sent += len(HEAD) + len(written.encode())
    return sent


def most(characters: int, tags: list[str]) -> tuple[str, ...]:
    """Return as many of the tags as go with a signature."""
    found = tuple(tags[: most_tags(characters, tags)])
    assert are_bounded(found)
    return found


def short_tags(seed: int, length: int) -> list[str]:
    """Return tags of one letter, then of more."""
    chance = random.Random(seed)
    tags = list(LETTERS) if length == 1 else []
    while len(tags) < MAX_TAGS:
        tags.append("".join(chance.choices(LETTERS, k=max(2, length))))
        tags = list(dict.fromkeys(tags))
    return tags


@pytest.mark.parametrize(
    ("length", "characters", "versions"),
    [
        (1, 4, 1),
        (2, 4, 1),
        (12, 4, 2),
        (20, 4, 1),
        (21, 4, 1),
        (1, 300, 1),
        (2, 300, 2),
        (2, 1400, 1),
        (2, 2800, 2),
        (7, 3000, 1),
        (MAX_TAG_BYTES // MAX_TAGS, 3000, 1),
    ],
)
def test_tags_take_ten_bytes_of_index_for_each_byte_sent(
    engine: Engine, length: int, characters: int, versions: int
) -> None:
    cms = "MII=" * (characters // 4)
    signing = read_text(cms)

    def saves() -> Iterator[tuple[NewVersion, Signing, int]]:
        for number in range(SAVES):
            for seen in range(versions):
                tags = most(characters, short_tags(number + SAVES * seen, length))
                new = NewVersion(document=f"{number}", thread="a", cms=cms, tags=tags)
                yield new, signing, seen

    assert cost(engine, saves()) < DEAR
    with engine.connect() as connection:
        pairs = connection.execute(select(SignaturePair.pair)).all()
        rows = connection.execute(select(SignatureTag.tag)).all()
    if len(most(characters, short_tags(0, length))) > MAX_PAIRED:
        assert len(rows) == len(pairs) > SAVES * MAX_PAIRED


def names(length: int, number: int, seed: int) -> list[str]:
    """Return names of which each two differ from the first letter on."""
    chance = random.Random(seed)
    starts = chance.sample(range(0x400, 0x1000), number)
    rest = "абвгдежзиклмнопр"
    return [chr(start) + "".join(chance.choices(rest, k=length - 1)) for start in starts]


@pytest.mark.parametrize(
    ("signers", "length", "numbers", "digests"),
    [
        (1, 1, False, False),
        (1, 8, True, True),
        (1, 16, True, False),
        (1, 17, True, True),
        (256, 1, True, True),
        (256, 16, False, False),
        (256, 17, True, True),
        (64, 200, True, True),
    ],
)
def test_signers_take_ten_bytes_of_index_for_each_byte_sent(
    engine: Engine, length: int, signers: int, numbers: bool, digests: bool
) -> None:
    def saves() -> Iterator[tuple[NewVersion, Signing, int]]:
        for seed in range(SAVES if signers == 1 else MANY):
            people = names(length, signers, seed)
            made = made_up(people, numbers=numbers, digests=digests, seed=seed)
            cms = b64encode(made).decode()
            tags = most(len(cms), short_tags(seed, 2)) if signers == 1 else ()
            new = NewVersion(document=f"{seed}", thread="a", cms=cms, tags=tags)
            yield new, signing_of(cms), 0

    assert cost(engine, saves(), FIRST if signers == 1 else 2) < DEAR
