"""The rows in the database: threads with one version and two tags, each signed by one person.

One thread in a hundred has the same rare tag, every second one the common one. Three threads in ten
are signed by the same person, the others by any of `bench.people`; four in ten have the same
content. They were saved over five years, and claim to be signed up to 30 days before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import psycopg

from app.cms.serialization import signer_facts
from app.store.search import terms
from app.store.signatures.standings import PENDING, number_of
from bench import floor
from bench.people import signers

START = datetime(2021, 1, 1, tzinfo=UTC)
#: Days in which all threads were saved.
DAYS = 1826
#: The placeholder for the time of signing in the facts of each person.
_ANY_MOMENT = "ANY MOMENT"

#: When thread `id` of `rows` was saved, in SQL, for any number of rows.
SAVED = f"%(start)s + interval '{DAYS} days' * (id::float8 / %(rows)s)"

_PEOPLE = """
CREATE TEMPORARY TABLE people (
    number integer, iin text, bin text, name text, digest_algorithm text, facts text, terms text[]);
CREATE TEMPORARY TABLE days (day date, terms text[])
"""
#: The term of a digest, in SQL.
_DIGEST = "'V' || left(translate(encode(sha256(%s::bytea), 'base64'), '+/', '-_'), 30)"

_FILL = f"""
SELECT setseed(0);
CREATE TEMPORARY TABLE signings AS
SELECT id, CASE WHEN random() < 0.3 THEN 0 ELSE floor(random() * {10_000}) END AS person,
    date_trunc('second', {SAVED} - random() * interval '30 days') AS moment,
    encode(sha256(('signature ' || id)::bytea), 'hex') AS signature_sha256,
    encode(sha256(('content ' || id / 4)::bytea), 'hex') AS content_sha256,
    ARRAY['rare-' || (id / 100),
        CASE WHEN id %% 2 = 0 THEN 'common' ELSE 'other-' || (id %% 20) END] AS tags
FROM generate_series(1, %(rows)s) id;
ANALYZE people, signings;

SET session_replication_role = replica;  -- Nothing is checked that can't be wrong.
INSERT INTO signatures (document, thread, version, created_at, updated_at, claimed_signed_at,
    public_id)
SELECT 'bench-' || id, 'story', 1, now(), now(), moment, gen_random_uuid()
FROM signings ORDER BY id;
INSERT INTO versions (signature_id, version, cms_bytes, tags, created_at,
    signature_sha256, content_sha256, format, signature_size, content_size, terms)
SELECT id, 1, decode(%(cms)s, 'base64'), to_json(tags), now(), signature_sha256, content_sha256,
    'cms', 3030, 7, to_json(people.terms || days.terms || ARRAY[
        {_DIGEST % "('signature ' || id)"}, {_DIGEST % "('content ' || id / 4)"}])
FROM signings, people, days
WHERE number = person AND day = (moment AT TIME ZONE 'UTC')::date;
INSERT INTO signers (signature_id, version, number, claimed_iin, claimed_bin, claimed_name,
    digest_algorithm, message_digest, facts, standing, judged_against)
SELECT id, 1, 1, iin, bin, name, digest_algorithm, content_sha256,
    replace(facts, '{_ANY_MOMENT}',
        to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::json,
    {PENDING}, {number_of(())}  -- Nothing is left to the background.
FROM signings, people WHERE number = person;
INSERT INTO signature_terms (term, signature_id)
SELECT json_array_elements_text(terms), signature_id FROM versions;
INSERT INTO signature_tags (tag, signature_id) SELECT unnest(tags), id FROM signings;
INSERT INTO signature_pairs (pair, signature_id)
SELECT unnest(tag_pairs(to_json(tags))), id FROM signings;
"""


def content_sha256(thread: int) -> str:
    """Return the digest of the signed content of a thread, hex."""
    return sha256(f"content {thread // 4}".encode()).hexdigest()


def fill(url: str, rows: int, cms: str, stored: str | None = None) -> None:
    """Fill a migrated database with `rows` threads, each with a signature and two tags.

    `stored` is what is stored in place of the signature, where only lists are measured.
    """
    # The values are in the text, since it contains several statements.
    connection = psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor)
    with connection, connection.cursor() as cursor:
        cursor.execute(_PEOPLE)
        values = ", ".join(["%s"] * 7)
        cursor.executemany(f"INSERT INTO people VALUES ({values})", _people(cms))
        cursor.executemany("INSERT INTO days VALUES (%s, %s)", _days())
        cursor.execute(_FILL, {"rows": rows, "cms": stored or cms, "start": START})
        cursor.execute(floor.FILL)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def _days() -> list[tuple[datetime, list[str]]]:
    """Return a row for each day on which somebody claims to have signed."""
    days = [START + timedelta(days=number) for number in range(-31, DAYS + 1)]
    return [(day, terms.of_moment(day)) for day in days]


def _people(cms: str) -> list[tuple[Any, ...]]:
    """Return a row for each person, built by the code that a save uses."""
    rows: list[tuple[Any, ...]] = []
    for number, signer in enumerate(signers(cms)):
        claims, facts = signer.claims, signer_facts(signer)
        facts["claimed"]["signing_time"] = _ANY_MOMENT
        rows.append(
            (
                number, claims.iin, claims.bin, terms.full_name(claims), signer.digest_algorithm,
                orjson.dumps(facts).decode(), terms.of_people([claims]),
            )
        )  # fmt: skip
    return rows
