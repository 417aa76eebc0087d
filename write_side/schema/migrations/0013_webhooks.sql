-- Endpoints that webhooks are sent to, what is to be sent there, and how it went.

CREATE TABLE webhook_endpoint (
    id              uuid PRIMARY KEY,
    url             text NOT NULL,
    description     text NOT NULL,
    types           text[] NOT NULL,
    personal        boolean NOT NULL,
    state           text NOT NULL CHECK (state IN ('enabled', 'disabled', 'deleted')),
    disabled_for    text,               -- why, while it is disabled
    secret_number   integer NOT NULL,   -- the newest secret's
    version         bigint NOT NULL,
    -- How far telling has got; not part of its history.
    position        bigint NOT NULL DEFAULT 0,  -- up to here the log is queued for it
    sequence        bigint NOT NULL DEFAULT 0,  -- the last number given to a delivery
    failures        integer NOT NULL DEFAULT 0, -- rounds of attempts that failed, since one succeeded
    failing_since   timestamptz,
    failed_at       timestamptz,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp()  -- while it fails: when one delivery may try again
);

-- Sealed by the master key; rows go when they are no longer signed with.
CREATE TABLE webhook_secret (
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoint,
    number      integer NOT NULL,
    sealed      bytea NOT NULL,
    valid_until timestamptz,            -- NULL: the newest
    PRIMARY KEY (endpoint_id, number)
);

CREATE TABLE webhook_delivery (
    endpoint_id     uuid NOT NULL REFERENCES webhook_endpoint,
    sequence        bigint NOT NULL,
    position        bigint NOT NULL,
    event_id        uuid NOT NULL,
    type            text NOT NULL,
    state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'delivered', 'given_up')),
    attempts        integer NOT NULL DEFAULT 0,
    queued_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at      timestamptz,
    give_up_at      timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_until   timestamptz,        -- so long one worker is at it; one that was killed leaves it behind
    PRIMARY KEY (endpoint_id, sequence),
    UNIQUE (endpoint_id, position)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, sequence) WHERE state = 'due';
CREATE INDEX webhook_delivery_given_up ON webhook_delivery (endpoint_id, sequence) WHERE state = 'given_up';
CREATE INDEX webhook_delivery_settled ON webhook_delivery (settled_at) WHERE state <> 'due';

CREATE TABLE webhook_attempt (
    endpoint_id uuid NOT NULL,
    sequence    bigint NOT NULL,
    number      integer NOT NULL,
    at          timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    status      integer,                -- NULL: no answer
    error       text,
    excerpt     text NOT NULL,          -- how the answer's body begins
    PRIMARY KEY (endpoint_id, sequence, number),
    FOREIGN KEY (endpoint_id, sequence) REFERENCES webhook_delivery ON DELETE CASCADE
);

GRANT SELECT, INSERT, UPDATE ON webhook_endpoint TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_secret, webhook_delivery TO doorbuster_app;
GRANT SELECT, INSERT ON webhook_attempt TO doorbuster_app;
