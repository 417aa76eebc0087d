-- The one door to the log. Called last in a transaction: from nextval to COMMIT the relay waits for us.

-- The shard of a partition key; `shared.shards.shard_of` computes the same.
CREATE OR REPLACE FUNCTION event_shard(p_key text, p_shards integer) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((get_byte(h, 0) * 256 + get_byte(h, 1)) % p_shards)::smallint
    FROM sha256(convert_to(p_key, 'UTF8')) AS h
$$;

-- The hash of an event: SHA-256 over the hash before it, and the hashes of its header, payload and metadata.
-- The header is text, one field a line (no field may hold a newline), the time in microseconds since 1970.
CREATE OR REPLACE FUNCTION event_hash(
    p_prev bytea, p_position bigint, p_shard smallint, p_key text, p_aggregate_type text, p_aggregate_id uuid,
    p_version bigint, p_event_id uuid, p_type text, p_recorded_at timestamptz, p_payload bytea, p_metadata bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(p_prev
        || sha256(convert_to(concat_ws(E'\n', p_position, p_shard, p_key, p_aggregate_type, p_aggregate_id, p_version,
                                       p_event_id, p_type, (extract(epoch FROM p_recorded_at) * 1000000)::bigint), 'UTF8'))
        || sha256(p_payload) || sha256(p_metadata))
$$;

-- Appends one event and answers its position. The caller holds the lock of the aggregate's row (or creates it), so the
-- version before is committed and visible; a gap or a repeat in the versions is refused.
CREATE OR REPLACE FUNCTION event_append(
    p_aggregate_type text, p_aggregate_id uuid, p_version bigint, p_key text,
    p_event_id uuid, p_type text, p_payload bytea, p_metadata bytea
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_shards integer;
    v_shard smallint;
    v_prev bytea := decode(repeat('00', 32), 'hex');
    v_prev_at timestamptz;
    v_at timestamptz;
    v_position bigint;
BEGIN
    SELECT shards INTO STRICT v_shards FROM log_settings WHERE id = 1;
    v_shard := event_shard(p_key, v_shards);
    IF p_version > 1 THEN
        SELECT hash, recorded_at INTO v_prev, v_prev_at FROM event_log
        WHERE aggregate_type = p_aggregate_type AND aggregate_id = p_aggregate_id AND aggregate_version = p_version - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'event log: % % has no version %', p_aggregate_type, p_aggregate_id, p_version - 1
                USING ERRCODE = 'DB001';
        END IF;
    END IF;
    v_at := greatest(clock_timestamp(), v_prev_at);  -- a clock set back must not turn an aggregate's history round
    v_position := nextval('event_position');
    INSERT INTO event_log (position, shard, partition_key, aggregate_type, aggregate_id, aggregate_version, event_id,
                           type, payload, metadata, recorded_at, prev_hash, hash)
    VALUES (v_position, v_shard, p_key, p_aggregate_type, p_aggregate_id, p_version, p_event_id, p_type, p_payload,
            p_metadata, v_at, v_prev,
            event_hash(v_prev, v_position, v_shard, p_key, p_aggregate_type, p_aggregate_id, p_version, p_event_id,
                       p_type, v_at, p_payload, p_metadata));
    RETURN v_position;
END $$;

-- Appends events in the order given, each with its metadata; answers where each stands.
CREATE OR REPLACE FUNCTION event_append_all(
    p_aggregate_type text[], p_aggregate_id uuid[], p_version bigint[], p_key text[],
    p_event_id uuid[], p_type text[], p_payload bytea[], p_metadata bytea[]
) RETURNS TABLE (shard smallint, at bigint) LANGUAGE plpgsql AS $$
DECLARE
    v_shards integer;
BEGIN
    SELECT s.shards INTO STRICT v_shards FROM log_settings s WHERE s.id = 1;
    FOR i IN 1 .. cardinality(p_event_id) LOOP
        shard := event_shard(p_key[i], v_shards);
        at := event_append(p_aggregate_type[i], p_aggregate_id[i], p_version[i], p_key[i], p_event_id[i],
                           p_type[i], p_payload[i], p_metadata[i]);
        RETURN NEXT;
    END LOOP;
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
