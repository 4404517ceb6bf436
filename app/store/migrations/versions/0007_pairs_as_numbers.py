"""Pairs of tags as numbers: of up to six tags each pair, of more each tag with itself.

With the texts of each pair, one thread of 200 long tags took a hundred megabytes.
"""

import json
from hashlib import sha256
from importlib import import_module
from itertools import combinations
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# As `app.store.search.tag_pairs` numbers them.
_TAG_PAIRS = """
CREATE OR REPLACE FUNCTION tag_pairs(tags json) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    each text[] := ARRAY(
        SELECT DISTINCT tag COLLATE "C" FROM json_array_elements_text(tags) AS tag ORDER BY 1);
    number integer := cardinality(each);
    alone boolean := number > 6;
    found bigint[] := '{}';
BEGIN
    FOR a IN 1 .. number LOOP
        FOR b IN CASE WHEN alone THEN a ELSE a + 1 END .. CASE WHEN alone THEN a ELSE number END
        LOOP
            found := found || ('x' || encode(substr(
                sha256(convert_to(each[a] || chr(1) || each[b], 'UTF8')), 1, 8), 'hex')
            )::bit(64)::bigint;
        END LOOP;
    END LOOP;
    RETURN found;
END
$$
"""

# As in step 0006, with these pairs.
_SAVE_VERSION = """
CREATE OR REPLACE FUNCTION save_version(
    seen bigint,
    compare boolean,
    new_document text,
    new_thread text,
    new_cms text,
    new_stage text,
    new_created_by text,
    new_comment text,
    new_tags json,
    new_terms json,
    new_signers json,
    new_signature_sha256 text,
    new_content_sha256 text,
    new_signed_at timestamptz,
    new_format text,
    new_signature_size integer,
    new_content_size integer,
    new_method text,
    new_saved_by text,
    OUT saved_id bigint,
    OUT saved_version integer,
    OUT saved_created_at timestamptz,
    OUT saved_updated_at timestamptz,
    OUT superseded_signers text,
    OUT superseded_content_sha256 text
)
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    old_tags json;
    old_terms json;
    old_pairs bigint[];
    new_pairs bigint[];
    one text;
    two bigint;
BEGIN
    -- Who wins when writers meet: there is no row for those who come too late. The conflict leads
    -- to the one index in which a thread stands alone, however many a document has.
    INSERT INTO signatures AS head (document, thread, stage, version, created_at, updated_at,
        claimed_signed_at, public_id)
    VALUES (new_document, new_thread, new_stage, 1, statement_timestamp(), statement_timestamp(),
        new_signed_at, gen_random_uuid())
    ON CONFLICT (document, thread) DO UPDATE
    SET version = head.version + 1, stage = new_stage, updated_at = statement_timestamp(),
        claimed_signed_at = new_signed_at
    WHERE head.version = seen
    RETURNING id, version, created_at, updated_at
    INTO saved_id, saved_version, saved_created_at, saved_updated_at;
    IF saved_id IS NULL THEN
        RETURN;
    END IF;

    IF saved_version > 1 THEN
        SELECT tags, terms, CASE WHEN compare THEN content_sha256 END FROM versions
        WHERE signature_id = saved_id AND version = seen
        INTO old_tags, old_terms, superseded_content_sha256;
        IF compare THEN
            SELECT coalesce(json_agg(facts ORDER BY number)::text, '[]') FROM signers
            WHERE signature_id = saved_id AND version = seen
            INTO superseded_signers;
        END IF;
    END IF;

    INSERT INTO versions (signature_id, version, cms, stage, created_by, comment, tags, terms,
        signature_sha256, content_sha256, format, signature_size, content_size, method, saved_by,
        created_at)
    VALUES (saved_id, saved_version, new_cms, new_stage, new_created_by, new_comment, new_tags,
        new_terms, new_signature_sha256, new_content_sha256, new_format, new_signature_size,
        new_content_size, new_method, new_saved_by, saved_updated_at);

    INSERT INTO signers (signature_id, version, number, claimed_iin, claimed_bin, claimed_name,
        digest_algorithm, message_digest, verified_gen_time, facts, standing, standing_reason,
        judged_against)
    SELECT saved_id, saved_version, (signer->>0)::integer, signer->>1, signer->>2, signer->>3,
        signer->>4, signer->>5, (signer->>6)::timestamp AT TIME ZONE 'UTC', signer->7,
        (signer->>8)::bigint, signer->>9, (signer->>10)::bigint
    FROM json_array_elements(new_signers) AS signer;

    -- The search indexes. The id of a new thread was never used before: nothing can be in the way.
    IF saved_version = 1 THEN
        INSERT INTO signature_tags (tag, signature_id)
        SELECT tag, saved_id FROM json_array_elements_text(new_tags) AS tag;
        IF json_array_length(new_tags) > 1 THEN
            INSERT INTO signature_pairs (pair, signature_id)
            SELECT pair, saved_id FROM unnest(tag_pairs(new_tags)) AS pair;
        END IF;
        INSERT INTO signature_terms (term, signature_id)
        SELECT term, saved_id FROM json_array_elements_text(new_terms) AS term;
        RETURN;
    END IF;
    -- Only what differs from the version before: as a rule the same people sign again, so that
    -- nothing has to be looked at. Deletions are one by one, by whole keys: how many a list has is
    -- not known to a plan that is kept, and it would read whole indexes of what was little when it
    -- was made.
    IF old_tags::text IS DISTINCT FROM new_tags::text THEN
        FOR one IN SELECT json_array_elements_text(old_tags)
            EXCEPT SELECT json_array_elements_text(new_tags)
        LOOP
            DELETE FROM signature_tags WHERE tag = one AND signature_id = saved_id;
        END LOOP;
        INSERT INTO signature_tags (tag, signature_id)
        SELECT tag, saved_id FROM (
            SELECT json_array_elements_text(new_tags)
            EXCEPT SELECT json_array_elements_text(old_tags)) AS added (tag)
        ON CONFLICT DO NOTHING;
        old_pairs := tag_pairs(old_tags);
        new_pairs := tag_pairs(new_tags);
        FOR two IN SELECT unnest(old_pairs) EXCEPT SELECT unnest(new_pairs) LOOP
            DELETE FROM signature_pairs WHERE pair = two AND signature_id = saved_id;
        END LOOP;
        INSERT INTO signature_pairs (pair, signature_id)
        SELECT pair, saved_id FROM (
            SELECT unnest(new_pairs) EXCEPT SELECT unnest(old_pairs)) AS added (pair)
        ON CONFLICT DO NOTHING;
    END IF;
    IF old_terms::text IS DISTINCT FROM new_terms::text THEN
        FOR one IN SELECT json_array_elements_text(old_terms)
            EXCEPT SELECT json_array_elements_text(new_terms)
        LOOP
            DELETE FROM signature_terms WHERE term = one AND signature_id = saved_id;
        END LOOP;
        INSERT INTO signature_terms (term, signature_id)
        SELECT term, saved_id FROM (
            SELECT json_array_elements_text(new_terms)
            EXCEPT SELECT json_array_elements_text(old_terms)) AS added (term)
        ON CONFLICT DO NOTHING;
    END IF;
END
$$
"""

# Filled from the indexes, which are much smaller than the versions; and without the function, which
# takes ten times as long for each thread.
_FILL_POSTGRESQL = """
INSERT INTO signature_pairs (pair, signature_id)
WITH many AS MATERIALIZED (
    SELECT signature_id FROM signature_tags GROUP BY signature_id HAVING count(*) > 6),
two AS (
    SELECT first_tag AS lower, second_tag AS higher, signature_id FROM signature_tag_pairs
    WHERE signature_id NOT IN (SELECT signature_id FROM many)
    UNION ALL
    SELECT tag, tag, signature_id FROM signature_tags
    WHERE signature_id IN (SELECT signature_id FROM many))
SELECT ('x' || encode(substr(sha256(convert_to(lower || chr(1) || higher, 'UTF8')), 1, 8), 'hex')
    )::bit(64)::bigint AS pair, signature_id
FROM two ORDER BY pair, signature_id
"""
_FILL_SQLITE = """
INSERT INTO signature_pairs (pair, signature_id)
SELECT each.value, signature_id FROM (
    SELECT signature_id, tag_pairs(json_group_array(tag)) AS pairs FROM signature_tags
    GROUP BY signature_id HAVING count(*) > 1) AS filled, json_each(filled.pairs) AS each
ORDER BY each.value, signature_id
"""


def _tag_pairs(tags: str) -> str:
    """Return what the function of PostgreSQL returns, as JSON."""
    each = sorted(json.loads(tags))
    two = zip(each, each, strict=True) if len(each) > 6 else combinations(each, 2)
    digests = (sha256(f"{lower}\x01{higher}".encode()).digest() for lower, higher in two)
    return json.dumps([int.from_bytes(digest[:8], "big", signed=True) for digest in digests])


def upgrade() -> None:
    """Replace the function and the table of pairs, which is filled from the tags of the threads."""
    op.create_table(
        "signature_pairs",
        sa.Column("pair", _ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("signature_id", _ROW_ID, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute(_TAG_PAIRS)
        op.execute(_FILL_POSTGRESQL)
        op.execute(_SAVE_VERSION)
    else:
        driver: Any = bind.connection.driver_connection
        driver.create_function("tag_pairs", 1, _tag_pairs)
        op.execute(_FILL_SQLITE)
    op.drop_table("signature_tag_pairs")


def downgrade() -> None:
    """Restore the former table, and the function that writes it."""
    import_module("app.store.migrations.versions.0002_pairs_of_tags").upgrade()
    if op.get_bind().dialect.name == "postgresql":
        before = import_module("app.store.migrations.versions.0006_standings")
        op.execute(before._SAVE_VERSION)  # noqa: SLF001 - another step of this history
        op.execute("DROP FUNCTION tag_pairs(json)")
    op.drop_table("signature_pairs")
