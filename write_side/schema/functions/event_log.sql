-- The one door to the log. Called last in a transaction: from nextval to COMMIT the relay waits for us.

-- An event that waits to be appended: events come last in a transaction, and a function of one context hands its own to
-- whoever spans several. `command`: which command of the call it belongs to, from 1.
CREATE TYPE waiting_event AS (
    command integer,
    kind    text,
    id      uuid,
    key     text,
    version bigint,
    type    text,
    payload bytea
);

-- The shard of a partition key; `shared.shards.shard_of` computes the same. (The functions here are written so that
-- Postgres can put their bodies in place of the call: one expression, and no more promised than what they call keeps.)
CREATE OR REPLACE FUNCTION event_shard(p_key text, p_shards integer) RETURNS smallint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT (('x' || encode(substring(sha256(convert_to(p_key, 'UTF8')) FOR 2), 'hex'))::bit(16)::integer % p_shards)::smallint
$$;

-- The hash of an event: SHA-256 over the hash before it, and the hashes of its header, payload and metadata.
-- The header is text, one field a line (no field may hold a newline), the time in microseconds since 1970.
CREATE OR REPLACE FUNCTION event_hash(
    p_prev bytea, p_position bigint, p_shard smallint, p_key text, p_aggregate_type text, p_aggregate_id uuid,
    p_version bigint, p_event_id uuid, p_type text, p_recorded_at timestamptz, p_payload bytea, p_metadata bytea
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT sha256(p_prev
        || sha256(convert_to(concat_ws(E'\n', p_position, p_shard, p_key, p_aggregate_type, p_aggregate_id, p_version,
                                       p_event_id, p_type, (extract(epoch FROM p_recorded_at) * 1000000)::bigint), 'UTF8'))
        || sha256(p_payload) || sha256(p_metadata))
$$;

-- Appends events in the order given, each with its metadata; answers where each stands. The caller holds the locks of
-- the aggregates' rows (or creates them), so the version before is committed and visible, or stands earlier in the same
-- call; a gap or a repeat in the versions is refused.
CREATE OR REPLACE FUNCTION event_append_all(
    p_aggregate_type text[], p_aggregate_id uuid[], p_version bigint[], p_key text[],
    p_event_id uuid[], p_type text[], p_payload bytea[], p_metadata bytea[]
) RETURNS TABLE (shard smallint, at bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_genesis bytea := decode(repeat('00', 32), 'hex');
    v_shards smallint[];
    v_before bigint[];   -- which event of this call is the one before, if one is
    v_prev bytea[];      -- else its hash, from the log
    v_prev_at timestamptz[];
    v_hash bytea[] := '{}';
    v_at timestamptz[] := '{}';
    v_position bigint[] := '{}';
BEGIN
    IF p_event_id IS NULL THEN  -- what array_agg makes of no events
        RETURN;
    END IF;
    SELECT array_agg(event_shard(e.key, s.shards) ORDER BY e.n), array_agg(e.before ORDER BY e.n),
           array_agg(l.hash ORDER BY e.n), array_agg(l.recorded_at ORDER BY e.n)
    INTO v_shards, v_before, v_prev, v_prev_at
    FROM log_settings s,
         (SELECT t.*, CASE WHEN lag(t.version) OVER w = t.version - 1 AND lag(t.n) OVER w < t.n THEN lag(t.n) OVER w END AS before
          FROM unnest(p_aggregate_type, p_aggregate_id, p_version, p_key) WITH ORDINALITY AS t(kind, id, version, key, n)
          WINDOW w AS (PARTITION BY t.kind, t.id ORDER BY t.version)) AS e
         LEFT JOIN LATERAL (
             SELECT g.hash, g.recorded_at FROM event_log g
             WHERE e.version > 1 AND e.before IS NULL
               AND g.aggregate_type = e.kind AND g.aggregate_id = e.id AND g.aggregate_version = e.version - 1 LIMIT 1
         ) AS l ON true
    WHERE s.id = 1;
    FOR i IN 1 .. cardinality(p_event_id) LOOP
        IF v_before[i] IS NOT NULL THEN
            v_prev[i] := v_hash[v_before[i]];
            v_prev_at[i] := v_at[v_before[i]];
        ELSIF p_version[i] = 1 THEN
            v_prev[i] := v_genesis;
        ELSIF v_prev[i] IS NULL THEN
            RAISE EXCEPTION 'event log: % % has no version %', p_aggregate_type[i], p_aggregate_id[i], p_version[i] - 1
                USING ERRCODE = 'DB001';
        END IF;
        v_at[i] := greatest(clock_timestamp(), v_prev_at[i]);  -- a clock set back must not turn an aggregate's history round
        v_position[i] := nextval('event_position');
        v_hash[i] := event_hash(v_prev[i], v_position[i], v_shards[i], p_key[i], p_aggregate_type[i], p_aggregate_id[i],
                                p_version[i], p_event_id[i], p_type[i], v_at[i], p_payload[i], p_metadata[i]);
    END LOOP;
    INSERT INTO event_log (position, shard, partition_key, aggregate_type, aggregate_id, aggregate_version, event_id,
                           type, payload, metadata, recorded_at, prev_hash, hash)
    SELECT * FROM unnest(v_position, v_shards, p_key, p_aggregate_type, p_aggregate_id, p_version, p_event_id, p_type,
                         p_payload, p_metadata, v_at, v_prev, v_hash);
    RETURN QUERY SELECT * FROM unnest(v_shards, v_position);
END $$;

-- shard → highest position, as the Position header and the idempotency table hold it.
CREATE OR REPLACE FUNCTION positions_of(p_shards smallint[], p_positions bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(s, p), '{}')
    FROM (SELECT s::text, max(p) AS p FROM unnest(p_shards, p_positions) AS t(s, p) GROUP BY s) AS highest
$$;

-- A UUIDv7 for events that only SQL knows of: 48 bits of milliseconds, version and variant, the rest random.
-- (Postgres 18 has uuidv7(); 17 must do as well.)
CREATE OR REPLACE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
$$;

-- So many of them for the events of one call: one moment, one random beginning, and the last three bytes count (RFC 9562,
-- 6.2, method 1). Each random byte that the system is asked for costs as much as all the rest of an id.
CREATE OR REPLACE FUNCTION uuid_v7s(p_count integer) RETURNS uuid[] LANGUAGE sql VOLATILE AS $$
    SELECT array_agg(encode(overlay(b.first PLACING substring(int4send(n) FROM 2) FROM 14), 'hex')::uuid ORDER BY n)
    FROM (SELECT uuid_send(uuid_v7()) AS first OFFSET 0) AS b, generate_series(1, p_count) AS n
$$;

-- Appends the events that waited; answers where each stands.
CREATE OR REPLACE FUNCTION event_append_waiting(p_events waiting_event[], p_metadata bytea)
RETURNS TABLE (shard smallint, at bigint) LANGUAGE sql AS $$
    SELECT a.shard, a.at
    FROM (SELECT array_agg(w.kind ORDER BY n) AS kinds, array_agg(w.id ORDER BY n) AS ids,
                 array_agg(w.version ORDER BY n) AS versions, array_agg(w.key ORDER BY n) AS keys,
                 uuid_v7s(count(*)::integer) AS event_ids, array_agg(w.type ORDER BY n) AS types,
                 array_agg(w.payload ORDER BY n) AS payloads, array_agg(p_metadata) AS metadata
          FROM unnest(p_events) WITH ORDINALITY AS w(command, kind, id, key, version, type, payload, n)) AS e,
         event_append_all(e.kinds, e.ids, e.versions, e.keys, e.event_ids, e.types, e.payloads, e.metadata) AS a
$$;
