-- Takes over what a perfumerlabs/ncanode server kept, inside one PostgreSQL database.
--
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -v zone=Asia/Almaty -f docs/move-from-ncanode.sql
--
-- `zone` is the NCANODE_TIMEZONE under which the original ran: it wrote its times without a zone.
-- The tables ncanode_* are read and left as they are; ours (`flask db upgrade`) must be empty.
-- All or nothing: an error undoes everything.

BEGIN;

DO $$ BEGIN
    IF EXISTS (SELECT FROM signatures) THEN
        RAISE EXCEPTION 'the store is not empty';
    END IF;
END $$;

-- The original numbers versions from 1, but kept rows of its oldest releases at 0.
INSERT INTO signatures (id, public_id, document, thread, version, created_at, updated_at)
SELECT id, gen_random_uuid(), document, thread, greatest(version, 1),
       coalesce(created_at AT TIME ZONE :'zone', now()),
       coalesce(coalesce(updated_at, created_at) AT TIME ZONE :'zone', now())
FROM ncanode_signature;

-- It kept every version, and the current one a second time in the head.
INSERT INTO versions (signature_id, version, cms, created_by, comment, tags, created_at)
SELECT id, version, cms, version_created_by, version_comment, '[]'::json,
       coalesce(coalesce(version_created_at, updated_at, created_at) AT TIME ZONE :'zone', now())
FROM ncanode_signature_version WHERE version >= 1
UNION ALL
SELECT id, greatest(version, 1), cms, version_created_by, version_comment, '[]'::json,
       coalesce(coalesce(version_created_at, updated_at, created_at) AT TIME ZONE :'zone', now())
FROM ncanode_signature h
WHERE NOT EXISTS (
    SELECT FROM ncanode_signature_version v
    WHERE v.id = h.id AND v.version = greatest(h.version, 1)
);

-- Tags it kept of the current version only.
UPDATE versions SET tags = tagged.tags
FROM signatures s, (
    SELECT l.signature_id, json_agg(t.code ORDER BY l.created_at, t.id) AS tags
    FROM ncanode_signature_tag l JOIN ncanode_tag t ON t.id = l.tag_id GROUP BY l.signature_id
) tagged
WHERE s.id = tagged.signature_id AND versions.signature_id = s.id AND versions.version = s.version;

INSERT INTO signature_tags (tag, signature_id)
SELECT t.code, l.signature_id
FROM ncanode_signature_tag l JOIN ncanode_tag t ON t.id = l.tag_id;

INSERT INTO signature_tag_pairs (first_tag, second_tag, signature_id)
SELECT a.tag, b.tag, a.signature_id FROM signature_tags a
JOIN signature_tags b ON b.signature_id = a.signature_id AND a.tag < b.tag;

-- No id that the original ever gave is given again.
SELECT setval(
    pg_get_serial_sequence('signatures', 'id'),
    greatest(
        max(id), pg_sequence_last_value(pg_get_serial_sequence('ncanode_signature', 'id')::regclass)
    )
) FROM signatures;

COMMIT;
