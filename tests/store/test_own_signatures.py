"""Who signed one version very many times: some are looked at, and taken for what they are."""

from __future__ import annotations

import json
import time

import pytest
from sqlalchemy import Engine, text

from app.store.persons.signings import Person, PersonSigning, list_signings
from app.store.persons.statements import MAX_OWN
from app.store.search import terms
from app.store.signatures.standings import PENDING, REFUSED, Trusted
from tests.cpu import allowed

IIN = "900101300017"
ANCHOR = 7
TRUSTED = Trusted((ANCHOR,))
#: Threads of one page, and signers of each, all the same person.
THREADS, SIGNERS = 300, 256
#: Seconds of CPU of this process, in which SQLite is: 0.3, and 1.0 where all were looked at.
BUDGET = 0.9

HEADS = """
INSERT INTO signatures (document, thread, version, created_at, updated_at)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :threads)
SELECT 'doc ' || n, 'main', 1, '2025-06-01 12:00:00.000000', '2025-06-01 12:00:00.000000'
FROM series
"""
VERSIONS = """
INSERT INTO versions (signature_id, version, cms, tags, created_at)
SELECT id, 1, 'MII=', '[]', created_at FROM signatures
"""
TERMS = "INSERT INTO signature_terms (term, signature_id) SELECT :term, id FROM signatures"
SIGNER = """
INSERT INTO signers
    (signature_id, version, number, claimed_iin, digest_algorithm, facts, standing)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :signers)
SELECT id, 1, n, :iin, '2.16', CAST(:facts AS {json}), :standing FROM signatures, series
"""


def fill(engine: Engine, threads: int, signers: int, standing: int) -> None:
    """Save threads whose signers are all the same person."""
    kind = "json" if engine.dialect.name == "postgresql" else "text"
    claimed = {"signing_time": "2026-05-17T10:00:00Z", "timestamp": None, "name": "x" * 1000}
    facts = json.dumps({"claimed": claimed, "certificate": {"sha256": "a" * 64}})
    values = {"signers": signers, "iin": IIN, "facts": facts, "standing": standing}
    with engine.connect() as connection:
        connection.execute(text(HEADS), {"threads": threads})
        connection.execute(text(VERSIONS))
        connection.execute(text(TERMS), {"term": terms.iin(IIN)})
        connection.execute(text(SIGNER.format(json=kind)), values)


def found(engine: Engine, limit: int = 10) -> list[PersonSigning]:
    person = Person(IIN, ("iin", "bin"))
    with engine.connect() as connection:
        return list_signings(connection, person, TRUSTED, limit=limit, offset=0)


@pytest.mark.attacks
def test_very_many_signatures_of_one_person_cost_little(engine: Engine) -> None:
    fill(engine, THREADS, SIGNERS, ANCHOR)
    began = time.process_time()
    signings = found(engine, THREADS)
    assert time.process_time() - began < allowed(BUDGET)
    assert [len(one.signed.own) for one in signings if one.signed] == [MAX_OWN] * THREADS


@pytest.mark.parametrize(
    ("most", "one", "first"),
    [
        (REFUSED, ANCHOR, "valid"),
        (PENDING, ANCHOR, "valid"),
        (REFUSED, PENDING, "pending"),
        (ANCHOR, REFUSED, "valid"),
    ],
)
def test_who_counts_is_examined_first(engine: Engine, most: int, one: int, first: str) -> None:
    fill(engine, 1, SIGNERS, most)
    with engine.connect() as connection:
        last = text("UPDATE signers SET standing = :one WHERE number = :number")
        connection.execute(last, {"one": one, "number": SIGNERS})
    [signing] = found(engine)
    assert signing.signed is not None
    own = signing.signed.own
    assert len(own) == MAX_OWN
    assert first in {each.state for each in own}
    assert any(each.counts for each in own) == (ANCHOR in (most, one))
    assert not all(each.state == "refused" for each in own)


def test_signatures_are_reported_in_the_order_of_the_version(engine: Engine) -> None:
    fill(engine, 1, 3, PENDING)
    with engine.connect() as connection:
        second = text("UPDATE signers SET standing = :anchor WHERE number = 2")
        connection.execute(second, {"anchor": ANCHOR})
    [signing] = found(engine)
    assert signing.signed is not None
    assert [each.counts for each in signing.signed.own] == [False, True, False]
