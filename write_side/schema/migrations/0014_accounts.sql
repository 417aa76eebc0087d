-- Accounts of customers, their sessions, the mails that wait for them, and how often somebody may try.

CREATE TABLE account (
    id                 uuid PRIMARY KEY,
    person_id          uuid NOT NULL UNIQUE,  -- the person of its mail address: two who sign up at once get one account
    mail               text NOT NULL,         -- sealed; empty once erased
    state              text NOT NULL CHECK (state IN ('unconfirmed', 'confirmed', 'erased')),
    groups             text[] NOT NULL,
    addresses          jsonb NOT NULL,        -- [{id, address (sealed)}]
    default_address_id uuid,
    version            bigint NOT NULL,
    password_hash      text                   -- argon2id; not part of its history
);

-- A session, or one that was not opened: nobody stands in those.
CREATE TABLE account_session (
    id            uuid PRIMARY KEY,
    account_id    uuid,
    person_id     uuid,
    secret_sha256 text NOT NULL,
    expires_at    timestamptz,
    state         text NOT NULL CHECK (state IN ('open', 'failed', 'ended')),
    version       bigint NOT NULL
);
CREATE INDEX account_session_open ON account_session (account_id, expires_at) WHERE state = 'open';

-- Mails to be sent to an account, and the tokens of those that were. The token itself is made while it is sent.
CREATE TABLE account_letter (
    id              uuid PRIMARY KEY,
    kind            text NOT NULL CHECK (kind IN ('confirm', 'known', 'reset', 'changed')),
    person_id       uuid,        -- nobody: asked for by an address that we don't know
    password_hash   text,        -- which a confirmation makes the account's
    token_sha256    text UNIQUE,
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz DEFAULT clock_timestamp()
);
CREATE INDEX account_letter_due ON account_letter (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX account_letter_by_person ON account_letter (person_id);
CREATE INDEX account_letter_by_age ON account_letter (expires_at);

-- A bucket for each mail address and client (keyed hashes): trying takes one out, time fills it again.
CREATE TABLE account_attempts (
    key     text PRIMARY KEY,
    taken   double precision NOT NULL,  -- at `at`
    at      timestamptz NOT NULL,
    full_at timestamptz NOT NULL        -- from when on it says no more than a bucket that is not there
);
CREATE INDEX account_attempts_full ON account_attempts (full_at);

GRANT SELECT, INSERT, UPDATE ON account, account_session TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON account_letter, account_attempts TO doorbuster_app;
