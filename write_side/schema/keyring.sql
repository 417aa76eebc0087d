-- The keyring: another server than the log's, in no backup of it. Destroying a row erases the person.
CREATE TABLE IF NOT EXISTS person_key (
    person_id        uuid PRIMARY KEY,
    mail_fingerprint text NOT NULL UNIQUE,  -- keyed hash of the normalized mail: the only way to find a person
    wrapped_key      bytea NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Whom limits count (decision 97): of spellings of one mailbox whoever came first. `canonical_fingerprint` is that of the
-- mail's canonical form, where that is another one; `counted_as` is NULL for whoever counts as themselves. Both stand with
-- the person, so that they go with the person.
ALTER TABLE person_key ADD COLUMN IF NOT EXISTS canonical_fingerprint text, ADD COLUMN IF NOT EXISTS counted_as uuid;
CREATE INDEX IF NOT EXISTS person_key_by_canonical ON person_key (canonical_fingerprint)
    WHERE canonical_fingerprint IS NOT NULL;

-- The person of a mail (`p_key`: made if there is none, else only looked for) with whom they count as: told once, for good,
-- also of somebody from before there was a canonical form. Whoever has the same waits: two who come at once are one.
CREATE OR REPLACE FUNCTION person_counted(p_mail text, p_canonical text, p_person uuid, p_key bytea) RETURNS SETOF person_key
LANGUAGE plpgsql AS $$
DECLARE
    v_first uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('counted as ' || p_canonical, 0));
    -- A statement of its own: it sees whoever was told before.
    SELECT coalesce(k.counted_as, k.person_id) INTO v_first
    FROM (SELECT * FROM person_key WHERE mail_fingerprint = p_canonical
          UNION ALL SELECT * FROM person_key WHERE canonical_fingerprint = p_canonical) AS k
    WHERE k.mail_fingerprint <> p_mail
    LIMIT 1;
    INSERT INTO person_key (person_id, mail_fingerprint, wrapped_key, canonical_fingerprint, counted_as)
    SELECT p_person, p_mail, p_key, nullif(p_canonical, p_mail), v_first
    WHERE p_key IS NOT NULL
    ON CONFLICT DO NOTHING;
    UPDATE person_key SET canonical_fingerprint = p_canonical, counted_as = v_first
    WHERE mail_fingerprint = p_mail AND p_mail <> p_canonical AND canonical_fingerprint IS NULL;
    RETURN QUERY SELECT * FROM person_key WHERE mail_fingerprint = p_mail;
END $$;

DO $$
BEGIN
    CREATE ROLE doorbuster_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
    CREATE ROLE doorbuster_projector NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT SELECT, INSERT, DELETE ON person_key TO doorbuster_app;
GRANT UPDATE (canonical_fingerprint, counted_as) ON person_key TO doorbuster_app;
GRANT SELECT ON person_key TO doorbuster_projector;
