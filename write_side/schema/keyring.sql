-- The keyring: another server than the log's, in no backup of it. Destroying a row erases the person.
CREATE TABLE IF NOT EXISTS person_key (
    person_id        uuid PRIMARY KEY,
    mail_fingerprint text NOT NULL UNIQUE,  -- keyed hash of the normalized mail: the only way to find a person
    wrapped_key      bytea NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
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
GRANT SELECT ON person_key TO doorbuster_projector;
