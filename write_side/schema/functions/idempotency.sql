-- Idempotency-Key (decision 14): committed with the command. Arrays, one element per command. The outcome is one of
--   new        nobody used the key: go on, and store the answer in the same transaction
--   in_flight  the first call has not ended yet (the lock is let go at its end, without anybody waiting here)
--   replayed   the first call's answer stands in `answer`
--   key_reused the key was used for another body

CREATE OR REPLACE FUNCTION idempotency_begin(
    p_actor text[], p_route text[], p_key text[], p_request_hash bytea[],
    OUT outcome text[], OUT answer bytea[], OUT positions jsonb[]
) LANGUAGE plpgsql AS $$
DECLARE
    v_mine boolean[];
BEGIN
    SELECT array_agg(pg_try_advisory_xact_lock(hashtextextended(concat_ws(E'\n', c.actor, c.route, c.key), 7)) ORDER BY c.n)
    INTO v_mine FROM unnest(p_actor, p_route, p_key) WITH ORDINALITY AS c(actor, route, key, n);
    -- A statement of its own: its snapshot is younger than the lock, so it sees what whoever had the lock before stored.
    SELECT array_agg(CASE WHEN NOT v_mine[c.n] THEN 'in_flight' WHEN i.request_hash IS NULL THEN 'new'
                          WHEN i.request_hash = c.hash THEN 'replayed' ELSE 'key_reused' END ORDER BY c.n),
           array_agg(CASE WHEN v_mine[c.n] AND i.request_hash = c.hash THEN i.answer END ORDER BY c.n),
           array_agg(CASE WHEN v_mine[c.n] AND i.request_hash = c.hash THEN i.positions END ORDER BY c.n)
    INTO outcome, answer, positions
    FROM unnest(p_actor, p_route, p_key, p_request_hash) WITH ORDINALITY AS c(actor, route, key, hash, n)
    LEFT JOIN LATERAL (
        SELECT k.request_hash, k.answer, k.positions FROM idempotency k
        WHERE k.actor = c.actor AND k.route = c.route AND k.key = c.key AND k.kept_until > clock_timestamp() LIMIT 1
    ) AS i ON true;
END $$;

CREATE OR REPLACE FUNCTION idempotency_keep(
    p_actor text[], p_route text[], p_key text[], p_request_hash bytea[], p_answer bytea[], p_positions jsonb[]
) RETURNS void LANGUAGE sql AS $$
    DELETE FROM idempotency i USING unnest(p_actor, p_route, p_key) AS c(actor, route, key)
    WHERE i.actor = c.actor AND i.route = c.route AND i.key = c.key AND i.kept_until <= clock_timestamp();
    INSERT INTO idempotency (actor, route, key, request_hash, answer, positions, kept_until)
    SELECT c.actor, c.route, c.key, c.hash, c.answer, c.positions, clock_timestamp() + interval '24 hours'
    FROM unnest(p_actor, p_route, p_key, p_request_hash, p_answer, p_positions)
         AS c(actor, route, key, hash, answer, positions)
$$;
