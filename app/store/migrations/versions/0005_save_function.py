"""A save on PostgreSQL as one function, which each connection plans once.

As one statement of a dozen parts, which was planned for each save, it took three times as long.
"""

from alembic import op

revision = "0005"
down_revision = "0004"

# The settings apply while it runs. A cached plan must not read whole tables because they were small
# when it was made, nor depend on the caller's search_path. `env` sets the path again at each upgrade,
# for schemas that were renamed.
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
    kept text[];
    added text[];
    gone text[];
    rest text[];
    one text;
    other text;
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
        digest_algorithm, message_digest, verified_gen_time, facts)
    SELECT saved_id, saved_version, (signer->>0)::integer, signer->>1, signer->>2, signer->>3,
        signer->>4, signer->>5, (signer->>6)::timestamp AT TIME ZONE 'UTC', signer->7
    FROM json_array_elements(new_signers) AS signer;

    -- The search indexes: only what differs from the version before. As a rule the same people sign
    -- again, so that nothing has to be looked at.
    IF old_tags::text IS DISTINCT FROM new_tags::text THEN
        kept := ARRAY(SELECT json_array_elements_text(old_tags)
            INTERSECT SELECT json_array_elements_text(new_tags));
        gone := ARRAY(SELECT json_array_elements_text(old_tags) EXCEPT SELECT unnest(kept));
        added := ARRAY(SELECT json_array_elements_text(new_tags) EXCEPT SELECT unnest(kept));
        -- One by one, by whole keys: how many a list has is not known to a plan that is kept, and
        -- it would read whole indexes of what was little when it was made.
        rest := gone || kept;
        FOREACH one IN ARRAY gone LOOP
            DELETE FROM signature_tags WHERE tag = one AND signature_id = saved_id;
            rest := array_remove(rest, one);
            FOREACH other IN ARRAY rest LOOP
                DELETE FROM signature_tag_pairs
                WHERE first_tag = least(one COLLATE "C", other)
                    AND second_tag = greatest(one COLLATE "C", other)
                    AND signature_id = saved_id;
            END LOOP;
        END LOOP;
        INSERT INTO signature_tags (tag, signature_id)
        SELECT tag, saved_id FROM unnest(added) AS tag
        ON CONFLICT DO NOTHING;
        INSERT INTO signature_tag_pairs (first_tag, second_tag, signature_id)
        SELECT a, b, saved_id FROM unnest(added) AS a, unnest(added) AS b
        WHERE a COLLATE "C" < b
        UNION ALL
        SELECT least(a COLLATE "C", b), greatest(a COLLATE "C", b), saved_id
        FROM unnest(added) AS a, unnest(kept) AS b
        ON CONFLICT DO NOTHING;
    END IF;
    IF saved_version = 1 THEN
        -- Its id was never used before: nothing can be in the way of its terms, which are many.
        INSERT INTO signature_terms (term, signature_id)
        SELECT term, saved_id FROM json_array_elements_text(new_terms) AS term;
    ELSIF old_terms::text IS DISTINCT FROM new_terms::text THEN
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


def upgrade() -> None:
    """Create the function."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_SAVE_VERSION)
