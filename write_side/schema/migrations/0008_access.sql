-- Bearer tokens: only the hash of a secret is kept.
CREATE TABLE access_token (
    id            uuid PRIMARY KEY,
    name          text NOT NULL,
    secret_sha256 text NOT NULL,
    scopes        text[] NOT NULL,
    expires_at    timestamptz,
    revoked       boolean NOT NULL DEFAULT false,
    version       bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON access_token TO doorbuster_app;
