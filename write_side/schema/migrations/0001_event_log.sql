-- The event log (decision 1), its relay's state, checkpoints, parked keys, leases, idempotency.
-- Formats here are for ever: a column may be added, none may change its meaning.

CREATE SEQUENCE event_position AS bigint CACHE 1;  -- CACHE > 1 would break the relay's fence: a session could use an old number late

CREATE TABLE event_log (
    position          bigint PRIMARY KEY,
    shard             smallint NOT NULL CHECK (shard >= 0),
    partition_key     text NOT NULL CHECK (partition_key !~ E'\n'),
    aggregate_type    text NOT NULL CHECK (aggregate_type !~ E'\n'),
    aggregate_id      uuid NOT NULL,
    aggregate_version bigint NOT NULL CHECK (aggregate_version > 0),
    event_id          uuid NOT NULL UNIQUE,
    type              text NOT NULL CHECK (type !~ E'\n'),
    payload           bytea NOT NULL,  -- the bytes that were hashed: jsonb would render them anew
    metadata          bytea NOT NULL,
    recorded_at       timestamptz NOT NULL,  -- per aggregate never going backwards
    prev_hash         bytea NOT NULL,        -- hash of the aggregate's event before, 32 zero bytes for the first
    hash              bytea NOT NULL,
    UNIQUE (aggregate_type, aggregate_id, aggregate_version)
);
CREATE INDEX event_log_by_shard ON event_log (shard, position);
CREATE INDEX event_log_by_key ON event_log (partition_key, position);

-- One row: what never changes while the store lives (shards) and what changes only when it was restored (epoch).
CREATE TABLE log_settings (
    id     smallint PRIMARY KEY CHECK (id = 1),
    epoch  integer NOT NULL,
    shards smallint NOT NULL CHECK (shards BETWEEN 1 AND 64)
);

CREATE TABLE relay_state (
    id            smallint PRIMARY KEY CHECK (id = 1),
    safe_position bigint NOT NULL,   -- every event at or below it is visible for ever, or will never be
    dead_numbers  bigint NOT NULL DEFAULT 0
);
INSERT INTO relay_state (id, safe_position) VALUES (1, 0);

CREATE TABLE position_timeline (
    at            timestamptz PRIMARY KEY,
    safe_position bigint NOT NULL
);

CREATE TABLE lease (
    name        text PRIMARY KEY,
    owner       uuid NOT NULL,
    epoch       bigint NOT NULL,
    backend_pid integer NOT NULL,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE checkpoint (
    read_model text NOT NULL,
    version    text NOT NULL,
    shard      smallint NOT NULL,
    position   bigint NOT NULL,
    sink_id    text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (read_model, version, shard)
);

CREATE TABLE parked_key (
    read_model         text NOT NULL,
    version            text NOT NULL,
    partition_key      text NOT NULL,
    shard              smallint NOT NULL,
    position           bigint NOT NULL,
    event_type         text NOT NULL,
    error              text NOT NULL,
    tries              integer NOT NULL DEFAULT 1,
    parked_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    retry_requested_at timestamptz,
    PRIMARY KEY (read_model, version, partition_key)
);

CREATE TABLE reaction_checkpoint (
    reaction text PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE idempotency (
    actor        text NOT NULL,
    route        text NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    answer       bytea NOT NULL,       -- what the first call answered
    positions    jsonb NOT NULL,       -- shard → position, for the Position header of a repeat
    kept_until   timestamptz NOT NULL,
    PRIMARY KEY (actor, route, key)
);
CREATE INDEX idempotency_by_age ON idempotency (kept_until);

-- The application may append and read; the projector may read the log and keep its own books. Nobody rewrites history.
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
GRANT USAGE ON SCHEMA public TO doorbuster_app, doorbuster_projector;
GRANT SELECT, INSERT ON event_log TO doorbuster_app;
GRANT USAGE, SELECT ON SEQUENCE event_position TO doorbuster_app;
GRANT SELECT ON log_settings TO doorbuster_app, doorbuster_projector;
GRANT SELECT, UPDATE ON relay_state TO doorbuster_app;
GRANT SELECT ON relay_state TO doorbuster_projector;
GRANT SELECT, INSERT, DELETE ON position_timeline TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON lease TO doorbuster_app, doorbuster_projector;
GRANT SELECT ON event_log TO doorbuster_projector;
GRANT SELECT, INSERT, UPDATE, DELETE ON checkpoint, parked_key TO doorbuster_projector;
GRANT SELECT, UPDATE ON checkpoint, parked_key TO doorbuster_app;
GRANT SELECT, INSERT, UPDATE ON reaction_checkpoint TO doorbuster_app;
GRANT SELECT, INSERT, DELETE ON idempotency TO doorbuster_app;
