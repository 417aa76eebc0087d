-- Idempotency-Key (decision 14): committed with the command. The outcome is one of
--   new        nobody used the key: go on, and store the answer in the same transaction
--   in_flight  the first call has not ended yet (the lock is let go at its end, without anybody waiting here)
--   replayed   the first call's answer stands in `answer`
--   key_reused the key was used for another body

CREATE OR REPLACE FUNCTION idempotency_begin(
    p_actor text, p_route text, p_key text, p_request_hash bytea,
    OUT outcome text, OUT answer bytea, OUT positions jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_hash bytea;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(concat_ws(E'\n', p_actor, p_route, p_key), 7)) THEN
        outcome := 'in_flight';
        RETURN;
    END IF;
    SELECT i.request_hash, i.answer, i.positions INTO v_hash, answer, positions FROM idempotency i
    WHERE i.actor = p_actor AND i.route = p_route AND i.key = p_key AND i.kept_until > clock_timestamp();
    IF NOT FOUND THEN
        outcome := 'new';
    ELSIF v_hash = p_request_hash THEN
        outcome := 'replayed';
    ELSE
        outcome := 'key_reused';
        answer := NULL;
        positions := NULL;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION idempotency_keep(
    p_actor text, p_route text, p_key text, p_request_hash bytea, p_answer bytea, p_positions jsonb
) RETURNS void LANGUAGE sql AS $$
    DELETE FROM idempotency WHERE actor = p_actor AND route = p_route AND key = p_key AND kept_until <= clock_timestamp();
    INSERT INTO idempotency (actor, route, key, request_hash, answer, positions, kept_until)
    VALUES (p_actor, p_route, p_key, p_request_hash, p_answer, p_positions, clock_timestamp() + interval '24 hours')
$$;
